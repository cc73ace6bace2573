package benchmarks

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/authrocket-go/authrocket"
)

// An Amplification is an HTTP/2 request whose few bytes unpack to many cookies.
// There is a case for each handler whose cost is measured with this request. The
// handler of the first case only calls r.Cookies().
type Amplification struct {
	Name  string
	Cases []Case
	close func()
}

// Close stops the servers of the cases.
func (a Amplification) Close() { a.close() }

// Amplifications returns the requests that are measured.
func Amplifications() []Amplification {
	var semicolons, states []string
	for range 250 {
		semicolons = append(semicolons, strings.Repeat("a;", 2_000))
	}
	for range 2_990 {
		states = append(states, "arToken-state-"+strings.Repeat("A", 22)+"=1700000000."+strings.Repeat("B", 27))
	}
	return []Amplification{amplify("1 MB of `a;`", semicolons), amplify("2,990 states", states)}
}

func amplify(name string, cookies []string) Amplification {
	auth, err := authrocket.New(authrocket.Config{LoginRocketURL: "http://localhost:1/", AppURL: "http://localhost", Observer: authrocket.SilentObserver()})
	if err != nil {
		panic(err)
	}
	app := auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { respond(w, "usr") }))
	a := Amplification{Name: name}
	var closers []func()
	add := func(name string, h http.Handler, target string, status int) {
		c := dialHTTP2(h, target, cookies)
		closers = append(closers, c.close)
		a.Cases = append(a.Cases, Case{name, AuthRocket, status, c, []*http.Request{httptest.NewRequest(http.MethodGet, target, nil)}})
	}
	add("r.Cookies() alone", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { r.Cookies(); respond(w, "usr") }), "/", 200)
	add("authrocket, an open route", app, "/", 200)
	add("authrocket, the login", app, "/auth/login", 303)
	add("authrocket, the logout", app, "/auth/logout", 200)
	a.close = func() {
		for _, f := range closers {
			f()
		}
	}
	return a
}

// http2Client sends one request repeatedly over one connection, compressed as far as
// HPACK allows. As a handler, it sends the request, and responds with the status of
// the answer.
type http2Client struct {
	conn    net.Conn
	framer  *http2.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer
	target  string
	cookies []string
	stream  uint32
	server  *httptest.Server
}

func dialHTTP2(h http.Handler, target string, cookies []string) *http2Client {
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		panic(err)
	}
	c := &http2Client{conn: conn, target: target, cookies: cookies, stream: 1, server: server}
	c.framer = http2.NewFramer(conn, conn)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.encoder = hpack.NewEncoder(&c.block)
	_, err = io.WriteString(conn, http2.ClientPreface)
	if err == nil {
		err = c.framer.WriteSettings()
	}
	if err != nil {
		panic(err)
	}
	return c
}

func (c *http2Client) close() {
	c.conn.Close()
	c.server.CloseClientConnections()
	c.server.Close()
}

// ServeHTTP sends the request.
func (c *http2Client) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	status, err := c.send()
	if err != nil {
		panic(fmt.Sprint("the HTTP/2 connection broke: ", err))
	}
	w.WriteHeader(status)
}

func (c *http2Client) send() (status int, err error) {
	c.block.Reset()
	fields := [][2]string{
		{":method", "GET"}, {":scheme", "http"}, {":authority", "localhost"}, {":path", c.target}, {"accept", "text/html"},
		{"sec-fetch-site", "same-origin"}, {"sec-fetch-mode", "navigate"}, {"sec-fetch-dest", "document"},
	}
	for _, f := range fields {
		c.encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	for _, cookie := range c.cookies {
		c.encoder.WriteField(hpack.HeaderField{Name: "cookie", Value: cookie})
	}
	id := c.stream
	c.stream += 2
	if err := c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.block.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
		return 0, err
	}
	for {
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return 0, err
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				err = c.framer.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				err = c.framer.WritePing(true, f.Data)
			}
		case *http2.MetaHeadersFrame:
			fmt.Sscan(f.PseudoValue("status"), &status)
		case *http2.DataFrame:
			if n := uint32(len(f.Data())); n > 0 {
				err = c.framer.WriteWindowUpdate(0, n)
			}
		case *http2.GoAwayFrame:
			return 0, fmt.Errorf("the server goes away: %s", f.ErrCode)
		case *http2.RSTStreamFrame:
			return 0, fmt.Errorf("the server resets the stream: %s", f.ErrCode)
		}
		if err != nil {
			return 0, err
		}
		if h := frame.Header(); h.StreamID == id && h.Flags.Has(http2.FlagDataEndStream) && (h.Type == http2.FrameData || h.Type == http2.FrameHeaders) {
			return status, nil
		}
	}
}
