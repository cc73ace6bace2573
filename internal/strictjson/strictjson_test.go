package strictjson_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"weak"

	"github.com/authrocket-go/authrocket/internal/strictjson"
)

// skim reads text as an object whose members nobody wants.
func skim(text []byte) error {
	r := strictjson.Open(text)
	r.Require('{')
	for r.Name() != nil {
		r.Skip(r.Token())
	}
	return r.Close()
}

func nested(opening, closing string, levels int) string {
	return strings.Repeat(opening, levels) + "1" + strings.Repeat(closing, levels)
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text string }{
		{"an empty object", `{}`},
		{"white space around every token", " {\t\"a\" :\r[ 1 ,\n2 ] , \"b\" : { } } \n"},
		{"one name in objects beside and within each other", `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`},
		{"names that differ by case or by white space", `{"a":1,"A":2,"a ":3}`},
		{"a surrogate pair, escaped and as it is", `{"a":"\ud83d\ude00😀"}`},
		{"all escapes", `{"a":"\"\\\/\b\f\n\r\t\u00e9"}`},
		{"numbers of any size", `{"a":[0,-0,1.5,1e400,-1e-400,123456789012345678901234567890]}`},
		{"31 arrays within the object", `{"a":` + nested("[", "]", 31) + `}`},
		{"31 objects within the object", `{"a":` + nested(`{"a":`, "}", 31) + `}`},
		{"10,000 objects beside each other", `{"a":[{}` + strings.Repeat(`,{"a":1}`, 10_000) + `]}`},
		{"10,000 members", `{"a":1` + members(10_000) + `}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if err := skim([]byte(row.text)); err != nil {
				t.Errorf("got error %v", err)
			}
		})
	}
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"member %d":null`, i)
	}
	return b.String()
}

const tooDeep = "nests more than 32 levels deep"

func TestRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, text, want string }{
		{"no text", ``, "is empty"},
		{"white space", " \n", "is empty"},
		{"null", `null`, "is null, want object"},
		{"an array", `[{}]`, "is an array, want object"},
		{"a string", `"a"`, "is a string, want object"},
		{"a number", `-1`, "is a number, want object"},
		{"a boolean", `false`, "is a boolean, want object"},
		{"a second object", `{}{}`, "has text after the JSON object"},
		{"a letter after the object", `{} x`, "has text after the JSON object"},
		{"a NUL after the object", "{}\x00", "has text after the JSON object"},
		{"a comma after the object", `{},`, "has text after the JSON object"},

		{"a member twice", `{"kid":1,"kid":2}`, `has the member "kid" twice`},
		{"a member three times", `{"kid":1,"kid":1,"kid":1}`, `has the member "kid" twice`},
		{"a member twice, once with an escape", `{"kid":1,"\u006bid":2}`, `has the member "kid" twice`},
		{"a member twice whose first value is null", `{"kid":null,"kid":2}`, `has the member "kid" twice`},
		{"a member twice beside others", `{"a":1,"kid":{"b":[]},"c":"","kid":2}`, `has the member "kid" twice`},
		{"a member twice after 10,000 others", `{"a":1` + members(10_000) + `,"member 5":1}`, `has the member "member 5" twice`},
		{"a member twice in an object within", `{"a":{"kid":1,"kid":2}}`, `has the member "kid" twice`},
		{"a member twice in an array within", `{"a":[1,[{"b":{"kid":1,"kid":2}}]]}`, `has the member "kid" twice`},
		{"the empty member twice", `{"":1,"":2}`, `has the member "" twice`},
		{"a member of 65 bytes twice", `{"` + strings.Repeat("n", 65) + `":1,"` + strings.Repeat("n", 65) + `":2}`, `has the member "` + strings.Repeat("n", 64) + `"... twice`},
		{"a member of 64 bytes twice", `{"` + strings.Repeat("n", 64) + `":1,"` + strings.Repeat("n", 64) + `":2}`, `has the member "` + strings.Repeat("n", 64) + `" twice`},
		{"a member with a line break twice", `{"a\nb":1,"a\nb":2}`, `has the member "a\nb" twice`},
		{"a member with slashes twice", `{"a/~1b":1,"a/~1b":2}`, `has the member "a/~1b" twice`},

		{"a value that is not UTF-8", "{\"a\":\"\xff\"}", invalidAt(6)},
		{"a name that is not UTF-8", "{\"\xff\":1}", invalidAt(2)},
		{"a value within that is not UTF-8", "{\"a\":[{\"b\":\"x\xc3\"}]}", invalidAt(13)},
		{"a surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", invalidAt(6)},
		{"the first half of a surrogate pair", `{"a":"\ud83d"}`, invalidAt(6)},
		{"the second half of a surrogate pair", `{"a":"\ude00"}`, invalidAt(6)},
		{"two first halves", `{"a":"\ud83d\ud83d"}`, invalidAt(6)},
		{"half a pair in a name", `{"\ud83d":1}`, invalidAt(2)},
		{"half a pair in an array within", `{"a":[{"b":["\ud83d "]}]}`, invalidAt(13)},
		{"a byte order mark", "\ufeff{}", invalidAt(0)},
		{"a truncated object", `{"a":1`, invalidAt(6)},
		{"a trailing comma", `{"a":1,}`, invalidAt(6)},
		{"a comment", `{/**/}`, invalidAt(1)},
		{"single quotes", `{'a':1}`, invalidAt(1)},
		{"a control character in a string", "{\"a\":\"\n\"}", invalidAt(6)},
		{"a leading zero", `{"a":01}`, invalidAt(6)},
		{"NaN", `{"a":NaN}`, invalidAt(5)},
		{"the wrong bracket", `{"a":[1}}`, invalidAt(7)},

		{"32 arrays within the object", `{"a":` + nested("[", "]", 32) + `}`, tooDeep},
		{"32 objects within the object", `{"a":` + nested(`{"a":`, "}", 32) + `}`, tooDeep},
		{"10,000 arrays", `{"a":` + nested("[", "]", 10_000) + `}`, tooDeep},
		{"10,000 objects", `{"a":` + nested(`{"a":`, "}", 10_000) + `}`, tooDeep},
		{"a million brackets without end", `{"a":` + strings.Repeat("[", 1_000_000), tooDeep},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			err := skim([]byte(row.text))
			if err == nil {
				t.Fatal("got no error")
			}
			if err.Error() != row.want {
				t.Errorf("got error %q, want %q", err, row.want)
			}
		})
	}
}

func invalidAt(offset int) string {
	return fmt.Sprintf("is not valid JSON in UTF-8, see byte %d", offset)
}

func TestSkipReturnsTheText(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, value, want string }{
		{"an object", `{"b":[1, 2]}`, `{"b":[1, 2]}`},
		{"an object with white space around", " \n{ } ", `{ }`},
		{"an array", ` [ {"b":"]"} ] `, `[ {"b":"]"} ]`},
		{"a string", `"{\u0022}"`, `"{\u0022}"`},
		{"a number", `-1.50`, `-1.50`},
		{"null", `null`, `null`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := strictjson.Open([]byte(`{"a" : ` + row.value + ` , "b":1}`))
			r.Require('{')
			r.Name()
			got := string(r.Skip(r.Token()))
			if next := r.Name(); string(next) != "b" {
				t.Errorf("got %q after it, want b", next)
			}
			r.Skip(r.Token())
			r.Name()
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// What comes after the first problem is not read, and the caller's loops end.
func TestTheFirstProblemEndsTheReading(t *testing.T) {
	t.Parallel()
	r := strictjson.Open([]byte(`{"a":[1,"b",2],"c":"d"}`))
	r.Require('{')
	r.Name()
	r.Require('[')
	r.Element()
	token, _ := r.Element()
	if r.Check(token, '0') {
		t.Error("a string is a number")
	}
	r.Fail("is also wrong")
	if token, ok := r.Element(); ok {
		t.Errorf("got %q after the problem", token)
	}
	if name := r.Name(); name != nil {
		t.Errorf("got %q after the problem", name)
	}
	if token, ok := r.Optional('"'); ok {
		t.Errorf("got %q after the problem", token)
	}
	if got := r.Skip(r.Token()); got != nil {
		t.Errorf("got %q after the problem", got)
	}
	if err, want := r.Close(), "a[1] is a string, want number"; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %q", err, want)
	}
}

// kept opens and closes Readers of text, and returns how many of them, and of
// their texts, are still in memory after a collection. That is one too few to
// empty the pool.
func kept(t *testing.T, text string) (readers, texts int) {
	t.Helper()
	const n = 40
	var open [n]*strictjson.Reader
	var weakReaders [n]weak.Pointer[strictjson.Reader]
	var weakTexts [n]weak.Pointer[byte]
	for i := range open {
		data := []byte(text)
		open[i] = strictjson.Open(data)
		open[i].Require('{')
		weakReaders[i], weakTexts[i] = weak.Make(open[i]), weak.Make(&data[0])
	}
	for _, r := range open {
		if r.Name(); r.Close() == nil {
			t.Error("got no error for what was not read to its end")
		}
	}
	clear(open[:])
	runtime.GC()
	for i := range n {
		if weakReaders[i].Value() != nil {
			readers++
		}
		if weakTexts[i].Value() != nil {
			texts++
		}
	}
	return readers, texts
}

// Not parallel: other tests would empty the pool.
func TestAReaderKeepsNothingLong(t *testing.T) {
	for _, row := range []struct {
		name   string
		bytes  int
		reused bool
	}{
		{"after 1 KiB it is used again without the text", 1 << 10, true},
		{"after 8 KiB it is used again without the text", 8 << 10, true},
		{"after more than 8 KiB it goes", 8<<10 + 1, false},
		{"after 1 MiB it goes", 1 << 20, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			readers, texts := kept(t, `{"a":"`+strings.Repeat("x", row.bytes-len(`{"a":""}`))+`"}`)
			if texts > 0 {
				t.Errorf("%d texts are kept", texts)
			}
			if reused := readers > 0; reused != row.reused {
				t.Errorf("%d readers are kept, want some %t", readers, row.reused)
			}
		})
	}
}

// Readers that are used again, also after a problem, read their own text.
func TestReadersDoNotMixTexts(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 500 {
				own := fmt.Sprintf("%d of worker %d", i, worker)
				r := strictjson.Open([]byte(`{"` + own + `":{"b":"` + own + `"},"c":["` + own + `"]}`))
				r.Require('{')
				if got := string(r.Name()); got != own {
					t.Errorf("got name %q, want %q", got, own)
				}
				if got, want := string(r.Skip(r.Token())), `{"b":"`+own+`"}`; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				r.Name()
				r.Require('[')
				value, _ := r.Element()
				if got := value.Text(); got != own {
					t.Errorf("got value %q, want %q", got, own)
				}
				if i%3 == 0 { // is left in the middle
					r.Fail("is enough")
				}
				r.Element()
				r.Name()
				if err := r.Close(); (err != nil) != (i%3 == 0) {
					t.Errorf("got error %v", err)
				}
			}
		})
	}
	all.Wait()
}
