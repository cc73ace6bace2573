package authrocket

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket/internal/claims"
	"github.com/authrocket-go/authrocket/internal/compact"
	"github.com/authrocket-go/authrocket/internal/jose"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/tokencache"
)

// issuer is the iss of every login token, whatever the realm, the cluster and
// the host of its LoginRocket.
const issuer = "https://authrocket.com"

const (
	// leeway is what the clocks of two machines may differ by.
	leeway = 5 * time.Second
	// maxIssuedAhead is more, since iat decides nothing by itself.
	maxIssuedAhead = 60 * time.Second
)

// verifier turns a token into a Session, or says why not.
type verifier struct {
	keys          keySource
	known         *tokencache.Cache[*knownToken]
	realmID       string
	audience      []string
	maxTokenBytes int
}

// knownToken is a token that verified. What may end it since then is asked on
// every use: its key and its times.
type knownToken struct {
	session   Session
	keyID     string
	key       jose.Key
	notBefore time.Time
}

// nobody is what stands for no session, so that no pointer to one is nil. Like
// every Session that there is a pointer to, it is shared and never changed.
var nobody = new(Session)

// verify checks token: its form, its header, the signature, and only then its
// claims. Of a token that is known it asks again for the key and the times. since
// is when the request began to wait for keys, zero if it begins now. Every error
// is of a kind and has a reason.
func (v *verifier) verify(ctx context.Context, token string, patience keycache.Patience, since *time.Time) (*Session, error) {
	now := time.Now()
	if since.IsZero() {
		*since = now
	}
	known, ok := v.known.Get(token)
	if !ok {
		return v.verifyInFull(ctx, token, patience, *since)
	}
	key, ok := v.keys.fresh(known.keyID, now)
	if !ok {
		var err error
		if key, err = v.keys.lookup(ctx, known.keyID, patience, *since); err != nil {
			return nobody, err
		}
		now = time.Now()
	}
	if !key.Equal(known.key) {
		return v.verifyInFull(ctx, token, patience, *since)
	}
	return known.use(now)
}

func (v *verifier) verifyInFull(ctx context.Context, token string, patience keycache.Patience, since time.Time) (*Session, error) {
	memory := decoded.Get().(*[]byte)
	defer decoded.Put(memory)
	parts, err := v.split(memory, token)
	if err != nil {
		return nobody, err
	}
	keyID, err := v.checkHeader(parts.Header)
	if err != nil {
		return nobody, err
	}
	key, err := v.keys.lookup(ctx, keyID, patience, since)
	if err != nil {
		return nobody, err
	}
	if err := key.Verify(parts.SigningInput, parts.Signature); err != nil {
		return nobody, ErrBadSignature
	}
	c, err := claims.Decode(parts.Payload)
	if err != nil {
		return nobody, because(ErrInvalidClaims, "%v", err)
	}
	if err := v.checkClaims(c); err != nil {
		return nobody, err
	}
	// What is kept must not hold on to the header that the token came in.
	token = strings.Clone(token)
	known := &knownToken{newSession(token, c), keyID, key, c.NotBefore}
	session, err := known.use(time.Now())
	if err == nil {
		v.known.Put(token, known)
	}
	return session, err
}

// use returns the session if it is the token's time at now.
func (k *knownToken) use(now time.Time) (*Session, error) {
	s := &k.session
	if now.After(s.ExpiresAt.Add(leeway)) {
		return nobody, &untimely{ErrTokenExpired, "exp", s.ExpiresAt, now}
	}
	if now.Before(k.notBefore.Add(-leeway)) {
		return nobody, &untimely{ErrTokenNotYetValid, "nbf", k.notBefore, now}
	}
	if now.Before(s.IssuedAt.Add(-maxIssuedAhead)) {
		return nobody, &untimely{ErrTokenNotYetValid, "iat", s.IssuedAt, now}
	}
	return s, nil
}

// decoded has memory for the parts of a token that is checked in full. Nothing of
// them is kept.
var decoded = sync.Pool{New: func() any { return new([]byte) }}

// split takes token apart. The parts are in memory, which grows if need be.
func (v *verifier) split(memory *[]byte, token string) (compact.Parts, error) {
	if token == "" {
		return compact.Parts{}, ErrNoToken
	}
	if len(token) > v.maxTokenBytes {
		return compact.Parts{}, because(ErrTokenTooLarge, "it has %d bytes, at most %d are read", len(token), v.maxTokenBytes)
	}
	*memory = slices.Grow((*memory)[:0], 2*len(token))
	parts, err := compact.SplitInto(*memory, token)
	if err != nil {
		return compact.Parts{}, because(ErrTokenMalformed, "%v", err)
	}
	return parts, nil
}

// checkHeader returns the ID of the key to ask for.
func (v *verifier) checkHeader(header []byte) (keyID string, err error) {
	h, err := compact.ParseHeader(header)
	if err != nil {
		return "", because(ErrTokenMalformed, "%v", err)
	}
	if h.Critical {
		return "", ErrCriticalHeader
	}
	// Every key of a source is for the same alg, so that no key has to be
	// fetched to know that a token cannot be right.
	if h.Algorithm != string(v.keys.algorithm()) {
		return "", because(ErrWrongAlgorithm, "the key is for %s", v.keys.algorithm())
	}
	if len(h.KeyID) > jose.MaxKeyIDBytes {
		return "", because(ErrTokenTooLarge, "its kid has %d bytes, at most %d are read", len(h.KeyID), jose.MaxKeyIDBytes)
	}
	if v.keys.needsKeyID() && !h.HasKeyID {
		return "", because(ErrUnknownKey, "the header has no kid")
	}
	return h.KeyID, nil
}

// checkClaims judges the claims that time does not change.
func (v *verifier) checkClaims(c claims.Claims) error {
	if c.Issuer != issuer {
		return because(ErrWrongIssuer, "iss has to be exactly %s", issuer)
	}
	if v.realmID != "" && c.RealmID != v.realmID {
		return because(ErrWrongRealm, "rid has to be %s", v.realmID)
	}
	if c.Audience != nil && !v.isAudience(c.Audience) {
		return because(ErrWrongAudience, "no aud is in Config.Audience")
	}
	if c.Subject == "" {
		return because(ErrInvalidClaims, "claim sub is missing or empty")
	}
	if c.ExpiresAt.IsZero() {
		return because(ErrInvalidClaims, "claim exp is missing")
	}
	return nil
}

func (v *verifier) isAudience(audience []string) bool {
	return slices.ContainsFunc(audience, func(aud string) bool { return slices.Contains(v.audience, aud) })
}

// isOurs reports whether token claims to be a login token of this realm. That
// is unverified, and good only to tell it from an app's own ?token=.
func (v *verifier) isOurs(token string) bool {
	parts, err := v.split(new([]byte), token)
	if err != nil {
		return false
	}
	iss, rid := claims.Peek(parts.Payload)
	return iss == issuer && (v.realmID == "" || rid == v.realmID)
}

// untimely refuses a token by the clock, and keeps both times for a page that
// shows them: a wrong clock is the usual cause when a token is fresh.
type untimely struct {
	reason error // ErrTokenExpired or ErrTokenNotYetValid
	claim  string
	at     time.Time
	now    time.Time
}

func (e *untimely) Error() string {
	return e.reason.Error() + ": " + e.claim + " is " + rfc3339(e.at) + ", the clock here says " + rfc3339(e.now)
}

func (e *untimely) Unwrap() error { return e.reason }

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
