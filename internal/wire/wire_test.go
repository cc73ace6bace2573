package wire_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

func TestTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name, json string
		want       time.Time
		fails      bool
	}{
		{"whole seconds", "1735689600", at, false},
		{"seconds as a float", "1735689600.0", at, false},
		{"milliseconds", "1735689600.125", at.Add(125 * time.Millisecond), false},
		{"what is finer is rounded", "1735689600.1239", at.Add(124 * time.Millisecond), false},
		{"with an exponent", "1.7356896e9", at, false},
		{"before 1970", "-1.5", time.UnixMilli(-1500).UTC(), false},
		{"null is the zero time", "null", time.Time{}, false},
		{"a text is none", `"2025-01-01T00:00:00Z"`, time.Time{}, true},
		{"a number in a text is none", `"1735689600"`, time.Time{}, true},
		{"an object is none", `{}`, time.Time{}, true},
		{"true is none", `true`, time.Time{}, true},
		{"after the year 9999 there is none", "253402300800", time.Time{}, true},
		{"a number that is too large is none", "1e999", time.Time{}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := wire.Time(at)
			err := json.Unmarshal([]byte(row.json), &got)
			if (err != nil) != row.fails {
				t.Fatalf("got error %v, want one: %t", err, row.fails)
			}
			if err == nil && !time.Time(got).Equal(row.want) {
				t.Errorf("got %s, want %s", time.Time(got), row.want)
			}
		})
	}
}

func TestPathSegment(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, id, want string
		err            error
	}{
		{"an ID stays as it is", "usr_0v1zUpWdE4IiFc2w5ynShf", "usr_0v1zUpWdE4IiFc2w5ynShf", nil},
		{"an email address is escaped", "ada+x@example.com", "ada%2Bx%40example.com", nil},
		{"a slash is escaped", "a/b", "a%2Fb", nil},
		{"a way up is escaped", "../orgs", "..%2Forgs", nil},
		{"what is escaped is escaped again", "%2e%2e", "%252e%252e", nil},
		{"a query is escaped", "a?force=true", "a%3Fforce%3Dtrue", nil},
		{"a fragment is escaped", "a#b", "a%23b", nil},
		{"a line break is escaped", "a\r\nb", "a%0D%0Ab", nil},
		{"letters beyond ASCII are escaped", "é", "%C3%A9", nil},
		{"three dots are an ID", "...", "...", nil},
		{"nothing is blank", "", "", wire.ErrBlankID},
		{"white space is blank", " \t\r\n", "", wire.ErrBlankID},
		{"a dot is refused", ".", "", wire.ErrOddID},
		{"two dots are refused", "..", "", wire.ErrOddID},
		{"what is not UTF-8 is refused", "a\xff", "", wire.ErrOddID},
		{"what is too long is refused", strings.Repeat("a", 513), "", wire.ErrOddID},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got, err := wire.PathSegment(row.id); got != row.want || err != row.err {
				t.Errorf("got %q, %v, want %q, %v", got, err, row.want, row.err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, contentType, body, want string
		isJSON                        bool
		err                           error
	}{
		{"JSON", "application/json", `{}`, `{}`, true, nil},
		{"JSON with a charset", "application/json; charset=utf-8", `{}`, `{}`, true, nil},
		{"a kind of JSON", "application/problem+json", `{}`, `{}`, true, nil},
		{"white space is cut", "application/json", " \n{}\n", `{}`, true, nil},
		{"HTML", "text/html", `<p>`, `<p>`, false, nil},
		{"no type", "", `{}`, `{}`, false, nil},
		{"a type that cannot be read", ";;", `{}`, `{}`, false, nil},
		{"as long as may be", "application/json", strings.Repeat("1", 10), strings.Repeat("1", 10), true, nil},
		{"a byte longer", "application/json", strings.Repeat("1", 11), "", false, wire.ErrTooLarge},
	} {
		for _, length := range []int64{-1, int64(len(row.body)), 1 << 40} {
			t.Run(fmt.Sprintf("%s, said to have %d bytes", row.name, length), func(t *testing.T) {
				t.Parallel()
				body, isJSON, err := wire.Read(&http.Response{
					Header: http.Header{"Content-Type": {row.contentType}}, ContentLength: length,
					Body: io.NopCloser(strings.NewReader(row.body)),
				}, 10)
				if string(body) != row.want || isJSON != row.isJSON || err != row.err {
					t.Errorf("got %q, %t, %v", body, isJSON, err)
				}
			})
		}
	}
}

type secret struct{ wire.Sealed }

func (s secret) Reveal() string               { return s.Open() }
func (s secret) MarshalText() ([]byte, error) { return []byte(wire.Hidden), nil }

type attributes struct {
	Name     string         `json:"name"`
	Password secret         `json:"password"`
	At       time.Time      `json:"at"`
	Tags     []string       `json:"tags"`
	Custom   map[string]any `json:"custom"`
	First    *string        `json:"first"`
	Email    *string        `json:"email" wire:"required"`
	Until    *time.Time     `json:"until"`
	New      *secret        `json:"new" wire:"required"`
	Extra    map[string]any `json:"-"`
}

func seal(text string) secret { return secret{wire.Seal(text)} }

func TestAttributes(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name  string
		from  attributes
		want  string // JSON
		fails string // part of the error
	}{
		{"zero fields are left out", attributes{}, `{}`, ""},
		{"a text", attributes{Name: "Ada"}, `{"name":"Ada"}`, ""},
		{"a secret is revealed", attributes{Password: seal("s3cret")}, `{"password":"s3cret"}`, ""},
		{"a time is whole seconds", attributes{At: at}, `{"at":1735689600}`, ""},
		{"a time may have milliseconds", attributes{At: at.Add(125 * time.Millisecond)}, `{"at":1735689600.125}`, ""},
		{"an empty slice is sent", attributes{Tags: []string{}}, `{"tags":[]}`, ""},
		{"an empty map is sent", attributes{Custom: map[string]any{}}, `{"custom":{}}`, ""},
		{"a pointer to a value is the value", attributes{First: new("Ada"), Until: &at, New: new(seal("s3cret"))}, `{"first":"Ada","new":"s3cret","until":1735689600}`, ""},
		{"a pointer to the zero value is null", attributes{First: new(""), Until: new(time.Time{})}, `{"first":null,"until":null}`, ""},
		{"a pointer to a zero time of a place is null", attributes{Until: new(time.Time{}.In(time.FixedZone("", 3600)))}, `{"until":null}`, ""},
		{"a required field cannot be cleared", attributes{Email: new("")}, "", "Email cannot be cleared"},
		{"a required secret cannot be cleared", attributes{New: new(secret{})}, "", "New cannot be cleared"},
		{"extra attributes are sent as they are", attributes{Extra: map[string]any{"x": nil, "y": 1.5, "z": seal("s3cret")}}, `{"x":null,"y":1.5,"z":"s3cret"}`, ""},
		{"an extra attribute that a field sets is refused", attributes{Name: "Ada", Extra: map[string]any{"name": "Eve"}}, "", "leave one of them out"},
		{"a secret within an extra attribute is refused", attributes{Extra: map[string]any{"x": []any{seal("s3cret")}}}, "", "holds a Secret"},
		{"a secret within custom attributes is refused", attributes{Custom: map[string]any{"x": seal("s3cret")}}, "", "holds a Secret"},
		{"a text that says hidden is a text", attributes{Name: wire.Hidden}, `{"name":"(hidden)"}`, ""},
		{"a text that is not UTF-8 is refused", attributes{Name: "\xff"}, "", "Name is not valid UTF-8"},
		{"a secret that is not UTF-8 is refused", attributes{Password: seal("\xff")}, "", "Password is not valid UTF-8"},
		{"what is no JSON is refused", attributes{Custom: map[string]any{"x": func() {}}}, "", "cannot be encoded"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			encoded, err := wire.Attributes(row.from)
			if row.fails != "" {
				if err == nil || !strings.Contains(err.Error(), row.fails) {
					t.Errorf("got error %v, want %q in it", err, row.fails)
				}
				return
			}
			if got, marshalErr := json.Marshal(encoded); err != nil || marshalErr != nil || string(got) != row.want {
				t.Errorf("got %s, %v, want %s", got, err, row.want)
			}
		})
	}
}

func TestSealed(t *testing.T) {
	t.Parallel()
	type holder struct{ private wire.Sealed }
	sealed := wire.Seal("s3cret")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%U"} {
		for _, value := range []any{sealed, &sealed, holder{sealed}, &holder{sealed}, map[string]wire.Sealed{"a": sealed}} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, "s3cret") || strings.Contains(got, fmt.Sprintf("%x", "s3cret")) {
				t.Errorf("%s: got %s", verb, got)
			}
		}
	}
	if sealed.Open() != "s3cret" || sealed.IsZero() || !wire.Seal("").IsZero() || (wire.Sealed{}).Open() != "" {
		t.Error("a Sealed does not return what was sealed")
	}
}

func FuzzPathSegment(f *testing.F) {
	for _, seed := range []string{"usr_1", "..", "a/b", "%2e", "é", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		segment, err := wire.PathSegment(id)
		if err != nil {
			return
		}
		if strings.Trim(segment, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~%") != "" || segment == "." || segment == ".." || segment == "" {
			t.Errorf("%q became %q", id, segment)
		}
	})
}
