// Package loopback decides which host names refer to this machine. During development on
// such a host, an app needs neither https nor a configured URL, because the host cannot
// be another machine.
package loopback

import (
	"net/netip"
	"strings"
)

// IsHost reports whether host, a host name or IP address without port or
// brackets, is localhost, a name below .localhost (RFC 6761 section 6.3),
// an address in 127.0.0.0/8, or ::1.
func IsHost(host string) bool {
	// strings.EqualFold would treat the letter ſ as an s.
	if name := strings.ToLower(host); name == "localhost" || strings.HasSuffix(name, ".localhost") && name != ".localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.Unmap().IsLoopback()
}
