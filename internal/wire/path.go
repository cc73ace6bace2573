package wire

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Errors of [PathSegment].
var (
	ErrBlankID = errors.New("the ID is blank, which would address the whole list")
	ErrOddID   = errors.New("the ID is . or .., is not valid UTF-8, or is longer than 512 bytes")
)

const maxIDBytes = 512

// PathSegment returns id as one path segment. It escapes all characters except the
// unreserved ones of RFC 3986.
func PathSegment(id string) (string, error) {
	switch {
	case strings.TrimSpace(id) == "":
		return "", ErrBlankID
	case id == "." || id == ".." || len(id) > maxIDBytes || !utf8.ValidString(id):
		return "", ErrOddID
	}
	const hex = "0123456789ABCDEF"
	var escaped strings.Builder
	for i := range len(id) {
		if c := id[i]; isUnreserved(c) {
			escaped.WriteByte(c)
		} else {
			escaped.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return escaped.String(), nil
}

func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0
}
