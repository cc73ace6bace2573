package loginrocket_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/loginrocket"
)

// A name such as sample.localhost may resolve to any address, and a proxy is another
// machine.
func TestHTTPOnLoopbackDialsLoopbackOnly(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.2:1")
	server := newLR(answer(200, fullLogin))
	socket := newServer(t, server)
	port := socket.URL[strings.LastIndex(socket.URL, ":"):]
	client := newClient(t, loginrocket.Config{URL: "http://sample.localhost" + port})

	resolveTo(t, "127.0.0.1")
	_, err := client.Login(t.Context(), "ada", hide(password))
	expectError(t, err, nil)
	socket.CloseClientConnections()

	resolveTo(t, "192.0.2.1")
	_, err = client.Session(t.Context(), hide(sessionID), "")
	expectError(t, err, loginrocket.ErrUnavailable)
	if !strings.Contains(err.Error(), "192.0.2.1"+port+" is not a loopback address") {
		t.Errorf("got %v, want that the address is not loopback", err)
	}
	expectCount(t, server, 1)
}

// resolveTo resolves every host name to ip while the test runs.
func resolveTo(t *testing.T, ip string) {
	t.Helper()
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerDNS(server, net.ParseIP(ip).To4())
		return client, nil
	}}
}

// answerDNS answers DNS queries over TCP (RFC 1035 section 4.2.2). It returns address for
// type A, and nothing for other types.
func answerDNS(conn net.Conn, address net.IP) {
	defer conn.Close()
	const headerSize, typeA = 12, 1
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		end := headerSize
		for query[end] != 0 {
			end += int(query[end]) + 1
		}
		end += 5 // the root label, type and class
		response := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[headerSize:end]...)
		if binary.BigEndian.Uint16(query[end-4:]) == typeA {
			response[7] = 1
			response = append(response, 0xc0, headerSize, 0, typeA, 0, 1, 0, 0, 0, 60, 0, 4)
			response = append(response, address...)
		}
		conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(response))), response...))
	}
}
