package authrocket

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authrocket-go/authrocket/internal/claims"
	"github.com/authrocket-go/authrocket/internal/jose"
	"github.com/authrocket-go/authrocket/internal/jws"
	"github.com/authrocket-go/authrocket/internal/keycache"
	"github.com/authrocket-go/authrocket/internal/tokencache"
	"github.com/authrocket-go/authrocket/internal/verified"
)

// issuer is the iss of every login token, independent of the realm, the cluster and the
// host of LoginRocket.
const issuer = "https://authrocket.com"

const (
	// leeway is the tolerance for differences between the clocks of two machines.
	leeway = 5 * time.Second
	// maxIssuedAhead is larger than leeway, because no decision depends on iat alone.
	maxIssuedAhead = 60 * time.Second
)

// verifier verifies tokens. It returns the Session of a token, or the reason why the
// token is invalid.
type verifier struct {
	keys          keySource
	known         *tokencache.Cache[*knownToken]
	verified      *verified.Set
	realmID       string
	audience      []string
	maxTokenBytes int
	needsSession  bool // the token must have a session ID
}

// knownToken is a token that was valid. Each use checks the key and the times again,
// because the key may be withdrawn and the token may expire.
type knownToken struct {
	session   Session
	keyID     string
	key       jose.Key
	notBefore time.Time

	// generation identifies a key set that has key under keyID, or is zero. While that
	// set is in use and fresh, the key need not be looked up.
	generation atomic.Uint64

	// Between these times, in Unix nanoseconds, the token is valid. Times before 1678 and
	// after 2262 wrap around. The wrap-around is harmless, because times before 1678 had
	// passed when the token was verified, and times after 2262 are in the distant future.
	validFromUnixNano, validUntilUnixNano int64
}

func newKnownToken(token string, c claims.Claims, keyID string, key jose.Key, generation uint64) *knownToken {
	k := &knownToken{
		session: newSession(token, c), keyID: keyID, key: key, notBefore: c.NotBefore,
		validFromUnixNano:  max(c.NotBefore.Add(-leeway).UnixNano(), c.IssuedAt.Add(-maxIssuedAhead).UnixNano()),
		validUntilUnixNano: c.ExpiresAt.Add(leeway).UnixNano(),
	}
	k.generation.Store(generation)
	return k
}

// noSession means that there is no session, so that a *Session is never nil. Like every
// Session behind a pointer, it is shared and never changed.
var noSession = new(Session)

// verify checks the token's form, its header, its signature, and only then its claims.
// For a known token, verify checks only the times and the key again. It records in w when
// the wait began. Every error has a kind and a reason.
func (v *verifier) verify(ctx context.Context, token string, w *wait) (*Session, error) {
	now := time.Now()
	if w.start.IsZero() {
		w.start = now
	}
	known, ok := v.known.Get(token)
	if !ok {
		return v.verifyInFull(ctx, token, *w)
	}
	if err := known.checkTimes(now); err != nil {
		return noSession, err
	}
	if v.keys.unchanged(known.generation.Load(), now) {
		return &known.session, nil
	}
	keys, generation, ok := v.keys.fresh(known.keyID, now)
	if !ok {
		question := keycache.Question{KeyID: known.keyID, IssuedAt: known.session.IssuedAt, Patience: w.patience, WaitStart: w.start}
		var err error
		if keys, err = v.keys.lookup(ctx, question); err != nil {
			return noSession, err
		}
		if err := known.checkTimes(time.Now()); err != nil {
			return noSession, err
		}
	}
	if !keys.Contain(known.key) {
		return v.verifyInFull(ctx, token, *w)
	}
	known.generation.Store(generation)
	return &known.session, nil
}

func (v *verifier) verifyInFull(ctx context.Context, token string, w wait) (*Session, error) {
	memory := partsPool.Get().(*[]byte)
	defer partsPool.Put(memory)
	parts, err := v.split(memory, token)
	if err != nil {
		return noSession, err
	}
	keyID, err := v.checkHeader(parts.Header)
	if err != nil {
		return noSession, err
	}
	keys, generation, ok := v.keys.fresh(keyID, time.Now())
	if !ok {
		// A key is only fetched for a token whose claims are valid. Otherwise anyone
		// could spend the budget with old tokens and tokens of other realms. The
		// unverified claims are used for nothing else.
		unverified, err := v.readClaims(parts.Payload)
		if err != nil {
			return noSession, err
		}
		question := keycache.Question{KeyID: keyID, IssuedAt: unverified.IssuedAt, Patience: w.patience, WaitStart: w.start}
		if keys, err = v.keys.lookup(ctx, question); err != nil {
			return noSession, err
		}
	}
	key, mark, ok := v.checkSignature(keys, token, parts)
	if !ok {
		if !v.keys.needsKeyID() {
			return noSession, errNotJWTKey
		}
		return noSession, ErrBadSignature
	}
	c, err := v.readClaims(parts.Payload)
	if err != nil {
		return noSession, err
	}
	v.verified.Add(mark) // only now, because a refused token must not take up space
	// The cache must not keep in memory the whole header that contains the token.
	token = strings.Clone(token)
	known := newKnownToken(token, c, keyID, key, generation)
	v.known.Put(token, known)
	return &known.session, nil
}

var errNotJWTKey = refuse(ErrBadSignature, "it was checked with %s; if every token fails like this, that is the key of another realm: use the key of this realm", settingName("JWTKey"))

// checkSignature returns the key that verifies token, or that has verified it before, and
// the mark of this verification.
func (v *verifier) checkSignature(keys jose.Keys, token string, parts jws.Parts) (jose.Key, verified.Mark, bool) {
	for _, key := range keys {
		mark := v.verified.Mark(key.SPKIHash(), token)
		if v.verified.Has(mark) || key.Verify(parts.SigningInput, parts.Signature) == nil {
			return key, mark, true
		}
	}
	return jose.Key{}, verified.Mark{}, false
}

// readClaims returns the claims of payload if they are the valid claims of a login token
// of this realm, now.
func (v *verifier) readClaims(payload []byte) (claims.Claims, error) {
	c, err := claims.Decode(payload)
	if err != nil {
		return claims.Claims{}, refuse(ErrInvalidClaims, "%v", err)
	}
	if err := v.checkClaims(c); err != nil {
		return claims.Claims{}, err
	}
	return c, checkTimes(c.ExpiresAt, c.NotBefore, c.IssuedAt, time.Now())
}

// checkTimes returns nil if the token is valid at now.
func (k *knownToken) checkTimes(now time.Time) error {
	if n := now.UnixNano(); k.validFromUnixNano <= n && n <= k.validUntilUnixNano {
		return nil
	}
	return checkTimes(k.session.ExpiresAt, k.notBefore, k.session.IssuedAt, now)
}

func checkTimes(expiresAt, notBefore, issuedAt, now time.Time) error {
	if now.After(expiresAt.Add(leeway)) {
		return &untimely{ErrTokenExpired, "exp", expiresAt, now}
	}
	if now.Before(notBefore.Add(-leeway)) {
		return &untimely{ErrTokenNotYetValid, "nbf", notBefore, now}
	}
	if now.Before(issuedAt.Add(-maxIssuedAhead)) {
		return &untimely{ErrTokenNotYetValid, "iat", issuedAt, now}
	}
	return nil
}

// partsPool holds memory for the parts of a token that is checked completely. The parts
// are not kept after the check.
var partsPool = sync.Pool{New: func() any { return new([]byte) }}

// split splits token into its parts. It stores the parts in memory, which grows if
// necessary.
func (v *verifier) split(memory *[]byte, token string) (jws.Parts, error) {
	if token == "" {
		return jws.Parts{}, ErrNoToken
	}
	if len(token) > v.maxTokenBytes {
		return jws.Parts{}, refuse(ErrTokenTooLarge, "it has %d bytes, more than Config.MaxTokenBytes, which is %d", len(token), v.maxTokenBytes)
	}
	*memory = slices.Grow((*memory)[:0], 2*len(token))
	parts, err := jws.SplitInto(*memory, token)
	if err != nil {
		return jws.Parts{}, refuse(ErrTokenMalformed, "%v", err)
	}
	return parts, nil
}

// checkHeader checks the header and returns the key ID.
func (v *verifier) checkHeader(header []byte) (keyID string, err error) {
	h, err := jws.ParseHeader(header)
	if err != nil {
		return "", refuse(ErrTokenMalformed, "%v", err)
	}
	if h.Critical {
		return "", ErrCriticalHeader
	}
	// All keys of a source have the same alg, so a wrong alg is refused without fetching
	// a key.
	if h.Algorithm != string(v.keys.algorithm()) {
		return "", v.wrongAlgorithm(h.Algorithm)
	}
	if len(h.KeyID) > jose.MaxKeyIDBytes {
		return "", refuse(ErrTokenTooLarge, "its kid has %d bytes, at most %d are read", len(h.KeyID), jose.MaxKeyIDBytes)
	}
	if v.keys.needsKeyID() && h.KeyID == "" {
		return "", refuse(ErrUnknownKey, "the header has no kid")
	}
	return h.KeyID, nil
}

func (v *verifier) wrongAlgorithm(algorithm string) error {
	if algorithm == string(jose.HS256) {
		return refuse(ErrWrongAlgorithm, "the key is for %s, but the token says HS256; for a realm that signs with HS256, set Config.JWTKey to its secret (jsk_...)", v.keys.algorithm())
	}
	if algorithm == string(jose.RS256) {
		return refuse(ErrWrongAlgorithm, "%s is an HS256 secret, but the token says RS256; leave it out to use the keys that the realm publishes", settingName("JWTKey"))
	}
	return refuse(ErrWrongAlgorithm, "the key is for %s, but the token says %s", v.keys.algorithm(), quoteShort(algorithm))
}

// quoteShort returns text, which comes from a client, quoted and shortened for a message.
func quoteShort(text string) string {
	const maxBytes = 64
	if len(text) > maxBytes {
		return strconv.Quote(text[:maxBytes]) + "..."
	}
	return strconv.Quote(text)
}

// checkClaims checks the claims that do not depend on the time.
func (v *verifier) checkClaims(c claims.Claims) error {
	if c.Issuer != issuer {
		return refuse(ErrWrongIssuer, "iss must be exactly %s", issuer)
	}
	if v.realmID != "" && c.RealmID != v.realmID {
		return refuse(ErrWrongRealm, "rid is %s, but %s is %s; one of Config.RealmID and Config.LoginRocketURL belongs to another realm", quoteShort(c.RealmID), settingName("RealmID"), v.realmID)
	}
	if c.Audience != nil && !v.isAudience(c.Audience) {
		return refuse(ErrWrongAudience, "no aud is in Config.Audience")
	}
	if c.Subject == "" {
		return refuse(ErrInvalidClaims, "claim sub is missing or empty")
	}
	if c.ExpiresAt.IsZero() {
		return refuse(ErrInvalidClaims, "claim exp is missing")
	}
	if v.needsSession && c.SessionID == "" {
		return refuse(ErrInvalidClaims, "claim sid is missing or empty, which Config.SessionState needs")
	}
	return nil
}

func (v *verifier) isAudience(audience []string) bool {
	return slices.ContainsFunc(audience, func(aud string) bool { return slices.Contains(v.audience, aud) })
}

// looksLikeLoginToken reports whether token claims to be a login token of this realm. It
// does not verify the token. It only distinguishes a login token from an app's own
// ?token=.
func (v *verifier) looksLikeLoginToken(token string) bool {
	// A token that is too large to be verified is still a login token.
	parts, err := jws.SplitInto(make([]byte, 0, 2*len(token)), token)
	if err != nil {
		return false
	}
	iss, rid := claims.Peek(parts.Payload)
	return iss == issuer && (v.realmID == "" || rid == v.realmID)
}

// untimely is a refusal because a token has expired or is not valid yet. It contains the
// time in the claim and the server's time, so that a page can show both. If the token is
// fresh, the usual cause is a wrong clock.
type untimely struct {
	reason error // ErrTokenExpired or ErrTokenNotYetValid
	claim  string
	at     time.Time
	now    time.Time
}

func (e *untimely) Error() string {
	return e.reason.Error() + ": " + e.claim + " is " + rfc3339(e.at) + ", and the clock here says " + rfc3339(e.now)
}

func (e *untimely) Unwrap() error { return e.reason }

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
