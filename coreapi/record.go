package coreapi

import (
	"encoding/json"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// record is what every resource has: the JSON that it came as.
type record struct{ raw wire.Sealed }

// Decode stores all that came into v, as [json.Unmarshal] does: for members that this
// package does not know. What a program made itself holds nothing to decode. The JSON may
// hold credentials, as those behind methods.
func (r record) Decode(v any) error {
	if r.raw.IsZero() {
		return nil
	}
	return json.Unmarshal([]byte(r.raw.Open()), v)
}

func (r record) isRecord() {}

// identified is a resource that is nothing without its ID.
type identified interface{ identity() string }

// decodeRecord stores data in fields, and returns the record to keep. Fields is a struct
// that embeds the resource, with times and credentials beside it.
func decodeRecord(data []byte, fields any) (record, error) {
	if err := json.Unmarshal(data, fields); err != nil {
		return record{}, decodeError(err)
	}
	return record{wire.Seal(string(data))}, nil
}
