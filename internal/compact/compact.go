// Package compact takes a JWS in compact serialization (RFC 7515 section 7.1)
// apart. It knows nothing of keys and claims.
package compact

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Parts are the decoded parts of a compact JWS. SigningInput is the text that
// the signature covers: the first two parts as they were sent.
type Parts struct {
	Header       []byte
	Payload      []byte
	Signature    []byte
	SigningInput string
}

// strict refuses non-zero trailing bits, so that a token has one spelling only.
var strict = base64.RawURLEncoding.Strict()

// Split takes token apart: exactly three non-empty parts in base64url without
// padding, white space or stray trailing bits. It does not limit the length.
func Split(token string) (Parts, error) {
	header, rest, ok := strings.Cut(token, ".")
	if !ok {
		return Parts{}, errors.New("has one part, a login token has three")
	}
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok {
		return Parts{}, errors.New("has two parts, a login token has three")
	}
	if strings.Contains(signature, ".") {
		return Parts{}, errors.New("has more than three parts")
	}
	var parts Parts
	for _, part := range []struct {
		name string
		text string
		into *[]byte
	}{
		{"header", header, &parts.Header},
		{"payload", payload, &parts.Payload},
		{"signature", signature, &parts.Signature},
	} {
		if part.text == "" {
			return Parts{}, fmt.Errorf("%s is empty", part.name)
		}
		// The decoder skips line breaks; RFC 7515 section 2 has none.
		if strings.ContainsAny(part.text, "\r\n") {
			return Parts{}, fmt.Errorf("%s has a line break", part.name)
		}
		decoded, err := strict.DecodeString(part.text)
		if err != nil {
			return Parts{}, fmt.Errorf("%s is not base64url without padding", part.name)
		}
		*part.into = decoded
	}
	parts.SigningInput = token[:len(header)+1+len(payload)]
	return parts, nil
}

// Header is what a verifier needs to know of a JOSE header.
type Header struct {
	Algorithm string
	KeyID     string
	HasKeyID  bool
	// Critical is set when the header has a crit member, whatever its value.
	Critical bool
}

// ParseHeader reads a JOSE header: one JSON object whose alg is a string and
// whose kid, if there is one, is a string. Names are matched exactly.
func ParseHeader(data []byte) (Header, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return Header{}, errors.New("header is not a JSON object")
	}
	var h Header
	if !stringMember(members, "alg", &h.Algorithm) {
		return Header{}, errors.New("header alg is missing or not a string")
	}
	if _, ok := members["kid"]; ok {
		if h.HasKeyID = stringMember(members, "kid", &h.KeyID); !h.HasKeyID {
			return Header{}, errors.New("header kid is not a string")
		}
	}
	_, h.Critical = members["crit"]
	return h, nil
}

// stringMember stores the member name in s and reports whether it is a string.
// null is none: json.Unmarshal would take it and leave s as it is.
func stringMember(members map[string]json.RawMessage, name string, s *string) bool {
	raw, ok := members[name]
	return ok && len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, s) == nil
}
