package wire

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

const (
	maxMessages     = 20
	maxMessageBytes = 500
)

// Messages returns the strings in value, which is a decoded part of an answer, including
// strings in lists and objects. The number and the length of the strings are limited.
// Each string can safely be written as one line of a log.
func Messages(value any) []string { return appendMessages(nil, value) }

func appendMessages(messages []string, value any) []string {
	switch value := value.(type) {
	case string:
		if text := cleanMessage(value); text != "" && len(messages) < maxMessages {
			messages = append(messages, text)
		}
	case []any:
		for _, element := range value {
			messages = appendMessages(messages, element)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			messages = appendMessages(messages, value[name])
		}
	}
	return messages
}

func cleanMessage(text string) string {
	if len(text) > maxMessageBytes {
		text = text[:maxMessageBytes]
	}
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}
