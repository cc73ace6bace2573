package main_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	notesv1 "github.com/authrocket-go/authrocket/examples/internal/notes/v1"
	"github.com/authrocket-go/authrocket/examples/internal/notes/v1/notesv1connect"
	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

// maxWait bounds waits that a broken program would make endless.
const maxWait = time.Minute

// program is the real program while it runs.
type program struct {
	*walk.Program
	app string // its URL
}

func start(t *testing.T) program {
	t.Helper()
	p := walk.Start(t, walk.Build(t), nil, "-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0")
	return program{p, p.Find(t, p.Stdout, `(?s)Open (http://127\.0\.0\.1:\d+) .*Ctrl-C stops all`)[0]}
}

// signIn returns the headers of a script on a page of the app, in a browser in which the user has
// signed in.
func (p program) signIn(t *testing.T, email, password string) http.Header {
	t.Helper()
	b := walk.NewBrowser(t)
	page := b.LogIn(b.Follow(b.Get(p.app+"/"), "Sign in"), email, password)
	if !page.At(p.app+"/") || !strings.Contains(page.Body, `data-org="org_`) {
		t.Fatalf("the login leads to %s\n%s", page.URL, page.Body)
	}
	return http.Header{"Cookie": {"arToken=" + b.Cookie(p.app, "arToken")}, "Origin": {p.app}}
}

// headers is a transport that adds them.
type headers struct {
	http.Header
	transport *http.Transport
}

func (h headers) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range h.Header {
		r.Header[name] = values
	}
	return h.transport.RoundTrip(r)
}

func (p program) client(t *testing.T, h http.Header) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: headers{h, transport}, Timeout: maxWait}
}

func (p program) notes(t *testing.T, h http.Header, options ...connect.ClientOption) notesv1connect.NotesServiceClient {
	t.Helper()
	return notesv1connect.NewNotesServiceClient(p.client(t, h), p.app, append(options, connect.WithProtoJSON())...) // as the page does
}

// reasonOf returns the reason of a refusal, or what else went wrong.
func reasonOf(err error) string {
	if refused, ok := errors.AsType[*connect.Error](err); ok {
		for _, detail := range refused.Details() {
			if value, err := detail.Value(); err == nil {
				if info, ok := value.(*errdetails.ErrorInfo); ok {
					return refused.Code().String() + " " + info.GetReason()
				}
			}
		}
		return refused.Code().String()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestCalls(t *testing.T) {
	t.Parallel()
	p := start(t)
	ada, george, mary := p.signIn(t, "ada@example.com", "engine"), p.signIn(t, "george@example.com", "trains"), p.signIn(t, "mary@example.com", "fossils")
	nobody := http.Header{"Origin": {p.app}}
	of := func(h http.Header, origin string) http.Header {
		return http.Header{"Cookie": h["Cookie"], "Origin": {origin}}
	}
	add := func(text string) func(notesv1connect.NotesServiceClient) error {
		return func(c notesv1connect.NotesServiceClient) error {
			_, err := c.Add(t.Context(), &notesv1.AddRequest{OrgId: "org_engines", Text: text})
			return err
		}
	}
	list := func(c notesv1connect.NotesServiceClient) error {
		_, err := c.List(t.Context(), &notesv1.ListRequest{OrgId: "org_engines"})
		return err
	}
	watch := func(c notesv1connect.NotesServiceClient) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stream, err := c.Watch(ctx, &notesv1.WatchRequest{OrgId: "org_engines"})
		if err == nil && !stream.Receive() {
			err = stream.Err()
		}
		return err
	}
	if err := add("Cards for the engine")(p.notes(t, ada)); err != nil {
		t.Fatal(err) // there is a note to watch
	}
	for _, row := range []struct {
		name    string
		headers http.Header
		options []connect.ClientOption
		call    func(notesv1connect.NotesServiceClient) error
		want    string
	}{
		{name: "who may, adds", headers: ada, call: add("Another one")},
		{name: "a note without a text", headers: ada, call: add(""), want: "invalid_argument"},
		{name: "who may not, does not add", headers: george, call: add("x"), want: "permission_denied PERMISSION_DENIED"},
		{name: "members list", headers: george, call: list},
		{name: "members list by GET", headers: george, options: []connect.ClientOption{connect.WithHTTPGet()}, call: list},
		{name: "members watch", headers: george, call: watch},
		{name: "others do not list", headers: mary, call: list, want: "permission_denied WRONG_ORG"},
		{name: "others do not watch", headers: mary, call: watch, want: "permission_denied WRONG_ORG"},
		{name: "nobody lists", headers: nobody, call: list, want: "unauthenticated NO_TOKEN"},
		{name: "nobody watches", headers: nobody, call: watch, want: "unauthenticated NO_TOKEN"},
		{name: "a page of another site does not add", headers: of(ada, "https://evil.example"), call: add("x"), want: "permission_denied CROSS_SITE"},
		{name: "a page of another site does not watch", headers: of(ada, "https://evil.example"), call: watch, want: "permission_denied CROSS_SITE"},
		{name: "a message of 100 KB", headers: ada, call: add(strings.Repeat("x", 100<<10)), want: "resource_exhausted"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := reasonOf(row.call(p.notes(t, row.headers, row.options...))); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

// TestWatchEndsWithTheSession has George sign out everywhere while he and Ada watch.
func TestWatchEndsWithTheSession(t *testing.T) {
	t.Parallel()
	p := start(t)
	ada, george := p.signIn(t, "ada@example.com", "engine"), p.signIn(t, "george@example.com", "trains")
	watch := func(h http.Header) *connect.ServerStreamForClient[notesv1.WatchResponse] {
		ctx, cancel := context.WithTimeout(t.Context(), maxWait)
		t.Cleanup(cancel)
		stream, err := p.notes(t, h).Watch(ctx, &notesv1.WatchRequest{OrgId: "org_engines"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cancel(); stream.Close() })
		return stream
	}
	next := func(stream *connect.ServerStreamForClient[notesv1.WatchResponse], want string) {
		t.Helper()
		if !stream.Receive() || stream.Msg().GetNote().GetText() != want {
			t.Fatalf("got %v, %v, want the note %q", stream.Msg(), stream.Err(), want)
		}
	}
	add := func(h http.Header, text string) error {
		_, err := p.notes(t, h).Add(t.Context(), &notesv1.AddRequest{OrgId: "org_engines", Text: text})
		return err
	}
	ofAda, ofGeorge := watch(ada), watch(george)
	if err := add(ada, "Cards for the engine"); err != nil {
		t.Fatal(err)
	}
	next(ofAda, "Cards for the engine")
	next(ofGeorge, "Cards for the engine")

	if _, err := notesv1connect.NewSessionServiceClient(p.client(t, george), p.app).SignOutEverywhere(t.Context(), &notesv1.SignOutEverywhereRequest{}); err != nil {
		t.Fatal(err)
	}
	if ofGeorge.Receive() || reasonOf(ofGeorge.Err()) != "unauthenticated SESSION_ENDED" {
		t.Errorf("George's stream ends with %v, %v", ofGeorge.Msg(), ofGeorge.Err())
	}
	if _, err := p.notes(t, george).List(t.Context(), &notesv1.ListRequest{OrgId: "org_engines"}); reasonOf(err) != "unauthenticated SESSION_ENDED" {
		t.Errorf("George's next call: got %v", err)
	}
	if err := add(ada, "Still here"); err != nil {
		t.Fatal(err)
	}
	next(ofAda, "Still here")
}

// TestPage checks what the page needs. browsertest runs its script.
func TestPage(t *testing.T) {
	t.Parallel()
	p := start(t)
	b := walk.NewBrowser(t)
	for path, kind := range map[string]string{"/static/app.js": "text/javascript", "/static/style.css": "text/css"} {
		if page := b.Get(p.app + path); page.Status != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: got %d %s", path, page.Status, page.Header.Get("Content-Type"))
		}
	}
	if page := b.Get(p.app + "/"); page.Status != http.StatusOK || strings.Contains(page.Body, "app.js") || page.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("a visitor gets %d %s", page.Status, page.Body)
	}
}
