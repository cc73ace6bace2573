package compact_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/compact"
)

// The rows of both tables also seed the fuzz target.
var acceptedHeaders = []struct {
	name, header string
	want         compact.Header
}{
	{"alg and kid are read", `{"alg":"RS256","kid":"k","typ":"JWT"}`, compact.Header{Algorithm: "RS256", KeyID: "k", HasKeyID: true}},
	{"a missing kid is told from an empty one", `{"alg":"HS256"}`, compact.Header{Algorithm: "HS256"}},
	{"an empty kid is a kid", `{"alg":"HS256","kid":""}`, compact.Header{Algorithm: "HS256", HasKeyID: true}},
	{"an empty alg is the caller's to refuse", `{"alg":""}`, compact.Header{}},
	{"alg none is the caller's to refuse", `{"alg":"none"}`, compact.Header{Algorithm: "none"}},
	{"alg keeps its case", `{"alg":"rs256"}`, compact.Header{Algorithm: "rs256"}},
	{"alg keeps its white space", `{"alg":" RS256"}`, compact.Header{Algorithm: " RS256"}},
	{"kid constructor is a text like any other", `{"alg":"RS256","kid":"constructor"}`, compact.Header{Algorithm: "RS256", KeyID: "constructor", HasKeyID: true}},
	{"kid __proto__ is a text like any other", `{"alg":"RS256","kid":"__proto__"}`, compact.Header{Algorithm: "RS256", KeyID: "__proto__", HasKeyID: true}},
	{"white space around members is skipped", " {\n \"alg\" :\t\"RS256\" , \"kid\" : \"k\" \r}\n", compact.Header{Algorithm: "RS256", KeyID: "k", HasKeyID: true}},
	{"escapes in names and values are resolved", `{"\u0061lg":"RS\u003256","kid":"a\/b"}`, compact.Header{Algorithm: "RS256", KeyID: "a/b", HasKeyID: true}},
	{"the last alg of several counts", `{"alg":"none","alg":"RS256"}`, compact.Header{Algorithm: "RS256"}},
	{"the last kid of several counts", `{"alg":"RS256","kid":1,"kid":"k"}`, compact.Header{Algorithm: "RS256", KeyID: "k", HasKeyID: true}},
	{"ALG beside alg is another member", `{"alg":"RS256","ALG":"none","Alg":5}`, compact.Header{Algorithm: "RS256"}},
	{"Kid is another member than kid", `{"alg":"RS256","Kid":"k","KID":{}}`, compact.Header{Algorithm: "RS256"}},
	{"typ and other members are not looked at", `{"alg":"RS256","typ":{},"jku":"https://evil.example","jwk":{},"x5u":5,"b64":false}`, compact.Header{Algorithm: "RS256"}},

	{"crit is seen", `{"alg":"RS256","crit":["b64"]}`, compact.Header{Algorithm: "RS256", Critical: true}},
	{"an empty crit is seen", `{"alg":"RS256","crit":[]}`, compact.Header{Algorithm: "RS256", Critical: true}},
	{"a crit of null is seen", `{"alg":"RS256","crit":null}`, compact.Header{Algorithm: "RS256", Critical: true}},
	{"a crit of false is seen", `{"alg":"RS256","crit":false}`, compact.Header{Algorithm: "RS256", Critical: true}},
	{"a crit with an escaped name is seen", `{"alg":"RS256","cr\u0069t":0}`, compact.Header{Algorithm: "RS256", Critical: true}},
	{"CRIT is another member than crit", `{"alg":"RS256","CRIT":["exp"]}`, compact.Header{Algorithm: "RS256"}},
}

const (
	notObject = "header is not a JSON object"
	badAlg    = "header alg is missing or not a string"
	badKeyID  = "header kid is not a string"
)

var refusedHeaders = []struct {
	name, header, want string
}{
	{"empty text is refused", ``, notObject},
	{"null is refused", `null`, notObject},
	{"an array is refused", `[{"alg":"RS256"}]`, notObject},
	{"an empty array is refused", `[]`, notObject},
	{"text is refused", `"alg"`, notObject},
	{"a number is refused", `256`, notObject},
	{"true is refused", `true`, notObject},
	{"text after the object is refused", `{"alg":"RS256"}x`, notObject},
	{"a second object is refused", `{"alg":"RS256"}{"alg":"none"}`, notObject},
	{"text before the object is refused", `x{"alg":"RS256"}`, notObject},
	{"a byte order mark is refused", "\ufeff" + `{"alg":"RS256"}`, notObject},
	{"a NUL after the object is refused", `{"alg":"RS256"}` + "\x00", notObject},
	{"a truncated object is refused", `{"alg":"RS256"`, notObject},
	{"a trailing comma is refused", `{"alg":"RS256",}`, notObject},
	{"single quotes are refused", `{'alg':'RS256'}`, notObject},
	{"a comment is refused", `{"alg":"RS256"}//`, notObject},
	{"a control character in a text is refused", "{\"alg\":\"RS256\n\"}", notObject},

	{"a missing alg is refused", `{"kid":"k"}`, badAlg},
	{"an empty object is refused", `{}`, badAlg},
	{"ALG does not stand for alg", `{"ALG":"RS256","kid":"k"}`, badAlg},
	{"alg null is refused", `{"alg":null}`, badAlg},
	{"alg array is refused", `{"alg":["RS256"]}`, badAlg},
	{"alg number is refused", `{"alg":256}`, badAlg},
	{"alg object is refused", `{"alg":{"RS256":true}}`, badAlg},
	{"alg true is refused", `{"alg":true}`, badAlg},
	{"a last alg that is null is refused", `{"alg":"RS256","alg":null}`, badAlg},

	{"kid null is refused", `{"alg":"RS256","kid":null}`, badKeyID},
	{"kid array is refused", `{"alg":"RS256","kid":["k"]}`, badKeyID},
	{"kid number is refused", `{"alg":"RS256","kid":1}`, badKeyID},
	{"kid object is refused", `{"alg":"RS256","kid":{"k":1}}`, badKeyID},
	{"kid object behind white space is refused", `{"alg":"RS256","kid" : {"k":1} }`, badKeyID},
	{"kid true is refused", `{"alg":"RS256","kid":true}`, badKeyID},
	{"a last kid that is a number is refused", `{"alg":"RS256","kid":"k","kid":1}`, badKeyID},
}

func TestParseHeader(t *testing.T) {
	t.Parallel()
	for _, row := range acceptedHeaders {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := compact.ParseHeader([]byte(row.header))
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
	rows := append(refusedHeaders[:len(refusedHeaders):len(refusedHeaders)], struct{ name, header, want string }{
		"nesting without end is refused", `{"alg":` + strings.Repeat("[", 100_000), notObject,
	})
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := compact.ParseHeader([]byte(row.header))
			if err == nil {
				t.Fatalf("ParseHeader(%.80q) was accepted: %+v", row.header, got)
			}
			if err.Error() != row.want {
				t.Errorf("ParseHeader(%.80q): got error %q, want %q", row.header, err, row.want)
			}
			if got != (compact.Header{}) {
				t.Errorf("got %+v beside the error, want nothing", got)
			}
		})
	}
}
