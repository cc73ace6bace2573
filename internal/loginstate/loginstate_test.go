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
	}{{"no attempt is the first", 0, 1}, {"below zero is the first", -1, 1}, {"more than the limit is the limit", 1000, loginstate.MaxAttempt}} {
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
		{"the secret of another login", other, scope, state},
		{"the key of another login", sameID, scope, state},
		{"the key alone, under another ID", sameKey, scope, state},
		{"the key alone, with the state under its ID", sameKey, scope, other.ID + "." + text},
		{"another cookie name", s, strings.Replace(scope, "__Host-", "", 1), state},
		{"another callback", s, scope + "/", state},
		{"another host", s, strings.Replace(scope, "example.com", "www.example.com", 1), state},
		{"no scope", s, "", state},
		{"nothing", s, scope, ""},
		{"the ID alone", s, scope, s.ID},
		{"nothing that is sealed", s, scope, s.ID + "."},
		{"the text alone", s, scope, text},
		{"a byte more", s, scope, state + "A"},
		{"four bytes more", s, scope, state + "AAAA"},
		{"padding", s, scope, state + "="},
		{"a line break", s, scope, state[:20] + "\n" + state[20:]},
		{"the alphabet of plain base64", s, scope, s.ID + "." + "+/+/+/+/+/+/+/+/+/+/+/+/+/+/"},
		{"another version", s, scope, sealed(t, s, "\x02\x00\x01/gate")},
		{"version zero", s, scope, sealed(t, s, "\x00\x00\x01/gate")},
		{"a change that there is not", s, scope, sealed(t, s, "\x01\x03\x01/gate")},
		{"no attempt", s, scope, sealed(t, s, "\x01\x00\x00/gate")},
		{"an attempt beyond the limit", s, scope, sealed(t, s, "\x01\x00\x0a/gate")},
		{"no more than a version", s, scope, sealed(t, s, "\x01")},
		{"an empty text", s, scope, sealed(t, s, "")},
		{"a target of 1,001 bytes", s, scope, s.Seal(scope, loginstate.Login{Attempt: 1, Target: "/" + strings.Repeat("x", loginstate.MaxTargetBytes)})},
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
		{"as we write it", id, "s0qw5c." + key, true},
		{"started by another site", id, "s0qw5c." + key + "~", true},
		{"nothing", id, "", false},
		{"a mark alone", id, "~", false},
		{"two marks", id, "s0qw5c." + key + "~~", false},
		{"no dot", id, "s0qw5c" + key, false},
		{"a dot alone", id, ".", false},
		{"no start", id, "." + key, false},
		{"a start that is no number", id, "s0-w5c." + key, false},
		{"a start out of range", id, "zzzzzzzzzzzzzz." + key, false},
		{"no key", id, "s0qw5c.", false},
		{"a key that is too short", id, "s0qw5c." + key[1:], false},
		{"a key that is too long", id, "s0qw5c." + key + "A", false},
		{"a key with other last bits", id, "s0qw5c." + key[:21] + "B", false},
		{"a key of another alphabet", id, "s0qw5c." + key[:21] + "+", false},
		{"a key with a line break", id, "s0qw5c." + key[:21] + "\n", false},
		{"an ID that is too short", id[1:], "s0qw5c." + key, false},
		{"an ID that is too long", id + "A", "s0qw5c." + key, false},
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
			{"at once", 0, true},
			{"an hour", time.Hour, true},
			{"more than an hour", time.Hour + time.Second, false},
			{"a minute before it started", -time.Minute, true},
			{"more than a minute before it started", -time.Minute - time.Second, false},
			{"years", 30 * 365 * 24 * time.Hour, false},
			{"years before it started", -30 * 365 * 24 * time.Hour, false},
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
		{"as we write it", "ABCDEFGH.x", "ABCDEFGH"},
		{"letters and digits of base32", "AZ234567.", "AZ234567"},
		{"more dots", "ABCDEFGH.x.y", "ABCDEFGH"},
		{"nothing", "", ""},
		{"no dot", "ABCDEFGH", ""},
		{"too short", "ABCDEFG.x", ""},
		{"too long", "ABCDEFGHI.x", ""},
		{"lower case", "abcdefgh.x", ""},
		{"digits that base32 does not have", "ABCDEF01.x", ""},
		{"what separates cookies", "ABC; a=b.x", ""},
		{"control characters", "ABCDEF\r\n.x", ""},
		{"bytes that are no ASCII", "ABCDEF\xc3\xa9.x", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := loginstate.ID(row.state); got != row.want {
				t.Errorf("ID(%q): got %q, want %q", row.state, got, row.want)
			}
		})
	}
}
