package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// Hidden is the text that is printed in place of a secret. It is never sent to the API.
const Hidden = "(hidden)"

var (
	errHidden  = errors.New("contains a Secret, which cannot be sent there; use the result of its Reveal")
	errNotUTF8 = errors.New("is not valid UTF-8")
)

// Attributes encodes a struct as the attributes of a record, named by the json tags of
// its fields. It leaves out fields that are nil or zero. A pointer to the zero value
// becomes null, which clears the attribute. If such a field is tagged wire:"required",
// Attributes returns an error. Times become seconds, secrets are included in plain text,
// and empty slices and maps are also sent. The entries of a field named Extra are added
// unchanged.
func Attributes(attributes any) (map[string]json.RawMessage, error) {
	encoded := map[string]json.RawMessage{}
	var extra map[string]any
	value := reflect.ValueOf(attributes)
	for field, fieldValue := range value.Fields() {
		if field.Name == "Extra" {
			extra, _ = fieldValue.Interface().(map[string]any)
			continue
		}
		text, err := encodeField(field, fieldValue)
		if err != nil {
			return nil, fmt.Errorf("%s %w", field.Name, err)
		}
		if text != nil {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			encoded[name] = text
		}
	}
	for name, value := range maps.All(extra) {
		if _, ok := encoded[name]; ok {
			return nil, fmt.Errorf("attribute %q of Extra is set by a field, too; leave one of them out", name)
		}
		text, err := encode(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %q of Extra %w", name, err)
		}
		encoded[name] = text
	}
	return encoded, nil
}

// encodeField returns the JSON of a field, or nil for a field that is left out.
func encodeField(field reflect.StructField, value reflect.Value) (json.RawMessage, error) {
	if value.Kind() != reflect.Pointer {
		if isZero(value) {
			return nil, nil
		}
		return encode(value.Interface())
	}
	switch {
	case value.IsNil():
		return nil, nil
	case !isZero(value.Elem()):
		return encode(value.Elem().Interface())
	case field.Tag.Get("wire") == "required":
		return nil, errors.New("cannot be cleared")
	}
	return json.RawMessage("null"), nil
}

func isZero(value reflect.Value) bool {
	if zeroer, ok := value.Interface().(interface{ IsZero() bool }); ok {
		return zeroer.IsZero()
	}
	return value.IsZero()
}

func encode(value any) (json.RawMessage, error) {
	switch value := value.(type) {
	case time.Time:
		return json.RawMessage(formatTime(value)), nil
	case interface{ Reveal() string }:
		if !utf8.ValidString(value.Reveal()) {
			return nil, errNotUTF8
		}
		return json.Marshal(value.Reveal())
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.String && !utf8.ValidString(v.String()) {
		return nil, errNotUTF8
	}
	return Marshal(value)
}

// Marshal is json.Marshal, but refuses a value that contains a secret. Its JSON would
// contain [Hidden], which must never be sent.
func Marshal(value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, errors.New("cannot be encoded as JSON")
	}
	if _, isText := value.(string); !isText && bytes.Contains(text, []byte(`"`+Hidden+`"`)) {
		return nil, errHidden
	}
	return text, nil
}
