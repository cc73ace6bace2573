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
	{"alg and kid are read", `{"alg":"RS256","kid":"k","typ":"JWT"}`, jws.Header{Algorithm: "RS256", KeyID: "k", HasKeyID: true}},
	{"a missing kid is no empty one", `{"alg":"HS256"}`, jws.Header{Algorithm: "HS256"}},
	{"an empty kid is a kid", `{"alg":"HS256","kid":""}`, jws.Header{Algorithm: "HS256", HasKeyID: true}},
	{"an empty alg is the caller's to refuse", `{"alg":""}`, jws.Header{}},
	{"alg none is the caller's to refuse", `{"alg":"none"}`, jws.Header{Algorithm: "none"}},
	{"alg keeps its case", `{"alg":"rs256"}`, jws.Header{Algorithm: "rs256"}},
	{"alg keeps its white space", `{"alg":" RS256"}`, jws.Header{Algorithm: " RS256"}},
	{"kid constructor is a text like any other", `{"alg":"RS256","kid":"constructor"}`, jws.Header{Algorithm: "RS256", KeyID: "constructor", HasKeyID: true}},
	{"kid __proto__ is a text like any other", `{"alg":"RS256","kid":"__proto__"}`, jws.Header{Algorithm: "RS256", KeyID: "__proto__", HasKeyID: true}},
	{"white space around members is skipped", " {\n \"alg\" :\t\"RS256\" , \"kid\" : \"k\" \r}\n", jws.Header{Algorithm: "RS256", KeyID: "k", HasKeyID: true}},
	{"escapes in names and values are resolved", `{"\u0061lg":"RS\u003256","kid":"a\/b"}`, jws.Header{Algorithm: "RS256", KeyID: "a/b", HasKeyID: true}},
	{"ALG beside alg is another member", `{"alg":"RS256","ALG":"none","Alg":5}`, jws.Header{Algorithm: "RS256"}},
	{"Kid is another member than kid", `{"alg":"RS256","Kid":"k","KID":{}}`, jws.Header{Algorithm: "RS256"}},
	{"typ and other members are not looked at", `{"alg":"RS256","typ":{},"jku":"https://evil.example","jwk":{},"x5u":5,"b64":true,"B64":false}`, jws.Header{Algorithm: "RS256"}},

	{"crit is seen", `{"alg":"RS256","crit":["b64"]}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"an empty crit is seen", `{"alg":"RS256","crit":[]}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a crit of null is seen", `{"alg":"RS256","crit":null}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a crit of false is seen", `{"alg":"RS256","crit":false}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a crit with an escaped name is seen", `{"alg":"RS256","cr\u0069t":0}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a b64 of false without a crit is seen", `{"alg":"RS256","b64":false}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a b64 of false before alg is seen", `{"b64":false,"alg":"RS256"}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a b64 of another type is seen", `{"alg":"RS256","b64":"false"}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a b64 of null is seen", `{"alg":"RS256","b64":null}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a b64 with an escaped name is seen", `{"alg":"RS256","b\u00364":[]}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"a b64 of true does not hide a crit", `{"alg":"RS256","crit":["b64"],"b64":true}`, jws.Header{Algorithm: "RS256", Critical: true}},
	{"CRIT is another member than crit", `{"alg":"RS256","CRIT":["exp"]}`, jws.Header{Algorithm: "RS256"}},
}

const trailing = "header has text after the JSON object"

func invalidAt(offset int) string {
	return fmt.Sprintf("header is not valid JSON in UTF-8, see byte %d", offset)
}

var refusedHeaders = []struct {
	name, header, want string
}{
	{"empty text is refused", ``, "header is empty"},
	{"null is refused", `null`, "header is null, want object"},
	{"an array is refused", `[{"alg":"RS256"}]`, "header is an array, want object"},
	{"an empty array is refused", `[]`, "header is an array, want object"},
	{"text is refused", `"alg"`, "header is a string, want object"},
	{"a number is refused", `256`, "header is a number, want object"},
	{"true is refused", `true`, "header is a boolean, want object"},
	{"text after the object is refused", `{"alg":"RS256"}x`, trailing},
	{"a second object is refused", `{"alg":"RS256"}{"alg":"none"}`, trailing},
	{"text before the object is refused", `x{"alg":"RS256"}`, invalidAt(0)},
	{"a byte order mark is refused", "\ufeff" + `{"alg":"RS256"}`, invalidAt(0)},
	{"a NUL after the object is refused", `{"alg":"RS256"}` + "\x00", trailing},
	{"a truncated object is refused", `{"alg":"RS256"`, invalidAt(14)},
	{"a trailing comma is refused", `{"alg":"RS256",}`, invalidAt(14)},
	{"single quotes are refused", `{'alg':'RS256'}`, invalidAt(1)},
	{"a comment is refused", `{"alg":"RS256"}//`, trailing},
	{"a control character in a text is refused", "{\"alg\":\"RS256\n\"}", invalidAt(13)},
	{"text that is not UTF-8 is refused", "{\"alg\":\"RS256\",\"x\":\"\xff\"}", invalidAt(20)},
	{"a kid that is not UTF-8 is refused", "{\"alg\":\"RS256\",\"kid\":\"\xff\"}", invalidAt(22)},
	{"half a surrogate pair in a kid is refused", `{"alg":"RS256","kid":"\ud83d"}`, invalidAt(22)},
	{"half a surrogate pair in another member is refused", `{"alg":"RS256","x":["\ude00"]}`, invalidAt(21)},

	{"alg twice is refused", `{"alg":"RS256","alg":"RS256"}`, `header has the member "alg" twice`},
	{"kid twice is refused", `{"alg":"RS256","kid":"k","kid":"l"}`, `header has the member "kid" twice`},
	{"kid twice with an escape is refused", `{"alg":"RS256","kid":"k","\u006bid":"l"}`, `header has the member "kid" twice`},
	{"typ twice is refused", `{"alg":"RS256","typ":"JWT","typ":"JWT"}`, `header has the member "typ" twice`},
	{"a member twice in another one is refused", `{"alg":"RS256","jwk":{"n":"a","n":"a"}}`, `header has the member "n" twice`},
	{"a member twice in a crit is refused", `{"alg":"RS256","crit":[{"n":"a","n":"a"}]}`, `header has the member "n" twice`},

	{"a missing alg is refused", `{"kid":"k"}`, "header has no alg"},
	{"an empty object is refused", `{}`, "header has no alg"},
	{"ALG does not stand for alg", `{"ALG":"RS256","kid":"k"}`, "header has no alg"},
	{"alg null is refused", `{"alg":null}`, "header alg is null, want string"},
	{"alg array is refused", `{"alg":["RS256"]}`, "header alg is an array, want string"},
	{"alg number is refused", `{"alg":256}`, "header alg is a number, want string"},
	{"alg object is refused", `{"alg":{"RS256":true}}`, "header alg is an object, want string"},
	{"alg true is refused", `{"alg":true}`, "header alg is a boolean, want string"},

	{"kid null is refused", `{"alg":"RS256","kid":null}`, "header kid is null, want string"},
	{"kid array is refused", `{"alg":"RS256","kid":["k"]}`, "header kid is an array, want string"},
	{"kid number is refused", `{"alg":"RS256","kid":1}`, "header kid is a number, want string"},
	{"kid object is refused", `{"alg":"RS256","kid":{"k":1}}`, "header kid is an object, want string"},
	{"kid object behind white space is refused", `{"alg":"RS256","kid" : {"k":1} }`, "header kid is an object, want string"},
	{"kid true is refused", `{"alg":"RS256","kid":true}`, "header kid is a boolean, want string"},
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
		{"nesting 10,000 deep is refused", `{"alg":"RS256","x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, "header nests more than 32 levels deep"},
		{"nesting without end is refused", `{"alg":"RS256","x":` + strings.Repeat("[", 100_000), "header nests more than 32 levels deep"},
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
