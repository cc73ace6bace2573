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
		{name: "localhost is loopback", host: "localhost", want: true},
		{name: "localhost in capitals is loopback", host: "LocalHost", want: true},
		{name: "a name below .localhost is loopback", host: "app.localhost", want: true},
		{name: "a name below .localhost in capitals is loopback", host: "App.LOCALHOST", want: true},
		{name: "a name further below .localhost is loopback", host: "a.b.localhost", want: true},
		{name: "127.0.0.1 is loopback", host: "127.0.0.1", want: true},
		{name: "the whole of 127.0.0.0/8 is loopback", host: "127.255.255.254", want: true},
		{name: "::1 is loopback", host: "::1", want: true},
		{name: "::1 written out is loopback", host: "0:0:0:0:0:0:0:1", want: true},
		{name: "127.0.0.1 mapped to IPv6 is loopback", host: "::ffff:127.0.0.1", want: true},

		{name: "nothing is not"},
		{name: ".localhost alone is not", host: ".localhost"},
		{name: "a name that ends like localhost is not", host: "evillocalhost"},
		{name: "a name that starts like localhost is not", host: "localhost.evil.example"},
		{name: "a name that holds localhost is not", host: "localhost-evil.example"},
		{name: "a name that starts like an address is not", host: "127.0.0.1.evil.example"},
		{name: "a public name is not", host: "app.example.com"},
		{name: "a letter that folds to s is not an s", host: "localho\u017ft"},
		{name: "0.0.0.0 is not", host: "0.0.0.0"},
		{name: ":: is not", host: "::"},
		{name: "::2 is not", host: "::2"},
		{name: "a private address is not", host: "192.168.0.1"},
		{name: "a link-local address is not", host: "169.254.169.254"},
		{name: "128.0.0.1 is not", host: "128.0.0.1"},
		{name: "126.255.255.255 is not", host: "126.255.255.255"},
		{name: "a public address mapped to IPv6 is not", host: "::ffff:192.0.2.1"},
		{name: "an address with a zone is not", host: "::1%eth0"},
		{name: "a shortened address is not", host: "127.1"},
		{name: "an address as one number is not", host: "2130706433"},
		{name: "an address in octal is not", host: "0177.0.0.1"},
		{name: "an address in brackets is not", host: "[::1]"},
		{name: "an address with a port is not", host: "127.0.0.1:80"},
		{name: "a name with a port is not", host: "localhost:80"},
		{name: "a name with a trailing dot is not", host: "localhost."},
		{name: "a name with a space is not", host: "localhost "},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := loopback.IsHost(row.host); got != row.want {
				t.Errorf("IsHost(%q): got %t, want %t", row.host, got, row.want)
			}
		})
	}
}
