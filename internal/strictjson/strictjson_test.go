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
		{name: "an empty object", text: `{}`},
		{name: "white space around every token", text: " {\t\"a\" :\r[ 1 ,\n2 ] , \"b\" : { } } \n"},
		{name: "one name in objects beside and within each other", text: `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`},
		{name: "names that differ by case or by white space", text: `{"a":1,"A":2,"a ":3}`},
		{name: "a surrogate pair, escaped and as it is", text: `{"a":"\ud83d\ude00😀"}`},
		{name: "all escapes", text: `{"a":"\"\\\/\b\f\n\r\t\u00e9"}`},
		{name: "numbers of any size", text: `{"a":[0,-0,1.5,1e400,-1e-400,123456789012345678901234567890]}`},
		{name: "31 arrays within the object", text: `{"a":` + nested("[", "]", 31) + `}`},
		{name: "31 objects within the object", text: `{"a":` + nested(`{"a":`, "}", 31) + `}`},
		{name: "10,000 objects beside each other", text: `{"a":[{}` + strings.Repeat(`,{"a":1}`, 10_000) + `]}`},
		{name: "10,000 members", text: `{"a":1` + members(10_000) + `}`},
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
		{name: "no text", text: ``, want: "is empty"},
		{name: "white space", text: " \n", want: "is empty"},
		{name: "null", text: `null`, want: "is null, want object"},
		{name: "an array", text: `[{}]`, want: "is an array, want object"},
		{name: "a string", text: `"a"`, want: "is a string, want object"},
		{name: "a number", text: `-1`, want: "is a number, want object"},
		{name: "a boolean", text: `false`, want: "is a boolean, want object"},
		{name: "a second object", text: `{}{}`, want: "has text after the JSON object"},
		{name: "a letter after the object", text: `{} x`, want: "has text after the JSON object"},
		{name: "a NUL after the object", text: "{}\x00", want: "has text after the JSON object"},
		{name: "a comma after the object", text: `{},`, want: "has text after the JSON object"},

		{name: "a member twice", text: `{"kid":1,"kid":2}`, want: `has the member "kid" twice`},
		{name: "a member three times", text: `{"kid":1,"kid":1,"kid":1}`, want: `has the member "kid" twice`},
		{name: "a member twice, once with an escape", text: `{"kid":1,"\u006bid":2}`, want: `has the member "kid" twice`},
		{name: "a member twice whose first value is null", text: `{"kid":null,"kid":2}`, want: `has the member "kid" twice`},
		{name: "a member twice beside others", text: `{"a":1,"kid":{"b":[]},"c":"","kid":2}`, want: `has the member "kid" twice`},
		{name: "a member twice after 10,000 others", text: `{"a":1` + members(10_000) + `,"member 5":1}`, want: `has the member "member 5" twice`},
		{name: "a member twice in an object within", text: `{"a":{"kid":1,"kid":2}}`, want: `has the member "kid" twice`},
		{name: "a member twice in an array within", text: `{"a":[1,[{"b":{"kid":1,"kid":2}}]]}`, want: `has the member "kid" twice`},
		{name: "the empty member twice", text: `{"":1,"":2}`, want: `has the member "" twice`},
		{name: "a member of 65 bytes twice", text: `{"` + strings.Repeat("n", 65) + `":1,"` + strings.Repeat("n", 65) + `":2}`, want: `has the member "` + strings.Repeat("n", 64) + `"... twice`},
		{name: "a member of 64 bytes twice", text: `{"` + strings.Repeat("n", 64) + `":1,"` + strings.Repeat("n", 64) + `":2}`, want: `has the member "` + strings.Repeat("n", 64) + `" twice`},
		{name: "a member with a line break twice", text: `{"a\nb":1,"a\nb":2}`, want: `has the member "a\nb" twice`},
		{name: "a member with slashes twice", text: `{"a/~1b":1,"a/~1b":2}`, want: `has the member "a/~1b" twice`},

		{name: "a value that is not UTF-8", text: "{\"a\":\"\xff\"}", want: invalidAt(6)},
		{name: "a name that is not UTF-8", text: "{\"\xff\":1}", want: invalidAt(2)},
		{name: "a value within that is not UTF-8", text: "{\"a\":[{\"b\":\"x\xc3\"}]}", want: invalidAt(13)},
		{name: "a surrogate in UTF-8", text: "{\"a\":\"\xed\xa0\x80\"}", want: invalidAt(6)},
		{name: "the first half of a surrogate pair", text: `{"a":"\ud83d"}`, want: invalidAt(6)},
		{name: "the second half of a surrogate pair", text: `{"a":"\ude00"}`, want: invalidAt(6)},
		{name: "two first halves", text: `{"a":"\ud83d\ud83d"}`, want: invalidAt(6)},
		{name: "half a pair in a name", text: `{"\ud83d":1}`, want: invalidAt(2)},
		{name: "half a pair in an array within", text: `{"a":[{"b":["\ud83d "]}]}`, want: invalidAt(13)},
		{name: "a byte order mark", text: "\ufeff{}", want: invalidAt(0)},
		{name: "a truncated object", text: `{"a":1`, want: invalidAt(6)},
		{name: "a trailing comma", text: `{"a":1,}`, want: invalidAt(6)},
		{name: "a comment", text: `{/**/}`, want: invalidAt(1)},
		{name: "single quotes", text: `{'a':1}`, want: invalidAt(1)},
		{name: "a control character in a string", text: "{\"a\":\"\n\"}", want: invalidAt(6)},
		{name: "a leading zero", text: `{"a":01}`, want: invalidAt(6)},
		{name: "NaN", text: `{"a":NaN}`, want: invalidAt(5)},
		{name: "the wrong bracket", text: `{"a":[1}}`, want: invalidAt(7)},

		{name: "32 arrays within the object", text: `{"a":` + nested("[", "]", 32) + `}`, want: tooDeep},
		{name: "32 objects within the object", text: `{"a":` + nested(`{"a":`, "}", 32) + `}`, want: tooDeep},
		{name: "10,000 arrays", text: `{"a":` + nested("[", "]", 10_000) + `}`, want: tooDeep},
		{name: "10,000 objects", text: `{"a":` + nested(`{"a":`, "}", 10_000) + `}`, want: tooDeep},
		{name: "a million brackets without end", text: `{"a":` + strings.Repeat("[", 1_000_000), want: tooDeep},
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
		{name: "an object", value: `{"b":[1, 2]}`, want: `{"b":[1, 2]}`},
		{name: "an object with white space around", value: " \n{ } ", want: `{ }`},
		{name: "an array", value: ` [ {"b":"]"} ] `, want: `[ {"b":"]"} ]`},
		{name: "a string", value: `"{\u0022}"`, want: `"{\u0022}"`},
		{name: "a number", value: `-1.50`, want: `-1.50`},
		{name: "null", value: `null`, want: `null`},
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
		{name: "after 1 KiB it is used again without the text", bytes: 1 << 10, reused: true},
		{name: "after 8 KiB it is used again without the text", bytes: 8 << 10, reused: true},
		{name: "after more than 8 KiB it goes", bytes: 8<<10 + 1},
		{name: "after 1 MiB it goes", bytes: 1 << 20},
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
