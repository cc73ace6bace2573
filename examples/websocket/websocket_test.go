package main_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// maxWait bounds waits that a broken program would make endless.
const maxWait = time.Minute

// program is the real program, with a realm and a Core API in the test.
type program struct {
	app         string // its URL
	api         *coreapi.Client
	ada, george authrockettest.User
}

func start(t *testing.T) program {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	loginRocket := realm.Start()
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	core := httptest.NewServer(service.CoreAPI())
	t.Cleanup(core.Close)
	api, err := coreapi.New(service.CoreAPIConfig())
	if err != nil {
		t.Fatal(err)
	}
	p := walk.Start(t, walk.Build(t), []string{
		"LOGINROCKET_URL=" + loginRocket, "ADDR=127.0.0.1:0",
		"AUTHROCKET_URL=" + core.URL + "/v2", "AUTHROCKET_API_KEY=" + service.APIKey(),
	})
	return program{
		app:    p.Find(t, p.Stderr, `listening on (http://127\.0\.0\.1:\d+)\n`)[0],
		api:    api,
		ada:    realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine", Name: "Ada"}),
		george: realm.AddUser(authrockettest.User{Email: "george@example.com", Password: "trains", Name: "<b>George</b>"}),
	}
}

// header is that of a script on a page of origin, in a browser in which the user has signed
// in; nobody for the zero User.
func (p program) header(t *testing.T, user authrockettest.User, origin string) http.Header {
	t.Helper()
	header := http.Header{"Origin": {origin}}
	if user.ID == "" {
		return header
	}
	b := walk.NewBrowser(t)
	page := b.LogIn(b.Get(p.app+"/"), user.Email, user.Password)
	if name := strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(user.Name); !page.At(p.app+"/") || !strings.Contains(page.Body, "Hi "+name+",") {
		t.Fatalf("the login leads to %s:\n%s", page.URL, page.Body)
	}
	header.Set("Cookie", "arToken="+b.Cookie(p.app, "arToken"))
	return header
}

// TestGate checks who gets a connection at all.
func TestGate(t *testing.T) {
	t.Parallel()
	p := start(t)
	for _, row := range []struct {
		name   string
		header http.Header
		status int
	}{
		{name: "a page of the app", header: p.header(t, p.ada, p.app), status: http.StatusSwitchingProtocols},
		{name: "a page of another site", header: p.header(t, p.ada, "https://evil.example"), status: http.StatusForbidden},
		{name: "nobody is signed in", header: p.header(t, authrockettest.User{}, p.app), status: http.StatusUnauthorized},
	} {
		t.Run(row.name, func(t *testing.T) {
			conn, resp, err := websocket.Dial(t.Context(), p.app+"/socket", &websocket.DialOptions{HTTPHeader: row.header})
			if resp == nil || resp.StatusCode != row.status {
				t.Fatalf("got %v, %v, want status %d", resp, err, row.status)
			}
			if err == nil {
				conn.CloseNow()
			}
		})
	}
	t.Run("events are for those who are signed in", func(t *testing.T) {
		resp := get(t, p.app+"/events", p.header(t, authrockettest.User{}, p.app))
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("got %d", resp.StatusCode)
		}
	})
}

// TestConnectionsEndWithTheirSession ends Ada's session at AuthRocket while hers and
// George's connections are open.
func TestConnectionsEndWithTheirSession(t *testing.T) {
	t.Parallel()
	p := start(t)
	asAda, asGeorge := p.header(t, p.ada, p.app), p.header(t, p.george, p.app)
	ofAda, ofGeorge := dial(t, p.app, asAda), dial(t, p.app, asGeorge)
	streamOfAda, streamOfGeorge := openStream(t, p.app, asAda), openStream(t, p.app, asGeorge)
	ask(t, ofAda, "hello", "Ada: hello")
	ask(t, ofGeorge, "hello", "<b>George</b>: hello")

	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	defer cancel()
	if deleted, err := p.api.Sessions.DeleteAllOf(ctx, p.ada.ID); err != nil || deleted.Sessions != 1 {
		t.Fatalf("ended %d sessions, %v", deleted.Sessions, err)
	}
	var closed websocket.CloseError
	if _, _, err := ofAda.Read(ctx); !errors.As(err, &closed) || closed.Code != 4401 || closed.Reason != "session_ended" {
		t.Errorf("Ada's socket: got %v, want 4401 session_ended", err)
	}
	if last := streamOfAda.last(t); last != "end session_ended" {
		t.Errorf("Ada's stream ends with %q", last)
	}
	if resp := get(t, p.app+"/events", asAda); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("Ada's next request: got %d", resp.StatusCode)
	}
	ask(t, ofGeorge, "still here", "<b>George</b>: still here")
	if next := streamOfGeorge.next(t); !strings.HasPrefix(next, "time ") {
		t.Errorf("George's stream: got %q", next)
	}
}

func dial(t *testing.T, app string, header http.Header) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, app+"/socket", &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func ask(t *testing.T, conn *websocket.Conn, message, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	defer cancel()
	if err := conn.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := conn.Read(ctx); err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func get(t *testing.T, url string, header http.Header) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// stream is one of server-sent events.
type stream struct{ lines *bufio.Scanner }

func openStream(t *testing.T, app string, header http.Header) stream {
	t.Helper()
	resp := get(t, app+"/events", header)
	if got := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || got != "text/event-stream" || resp.Header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("got %d %v", resp.StatusCode, resp.Header)
	}
	return stream{bufio.NewScanner(resp.Body)}
}

// next returns the next event and its data, "" at the end.
func (s stream) next(t *testing.T) string {
	t.Helper()
	event := ""
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "data":
			return event + " " + value
		}
	}
	if err := s.lines.Err(); err != nil {
		t.Error(err)
	}
	return ""
}

// last returns the last event of a stream that ends.
func (s stream) last(t *testing.T) (last string) {
	t.Helper()
	for next := s.next(t); next != ""; next = s.next(t) {
		last = next
	}
	return last
}
