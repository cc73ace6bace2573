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
	payload []byte // instead of claims
	keyID   string // of the key that signs

	memberships []map[string]any // of the user, as entries of the claim orgs
	pickedOrg   string           // ID
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

// Claim sets a claim, such as Claim("iss", "https://example.com"). A nil value
// is the JSON value null.
func Claim(name string, value any) TokenOption { return func(t *token) { t.claims[name] = value } }

// WithoutClaim leaves a claim out.
func WithoutClaim(name string) TokenOption { return func(t *token) { delete(t.claims, name) } }

// Header sets a member of the header, such as Header("kid", "unknown"). It
// does not change which key signs.
func Header(name string, value any) TokenOption { return func(t *token) { t.header[name] = value } }

// WithoutHeader leaves a member of the header out.
func WithoutHeader(name string) TokenOption { return func(t *token) { delete(t.header, name) } }

// Payload is signed as it is, instead of a JSON object of claims.
func Payload(payload []byte) TokenOption { return func(t *token) { t.payload = payload } }

// ExpiresIn sets exp to d from now; -time.Minute makes an expired token, since a
// token passes until 5 seconds after exp.
func ExpiresIn(d time.Duration) TokenOption {
	return func(t *token) { t.claims["exp"] = time.Now().Add(d).Unix() }
}

// ClockSkew makes the token as a server does whose clock is d ahead: it moves
// iat, nbf and exp.
func ClockSkew(d time.Duration) TokenOption {
	return func(t *token) {
		for _, name := range []string{"iat", "nbf", "exp"} {
			if seconds, ok := t.claims[name].(int64); ok {
				t.claims[name] = seconds + int64(d/time.Second)
			}
		}
	}
}

// ChangeTokens applies the options to every token that is made from now on,
// before the options of the token itself. Without options it ends what the
// call before began.
func (r *Realm) ChangeTokens(options ...TokenOption) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tokenChanges = slices.Clone(options)
	r.forgetTokens()
}

// InOrg makes org the account that the user picked, instead of the user's first
// one. The token holds no org when the user is not a member.
func InOrg(org Org) TokenOption {
	return func(t *token) {
		t.pickedOrg = org.ID
		t.setOrgs()
	}
}

// AllOrgs puts all memberships of the user into the token, the picked one
// selected. Tokens of LoginRocket Web never hold more than the picked org; use
// AllOrgs only for an app that gets tokens which are made through the Core API.
func AllOrgs() TokenOption {
	return func(t *token) {
		t.allOrgs = true
		t.setOrgs()
	}
}

// SignedBy signs with the key keyID instead of the current one, and names it in
// the header. The key may have been withdrawn.
func SignedBy(keyID string) TokenOption {
	return func(t *token) {
		t.keyID = keyID
		t.header["kid"] = keyID
	}
}

// Token returns a login token of the user as LoginRocket Web makes it: with one
// org only, the picked one, which is the user's first unless [InOrg] names
// another. [AllOrgs] puts in all. Each token has a session ID of its own. The
// options are applied in order. It fails the test, or panics in a program, if
// the user has no ID.
func (r *Realm) Token(user User, options ...TokenOption) string {
	r.t.Helper()
	return r.sign(r.newUserToken(user), options)
}

// newUserToken returns a token of a new session, in the user's first org.
func (r *Realm) newUserToken(user User) *token {
	r.t.Helper()
	orgID := ""
	if memberships := r.MembershipsOf(user.ID); len(memberships) > 0 {
		orgID = memberships[0].OrgID
	}
	return r.newToken(user, newID("kss_"), orgID)
}

// newToken returns a token that is not signed yet, in the org of orgID.
func (r *Realm) newToken(user User, sessionID, orgID string) *token {
	r.t.Helper()
	if user.ID == "" {
		r.fail("a token needs a user that AddUser returned, not one without ID")
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

// orgEntries returns the memberships of a user that count, as entries of the
// claim orgs.
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
		r.fail("a claim or header has no JSON: %v", err)
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
		r.fail("there is no key %q to sign with", keyID)
	}
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.private, crypto.SHA256, digest[:])
	if err != nil {
		r.fail("signing: %v", err)
	}
	return signature
}
