// Package strictjson reads one JSON object as I-JSON (RFC 7493): valid UTF-8, complete
// surrogate pairs, and no duplicate member at any depth. It reads token by token, and its
// errors say what is wrong and where. It refuses a text that two parsers could read
// differently, because the issuer of a token may have meant something else than this
// parser reads.
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
	// maxDepth limits how deep objects and arrays nest. A login token itself needs four
	// levels. Its custom attributes can use the others. Without the limit, a reused
	// Reader would keep the memory that a deeply nested text needed.
	maxDepth = 32
	// maxPooledBytes is the longest text after which a Reader is reused. A Reader keeps
	// memory for the names of the members of one object per level.
	maxPooledBytes = 8 << 10
)

// Error describes what is wrong with a text, and where.
type Error struct {
	Place   string // such as "exp" or "orgs[1].perm"; "" for the text as a whole
	Problem string
}

func (e *Error) Error() string {
	if e.Place == "" {
		return e.Problem
	}
	return e.Place + " " + e.Problem
}

// Reader reads a text. Use it in only one goroutine. It stops at the first problem: every
// loop over [Reader.Name] or [Reader.Element] then ends, and [Reader.Close] returns the
// problem.
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

// Open returns a Reader for text, which must not change until Close.
func Open(text []byte) *Reader {
	r := readerPool.Get().(*Reader)
	r.text, r.source = text, *bytes.NewBuffer(text)
	return r
}

// Close checks that the text ends here, and returns the first problem as an [*Error]. The
// Reader and the values that its methods returned must not be used afterwards.
func (r *Reader) Close() error {
	if r.err == nil {
		if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
			r.err = &Error{Problem: "has text after the JSON object"}
		}
	}
	err, size := r.err, len(r.text)
	r.text, r.err, r.source = nil, nil, bytes.Buffer{}
	r.decoder.Reset(&r.source) // releases the text
	if size <= maxPooledBytes {
		readerPool.Put(r)
	}
	return err
}

// Token is the text of one token: a bracket, a string with its quotes, a number, true,
// false or null. It is a part of the text that the Reader reads. It is empty if there is
// no token.
type Token []byte

// Kind returns the first byte of t, except in three cases: 't' for both booleans, '0' for
// every number, and 0 if there is no token.
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

// Text returns the decoded string.
func (t Token) Text() string { return string(t.unquote()) }

// Bool returns the boolean.
func (t Token) Bool() bool { return t[0] == 't' }

func (t Token) unquote() []byte {
	if bytes.IndexByte(t, '\\') < 0 {
		return t[1 : len(t)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, t) // no error: a Reader has checked t
	return text
}

// Token reads the next token. It returns the raw text, because a jsontext.Token would
// read a string a second time to decode it.
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

// isSeparator is true for each byte that may be between two tokens.
var isSeparator = [256]bool{' ': true, '\t': true, '\r': true, '\n': true, ':': true, ',': true}

// Name reads the next member name in the current object, and returns nil at the end of
// the object. The caller must then read the value.
func (r *Reader) Name() []byte {
	if token := r.Token(); token.Kind() == '"' {
		return token.unquote()
	}
	return nil
}

// Element reads the first token of the next element in the current array, and returns
// false at the end of the array.
func (r *Reader) Element() (Token, bool) {
	token := r.Token()
	return token, len(token) > 0 && token[0] != ']'
}

// Require reads the next token and reports whether it has the given kind. Any other kind
// counts as a problem.
func (r *Reader) Require(kind byte) (Token, bool) {
	token := r.Token()
	return token, r.Check(token, kind)
}

// Optional is like Require, but also accepts null, for which it returns false.
func (r *Reader) Optional(kind byte) (Token, bool) {
	token := r.Token()
	return token, token.Kind() != 'n' && r.Check(token, kind)
}

// Check reports whether token, which must be the last token that was read, has the given
// kind. Any other kind counts as a problem.
func (r *Reader) Check(token Token, kind byte) bool {
	if token.Kind() == kind {
		return true
	}
	want := typeOf(kind)
	r.Fail("is " + typeOf(token.Kind()) + ", want " + want[strings.IndexByte(want, ' ')+1:])
	return false
}

// Skip reads the rest of the value that begins with token, which must be the last token
// that was read. It returns the text of the whole value.
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

// Fail reports a problem with the last token that was read.
func (r *Reader) Fail(problem string) {
	if r.err == nil {
		r.err = &Error{r.place(), problem}
	}
}

// place returns where the last token is, for example "orgs[1].perm". The place contains
// only names from objects that the caller reads, and none from skipped values.
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

// syntaxError describes an error of the decoder without repeating the text.
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
