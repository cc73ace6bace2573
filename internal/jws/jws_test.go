package jws_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/internal/jws"
)

// encode is what a signer does with each part.
func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

const (
	header    = `{"alg":"RS256","kid":"k"}`
	payload   = `{"iss":"https://authrocket.com"}`
	signature = "\x00\xfb\xff\xbe signature"
)

var token = encode(header) + "." + encode(payload) + "." + encode(signature)

// refusedTokens also seed the fuzz target.
var refusedTokens = []struct {
	name, token, want string
}{
	{"empty text is refused", "", "one part"},
	{"one part is refused", encode(header), "one part"},
	{"two parts are refused", encode(header) + "." + encode(payload), "two parts"},
	{"a fourth part is refused", token + "." + encode("more"), "more than three parts"},
	{"an empty fourth part is refused", token + ".", "more than three parts"},
	{"the five parts of an encrypted token are refused", token + "." + encode("a") + "." + encode("b"), "more than three parts"},
	{"three empty parts are refused", "..", "header is empty"},
	{"an empty header is refused", "." + encode(payload) + "." + encode(signature), "header is empty"},
	{"an empty payload is refused", encode(header) + ".." + encode(signature), "payload is empty"},
	{"an empty signature is refused", encode(header) + "." + encode(payload) + ".", "signature is empty"},
	{"JSON serialization is refused", `{"protected":"e30","payload":"e30","signature":"AA"}`, "one part"},

	{"a padded header is refused", "e30=." + encode(payload) + "." + encode(signature), "header is not base64url"},
	{"a padded payload is refused", encode(header) + ".e30=." + encode(signature), "payload is not base64url"},
	{"a padded signature is refused", encode(header) + "." + encode(payload) + ".AAA=", "signature is not base64url"},
	{"a plus of the standard alphabet is refused", encode(header) + "." + encode(payload) + ".+-AA", "signature is not base64url"},
	{"a slash of the standard alphabet is refused", encode(header) + "." + encode(payload) + "._/AA", "signature is not base64url"},
	{"a truncated last group is refused", encode(header) + "." + encode(payload) + ".AAAAA", "signature is not base64url"},

	{"trailing bits in the header are refused", "e31." + encode(payload) + "." + encode(signature), "header is not base64url"},
	{"trailing bits in the payload are refused", encode(header) + ".e31." + encode(signature), "payload is not base64url"},
	{"trailing bits in the signature are refused", encode(header) + "." + encode(payload) + ".AB", "signature is not base64url"},

	{"a line feed after the token is refused", token + "\n", "signature has a line break"},
	{"a carriage return after the token is refused", token + "\r", "signature has a line break"},
	{"a line feed before the token is refused", "\n" + token, "header has a line break"},
	{"a line break inside the payload is refused", encode(header) + ".e3\r\n0." + encode(signature), "payload has a line break"},
	{"a space before the token is refused", " " + token, "header is not base64url"},
	{"a space after the token is refused", token + " ", "signature is not base64url"},
	{"a tab inside the token is refused", encode(header) + ".e3\t0." + encode(signature), "payload is not base64url"},
	{"a NUL is refused", encode(header) + ".e3\x000." + encode(signature), "payload is not base64url"},
	{"a letter beyond ASCII is refused", encode(header) + ".é30." + encode(signature), "payload is not base64url"},
	{"a percent-encoded part is refused", encode(header) + ".e3%30." + encode(signature), "payload is not base64url"},
	{"quotes around the token are refused", `"` + token + `"`, "header is not base64url"},
}

func TestSplit(t *testing.T) {
	t.Parallel()
	got, err := jws.Split(token)
	if err != nil {
		t.Fatalf("Split(%q) failed: %v", token, err)
	}
	if string(got.Header) != header {
		t.Errorf("got header %q, want %q", got.Header, header)
	}
	if string(got.Payload) != payload {
		t.Errorf("got payload %q, want %q", got.Payload, payload)
	}
	if string(got.Signature) != signature {
		t.Errorf("got signature %q, want %q", got.Signature, signature)
	}
	if want := encode(header) + "." + encode(payload); string(got.SigningInput) != want {
		t.Errorf("got signing input %q, want %q", got.SigningInput, want)
	}
}

func TestSplitRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range refusedTokens {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := jws.Split(row.token)
			if err == nil {
				t.Fatalf("Split(%q) was accepted: %+v", row.token, got)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("got error %q, want one with %q", err, row.want)
			}
			if got.SigningInput != nil || got.Header != nil || got.Payload != nil || got.Signature != nil {
				t.Errorf("got parts %+v beside the error, want none", got)
			}
		})
	}
}

// The last character of most parts has bits that decode to nothing. If they
// could be set, a token would have several spellings.
func TestSplitHasOneSpelling(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, size := range []int{1, 2, 4, 5, 32, 256} {
		sent := encode(header) + "." + encode(payload) + "." + encode(strings.Repeat("\xa5", size))
		same := 0
		for _, last := range alphabet {
			altered := sent[:len(sent)-1] + string(last)
			if parts, err := jws.Split(altered); err == nil && string(parts.Signature) == strings.Repeat("\xa5", size) {
				same++
			}
		}
		if same != 1 {
			t.Errorf("signature of %d bytes: got %d spellings that are accepted, want 1", size, same)
		}
	}
}
