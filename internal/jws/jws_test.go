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
	{name: "empty text is refused", want: "one part"},
	{name: "one part is refused", token: encode(header), want: "one part"},
	{name: "two parts are refused", token: encode(header) + "." + encode(payload), want: "two parts"},
	{name: "a fourth part is refused", token: token + "." + encode("more"), want: "more than three parts"},
	{name: "an empty fourth part is refused", token: token + ".", want: "more than three parts"},
	{name: "the five parts of an encrypted token are refused", token: token + "." + encode("a") + "." + encode("b"), want: "more than three parts"},
	{name: "three empty parts are refused", token: "..", want: "header is empty"},
	{name: "an empty header is refused", token: "." + encode(payload) + "." + encode(signature), want: "header is empty"},
	{name: "an empty payload is refused", token: encode(header) + ".." + encode(signature), want: "payload is empty"},
	{name: "an empty signature is refused", token: encode(header) + "." + encode(payload) + ".", want: "signature is empty"},
	{name: "JSON serialization is refused", token: `{"protected":"e30","payload":"e30","signature":"AA"}`, want: "one part"},

	{name: "a padded header is refused", token: "e30=." + encode(payload) + "." + encode(signature), want: "header is not base64url"},
	{name: "a padded payload is refused", token: encode(header) + ".e30=." + encode(signature), want: "payload is not base64url"},
	{name: "a padded signature is refused", token: encode(header) + "." + encode(payload) + ".AAA=", want: "signature is not base64url"},
	{name: "a plus of the standard alphabet is refused", token: encode(header) + "." + encode(payload) + ".+-AA", want: "signature is not base64url"},
	{name: "a slash of the standard alphabet is refused", token: encode(header) + "." + encode(payload) + "._/AA", want: "signature is not base64url"},
	{name: "a truncated last group is refused", token: encode(header) + "." + encode(payload) + ".AAAAA", want: "signature is not base64url"},

	{name: "trailing bits in the header are refused", token: "e31." + encode(payload) + "." + encode(signature), want: "header is not base64url"},
	{name: "trailing bits in the payload are refused", token: encode(header) + ".e31." + encode(signature), want: "payload is not base64url"},
	{name: "trailing bits in the signature are refused", token: encode(header) + "." + encode(payload) + ".AB", want: "signature is not base64url"},

	{name: "a line feed after the token is refused", token: token + "\n", want: "signature has a line break"},
	{name: "a carriage return after the token is refused", token: token + "\r", want: "signature has a line break"},
	{name: "a line feed before the token is refused", token: "\n" + token, want: "header has a line break"},
	{name: "a line break inside the payload is refused", token: encode(header) + ".e3\r\n0." + encode(signature), want: "payload has a line break"},
	{name: "a space before the token is refused", token: " " + token, want: "header is not base64url"},
	{name: "a space after the token is refused", token: token + " ", want: "signature is not base64url"},
	{name: "a tab inside the token is refused", token: encode(header) + ".e3\t0." + encode(signature), want: "payload is not base64url"},
	{name: "a NUL is refused", token: encode(header) + ".e3\x000." + encode(signature), want: "payload is not base64url"},
	{name: "a letter beyond ASCII is refused", token: encode(header) + ".é30." + encode(signature), want: "payload is not base64url"},
	{name: "a percent-encoded part is refused", token: encode(header) + ".e3%30." + encode(signature), want: "payload is not base64url"},
	{name: "quotes around the token are refused", token: `"` + token + `"`, want: "header is not base64url"},
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
