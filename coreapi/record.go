package coreapi

import (
	"encoding/json"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// record is part of every resource. It keeps the JSON from which the resource was
// decoded.
type record struct{ raw wire.Sealed }

// Decode stores the complete JSON of the record in v, as [json.Unmarshal] does. Use it
// for members that the types of this package lack. If your program created the record
// itself, Decode leaves v unchanged. The JSON may contain credentials.
func (r record) Decode(v any) error {
	if r.raw.IsZero() {
		return nil
	}
	return json.Unmarshal([]byte(r.raw.Open()), v)
}

func (r record) isRecord() {}

// identified is a resource that must have an ID.
type identified interface{ identity() string }

// decodeRecord stores data in fields and returns the record to keep. fields is a struct
// that embeds the resource and adds its times and credentials.
func decodeRecord(data []byte, fields any) (record, error) {
	if err := json.Unmarshal(data, fields); err != nil {
		return record{}, decodeError(err)
	}
	return record{wire.Seal(string(data))}, nil
}
