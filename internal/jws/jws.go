// Package jws splits a JWS in compact serialization (RFC 7515 section 7.1) into its
// parts. It does not check signatures or claims. It accepts exactly one spelling of a
// token, so that a cache can use the text of a token as its key.
package jws

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/authrocket-go/authrocket/internal/strictjson"
)

// Parts are the decoded parts of a compact JWS. SigningInput is the text that
// the signature covers: the first two parts as they were sent.
type Parts struct {
	Header       []byte
	Payload      []byte
	Signature    []byte
	SigningInput []byte
}

// strictBase64url refuses non-zero trailing bits, so that a token has one spelling only.
var strictBase64url = base64.RawURLEncoding.Strict()

// Split splits token into exactly three non-empty parts. They must be base64url without
// padding, white space or non-zero trailing bits. Split does not limit the length.
func Split(token string) (Parts, error) {
	return SplitInto(nil, token)
}

// SplitInto is [Split] for a caller that reuses memory. It stores the parts in memory if
// they fit. The parts are valid until the caller writes to that memory
// again.
func SplitInto(memory []byte, token string) (Parts, error) {
	header, rest, ok := strings.Cut(token, ".")
	if !ok {
		return Parts{}, errors.New("has one part, but a login token has three")
	}
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok {
		return Parts{}, errors.New("has two parts, but a login token has three")
	}
	if strings.Contains(signature, ".") {
		return Parts{}, errors.New("has more than three parts, but a login token has three")
	}
	memory = append(memory[:0], token...)
	text := memory
	signed := len(header) + len(".") + len(payload)
	parts := Parts{SigningInput: text[:signed:signed]}
	for _, part := range []struct {
		name string
		text []byte
		into *[]byte
	}{
		{"header", text[:len(header)], &parts.Header},
		{"payload", text[len(header)+1 : signed], &parts.Payload},
		{"signature", text[signed+1:], &parts.Signature},
	} {
		if len(part.text) == 0 {
			return Parts{}, fmt.Errorf("%s is empty", part.name)
		}
		// The decoder skips line breaks, which RFC 7515 section 2 does not allow.
		if bytes.IndexByte(part.text, '\r') >= 0 || bytes.IndexByte(part.text, '\n') >= 0 {
			return Parts{}, fmt.Errorf("%s has a line break", part.name)
		}
		start := len(memory)
		var err error
		if memory, err = strictBase64url.AppendDecode(memory, part.text); err != nil {
			return Parts{}, fmt.Errorf("%s is not base64url without padding", part.name)
		}
		*part.into = memory[start:len(memory):len(memory)]
	}
	return parts, nil
}

// Header holds the members of a JOSE header (RFC 7515 section 4) that a verifier needs.
type Header struct {
	Algorithm string
	KeyID     string
	HasKeyID  bool
	// Critical is true if the header has a crit member with any value, or a b64 member
	// (RFC 7797) that is not true.
	Critical bool
}

// ParseHeader reads a JOSE header: one JSON object whose alg is a string and
// whose kid, if there is one, is a string. Names are matched exactly.
func ParseHeader(data []byte) (Header, error) {
	r := strictjson.Open(data)
	var h Header
	hasAlgorithm := false
	r.Require('{')
	for name := r.Name(); name != nil; name = r.Name() {
		switch string(name) {
		case "alg":
			h.Algorithm, hasAlgorithm = text(r), true
		case "kid":
			h.KeyID, h.HasKeyID = text(r), true
		case "crit":
			h.Critical = true
			r.Skip(r.Token())
		case "b64":
			value := r.Token()
			h.Critical = h.Critical || string(value) != "true"
			r.Skip(value)
		default:
			r.Skip(r.Token())
		}
	}
	if err := r.Close(); err != nil {
		return Header{}, fmt.Errorf("header %w", err)
	}
	if !hasAlgorithm {
		return Header{}, errors.New("header has no alg")
	}
	return h, nil
}

func text(r *strictjson.Reader) string {
	if token, ok := r.Require('"'); ok {
		return token.Text()
	}
	return ""
}
