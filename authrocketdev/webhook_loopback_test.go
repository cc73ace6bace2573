package authrocketdev_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
)

// A name below .localhost may resolve to any address, and the address counts. The
// test does not run in parallel, because it changes the resolver of the process.
func TestWebhookNameLeadsElsewhere(t *testing.T) {
	var requests atomic.Int32
	u, err := url.Parse(serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) })))
	if err != nil {
		t.Fatal(err)
	}
	names := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = names })
	for _, row := range []struct {
		name    string
		address string
		want    int
	}{
		{name: "to loopback", address: "127.0.0.1", want: 1},
		{name: "to all addresses, which reach loopback too", address: "0.0.0.0"},
		{name: "to another machine", address: "192.0.2.1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go serveDNS(server, netip.MustParseAddr(row.address))
				return client, nil
			}}
			requests.Store(0)
			h := newHooked(t, "http://app.localhost:"+u.Port()+"/"+webhookSecret)
			id := h.happen("user.created")[0]
			got, err := h.Deliver(t.Context())
			n := h.notifications(t, id)[0]
			if got != row.want || int(requests.Load()) != row.want {
				t.Errorf("got %d acknowledged, %d requests, %v, %+v, want %d", got, requests.Load(), err, n, row.want)
			}
			if row.want == 0 && (!errors.Is(err, authrocketdev.ErrNotAcknowledged) || n.LastResult != "the target is not on loopback") {
				t.Errorf("got %v and %+v", err, n)
			}
			if err != nil {
				wantNoSecret(t, err.Error())
			}
		})
	}
}

// serveDNS answers DNS queries on a stream. Every name has the given address, and no
// other.
func serveDNS(c net.Conn, address netip.Addr) {
	defer c.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(c, question); err != nil {
			return
		}
		end := 12 // of the header, and then of the name
		for question[end] != 0 {
			end += int(question[end]) + 1
		}
		isA := question[end+2] == 1
		end += 5
		answer := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
		if isA {
			answer[7] = 1
			answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4)
			answer = append(answer, address.AsSlice()...)
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}
