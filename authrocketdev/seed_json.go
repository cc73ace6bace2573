package authrocketdev

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// jsonMember is a member of a JSON object. An object is read as []jsonMember,
// which keeps members of one name apart; an array as []any, a number as
// json.Number.
type jsonMember struct {
	name  string
	value any
}

// parseSeedJSON reads one JSON value. The error has line and column, and at most a
// single character of data.
func parseSeedJSON(data []byte) (any, error) {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return nil, fmt.Errorf("%s: this is not UTF-8", lineAndColumn(data, i))
		}
		i += size
	}
	// What passes here is one value, and nested so little that recursion is safe.
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("%s: %w", lineAndColumn(data, int(syntax.Offset)-1), err)
		}
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return parseValue(decoder)
}

func parseValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		members := []jsonMember{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			members = append(members, jsonMember{name.(string), value}) // a name always is one
		}
		_, err = decoder.Token()
		return members, err
	case json.Delim('['):
		elements := []any{}
		for decoder.More() {
			element, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			elements = append(elements, element)
		}
		_, err = decoder.Token()
		return elements, err
	}
	return token, nil
}

// lineAndColumn says where the byte at offset is, counting characters from 1.
func lineAndColumn(data []byte, offset int) string {
	before := data[:max(0, min(offset, len(data)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("line %d, column %d", line, column)
}

// kindOf is the name of a JSON value's type.
func kindOf(v any) string {
	switch v.(type) {
	case []jsonMember:
		return "an object"
	case []any:
		return "an array"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	}
	return "null"
}
