// Package strictjson reads one JSON object as I-JSON (RFC 7493) has it: valid
// UTF-8, whole surrogate pairs, no member twice at any depth. It reads token by
// token and says what is wrong and where. A text that two parsers read differently
// is refused: the issuer of a token may have meant the other reading.
package strictjson

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxDepth limits how deep objects and arrays nest. A login token needs four
	// levels, and its custom attributes have the rest. Without it, a Reader that
	// is used again would keep the memory of a text that nests without end.
	maxDepth = 32
	// maxPooledBytes is the longest text after which a Reader is used again. A Reader
	// keeps memory for the names of members: of one object for each level.
	maxPooledBytes = 8 << 10
)

// Error says what cannot be used, and why.
type Error struct {
	Place   string // such as "exp" or "orgs[1].perm"; empty for the text as a whole
	Problem string
}

func (e *Error) Error() string {
	if e.Place == "" {
		return e.Problem
	}
	return e.Place + " " + e.Problem
}

// Reader reads a text, for one goroutine. The first problem ends the reading: nothing
// more is read, every loop over [Reader.Name] or [Reader.Element] ends, and
// [Reader.Close] returns it.
type Reader struct {
	decoder jsontext.Decoder
	source  bytes.Buffer
	text    []byte
	err     error
}

var readerPool = sync.Pool{New: func() any {
	r := new(Reader)
	r.decoder.Reset(&r.source)
	return r
}}

// Open returns a Reader of text, which must not change until Close.
func Open(text []byte) *Reader {
	r := readerPool.Get().(*Reader)
	r.text, r.source = text, *bytes.NewBuffer(text)
	return r
}

// Close checks that nothing is left of the text and returns the first problem,
// an [*Error]. The Reader, and what its methods returned, must not be used
// afterwards.
func (r *Reader) Close() error {
	if r.err == nil {
		if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
			r.err = &Error{Problem: "has text after the JSON object"}
		}
	}
	err, size := r.err, len(r.text)
	r.text, r.err, r.source = nil, nil, bytes.Buffer{}
	r.decoder.Reset(&r.source) // lets go of the text
	if size <= maxPooledBytes {
		readerPool.Put(r)
	}
	return err
}

// Token is the text of a token, a part of what is read: a bracket, a string with
// its quotes, a number, true, false or null. It is empty if there is none.
type Token []byte

// Kind is the first byte of t, but 't' for both booleans, '0' for every number,
// and 0 for no token.
func (t Token) Kind() byte {
	if len(t) == 0 {
		return 0
	}
	switch c := t[0]; c {
	case 'f':
		return 't'
	case '-', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return '0'
	default:
		return c
	}
}

// Text decodes a string.
func (t Token) Text() string { return string(t.unquote()) }

// Bool decodes a boolean.
func (t Token) Bool() bool { return t[0] == 't' }

func (t Token) unquote() []byte {
	if bytes.IndexByte(t, '\\') < 0 {
		return t[1 : len(t)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, t) // a Reader has checked it
	return text
}

// Token reads the next token. It takes the text as it is, since a jsontext.Token
// would read a string once more to decode it.
func (r *Reader) Token() Token {
	if r.err != nil {
		return nil
	}
	start := r.decoder.InputOffset()
	if _, err := r.decoder.ReadToken(); err != nil {
		r.err = syntaxError(err)
		return nil
	}
	if r.decoder.StackDepth() > maxDepth {
		r.err = &Error{Problem: "nests more than " + strconv.Itoa(maxDepth) + " levels deep"}
		return nil
	}
	text := r.text[start:r.decoder.InputOffset()]
	for isSeparator[text[0]] {
		text = text[1:]
	}
	return text
}

// isSeparator has the bytes between two tokens.
var isSeparator = [256]bool{' ': true, '\t': true, '\r': true, '\n': true, ':': true, ',': true}

// Name reads the next name in an object that was entered, and returns nil at its
// end. The caller reads the value.
func (r *Reader) Name() []byte {
	if token := r.Token(); token.Kind() == '"' {
		return token.unquote()
	}
	return nil
}

// Element reads the first token of the next element in an array that was entered,
// and returns false at its end.
func (r *Reader) Element() (Token, bool) {
	token := r.Token()
	return token, len(token) > 0 && token[0] != ']'
}

// Require reads the next token and reports whether it is of kind; another kind is
// a problem.
func (r *Reader) Require(kind byte) (Token, bool) {
	token := r.Token()
	return token, r.Check(token, kind)
}

// Optional is Require, but accepts null, for which it reports false.
func (r *Reader) Optional(kind byte) (Token, bool) {
	token := r.Token()
	return token, token.Kind() != 'n' && r.Check(token, kind)
}

// Check reports whether token, which was read last, is of kind; another kind is a
// problem.
func (r *Reader) Check(token Token, kind byte) bool {
	if token.Kind() == kind {
		return true
	}
	want := typeOf(kind)
	r.Fail("is " + typeOf(token.Kind()) + ", want " + want[strings.IndexByte(want, ' ')+1:])
	return false
}

// Skip reads the rest of the value that token, which was read last, begins, and
// returns the text of the value.
func (r *Reader) Skip(token Token) []byte {
	if kind := token.Kind(); kind != '{' && kind != '[' {
		return token
	}
	start := r.decoder.InputOffset() - 1
	for depth := r.decoder.StackDepth(); r.err == nil && r.decoder.StackDepth() >= depth; {
		r.Token()
	}
	return r.text[start:r.decoder.InputOffset()]
}

// Fail notes a problem of what was read last.
func (r *Reader) Fail(problem string) {
	if r.err == nil {
		r.err = &Error{r.place(), problem}
	}
}

// place returns what was read last in the spelling of "orgs[1].perm". Every name
// in it is one that the caller entered.
func (r *Reader) place() string {
	var place strings.Builder
	for name := range r.decoder.StackPointer().Tokens() {
		switch _, err := strconv.Atoi(name); {
		case err == nil:
			place.WriteString("[" + name + "]")
		case place.Len() > 0:
			place.WriteString("." + name)
		default:
			place.WriteString(name)
		}
	}
	return place.String()
}

// syntaxError describes an error of the decoder without the text around it.
func syntaxError(err error) *Error {
	syntactic, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !ok:
		return &Error{Problem: "is empty"}
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &Error{Problem: "has the member " + quote(syntactic.JSONPointer.LastToken()) + " twice"}
	}
	return &Error{Problem: "is not valid JSON in UTF-8, see byte " + strconv.FormatInt(syntactic.ByteOffset, 10)}
}

func quote(name string) string {
	const maxBytes = 64
	if len(name) > maxBytes {
		return strconv.Quote(name[:maxBytes]) + "..."
	}
	return strconv.Quote(name)
}

func typeOf(kind byte) string {
	switch kind {
	case 'n':
		return "null"
	case 't':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '[':
		return "an array"
	}
	return "an object"
}
