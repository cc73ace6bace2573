package benchmarks

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

const (
	issuer   = "https://authrocket.com"
	audience = "app_benchmarks" // some peers require an audience
	keyID    = "jky_benchmarks0000000001"
	secret   = "jsk_secretOfBenchmarksOnly0123456789abcdef"
)

var rs256Header = map[string]string{"alg": "RS256", "typ": "JWT", "kid": keyID}

// Token is a login token, and says whether an Auth or a peer must accept it.
type Token struct {
	Name  string
	Text  string
	Valid bool
}

// World is a realm: its key, a server that publishes it, and tokens.
type World struct {
	// KeysURL is the URL of the server that publishes the keys. The path
	// /connect/jwks serves the key set as AuthRocket does, with the bare public key
	// in x5c. The path /jwks serves the key set without x5c, for packages that
	// expect a certificate in x5c.
	KeysURL string

	One, Twenty              Token // with one org and with twenty
	HS256                    Token // with one org, signed with the secret
	Forged, Expired, Unknown Token // with one org: signed by another key, expired an hour ago, with a kid that is not in the key set
	Oversized                Token // longer than the longest token that is read

	others []Token // further tokens like One, Twenty and HS256

	key    *rsa.PrivateKey
	server *httptest.Server

	open    context.Context // until the World is closed
	close   context.CancelFunc
	running sync.WaitGroup // the goroutines that end with open
}

// NewWorld returns a World whose tokens are valid for a day. The caller must close
// the World.
func NewWorld() *World {
	w := &World{key: realmKey()}
	w.open, w.close = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect/jwks", func(rw http.ResponseWriter, _ *http.Request) { w.serveKeys(rw, true) })
	mux.HandleFunc("GET /jwks", func(rw http.ResponseWriter, _ *http.Request) { w.serveKeys(rw, false) })
	w.server = httptest.NewServer(mux)
	w.KeysURL = w.server.URL

	now := time.Now()
	day := now.Add(24 * time.Hour)
	one := payload("usr_0v1zUpWdE4IiFc2w5ynShf", day, 1)
	w.One = Token{"one org", w.sign(rs256Header, one), true}
	w.Twenty = Token{"twenty orgs", w.sign(rs256Header, payload("usr_0v1zUpWdE4IiFc2w5ynShf", day, 20)), true}
	w.HS256 = Token{"HS256", signHS256(one), true}
	w.others = []Token{
		{"another of one org", w.sign(rs256Header, payload("usr_0v1zUpWdE4IiFc2w5ynShg", day, 1)), true},
		{"another of twenty orgs", w.sign(rs256Header, payload("usr_0v1zUpWdE4IiFc2w5ynShg", day, 20)), true},
		{"another HS256", signHS256(payload("usr_0v1zUpWdE4IiFc2w5ynShg", day, 1)), true},
	}
	w.Expired = Token{"expired", w.sign(rs256Header, payload("usr_0v1zUpWdE4IiFc2w5ynShf", now.Add(-time.Hour), 1)), false}
	w.Unknown = Token{"unknown kid", w.sign(map[string]string{"alg": "RS256", "typ": "JWT", "kid": "jky_unknown"}, one), false}
	w.Forged = Token{"forged", forge(newKey(), w.key.N, day), false}
	w.Oversized = Token{"oversized", w.One.Text + strings.Repeat("A", 32<<10), false}
	return w
}

// Close stops the server of the key set, and everything that runs for the cases.
func (w *World) Close() {
	w.close()
	w.running.Wait()
	w.server.Close()
}

// PublicKey returns the realm's public key.
func (w *World) PublicKey() *rsa.PublicKey { return &w.key.PublicKey }

// realmKey is the same for all worlds of a process, since some peers keep keys by
// kid as long as the process runs.
var realmKey = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func (w *World) serveKeys(rw http.ResponseWriter, withX5C bool) {
	encode := base64.RawURLEncoding.EncodeToString
	key := map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": encode(w.key.N.Bytes()), "e": encode(big.NewInt(int64(w.key.E)).Bytes()),
	}
	if withX5C {
		key["x5c"] = []string{base64.StdEncoding.EncodeToString(w.spki())}
	}
	rw.Header().Set("Content-Type", "application/json")
	json.NewEncoder(rw).Encode(map[string]any{"keys": []any{key}})
}

func (w *World) spki() []byte {
	der, err := x509.MarshalPKIXPublicKey(&w.key.PublicKey)
	if err != nil {
		panic(err)
	}
	return der
}

// payload returns what LoginRocket puts into a token of a user with orgs.
func payload(subject string, expires time.Time, orgs int) string {
	var entries []string
	for i := range orgs {
		entries = append(entries, fmt.Sprintf(`{"oid":"org_0v1zWRHJVm7JY8vUqDR%03d","mid":"mb_0v1zUpWdE4IiFc2w5yn%04d","name":"Widgets %d Inc",`+
			`"perm":["ar:owner","widget:*"],"selected":%t}`, i, i, i, i == 0))
	}
	return fmt.Sprintf(`{"iss":"`+issuer+`","aud":"`+audience+`","sub":%q,"rid":"rl_0v1zTHXhtNgmDaXaDYSAqx","sid":"kss_0v1zUpWdE4IiFc2w5ynShf",`+
		`"iat":%d,"exp":%d,"name":"George Example","given_name":"George","family_name":"Example","preferred_username":"george",`+
		`"email":"george@example.com","email_verified":true,"locale":"en","ref":"42","cs":{"plan":"pro"},"orgs":[%s]}`,
		subject, expires.Add(-24*time.Hour).Unix(), expires.Unix(), strings.Join(entries, ","))
}

// forge returns a token with one org that is signed with key instead of the key
// with this modulus. It tries one expiry after the other until the signature is
// less than the modulus, because other signatures are refused before they are
// checked.
func forge(key *rsa.PrivateKey, modulus *big.Int, expires time.Time) string {
	for {
		token, signature := signRS256(key, rs256Header, payload("usr_0v1zUpWdE4IiFc2w5ynShf", expires, 1))
		if new(big.Int).SetBytes(signature).Cmp(modulus) < 0 {
			return token
		}
		expires = expires.Add(-time.Second)
	}
}

func (w *World) sign(header map[string]string, payload string) string {
	token, _ := signRS256(w.key, header, payload)
	return token
}

func signRS256(key *rsa.PrivateKey, header map[string]string, payload string) (token string, signature []byte) {
	head, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	input := segment(string(head)) + "." + segment(payload)
	digest := sha256.Sum256([]byte(input))
	signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return input + "." + segment(string(signature)), signature
}

func signHS256(payload string) string {
	input := segment(`{"alg":"HS256","typ":"JWT"}`) + "." + segment(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(input))
	return input + "." + segment(string(mac.Sum(nil)))
}

func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
