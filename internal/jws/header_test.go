package jws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/jws"
)

// The rows of both tables also seed the fuzz target.
var acceptedHeaders = []struct {
	name, header string
	want         jws.Header
}{
	{name: "alg and kid are read", header: `{"alg":"RS256","kid":"k","typ":"JWT"}`, want: jws.Header{Algorithm: "RS256", KeyID: "k", HasKeyID: true}},
	{name: "a missing kid is no empty one", header: `{"alg":"HS256"}`, want: jws.Header{Algorithm: "HS256"}},
	{name: "an empty kid is a kid", header: `{"alg":"HS256","kid":""}`, want: jws.Header{Algorithm: "HS256", HasKeyID: true}},
	{name: "an empty alg is the caller's to refuse", header: `{"alg":""}`, want: jws.Header{}},
	{name: "alg none is the caller's to refuse", header: `{"alg":"none"}`, want: jws.Header{Algorithm: "none"}},
	{name: "alg keeps its case", header: `{"alg":"rs256"}`, want: jws.Header{Algorithm: "rs256"}},
	{name: "alg keeps its white space", header: `{"alg":" RS256"}`, want: jws.Header{Algorithm: " RS256"}},
	{name: "kid constructor is a text like any other", header: `{"alg":"RS256","kid":"constructor"}`, want: jws.Header{Algorithm: "RS256", KeyID: "constructor", HasKeyID: true}},
	{name: "kid __proto__ is a text like any other", header: `{"alg":"RS256","kid":"__proto__"}`, want: jws.Header{Algorithm: "RS256", KeyID: "__proto__", HasKeyID: true}},
	{name: "white space around members is skipped", header: " {\n \"alg\" :\t\"RS256\" , \"kid\" : \"k\" \r}\n", want: jws.Header{Algorithm: "RS256", KeyID: "k", HasKeyID: true}},
	{name: "escapes in names and values are resolved", header: `{"\u0061lg":"RS\u003256","kid":"a\/b"}`, want: jws.Header{Algorithm: "RS256", KeyID: "a/b", HasKeyID: true}},
	{name: "ALG beside alg is another member", header: `{"alg":"RS256","ALG":"none","Alg":5}`, want: jws.Header{Algorithm: "RS256"}},
	{name: "Kid is another member than kid", header: `{"alg":"RS256","Kid":"k","KID":{}}`, want: jws.Header{Algorithm: "RS256"}},
	{name: "typ and other members are not looked at", header: `{"alg":"RS256","typ":{},"jku":"https://evil.example","jwk":{},"x5u":5,"b64":true,"B64":false}`, want: jws.Header{Algorithm: "RS256"}},

	{name: "crit is seen", header: `{"alg":"RS256","crit":["b64"]}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "an empty crit is seen", header: `{"alg":"RS256","crit":[]}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a crit of null is seen", header: `{"alg":"RS256","crit":null}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a crit of false is seen", header: `{"alg":"RS256","crit":false}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a crit with an escaped name is seen", header: `{"alg":"RS256","cr\u0069t":0}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a b64 of false without a crit is seen", header: `{"alg":"RS256","b64":false}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a b64 of false before alg is seen", header: `{"b64":false,"alg":"RS256"}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a b64 of another type is seen", header: `{"alg":"RS256","b64":"false"}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a b64 of null is seen", header: `{"alg":"RS256","b64":null}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a b64 with an escaped name is seen", header: `{"alg":"RS256","b\u00364":[]}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "a b64 of true does not hide a crit", header: `{"alg":"RS256","crit":["b64"],"b64":true}`, want: jws.Header{Algorithm: "RS256", Critical: true}},
	{name: "CRIT is another member than crit", header: `{"alg":"RS256","CRIT":["exp"]}`, want: jws.Header{Algorithm: "RS256"}},
}

const trailing = "header has text after the JSON object"

func invalidAt(offset int) string {
	return fmt.Sprintf("header is not valid JSON in UTF-8, see byte %d", offset)
}

var refusedHeaders = []struct {
	name, header, want string
}{
	{name: "empty text is refused", header: ``, want: "header is empty"},
	{name: "null is refused", header: `null`, want: "header is null, want object"},
	{name: "an array is refused", header: `[{"alg":"RS256"}]`, want: "header is an array, want object"},
	{name: "an empty array is refused", header: `[]`, want: "header is an array, want object"},
	{name: "text is refused", header: `"alg"`, want: "header is a string, want object"},
	{name: "a number is refused", header: `256`, want: "header is a number, want object"},
	{name: "true is refused", header: `true`, want: "header is a boolean, want object"},
	{name: "text after the object is refused", header: `{"alg":"RS256"}x`, want: trailing},
	{name: "a second object is refused", header: `{"alg":"RS256"}{"alg":"none"}`, want: trailing},
	{name: "text before the object is refused", header: `x{"alg":"RS256"}`, want: invalidAt(0)},
	{name: "a byte order mark is refused", header: "\ufeff" + `{"alg":"RS256"}`, want: invalidAt(0)},
	{name: "a NUL after the object is refused", header: `{"alg":"RS256"}` + "\x00", want: trailing},
	{name: "a truncated object is refused", header: `{"alg":"RS256"`, want: invalidAt(14)},
	{name: "a trailing comma is refused", header: `{"alg":"RS256",}`, want: invalidAt(14)},
	{name: "single quotes are refused", header: `{'alg':'RS256'}`, want: invalidAt(1)},
	{name: "a comment is refused", header: `{"alg":"RS256"}//`, want: trailing},
	{name: "a control character in a text is refused", header: "{\"alg\":\"RS256\n\"}", want: invalidAt(13)},
	{name: "text that is not UTF-8 is refused", header: "{\"alg\":\"RS256\",\"x\":\"\xff\"}", want: invalidAt(20)},
	{name: "a kid that is not UTF-8 is refused", header: "{\"alg\":\"RS256\",\"kid\":\"\xff\"}", want: invalidAt(22)},
	{name: "half a surrogate pair in a kid is refused", header: `{"alg":"RS256","kid":"\ud83d"}`, want: invalidAt(22)},
	{name: "half a surrogate pair in another member is refused", header: `{"alg":"RS256","x":["\ude00"]}`, want: invalidAt(21)},

	{name: "alg twice is refused", header: `{"alg":"RS256","alg":"RS256"}`, want: `header has the member "alg" twice`},
	{name: "kid twice is refused", header: `{"alg":"RS256","kid":"k","kid":"l"}`, want: `header has the member "kid" twice`},
	{name: "kid twice with an escape is refused", header: `{"alg":"RS256","kid":"k","\u006bid":"l"}`, want: `header has the member "kid" twice`},
	{name: "typ twice is refused", header: `{"alg":"RS256","typ":"JWT","typ":"JWT"}`, want: `header has the member "typ" twice`},
	{name: "a member twice in another one is refused", header: `{"alg":"RS256","jwk":{"n":"a","n":"a"}}`, want: `header has the member "n" twice`},
	{name: "a member twice in a crit is refused", header: `{"alg":"RS256","crit":[{"n":"a","n":"a"}]}`, want: `header has the member "n" twice`},

	{name: "a missing alg is refused", header: `{"kid":"k"}`, want: "header has no alg"},
	{name: "an empty object is refused", header: `{}`, want: "header has no alg"},
	{name: "ALG does not stand for alg", header: `{"ALG":"RS256","kid":"k"}`, want: "header has no alg"},
	{name: "alg null is refused", header: `{"alg":null}`, want: "header alg is null, want string"},
	{name: "alg array is refused", header: `{"alg":["RS256"]}`, want: "header alg is an array, want string"},
	{name: "alg number is refused", header: `{"alg":256}`, want: "header alg is a number, want string"},
	{name: "alg object is refused", header: `{"alg":{"RS256":true}}`, want: "header alg is an object, want string"},
	{name: "alg true is refused", header: `{"alg":true}`, want: "header alg is a boolean, want string"},

	{name: "kid null is refused", header: `{"alg":"RS256","kid":null}`, want: "header kid is null, want string"},
	{name: "kid array is refused", header: `{"alg":"RS256","kid":["k"]}`, want: "header kid is an array, want string"},
	{name: "kid number is refused", header: `{"alg":"RS256","kid":1}`, want: "header kid is a number, want string"},
	{name: "kid object is refused", header: `{"alg":"RS256","kid":{"k":1}}`, want: "header kid is an object, want string"},
	{name: "kid object behind white space is refused", header: `{"alg":"RS256","kid" : {"k":1} }`, want: "header kid is an object, want string"},
	{name: "kid true is refused", header: `{"alg":"RS256","kid":true}`, want: "header kid is a boolean, want string"},
}

func TestParseHeader(t *testing.T) {
	t.Parallel()
	for _, row := range acceptedHeaders {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := jws.ParseHeader([]byte(row.header))
			if err != nil {
				t.Fatalf("ParseHeader(%q) failed: %v", row.header, err)
			}
			if got != row.want {
				t.Errorf("ParseHeader(%q): got %+v, want %+v", row.header, got, row.want)
			}
		})
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	t.Parallel()
	rows := append(refusedHeaders[:len(refusedHeaders):len(refusedHeaders)], []struct{ name, header, want string }{
		{name: "nesting 10,000 deep is refused", header: `{"alg":"RS256","x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, want: "header nests more than 32 levels deep"},
		{name: "nesting without end is refused", header: `{"alg":"RS256","x":` + strings.Repeat("[", 100_000), want: "header nests more than 32 levels deep"},
	}...)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := jws.ParseHeader([]byte(row.header))
			if err == nil {
				t.Fatalf("ParseHeader(%.80q) was accepted: %+v", row.header, got)
			}
			if err.Error() != row.want {
				t.Errorf("ParseHeader(%.80q): got error %q, want %q", row.header, err, row.want)
			}
			if got != (jws.Header{}) {
				t.Errorf("got %+v beside the error, want nothing", got)
			}
		})
	}
}
