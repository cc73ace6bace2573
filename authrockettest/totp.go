package authrockettest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

const (
	totpPeriod = 30 // how many seconds a device shows a code
	totpDigits = 6
)

// TOTP returns the code of six digits that a device shows at the given time (RFC
// 6238, with SHA-1 and 30 seconds). secret must be in base32; otherwise TOTP returns
// "". Tests use it instead of a phone.
func TOTP(secret string, at time.Time) string { return totpAt(secret, at.Unix()/totpPeriod) }

func totpAt(secret string, step int64) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(strings.ToUpper(secret), "="))
	if err != nil || len(key) == 0 {
		return ""
	}
	mac := hmac.New(sha1.New, key)
	binary.Write(mac, binary.BigEndian, step)
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf // RFC 4226 section 5.3
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}
