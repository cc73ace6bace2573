package authrockettest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// adapterAnswer is an answer without the parts that differ between requests.
type adapterAnswer struct {
	status int // 0 if the connection broke
	header http.Header
	body   string
}

func (a adapterAnswer) String() string {
	var text strings.Builder
	fmt.Fprintln(&text, a.status)
	a.header.Write(&text)
	return text.String() + "\n" + a.body
}

// startLogin starts a login. It returns the cookies that the browser gets, and the
// path and query of the URL to which LoginRocket sends the browser back.
func (app *adapterApp) startLogin(t *testing.T, lines string) (cookies, callback string) {
	t.Helper()
	resp := app.roundTrip(t, lines+"\r\n"+acceptPage)
	hosted, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(hosted.Query().Get("redirect_uri"))
	if err != nil || back.RawQuery == "" {
		t.Fatalf("%q got %s with Location %q, want a redirect to the hosted login", lines, resp.Status, hosted)
	}
	var pairs []string
	for _, c := range resp.Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; "), back.RequestURI()
}

func (app *adapterApp) send(t *testing.T, lines string) adapterAnswer {
	t.Helper()
	resp := app.roundTrip(t, lines)
	if resp == nil {
		return adapterAnswer{}
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := adapterAnswer{status: resp.StatusCode, header: make(http.Header), body: withoutRandomness(string(body))}
	for name, values := range resp.Header {
		for _, value := range values {
			answer.header.Add(name, withoutRandomness(value))
		}
	}
	answer.header.Del("Date")
	for _, name := range []string{"Retry-After", "Refresh"} {
		if answer.header.Get(name) != "" {
			answer.header.Set(name, "a while")
		}
	}
	return answer
}

var (
	stateOfURL    = regexp.MustCompile(`(ar_state(?:=|%3D))[A-Za-z0-9._-]+`)
	stateOfCookie = regexp.MustCompile(`(-state-)[A-Za-z0-9]+=[^;~]*`)
	ageOfCookie   = regexp.MustCompile(`Max-Age=[1-9][0-9]*`)
	timeOfCookie  = regexp.MustCompile(`\b[0-9]{10}\b`)
	clockOfPage   = regexp.MustCompile(`[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} UTC`)
)

// withoutRandomness replaces random values and times in a header or a body.
func withoutRandomness(text string) string {
	text = timeOfCookie.ReplaceAllString(text, "time")
	text = clockOfPage.ReplaceAllString(text, "clock")
	text = ageOfCookie.ReplaceAllString(text, "Max-Age=a while")
	text = stateOfURL.ReplaceAllString(text, "${1}random")
	return stateOfCookie.ReplaceAllString(text, "${1}random=random")
}

// withoutFrameworkText returns only the parts of an answer that the middleware
// determines.
func (a adapterAnswer) withoutFrameworkText() adapterAnswer {
	kept := make(http.Header)
	for _, name := range []string{"Cache-Control", "Cdn-Cache-Control", "Vary", "Set-Cookie", "Location", "Www-Authenticate"} {
		if values := a.header[name]; values != nil {
			kept[name] = values
		}
	}
	return adapterAnswer{status: a.status, header: kept}
}

// connectionTimeout ends waits that would last forever with a broken adapter.
const connectionTimeout = time.Minute

// dial opens a connection, which is closed at the end of the test.
func (app *adapterApp) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", app.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(connectionTimeout))
	return conn
}

// roundTrip sends lines unchanged, because net/http's client would correct unusual
// requests. It returns nil if the server closes the connection without an answer.
func (app *adapterApp) roundTrip(t *testing.T, lines string) *http.Response {
	t.Helper()
	head, body, _ := strings.Cut(lines, "\r\n\r\n")
	requestLine, headers, _ := strings.Cut(head, "\r\n")
	if !strings.Contains("\r\n"+headers, "\r\nHost:") {
		headers += "\r\nHost: example.com"
	}
	if body != "" {
		headers += fmt.Sprintf("\r\nContent-Length: %d", len(body))
	}
	headers = strings.TrimPrefix(headers+"\r\nConnection: close", "\r\n")
	conn := app.dial(t)
	if _, err := io.WriteString(conn, requestLine+" HTTP/1.1\r\n"+headers+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(requestLine, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
