package coreapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/authrocket-go/authrocket/internal/wire"
)

const (
	maxMessages     = 20
	maxMessageBytes = 500
)

// readRefusal returns what an answer with errors says: {"errors": [text, ...]}, and
// further members as metadata. In AuthRocket 1 errors were {field: [text, ...]}.
func readRefusal(body []byte) (messages []string, metadata map[string]wire.Sealed, err error) {
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, nil, errNotAnObject
	}
	for name, member := range members {
		if text, ok := member.(string); ok && name != "errors" && text != "" {
			if metadata == nil {
				metadata = map[string]wire.Sealed{}
			}
			metadata[name] = wire.Seal(text)
		}
	}
	return appendMessages(nil, members["errors"]), metadata, nil
}

// appendMessages appends the texts in value, cleaned and bounded.
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

// cleanMessage makes text fit for one line of a log.
func cleanMessage(text string) string {
	if len(text) > maxMessageBytes {
		text = text[:maxMessageBytes]
	}
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}
