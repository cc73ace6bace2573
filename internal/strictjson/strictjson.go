// Package strictjson reads one JSON object as I-JSON (RFC 7493) has it: valid
// UTF-8, whole surrogate pairs, no member twice at any depth. It reads token by
// token and says what is wrong and where.
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
	// maxReused is the longest text after which a Reader is used again. A Reader
	// keeps memory for the names of members: of one object for each level.
	maxReused = 8 << 10
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

// Reader reads a text. The first problem ends the reading: nothing more is read,
// every loop over [Reader.Next] ends, and [Reader.Close] returns it.
type Reader struct {
	decoder jsontext.Decoder
	source  bytes.Buffer
	text    []byte
	err     error
}

var readers = sync.Pool{New: func() any {
	r := new(Reader)
	r.decoder.Reset(&r.source)
	return r
}}

// Open returns a Reader of text, which must not change until Close.
func Open(text []byte) *Reader {
	r := readers.Get().(*Reader)
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
	if size <= maxReused {
		readers.Put(r)
	}
	return err
}

// Token reads the next token. It is valid until the next one is read.
func (r *Reader) Token() jsontext.Token {
	if r.err != nil {
		return jsontext.Token{}
	}
	token, err := r.decoder.ReadToken()
	switch {
	case err != nil:
		r.err = syntaxError(err)
		return jsontext.Token{}
	case r.decoder.StackDepth() > maxDepth:
		r.err = &Error{Problem: "nests more than " + strconv.Itoa(maxDepth) + " levels deep"}
		return jsontext.Token{}
	}
	return token
}

// Next reads the next token of the object or array that was entered, and returns
// false at its end. In an object that is a name, and the caller reads its value.
func (r *Reader) Next() (jsontext.Token, bool) {
	token := r.Token()
	switch token.Kind() {
	case jsontext.KindInvalid, jsontext.KindEndObject, jsontext.KindEndArray:
		return token, false
	}
	return token, true
}

// Require reads the next token and reports whether it is of kind; another kind is
// a problem.
func (r *Reader) Require(kind jsontext.Kind) (jsontext.Token, bool) {
	token := r.Token()
	return token, r.Check(token, kind)
}

// Optional is Require, but null is none and no problem.
func (r *Reader) Optional(kind jsontext.Kind) (jsontext.Token, bool) {
	token := r.Token()
	return token, token.Kind() != jsontext.KindNull && r.Check(token, kind)
}

// Check reports whether token, which was read last, is of kind; another kind is a
// problem. KindTrue stands for all booleans.
func (r *Reader) Check(token jsontext.Token, kind jsontext.Kind) bool {
	got := token.Kind()
	if got == kind || got == jsontext.KindFalse && kind == jsontext.KindTrue {
		return true
	}
	want := typeOf(kind)
	r.Fail("is " + typeOf(got) + ", want " + want[strings.IndexByte(want, ' ')+1:])
	return false
}

// Skip reads the rest of the value that token, which was read last, begins. It
// returns the text of an object or array, a part of what is read.
func (r *Reader) Skip(token jsontext.Token) []byte {
	if kind := token.Kind(); kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		return nil
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

func typeOf(kind jsontext.Kind) string {
	switch kind {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginArray:
		return "an array"
	}
	return "an object"
}
