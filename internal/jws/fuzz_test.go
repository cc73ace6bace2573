package jws_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/authrocket-go/authrocket/internal/jws"
	"github.com/go-json-experiment/json/jsontext"
)

// FuzzSplit holds that a token has one spelling: what is accepted is encoded to
// the very same text again, and a changed token never has the same parts.
func FuzzSplit(f *testing.F) {
	f.Add(token, 0, byte('A'))
	f.Add(token, len(token)-1, byte('B'))
	for _, row := range refusedTokens {
		f.Add(row.token, len(row.token)/2, byte('='))
	}
	f.Fuzz(func(t *testing.T, text string, position int, replacement byte) {
		parts, err := jws.Split(text)
		if err != nil {
			return
		}
		e := base64.RawURLEncoding.EncodeToString
		if got := e(parts.Header) + "." + e(parts.Payload) + "." + e(parts.Signature); got != text {
			t.Errorf("encoded again: got %q, want %q", got, text)
		}
		if got := string(parts.SigningInput) + "." + e(parts.Signature); got != text {
			t.Errorf("signing input and signature: got %q, want %q", got, text)
		}

		changed := []byte(text)
		changed[int(uint(position)%uint(len(changed)))] = replacement
		if string(changed) == text {
			return
		}
		if others, err := jws.Split(string(changed)); err == nil && equal(parts, others) {
			t.Errorf("%q and %q have the same parts", text, changed)
		}
	})
}

func equal(a, b jws.Parts) bool {
	return bytes.Equal(a.Header, b.Header) && bytes.Equal(a.Payload, b.Payload) && bytes.Equal(a.Signature, b.Signature)
}

// FuzzParseHeader compares with a second version that is slow and obvious. It
// accepts members that come twice and text that is not UTF-8, which ParseHeader
// refuses: of those jsontext decides alone.
func FuzzParseHeader(f *testing.F) {
	for _, row := range acceptedHeaders {
		f.Add([]byte(row.header))
	}
	for _, row := range refusedHeaders {
		f.Add([]byte(row.header))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := jws.ParseHeader(data)
		want, ok := naiveHeader(data)
		if mayBeTooDeep := bytes.Count(data, []byte{'{'})+bytes.Count(data, []byte{'['}) > 32; mayBeTooDeep && err != nil {
			return
		}
		if ok = ok && jsontext.Value(data).IsValid(); !ok {
			want = jws.Header{}
		}
		if (err == nil) != ok {
			t.Fatalf("ParseHeader(%q): got error %v, want accepted %t", data, err, ok)
		}
		if got != want {
			t.Errorf("ParseHeader(%q): got %+v, want %+v", data, got, want)
		}
	})
}

func naiveHeader(data []byte) (jws.Header, bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return jws.Header{}, false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return jws.Header{}, false
	}
	members, ok := value.(map[string]any)
	if !ok {
		return jws.Header{}, false
	}
	var h jws.Header
	if h.Algorithm, ok = members["alg"].(string); !ok {
		return jws.Header{}, false
	}
	if keyID, present := members["kid"]; present {
		if h.KeyID, h.HasKeyID = keyID.(string); !h.HasKeyID {
			return jws.Header{}, false
		}
	}
	_, h.Critical = members["crit"]
	if b64, present := members["b64"]; present && b64 != true {
		h.Critical = true
	}
	return h, true
}
