package jose

import "crypto/rsa"

// RSA returns the public key of an RS256 key, nil for another, so that tests
// can hold what was parsed against what was written.
func RSA(k Key) *rsa.PublicKey { return k.public }
