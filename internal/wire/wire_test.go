package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
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
		{name: "whole seconds", json: "1735689600", want: at},
		{name: "seconds as a float", json: "1735689600.0", want: at},
		{name: "milliseconds", json: "1735689600.125", want: at.Add(125 * time.Millisecond)},
		{name: "what is finer is rounded", json: "1735689600.1239", want: at.Add(124 * time.Millisecond)},
		{name: "with an exponent", json: "1.7356896e9", want: at},
		{name: "before 1970", json: "-1.5", want: time.UnixMilli(-1500).UTC()},
		{name: "null is the zero time", json: "null", want: time.Time{}},
		{name: "a text is none", json: `"2025-01-01T00:00:00Z"`, want: time.Time{}, fails: true},
		{name: "a number in a text is none", json: `"1735689600"`, want: time.Time{}, fails: true},
		{name: "an object is none", json: `{}`, want: time.Time{}, fails: true},
		{name: "true is none", json: `true`, want: time.Time{}, fails: true},
		{name: "after the year 9999 there is none", json: "253402300800", want: time.Time{}, fails: true},
		{name: "a number that is too large is none", json: "1e999", want: time.Time{}, fails: true},
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
		{name: "an ID stays as it is", id: "usr_0v1zUpWdE4IiFc2w5ynShf", want: "usr_0v1zUpWdE4IiFc2w5ynShf"},
		{name: "an email address is escaped", id: "ada+x@example.com", want: "ada%2Bx%40example.com"},
		{name: "a slash is escaped", id: "a/b", want: "a%2Fb"},
		{name: "a way up is escaped", id: "../orgs", want: "..%2Forgs"},
		{name: "what is escaped is escaped again", id: "%2e%2e", want: "%252e%252e"},
		{name: "a query is escaped", id: "a?force=true", want: "a%3Fforce%3Dtrue"},
		{name: "a fragment is escaped", id: "a#b", want: "a%23b"},
		{name: "a line break is escaped", id: "a\r\nb", want: "a%0D%0Ab"},
		{name: "letters beyond ASCII are escaped", id: "é", want: "%C3%A9"},
		{name: "three dots are an ID", id: "...", want: "..."},
		{name: "nothing is blank", err: wire.ErrBlankID},
		{name: "white space is blank", id: " \t\r\n", err: wire.ErrBlankID},
		{name: "a dot is refused", id: ".", err: wire.ErrOddID},
		{name: "two dots are refused", id: "..", err: wire.ErrOddID},
		{name: "what is not UTF-8 is refused", id: "a\xff", err: wire.ErrOddID},
		{name: "what is too long is refused", id: strings.Repeat("a", 513), err: wire.ErrOddID},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got, err := wire.PathSegment(row.id); got != row.want || err != row.err {
				t.Errorf("got %q, %v, want %q, %v", got, err, row.want, row.err)
			}
		})
	}
}

// The connection of a switched protocol has no end to read to.
func TestReadOfSwitchedProtocols(t *testing.T) {
	t.Parallel()
	body, isJSON, err := wire.Read(&http.Response{StatusCode: http.StatusSwitchingProtocols, Body: io.NopCloser(iotest.ErrReader(errors.New("was read")))}, 10)
	if body != nil || isJSON || err != nil {
		t.Errorf("got %q, %t, %v, want nothing", body, isJSON, err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, contentType, body, want string
		isJSON                        bool
		err                           error
	}{
		{name: "JSON", contentType: "application/json", body: `{}`, want: `{}`, isJSON: true},
		{name: "JSON with a charset", contentType: "application/json; charset=utf-8", body: `{}`, want: `{}`, isJSON: true},
		{name: "a kind of JSON", contentType: "application/problem+json", body: `{}`, want: `{}`, isJSON: true},
		{name: "white space is cut", contentType: "application/json", body: " \n{}\n", want: `{}`, isJSON: true},
		{name: "HTML", contentType: "text/html", body: `<p>`, want: `<p>`},
		{name: "no type", body: `{}`, want: `{}`},
		{name: "a type that cannot be read", contentType: ";;", body: `{}`, want: `{}`},
		{name: "as long as may be", contentType: "application/json", body: strings.Repeat("1", 10), want: strings.Repeat("1", 10), isJSON: true},
		{name: "a byte longer", contentType: "application/json", body: strings.Repeat("1", 11), err: wire.ErrTooLarge},
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
		{name: "zero fields are left out", from: attributes{}, want: `{}`},
		{name: "a text", from: attributes{Name: "Ada"}, want: `{"name":"Ada"}`},
		{name: "a secret is revealed", from: attributes{Password: seal("s3cret")}, want: `{"password":"s3cret"}`},
		{name: "a time is whole seconds", from: attributes{At: at}, want: `{"at":1735689600}`},
		{name: "a time may have milliseconds", from: attributes{At: at.Add(125 * time.Millisecond)}, want: `{"at":1735689600.125}`},
		{name: "an empty slice is sent", from: attributes{Tags: []string{}}, want: `{"tags":[]}`},
		{name: "an empty map is sent", from: attributes{Custom: map[string]any{}}, want: `{"custom":{}}`},
		{name: "a pointer to a value is the value", from: attributes{First: new("Ada"), Until: &at, New: new(seal("s3cret"))}, want: `{"first":"Ada","new":"s3cret","until":1735689600}`},
		{name: "a pointer to the zero value is null", from: attributes{First: new(""), Until: new(time.Time{})}, want: `{"first":null,"until":null}`},
		{name: "a pointer to a zero time of a place is null", from: attributes{Until: new(time.Time{}.In(time.FixedZone("", 3600)))}, want: `{"until":null}`},
		{name: "a required field cannot be cleared", from: attributes{Email: new("")}, fails: "Email cannot be cleared"},
		{name: "a required secret cannot be cleared", from: attributes{New: new(secret{})}, fails: "New cannot be cleared"},
		{name: "extra attributes are sent as they are", from: attributes{Extra: map[string]any{"x": nil, "y": 1.5, "z": seal("s3cret")}}, want: `{"x":null,"y":1.5,"z":"s3cret"}`},
		{name: "an extra attribute that a field sets is refused", from: attributes{Name: "Ada", Extra: map[string]any{"name": "Eve"}}, fails: "leave one of them out"},
		{name: "a secret within an extra attribute is refused", from: attributes{Extra: map[string]any{"x": []any{seal("s3cret")}}}, fails: "contains a Secret"},
		{name: "a secret within custom attributes is refused", from: attributes{Custom: map[string]any{"x": seal("s3cret")}}, fails: "contains a Secret"},
		{name: "a text that says hidden is a text", from: attributes{Name: wire.Hidden}, want: `{"name":"(hidden)"}`},
		{name: "a text that is not UTF-8 is refused", from: attributes{Name: "\xff"}, fails: "Name is not valid UTF-8"},
		{name: "a secret that is not UTF-8 is refused", from: attributes{Password: seal("\xff")}, fails: "Password is not valid UTF-8"},
		{name: "what is no JSON is refused", from: attributes{Custom: map[string]any{"x": func() {}}}, fails: "cannot be encoded"},
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
