// Package wire reads and writes the data of AuthRocket's APIs: times, paths, attributes
// and answers. It hides the secrets in them from everything that prints values.
package wire

// Sealed is text that no printer shows, not even a printer that follows pointers and
// reads unexported fields, because reflection cannot look into a closure. The zero Sealed
// is empty.
type Sealed struct{ open func() string }

// Seal returns a Sealed that contains text.
func Seal(text string) Sealed {
	if text == "" {
		return Sealed{}
	}
	return Sealed{func() string { return text }}
}

// Open returns the text.
func (s Sealed) Open() string {
	if s.open == nil {
		return ""
	}
	return s.open()
}

// IsZero reports whether the text is empty.
func (s Sealed) IsZero() bool { return s.open == nil }
