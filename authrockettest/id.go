package authrockettest

import (
	"crypto/rand"
	"sync/atomic"
	"time"
)

const (
	idDigits     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" // in the order of their bytes
	idTimeDigits = 9
	idLength     = 22
)

// lastIDTime is the time of the latest ID, in microseconds. No two IDs have the same
// time, even if the clock stops.
var lastIDTime atomic.Int64

// newID returns an ID in AuthRocket's format: a prefix and 22 characters. A later ID
// with the same prefix sorts after an earlier one. 13 of the characters are random
// (77 bits), because the ID of a session is a credential.
func newID(prefix string) string {
	micros := time.Now().UnixMicro()
	for {
		last := lastIDTime.Load()
		micros = max(micros, last+1)
		if lastIDTime.CompareAndSwap(last, micros) {
			break
		}
	}
	id := make([]byte, idLength)
	for i := idTimeDigits - 1; i >= 0; i-- {
		id[i] = idDigits[micros%int64(len(idDigits))]
		micros /= int64(len(idDigits))
	}
	for i := idTimeDigits; i < idLength; {
		var random [2 * idLength]byte
		rand.Read(random[:])
		for _, b := range random {
			if b &= 63; int(b) < len(idDigits) && i < idLength { // so that all digits are equally likely
				id[i] = idDigits[b]
				i++
			}
		}
	}
	return prefix + string(id)
}
