package loginstate_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/loginstate"
)

const scope = "__Host-arToken\x00https://example.com/auth/callback"

// sealer is a second implementation of the format, made from what is in the
// cookie alone. It seals what Seal would not.
func sealer(t testing.TB, s loginstate.Secret, scope string) cipher.AEAD {
	t.Helper()
	_, text, _ := strings.Cut(strings.TrimSuffix(s.Value(), "~"), ".")
	key, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(key) != 16 {
		t.Fatalf("the cookie has no key of 16 bytes: %q, %v", s.Value(), err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("authrocket state v1\x00" + scope))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

// sealed is a state with any plaintext.
func sealed(t testing.TB, s loginstate.Secret, plain string) string {
	t.Helper()
	text := sealer(t, s, scope).Seal(nil, make([]byte, 12), []byte(plain), []byte(s.ID))
	return s.ID + "." + base64.RawURLEncoding.EncodeToString(text)
}

// logins also seed the fuzz target.
var logins = map[string]loginstate.Login{
	"a plain one":                {MayChange: loginstate.ChangeNothing, Attempt: 1, Target: "/gate/deep?a=b"},
	"one that may change org":    {MayChange: loginstate.ChangeAccount, Attempt: 1, Target: "/"},
	"one that may change user":   {MayChange: loginstate.ChangeUser, Attempt: 1, Target: "/"},
	"the last attempt":           {Attempt: loginstate.MaxAttempt, Target: "/"},
	"no target":                  {Attempt: 2},
	"a target of any bytes":      {Attempt: 1, Target: "/\x00\xff?\"é"},
	"a target of 1,000 bytes":    {Attempt: 1, Target: "/" + strings.Repeat("x", loginstate.MaxTargetBytes-1)},
	"a target that is no target": {Attempt: 1, Target: "https://evil.example/"},
}

func TestAStateComesBackWhole(t *testing.T) {
	t.Parallel()
	for name, login := range logins {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, foreign := range []bool{false, true} {
				s := loginstate.NewSecret(foreign)
				state := s.Seal(scope, login)
				if got := loginstate.ID(state); got != s.ID {
					t.Errorf("ID(%q): got %q, want %q", state, got, s.ID)
				}
				kept, ok := loginstate.ParseSecret(s.ID, s.Value())
				if !ok || kept != s {
					t.Fatalf("ParseSecret(%q): got %v, %t, want the secret", s.Value(), kept, ok)
				}
				if got, ok := kept.Open(scope, state); !ok || got != login {
					t.Errorf("got %+v, %t, want %+v", got, ok, login)
				}
			}
		})
	}
	for _, row := range []struct {
		name          string
		attempt, want int
	}{{name: "no attempt is the first", want: 1}, {name: "below zero is the first", attempt: -1, want: 1}, {name: "more than the limit is the limit", attempt: 1000, want: loginstate.MaxAttempt}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := loginstate.NewSecret(false)
			if got, ok := s.Open(scope, s.Seal(scope, loginstate.Login{Attempt: row.attempt})); !ok || got.Attempt != row.want {
				t.Errorf("got %+v, %t, want attempt %d", got, ok, row.want)
			}
		})
	}
}

func TestTheFormatOfAState(t *testing.T) {
	t.Parallel()
	s := loginstate.NewSecret(false)
	login := loginstate.Login{MayChange: loginstate.ChangeUser, Attempt: 3, Target: "/gate"}
	if got, want := s.Seal(scope, login), sealed(t, s, "\x01\x02\x03/gate"); got != want {
		t.Errorf("got %q, want AES-256-GCM under an HMAC of the cookie's key: %q", got, want)
	}
	if state := s.Seal(scope, loginstate.Login{Attempt: 1, Target: "/a/page?email=ada"}); strings.Contains(state, "ada") ||
		strings.Contains(state, base64.RawURLEncoding.EncodeToString([]byte("/a/page"))) {
		t.Errorf("the target can be read in %q", state)
	}
	if other := loginstate.NewSecret(false); other.ID == s.ID || other.Value() == s.Value() {
		t.Error("two logins have one secret")
	}
	if n := len(s.Value()); n > 29 {
		t.Errorf("the cookie has %d bytes, want 29 at most", n)
	}
}

func TestWhatOpensNoState(t *testing.T) {
	t.Parallel()
	s := loginstate.NewSecret(false)
	login := loginstate.Login{Attempt: 1, Target: "/gate"}
	state := s.Seal(scope, login)
	other := loginstate.NewSecret(false)
	sameID, ok := loginstate.ParseSecret(s.ID, other.Value())
	if !ok {
		t.Fatal("the other secret is none")
	}
	sameKey, ok := loginstate.ParseSecret(other.ID, s.Value())
	if !ok {
		t.Fatal("the same key is none")
	}
	_, text, _ := strings.Cut(state, ".")
	for _, row := range []struct {
		name         string
		secret       loginstate.Secret
		scope, state string
	}{
		{name: "the secret of another login", secret: other, scope: scope, state: state},
		{name: "the key of another login", secret: sameID, scope: scope, state: state},
		{name: "the key alone, under another ID", secret: sameKey, scope: scope, state: state},
		{name: "the key alone, with the state under its ID", secret: sameKey, scope: scope, state: other.ID + "." + text},
		{name: "another cookie name", secret: s, scope: strings.Replace(scope, "__Host-", "", 1), state: state},
		{name: "another callback", secret: s, scope: scope + "/", state: state},
		{name: "another host", secret: s, scope: strings.Replace(scope, "example.com", "www.example.com", 1), state: state},
		{name: "no scope", secret: s, state: state},
		{name: "nothing", secret: s, scope: scope},
		{name: "the ID alone", secret: s, scope: scope, state: s.ID},
		{name: "nothing that is sealed", secret: s, scope: scope, state: s.ID + "."},
		{name: "the text alone", secret: s, scope: scope, state: text},
		{name: "a byte more", secret: s, scope: scope, state: state + "A"},
		{name: "four bytes more", secret: s, scope: scope, state: state + "AAAA"},
		{name: "padding", secret: s, scope: scope, state: state + "="},
		{name: "a line break", secret: s, scope: scope, state: state[:20] + "\n" + state[20:]},
		{name: "the alphabet of plain base64", secret: s, scope: scope, state: s.ID + "." + "+/+/+/+/+/+/+/+/+/+/+/+/+/+/"},
		{name: "another version", secret: s, scope: scope, state: sealed(t, s, "\x02\x00\x01/gate")},
		{name: "version zero", secret: s, scope: scope, state: sealed(t, s, "\x00\x00\x01/gate")},
		{name: "a change that there is not", secret: s, scope: scope, state: sealed(t, s, "\x01\x03\x01/gate")},
		{name: "no attempt", secret: s, scope: scope, state: sealed(t, s, "\x01\x00\x00/gate")},
		{name: "an attempt beyond the limit", secret: s, scope: scope, state: sealed(t, s, "\x01\x00\x0a/gate")},
		{name: "no more than a version", secret: s, scope: scope, state: sealed(t, s, "\x01")},
		{name: "an empty text", secret: s, scope: scope, state: sealed(t, s, "")},
		{name: "a target of 1,001 bytes", secret: s, scope: scope, state: s.Seal(scope, loginstate.Login{Attempt: 1, Target: "/" + strings.Repeat("x", loginstate.MaxTargetBytes)})},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := row.secret.Open(row.scope, row.state); ok || got != (loginstate.Login{}) {
				t.Errorf("Open(%q): got %+v, %t", row.state, got, ok)
			}
		})
	}
	if got, ok := s.Open(scope, state); !ok || got != login {
		t.Fatalf("the state itself: got %+v, %t", got, ok)
	}
	t.Run("any letter that is changed", func(t *testing.T) {
		t.Parallel()
		for i := range state {
			for _, c := range "AQg_-B" {
				changed := state[:i] + string(c) + state[i+1:]
				if _, ok := s.Open(scope, changed); ok != (changed == state) {
					t.Errorf("letter %d changed to %c: opens %t", i, c, ok)
				}
			}
		}
	})
	t.Run("any part of it", func(t *testing.T) {
		t.Parallel()
		for n := range len(state) {
			if _, ok := s.Open(scope, state[:n]); ok {
				t.Errorf("the first %d letters open", n)
			}
		}
	})
}

func TestParseSecret(t *testing.T) {
	t.Parallel()
	const id, key = "ABCDEFGH", "AAAAAAAAAAAAAAAAAAAAAA"
	for _, row := range []struct {
		name, id, value string
		ok              bool
	}{
		{name: "as we write it", id: id, value: "s0qw5c." + key, ok: true},
		{name: "started by another site", id: id, value: "s0qw5c." + key + "~", ok: true},
		{name: "nothing", id: id},
		{name: "a mark alone", id: id, value: "~"},
		{name: "two marks", id: id, value: "s0qw5c." + key + "~~"},
		{name: "no dot", id: id, value: "s0qw5c" + key},
		{name: "a dot alone", id: id, value: "."},
		{name: "no start", id: id, value: "." + key},
		{name: "a start that is no number", id: id, value: "s0-w5c." + key},
		{name: "a start out of range", id: id, value: "zzzzzzzzzzzzzz." + key},
		{name: "no key", id: id, value: "s0qw5c."},
		{name: "a key that is too short", id: id, value: "s0qw5c." + key[1:]},
		{name: "a key that is too long", id: id, value: "s0qw5c." + key + "A"},
		{name: "a key with other last bits", id: id, value: "s0qw5c." + key[:21] + "B"},
		{name: "a key of another alphabet", id: id, value: "s0qw5c." + key[:21] + "+"},
		{name: "a key with a line break", id: id, value: "s0qw5c." + key[:21] + "\n"},
		{name: "an ID that is too short", id: id[1:], value: "s0qw5c." + key},
		{name: "an ID that is too long", id: id + "A", value: "s0qw5c." + key},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, ok := loginstate.ParseSecret(row.id, row.value)
			if ok != row.ok {
				t.Fatalf("ParseSecret(%q, %q): got %t, want %t", row.id, row.value, ok, row.ok)
			}
			if ok && (s.Value() != row.value || s.ID != row.id) {
				t.Errorf("got %q of %q, want %q", s.Value(), s.ID, row.value)
			}
			if !ok && s != (loginstate.Secret{}) {
				t.Errorf("got %v, want nothing", s)
			}
		})
	}
}

func TestHowLongASecretIsAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := loginstate.NewSecret(false)
		for _, row := range []struct {
			name string
			age  time.Duration // by the clock of the server that it comes back to
			want bool
		}{
			{name: "at once", want: true},
			{name: "an hour", age: time.Hour, want: true},
			{name: "more than an hour", age: time.Hour + time.Second},
			{name: "a minute before it started", age: -time.Minute, want: true},
			{name: "more than a minute before it started", age: -time.Minute - time.Second},
			{name: "years", age: 30 * 365 * 24 * time.Hour},
			{name: "years before it started", age: -30 * 365 * 24 * time.Hour},
		} {
			if got := started.IsAlive(time.Now().Add(row.age)); got != row.want {
				t.Errorf("%s: got %t, want %t", row.name, got, row.want)
			}
		}
		for _, start := range []string{"1y2p0ij32e8e7", "-1y2p0ij32e8e8", "0", "-1"} {
			s, ok := loginstate.ParseSecret("ABCDEFGH", start+".AAAAAAAAAAAAAAAAAAAAAA")
			if !ok || s.IsAlive(time.Now()) {
				t.Errorf("started at %s: parsed %t, alive %t", start, ok, s.IsAlive(time.Now()))
			}
		}
	})
}

func TestID(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, state, want string }{
		{name: "as we write it", state: "ABCDEFGH.x", want: "ABCDEFGH"},
		{name: "letters and digits of base32", state: "AZ234567.", want: "AZ234567"},
		{name: "more dots", state: "ABCDEFGH.x.y", want: "ABCDEFGH"},
		{name: "nothing"},
		{name: "no dot", state: "ABCDEFGH"},
		{name: "too short", state: "ABCDEFG.x"},
		{name: "too long", state: "ABCDEFGHI.x"},
		{name: "lower case", state: "abcdefgh.x"},
		{name: "digits that base32 does not have", state: "ABCDEF01.x"},
		{name: "what separates cookies", state: "ABC; a=b.x"},
		{name: "control characters", state: "ABCDEF\r\n.x"},
		{name: "bytes that are no ASCII", state: "ABCDEF\xc3\xa9.x"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := loginstate.ID(row.state); got != row.want {
				t.Errorf("ID(%q): got %q, want %q", row.state, got, row.want)
			}
		})
	}
}
