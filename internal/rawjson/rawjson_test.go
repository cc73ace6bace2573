package rawjson_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/rawjson"
)

// The rows of both tables also seed the fuzz target.
var validTexts = []struct{ name, text string }{
	{"an object", `{"a":1,"b":[true,false,null],"c":{"d":"e"}}`},
	{"an empty object", `{}`},
	{"an empty object with white space", "{ \t\r\n}"},
	{"an empty array", `[]`},
	{"white space everywhere", " { \"a\"\t:\r[ 1 ,\n2 ] , \"b\" : { } } \n"},
	{"duplicates", `{"a":1,"a":2}`},
	{"an escaped name", `{"\u0061":1}`},
	{"an empty name", `{"":1}`},
	{"all escapes", `"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"`},
	{"half a surrogate pair", `"\ud83d"`},
	{"two first halves", `"\ud83d\ud83d"`},
	{"bytes that are not UTF-8", "\"\xff\xfe\""},
	{"a name that is not UTF-8", "{\"\xff\":1}"},
	{"letters beyond ASCII", `"é 😀"`},
	{"DEL", "\"\x7f\""},
	{"brackets and quotes in a text", `["[{\"}],:"]`},
	{"a text that ends in an escaped backslash", `["a\\","b"]`},
	{"numbers", `[0,-0,1,-1,10,1.5,-0.25,1e3,1E+3,1e-3,0e0,1.0e10,1e400]`},
	{"a text alone", `"a"`},
	{"a number alone", `12`},
	{"null alone", `null`},
}

var invalidTexts = []struct{ name, text string }{
	{"nothing", ``},
	{"white space", ` `},
	{"a NUL", "\x00"},
	{"a NUL behind a value", "1\x00"},
	{"a byte order mark", "\ufeff{}"},
	{"an open object", `{`},
	{"an object that ends in its name", `{"a"`},
	{"an object that ends in its colon", `{"a":`},
	{"an object that ends in its value", `{"a":1`},
	{"an object that ends in a comma", `{"a":1,`},
	{"a comma before a brace", `{"a":1,}`},
	{"a comma first", `{,"a":1}`},
	{"a comma twice", `{"a":1,,"b":2}`},
	{"no comma", `{"a":1 "b":2}`},
	{"no colon", `{"a" 1}`},
	{"a colon twice", `{"a"::1}`},
	{"no value", `{"a":}`},
	{"a bare name", `{a:1}`},
	{"a number as a name", `{1:1}`},
	{"single quotes", `{'a':1}`},
	{"an open array", `[1`},
	{"a comma before a bracket", `[1,]`},
	{"a comma first in an array", `[,1]`},
	{"another bracket", `[1}`},
	{"another brace", `{"a":1]`},
	{"a bracket too many", `[1]]`},
	{"a second value", `{}{}`},
	{"text behind", `{}x`},
	{"an open text", `"a`},
	{"a text that ends in a backslash", `"a\`},
	{"a text whose end is escaped", `"a\"`},
	{"an unknown escape", `"\x"`},
	{"a capital escape", `"\N"`},
	{"a short escape", `"\u12"`},
	{"an escape cut short", `"\u12`},
	{"an escape with a letter that is no digit", `"\u12g4"`},
	{"an escape with a sign", `"\u+123"`},
	{"an escape of an at sign", `"\u@000"`},
	{"a control character", "\"\x1f\""},
	{"a line break in a text", "\"a\nb\""},
	{"a leading zero", `01`},
	{"a minus alone", `-`},
	{"a minus before a zero that leads", `-01`},
	{"a plus", `+1`},
	{"a dot alone", `.5`},
	{"a dot last", `1.`},
	{"an exponent without digits", `1e`},
	{"an exponent with a sign only", `1e+`},
	{"a hexadecimal number", `0x1`},
	{"a minus within", `1-2`},
	{"NaN", `NaN`},
	{"Infinity", `-Infinity`},
	{"a word cut short", `tru`},
	{"a word too long", `nulll`},
	{"a word in capitals", `True`},
	{"a comment", `{}/**/`},
	{"form feed as white space", "\f{}"},
	{"a no-break space", "\u00a0{}"},
}

func TestValid(t *testing.T) {
	t.Parallel()
	for _, row := range validTexts {
		t.Run(row.name+" is valid", func(t *testing.T) {
			t.Parallel()
			r := rawjson.NewReader([]byte(row.text))
			v := r.Value()
			if !r.End() || !json.Valid([]byte(row.text)) {
				t.Fatalf("%q: got invalid", row.text)
			}
			if got, want := string(v), strings.Trim(row.text, " \t\r\n"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			compare(t, v)
		})
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for _, row := range invalidTexts {
		t.Run(row.name+" is invalid", func(t *testing.T) {
			t.Parallel()
			r := rawjson.NewReader([]byte(row.text))
			r.Value()
			if r.End() || json.Valid([]byte(row.text)) {
				t.Errorf("%q: got valid", row.text)
			}
			for what, read := range map[string]func(*rawjson.Reader){
				"as an object": func(r *rawjson.Reader) {
					for range r.Members() {
						r.Value()
					}
				},
				"as an array": func(r *rawjson.Reader) {
					for range r.Elements() {
						r.Value()
					}
				},
			} {
				r := rawjson.NewReader([]byte(row.text))
				if read(r); r.End() {
					t.Errorf("%q read %s: got valid", row.text, what)
				}
			}
		})
	}
}

func TestDepth(t *testing.T) {
	t.Parallel()
	for _, brackets := range []struct{ open, close string }{{"[", "]"}, {`{"a":`, "}"}, {`[{"a":`, "}]"}} {
		for _, depth := range []int{4_999, 5_000, 5_001, 9_999, 10_000, 10_001, 100_000} {
			text := strings.Repeat(brackets.open, depth) + "1" + strings.Repeat(brackets.close, depth)
			r := rawjson.NewReader([]byte(text))
			r.Value()
			if got, want := r.End(), json.Valid([]byte(text)); got != want {
				t.Errorf("%d of %s: got valid %t, want %t", depth, brackets.open, got, want)
			}
		}
	}
	many := "[" + strings.Repeat("[],{},", 10_001) + "1]"
	r := rawjson.NewReader([]byte(many))
	if r.Value(); !r.End() {
		t.Error("many values beside one another: got invalid")
	}
}

func TestNoValue(t *testing.T) {
	t.Parallel()
	var none rawjson.Value
	if _, ok := none.Text(); ok {
		t.Error("no value is a text")
	}
	if _, ok := none.Bool(); ok {
		t.Error("no value is a boolean")
	}
	if none.IsNull() || none.IsNumber() || none.IsObject() || none.IsArray() {
		t.Error("no value is one")
	}
}

// A reader that met something invalid reads nothing more, and ends.
func TestInvalidEndsReading(t *testing.T) {
	t.Parallel()
	r := rawjson.NewReader([]byte(`{"a":1,"b":tru,"c":3}`))
	var names []string
	for name := range r.Members() {
		names = append(names, string(name))
		if v := r.Value(); string(name) == "b" && v != nil {
			t.Errorf("got value %q for what is none", v)
		}
	}
	if got := strings.Join(names, ","); got != "a,b" {
		t.Errorf("got members %s, want a,b", got)
	}
	if r.Value() != nil || r.End() || r.IsObject() || r.IsArray() {
		t.Error("got something after the text was found invalid")
	}
}
