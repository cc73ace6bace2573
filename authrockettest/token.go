package authrockettest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/authrocket-go/authrocket"
)

// TokenOption changes a token before it is signed.
type TokenOption func(*token)

type token struct {
	header  map[string]any
	claims  map[string]any
	payload []byte // if it is not nil, it is signed instead of the claims
	keyID   string // the ID of the key that signs

	memberships []map[string]any // the user's memberships, as entries of the claim orgs
	pickedOrg   string           // the ID of the picked org
	allOrgs     bool
}

// setOrgs sets the claim orgs.
func (t *token) setOrgs() {
	var entries []map[string]any
	for _, membership := range t.memberships {
		entry := maps.Clone(membership)
		picked := entry["oid"] == t.pickedOrg
		if picked {
			entry["selected"] = true
		}
		if picked || t.allOrgs {
			entries = append(entries, entry)
		}
	}
	delete(t.claims, "orgs")
	if len(entries) > 0 {
		t.claims["orgs"] = entries
	}
}

// Claim sets a claim, for example Claim("iss", "https://example.com"). A nil value
// becomes the JSON value null.
func Claim(name string, value any) TokenOption { return func(t *token) { t.claims[name] = value } }

// WithoutClaim removes a claim.
func WithoutClaim(name string) TokenOption { return func(t *token) { delete(t.claims, name) } }

// Header sets a member of the header, for example Header("kid", "unknown"). It does
// not change which key signs.
func Header(name string, value any) TokenOption { return func(t *token) { t.header[name] = value } }

// WithoutHeader removes a member of the header.
func WithoutHeader(name string) TokenOption { return func(t *token) { delete(t.header, name) } }

// Payload signs payload unchanged, instead of a JSON object of claims.
func Payload(payload []byte) TokenOption { return func(t *token) { t.payload = payload } }

// ExpiresIn sets exp to d from now. Use -time.Minute for an expired token, because a
// token is accepted until 5 seconds after exp.
func ExpiresIn(d time.Duration) TokenOption {
	return func(t *token) { t.claims["exp"] = time.Now().Add(d).Unix() }
}

// ClockSkew makes the token look like one from a server whose clock is d ahead. It
// adds d to iat, nbf and exp.
func ClockSkew(d time.Duration) TokenOption {
	return func(t *token) {
		for _, name := range []string{"iat", "nbf", "exp"} {
			if seconds, ok := t.claims[name].(int64); ok {
				t.claims[name] = seconds + int64(d/time.Second)
			}
		}
	}
}

// ChangeTokens applies the options to every token that is made from now on, before
// the options of the token itself. It replaces the options of an earlier call.
// Without options, tokens are normal again.
func (r *Realm) ChangeTokens(options ...TokenOption) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokenChanges = slices.Clone(options)
	r.forgetTokens()
}

// InOrg picks org instead of the user's first org. If the user is not a member of
// org, the token contains no org.
func InOrg(org Org) TokenOption {
	return func(t *token) {
		t.pickedOrg = org.ID
		t.setOrgs()
	}
}

// AllOrgs puts all memberships of the user into the token, and selects the picked
// one. Tokens of LoginRocket Web contain the picked org only. Use AllOrgs only for an
// app that gets its tokens from the Core API.
func AllOrgs() TokenOption {
	return func(t *token) {
		t.allOrgs = true
		t.setOrgs()
	}
}

// SignedBy signs with the key keyID instead of the current one, and puts that ID into
// the header. The key may be a withdrawn key.
func SignedBy(keyID string) TokenOption {
	return func(t *token) {
		t.keyID = keyID
		t.header["kid"] = keyID
	}
}

// Token returns a login token of the user, as LoginRocket Web makes it. It contains
// one org only: the user's first, or the one that [InOrg] picks. With [AllOrgs], it
// contains all orgs of the user. Each token has its own session ID. The options are
// applied in order. If the user has no ID, Token fails the test, or panics if there
// is no test.
func (r *Realm) Token(user User, options ...TokenOption) string {
	r.t.Helper()
	return r.sign(r.newUserToken(user), options)
}

// newUserToken returns an unsigned token of a new session, for the user's first org.
func (r *Realm) newUserToken(user User) *token {
	r.t.Helper()
	orgID := ""
	if memberships := r.MembershipsOf(user.ID); len(memberships) > 0 {
		orgID = memberships[0].OrgID
	}
	return r.newToken(user, newID("kss_"), orgID)
}

// newToken returns an unsigned token for the org with the ID orgID.
func (r *Realm) newToken(user User, sessionID, orgID string) *token {
	r.t.Helper()
	if user.ID == "" {
		r.fail("the user of a token has no ID; pass the user that AddUser returned")
	}
	now := time.Now()
	t := &token{
		header: map[string]any{"alg": "HS256", "typ": "JWT"},
		claims: map[string]any{
			"iss":  "https://authrocket.com",
			"sub":  user.ID,
			"rid":  r.id,
			"sid":  sessionID,
			"iat":  now.Unix(),
			"exp":  now.Add(r.config.TokenLifetime).Unix(),
			"name": user.Name,
		},
		pickedOrg: orgID,
	}
	for name, value := range map[string]string{
		"given_name":         user.FirstName,
		"family_name":        user.LastName,
		"preferred_username": user.Username,
		"email":              user.Email,
		"locale":             user.Locale,
		"ref":                user.Reference,
	} {
		if value != "" {
			t.claims[name] = value
		}
	}
	if user.EmailVerification != authrocket.EmailUnknown {
		t.claims["email_verified"] = user.EmailVerification == authrocket.EmailVerified
	}
	if user.Custom != nil {
		t.claims["cs"] = user.Custom
	}
	t.memberships = r.orgEntries(user.ID)
	t.setOrgs()
	if t.keyID = r.KeyID(); t.keyID != "" {
		t.header["alg"], t.header["kid"] = "RS256", t.keyID
	}
	return t
}

// orgEntries returns the valid memberships of a user, as entries of the claim orgs.
func (r *Realm) orgEntries(userID string) []map[string]any {
	records, unlock := r.lock()
	defer unlock()
	var entries []map[string]any
	for _, m := range records.membershipsOf(userID) {
		org := records.orgs.rows[m.OrgID].clone()
		entry := map[string]any{"oid": m.OrgID, "mid": m.ID, "name": org.Name, "perm": append([]string{}, m.Permissions...)}
		if org.Reference != "" {
			entry["ref"] = org.Reference
		}
		if org.Custom != nil {
			entry["cs"] = org.Custom
		}
		entries = append(entries, entry)
	}
	return entries
}

func (r *Realm) sign(t *token, options []TokenOption) string {
	r.t.Helper()
	r.mu.Lock()
	changes := r.tokenChanges
	r.mu.Unlock()
	for _, option := range slices.Concat(changes, options) {
		option(t)
	}
	payload := t.payload
	if payload == nil {
		payload = r.encode(t.claims)
	}
	input := base64.RawURLEncoding.EncodeToString(r.encode(t.header)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	return input + "." + base64.RawURLEncoding.EncodeToString(r.signature(t.keyID, input))
}

func (r *Realm) encode(v any) []byte {
	r.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		r.fail("a claim or header cannot be encoded as JSON: %v", err)
	}
	return data
}

func (r *Realm) signature(keyID, input string) []byte {
	r.t.Helper()
	if keyID == "" {
		mac := hmac.New(sha256.New, []byte(r.secret))
		mac.Write([]byte(input))
		return mac.Sum(nil)
	}
	key := r.key(keyID)
	if key == nil {
		r.fail("there is no key %q to sign with; use the ID of a published or withdrawn key", keyID)
	}
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.private, crypto.SHA256, digest[:])
	if err != nil {
		r.fail("signing: %v", err)
	}
	return signature
}
