// Package wire reads and writes what AuthRocket's APIs send: times, paths,
// attributes and answers, and keeps what is secret in them from printers.
package wire

// Sealed is text that no printer finds, not even one that follows pointers and
// reads unexported fields: reflection does not see what a function holds. The zero
// Sealed is empty.
type Sealed struct{ open func() string }

// Seal returns text, sealed.
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
