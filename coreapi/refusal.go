package coreapi

import (
	"encoding/json"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// readRefusal returns the messages of an answer with errors: {"errors": [text, ...]}.
// Further members are metadata. In AuthRocket 1, errors were {field: [text, ...]}.
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
	return wire.Messages(members["errors"]), metadata, nil
}
