// Package rawjson reads JSON text (RFC 8259) once, from front to end, and cuts it
// into values that are decoded when somebody asks. It accepts what encoding/json
// accepts and reads it in the same way.
package rawjson

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Value is the text of one valid JSON value, without white space around it. The
// empty Value is none.
type Value string

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v == "null" }

// IsObject reports whether v is an object.
func (v Value) IsObject() bool { return strings.HasPrefix(string(v), "{") }

// IsArray reports whether v is an array.
func (v Value) IsArray() bool { return strings.HasPrefix(string(v), "[") }

// IsNumber reports whether v is a number.
func (v Value) IsNumber() bool { return v != "" && (v[0] == '-' || isDigit(v[0])) }

// Bool returns the value of a boolean, and whether v is one.
func (v Value) Bool() (value, ok bool) { return v == "true", v == "true" || v == "false" }

// Text returns the value of a string, and whether v is one. The text of a plain
// string is a part of v, not a copy.
func (v Value) Text() (text string, ok bool) {
	if v == "" || v[0] != '"' {
		return "", false
	}
	inside := string(v[1 : len(v)-1])
	if strings.IndexByte(inside, '\\') < 0 && utf8.ValidString(inside) {
		return inside, true
	}
	return unquote(v)
}

// unquote resolves escapes, and replaces what is not UTF-8.
func unquote(v Value) (text string, ok bool) {
	err := json.Unmarshal([]byte(v), &text)
	return text, err == nil
}
