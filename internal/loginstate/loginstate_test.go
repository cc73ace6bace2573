package loginstate_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/internal/loginstate"
)

func TestNew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1500 * time.Millisecond)
		s := loginstate.New(1, "/manage?tab=1")
		if s.Target != "/manage?tab=1" {
			t.Errorf("got target %q, want %q", s.Target, "/manage?tab=1")
		}
		if want := time.Now().Add(-500 * time.Millisecond); !s.Started.Equal(want) {
			t.Errorf("got start %v, want the whole second %v", s.Started, want)
		}
		if !s.Matches(s.Param(), time.Now()) {
			t.Error("a new state does not match its own parameter")
		}
	})
}

func TestNewCannotBeGuessed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		s := loginstate.New(1, "/")
		// Base32 has 5 bits a character. What the cookie's name shows is not secret.
		if bits := 5 * (len(s.Value) - len(s.ID())); bits < 80 {
			t.Fatalf("got %d bits that the cookie's name does not show, want at least 80", bits)
		}
		if seen[s.Value] || seen[s.ID()] {
			t.Fatalf("value %q or its ID came twice", s.Value)
		}
		seen[s.Value], seen[s.ID()] = true, true
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	s := loginstate.New(1, "/")
	if s.ID() == "" || !strings.HasPrefix(s.Value, s.ID()) || s.ID() == s.Value {
		t.Errorf("got ID %q, want a true beginning of %q", s.ID(), s.Value)
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	now := time.Unix(1735700000, 0)
	const value, param = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.2"
	for _, row := range []struct {
		name    string
		started time.Time
		value   string
		want    bool
	}{
		{"the value right away matches", now, param, true},
		{"the value at the very end matches", now.Add(-15 * time.Minute), param, true},
		{"the value too late is refused", now.Add(-15*time.Minute - 1), param, false},
		{"the value by a clock that is a little ahead matches", now.Add(5 * time.Second), param, true},
		{"the value before its time is refused", now.Add(5*time.Second + 1), param, false},
		{"the value of long ago is refused", time.Unix(0, 0), param, false},
		{"the value of the far past is refused", time.Unix(-1<<62, 0), param, false},
		{"the value of the far future is refused", time.Unix(1<<40, 0), param, false},
		{"another value is refused", now, "ABCDEFGHIJKLMNOPQRSTUVWXYA.2", false},
		{"another attempt is refused", now, value + ".1", false},
		{"the value without an attempt is refused", now, value, false},
		{"the ID alone is refused", now, "ABCDEFGH", false},
		{"the ID and the attempt are refused", now, "ABCDEFGH.2", false},
		{"a longer value is refused", now, value + "A.2", false},
		{"more behind it is refused", now, param + "0", false},
		{"another case is refused", now, strings.ToLower(param), false},
		{"an empty value is refused", now, "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := loginstate.State{Value: value, Attempt: 2, Started: row.started, Target: "/"}
			if got := s.Matches(row.value, now); got != row.want {
				t.Errorf("Matches: got %t, want %t", got, row.want)
			}
			if row.value == param {
				if got := s.IsAlive(now); got != row.want {
					t.Errorf("IsAlive: got %t, want %t", got, row.want)
				}
			}
		})
	}
}

func TestAttempt(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, param string
		want        int
	}{
		{"a parameter names its attempt", loginstate.New(3, "/").Param(), 3},
		{"an attempt below 1 is the first", loginstate.New(0, "/").Param(), 1},
		{"an attempt beyond 9 is the ninth", loginstate.New(10, "/").Param(), 9},
		{"an attempt alone is one", "2", 2},
		{"nothing names none", "", 0},
		{"a dot names none", ".", 0},
		{"a value alone names none", "ABCDEFGHIJ", 0},
		{"zero is none", "ABCDEFGHIJ.0", 0},
		{"two digits are none", "ABCDEFGHIJ.10", 0},
		{"a sign is none", "ABCDEFGHIJ.+1", 0},
		{"a letter is none", "ABCDEFGHIJ.x", 0},
		{"a byte beyond the digits is none", "ABCDEFGHIJ.:", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := loginstate.Attempt(row.param); got != row.want {
				t.Errorf("Attempt(%q): got %d, want %d", row.param, got, row.want)
			}
		})
	}
}

func TestEncodeAndDecode(t *testing.T) {
	t.Parallel()
	for _, target := range []string{
		"", "/", "/manage?tab=1&q=a.b", "/caf\u00e9", "/\xff", "/;,\" \\", strings.Repeat("/long", 250),
	} {
		want := loginstate.New(2, target)
		text := want.Encode()
		got, ok := loginstate.Decode(text)
		if !ok {
			t.Errorf("Decode(%q) failed", text)
			continue
		}
		if got.Param() != want.Param() || !got.Started.Equal(want.Started) || got.Target != want.Target {
			t.Errorf("Decode(%q): got %+v, want %+v", text, got, want)
		}
		c := &http.Cookie{Name: "a", Value: text}
		if err := c.Valid(); err != nil {
			t.Errorf("Encode: got %q, which is no value of a cookie: %v", text, err)
		}
	}
}

// unreadable also seeds the fuzz target.
var unreadable = []struct{ name, text string }{
	{"nothing is refused", ""},
	{"one part is refused", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
	{"two parts are refused", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.1"},
	{"three parts are refused", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.1.1735700000"},
	{"five parts are refused", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.1.1735700000.Lw.Lw"},
	{"an empty value is refused", ".1.1735700000.Lw"},
	{"a value that is all ID is refused", "ABCDEFGH.1.1735700000.Lw"},
	{"a value shorter than its ID is refused", "ABC.1.1735700000.Lw"},
	{"an empty attempt is refused", "ABCDEFGHI..1735700000.Lw"},
	{"attempt zero is refused", "ABCDEFGHI.0.1735700000.Lw"},
	{"an attempt of two digits is refused", "ABCDEFGHI.10.1735700000.Lw"},
	{"an empty time is refused", "ABCDEFGHI.1..Lw"},
	{"a time that is no number is refused", "ABCDEFGHI.1.now.Lw"},
	{"a time with a fraction is refused", "ABCDEFGHI.1.1e9.Lw"},
	{"a time that is too large is refused", "ABCDEFGHI.1.9223372036854775808.Lw"},
	{"a target with padding is refused", "ABCDEFGHI.1.1735700000.Lw=="},
	{"a target that is not encoded is refused", "ABCDEFGHI.1.1735700000./manage"},
	{"a target that is cut off is refused", "ABCDEFGHI.1.1735700000.L"},
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range unreadable {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := loginstate.Decode(row.text); ok || got != (loginstate.State{}) {
				t.Errorf("Decode(%q): got %+v, %t, want nothing", row.text, got, ok)
			}
		})
	}
}

func TestDecodeLeavesTheTargetUnchecked(t *testing.T) {
	t.Parallel()
	text := "ABCDEFGHI.1.1735700000." + base64.RawURLEncoding.EncodeToString([]byte("//evil.example"))
	got, ok := loginstate.Decode(text)
	if !ok || got.Target != "//evil.example" {
		t.Errorf("Decode(%q): got %q, %t, want the target for the caller to refuse", text, got.Target, ok)
	}
}
