package loopback_test

import (
	"testing"

	"github.com/authrocket-go/authrocket/internal/loopback"
)

func TestIsHost(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, host string
		want       bool
	}{
		{"localhost is loopback", "localhost", true},
		{"localhost in capitals is loopback", "LocalHost", true},
		{"a name below .localhost is loopback", "app.localhost", true},
		{"a name below .localhost in capitals is loopback", "App.LOCALHOST", true},
		{"a name further below .localhost is loopback", "a.b.localhost", true},
		{"127.0.0.1 is loopback", "127.0.0.1", true},
		{"the whole of 127.0.0.0/8 is loopback", "127.255.255.254", true},
		{"::1 is loopback", "::1", true},
		{"::1 written out is loopback", "0:0:0:0:0:0:0:1", true},
		{"127.0.0.1 mapped to IPv6 is loopback", "::ffff:127.0.0.1", true},

		{"nothing is not", "", false},
		{".localhost alone is not", ".localhost", false},
		{"a name that ends like localhost is not", "evillocalhost", false},
		{"a name that starts like localhost is not", "localhost.evil.example", false},
		{"a name that holds localhost is not", "localhost-evil.example", false},
		{"a name that starts like an address is not", "127.0.0.1.evil.example", false},
		{"a public name is not", "app.example.com", false},
		{"a letter that folds to s is not an s", "localho\u017ft", false},
		{"0.0.0.0 is not", "0.0.0.0", false},
		{":: is not", "::", false},
		{"::2 is not", "::2", false},
		{"a private address is not", "192.168.0.1", false},
		{"a link-local address is not", "169.254.169.254", false},
		{"128.0.0.1 is not", "128.0.0.1", false},
		{"126.255.255.255 is not", "126.255.255.255", false},
		{"a public address mapped to IPv6 is not", "::ffff:192.0.2.1", false},
		{"an address with a zone is not", "::1%eth0", false},
		{"a shortened address is not", "127.1", false},
		{"an address as one number is not", "2130706433", false},
		{"an address in octal is not", "0177.0.0.1", false},
		{"an address in brackets is not", "[::1]", false},
		{"an address with a port is not", "127.0.0.1:80", false},
		{"a name with a port is not", "localhost:80", false},
		{"a name with a trailing dot is not", "localhost.", false},
		{"a name with a space is not", "localhost ", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := loopback.IsHost(row.host); got != row.want {
				t.Errorf("IsHost(%q): got %t, want %t", row.host, got, row.want)
			}
		})
	}
}
