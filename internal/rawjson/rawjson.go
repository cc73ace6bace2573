// Package rawjson reads JSON text (RFC 8259) once, from front to end, and cuts it
// into values that are decoded when somebody asks. It accepts what encoding/json
// accepts and reads it in the same way.
package rawjson

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Value is the text of one valid JSON value, without white space around it. It is
// a part of the text that was read. The empty Value is none.
type Value []byte

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return string(v) == "null" }

// IsObject reports whether v is an object.
func (v Value) IsObject() bool { return v.kind() == '{' }

// IsArray reports whether v is an array.
func (v Value) IsArray() bool { return v.kind() == '[' }

// IsNumber reports whether v is a number.
func (v Value) IsNumber() bool { return v.kind() == '-' || isDigit(v.kind()) }

// Bool returns the value of a boolean, and whether v is one.
func (v Value) Bool() (value, ok bool) { return v.kind() == 't', v.kind() == 't' || v.kind() == 'f' }

// Text returns the value of a string, and whether v is one.
func (v Value) Text() (text string, ok bool) {
	if v.kind() != '"' {
		return "", false
	}
	if inside, ok := v.plain(); ok {
		return string(inside), true
	}
	return unquote(v)
}

// plain returns the inside of a string that stands for itself: it has no escapes,
// and nothing that encoding/json replaces.
func (v Value) plain() (inside []byte, ok bool) {
	inside = v[1 : len(v)-1]
	for i, c := range inside {
		switch {
		case c == '\\':
			return nil, false
		case c >= utf8.RuneSelf:
			return inside, bytes.IndexByte(inside[i:], '\\') < 0 && utf8.Valid(inside[i:])
		}
	}
	return inside, true
}

// kind is the first byte, which tells the type, and 0 for no value.
func (v Value) kind() byte {
	if len(v) == 0 {
		return 0
	}
	return v[0]
}

// unquote resolves escapes, and replaces what is not UTF-8.
func unquote(v Value) (text string, ok bool) {
	err := json.Unmarshal(v, &text)
	return text, err == nil
}
