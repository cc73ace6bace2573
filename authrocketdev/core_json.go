package authrocketdev

import (
	"strconv"
	"strings"
	"time"
)

// preciseTime is a time in Unix seconds with a fraction. The zero time becomes null.
type preciseTime time.Time

// MarshalJSON writes whole seconds with .0, as AuthRocket does.
func (t preciseTime) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	text := strconv.FormatFloat(float64(time.Time(t).UnixMilli())/1000, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// wholeTime is a time in whole Unix seconds. The zero time becomes null.
type wholeTime time.Time

// MarshalJSON writes an integer.
func (t wholeTime) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, time.Time(t).Unix(), 10), nil
}

// orNull returns nil for "", which becomes null in JSON.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
