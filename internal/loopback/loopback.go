// Package loopback says which host names mean this machine.
package loopback

import (
	"net/netip"
	"strings"
)

// IsHost reports whether host, a host name or IP address without port or
// brackets, is localhost, a name below .localhost (RFC 6761 section 6.3),
// an address in 127.0.0.0/8, or ::1.
func IsHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	if n := len(host) - len(".localhost"); n > 0 && strings.EqualFold(host[n:], ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.Unmap().IsLoopback()
}
