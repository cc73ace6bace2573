package jose_test

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/jose"
)

// strong fails for a key that must not be used.
func strong(t *testing.T, public *rsa.PublicKey) {
	t.Helper()
	if public == nil {
		t.Error("got a key without an RSA public key")
		return
	}
	if bits := public.N.BitLen(); bits < 2048 || bits > 8192 {
		t.Errorf("got a key of %d bits", bits)
	}
	if public.E < 3 || public.E%2 == 0 {
		t.Errorf("got a key with exponent %d", public.E)
	}
}

// FuzzParseSet holds that only strong RSA keys with a kid come out, and that
// every entry either does or is reported.
func FuzzParseSet(f *testing.F) {
	for _, row := range usable() {
		f.Add(keySet(row.entry))
	}
	for _, row := range unusable() {
		f.Add(keySet(row.entry))
	}
	for _, row := range refusedSets {
		f.Add([]byte(row.set))
	}
	f.Add(keySet(entry("a", publicKey(2048, 3), nil), "null", entry("a", publicKey(3072, 3), nil)))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, skipped, err := jose.ParseSet(data)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("got %d keys and error %v", len(keys), err)
		}
		count := 0
		for kid, ofID := range keys {
			count += len(ofID)
			if kid == "" || len(kid) > jose.MaxKeyIDBytes {
				t.Errorf("got a kid of %d bytes", len(kid))
			}
			if len(ofID) == 0 || len(ofID) > 2 {
				t.Errorf("got %d keys with one kid", len(ofID))
			}
			for _, key := range ofID {
				if key.Algorithm() != jose.RS256 {
					t.Errorf("got a key for %q", key.Algorithm())
				}
				strong(t, jose.RSA(key))
				if key.Verify([]byte("header.payload"), []byte("signature")) == nil {
					t.Error("a key accepts rubbish")
				}
			}
		}
		if err != nil && !errors.Is(err, jose.ErrNoUsableKey) {
			return
		}
		var set map[string]json.RawMessage
		var entries []any
		if json.Unmarshal(data, &set) != nil || json.Unmarshal(set["keys"], &entries) != nil {
			// A number out of the range of float64 is no reason to refuse.
			return
		}
		if count+len(skipped) != len(entries) {
			t.Errorf("got %d keys and %d skipped of %d entries", count, len(skipped), len(entries))
		}
	})
}

// FuzzParseStatic holds that a secret is told from a key by its beginning and
// length alone, and that no error shows what it was given.
func FuzzParseStatic(f *testing.F) {
	var messages []string
	for _, row := range lookAlikes() {
		f.Add(row.text)
		_, err := jose.ParseStatic(row.text)
		messages = append(messages, err.Error())
	}
	for _, row := range publicKeys() {
		f.Add(row.text)
	}
	f.Add(vectorSecret)
	f.Fuzz(func(t *testing.T, text string) {
		trimmed := strings.TrimSpace(text)
		key, err := jose.ParseStatic(text)
		isSecret := strings.HasPrefix(trimmed, "jsk_") && len(trimmed) >= 32
		if got := err == nil && key.Algorithm() == jose.HS256; got != isSecret {
			t.Errorf("ParseStatic(%q): got HS256 %t, want %t", text, got, isSecret)
		}
		if err == nil && isSecret {
			if err := key.Verify([]byte("m"), signHS256(trimmed, "m")); err != nil {
				t.Errorf("ParseStatic(%q): the secret does not check what it signed: %v", text, err)
			}
		}
		if err == nil && !isSecret {
			if key.Algorithm() != jose.RS256 {
				t.Errorf("ParseStatic(%q): got a key for %q", text, key.Algorithm())
			}
			strong(t, jose.RSA(key))
		}
		// Words that an error has anyway cannot be told from a text that it repeats.
		isWords := func(message string) bool { return strings.Contains(message, trimmed) }
		if err != nil && len(trimmed) > 8 && isWords(err.Error()) && !slices.ContainsFunc(messages, isWords) {
			t.Errorf("ParseStatic(%q): got error %q, which repeats the text", text, err)
		}
	})
}
