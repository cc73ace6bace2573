package benchmarks_test

import (
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// A signature that is not below the modulus is refused before it is checked, and
// would be measured at doing nothing.
func TestForgedTokenCostsASignatureCheck(t *testing.T) {
	world := benchmarks.NewWorld()
	defer world.Close()
	if signature, modulus := signatureOf(t, world.Forged.Text), world.PublicKey().N; signature.Cmp(modulus) >= 0 {
		t.Errorf("the forged token's signature %x is not below the modulus %x", signature, modulus)
	}

	// One signature in two is below half of the signer's own modulus.
	key := benchmarks.NewKey()
	half := new(big.Int).Rsh(key.N, 1)
	expires := time.Now().Add(time.Hour)
	for i := range 32 {
		token := benchmarks.Forge(key, half, expires.Add(time.Duration(i)*time.Hour))
		if signature := signatureOf(t, token); signature.Cmp(half) >= 0 {
			t.Errorf("token %d: the signature %x is not below %x", i, signature, half)
		}
	}
}

func signatureOf(t *testing.T, token string) *big.Int {
	t.Helper()
	signature, err := base64.RawURLEncoding.DecodeString(token[strings.LastIndexByte(token, '.')+1:])
	if err != nil {
		t.Fatal(err)
	}
	return new(big.Int).SetBytes(signature)
}
