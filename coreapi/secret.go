package coreapi

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Secret is a string that must not be displayed: an API key, a password, a session ID or
// a token. Printing it in any way, or encoding it as JSON or text, gives "(hidden)". Code
// that prints a struct by reflection does not find the text. Only [Secret.Reveal] returns
// it. The zero Secret is empty. Do not compare secrets with ==; use [Secret.Equal].
type Secret struct{ text wire.Sealed }

// Hide returns text as a Secret, for example coreapi.Hide(form.Password).
func Hide(text string) Secret { return Secret{wire.Seal(text)} }

// Reveal returns the text, for example to put it into an email or a keyring.
func (s Secret) Reveal() string { return s.text.Open() }

// IsZero reports whether the text is empty.
func (s Secret) IsZero() bool { return s.text.IsZero() }

// Equal reports whether the texts are equal. The time that it takes does not depend on
// where they differ.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns "(hidden)".
func (s Secret) String() string { return wire.Hidden }

// Format writes "(hidden)", whatever the verb.
func (s Secret) Format(state fmt.State, _ rune) { io.WriteString(state, wire.Hidden) }

// LogValue returns "(hidden)".
func (s Secret) LogValue() slog.Value { return slog.StringValue(wire.Hidden) }

// MarshalText returns "(hidden)".
func (s Secret) MarshalText() ([]byte, error) { return []byte(wire.Hidden), nil }

// UnmarshalText sets the text. With it, decoders for forms, flags, environment variables
// and JSON can fill a Secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Hide(string(text))
	return nil
}
