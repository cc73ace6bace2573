package webhook_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

// Each row is a request that is not an event, or barely one, and its answer.
func TestAnswers(t *testing.T) {
	t.Parallel()
	with := func(change func(*http.Request), body string) *http.Request {
		r := post(body)
		change(r)
		return r
	}
	contentType := func(value string) *http.Request {
		return with(func(r *http.Request) { r.Header.Set("Content-Type", value) }, `{"event_type": "ping"}`)
	}
	method := func(method string) *http.Request {
		return with(func(r *http.Request) { r.Method = method }, `{"event_type": "ping"}`)
	}
	large := func(size int) string {
		body := `{"event_type": "ping", "text": "`
		return body + strings.Repeat("x", size-len(body)-2) + `"}`
	}
	for _, row := range []struct {
		name    string
		request *http.Request
		status  int
		reason  string
	}{
		{name: "a ping", request: post(`{"event_type": "ping"}`), status: 204, reason: "ping"},
		{name: "a ping with an ID and a realm", request: post(`{"id": "ev_1", "event_type": "ping", "realm_id": "rl_9"}`), status: 204, reason: "ping"},
		{name: "GET", request: method("GET"), status: 405, reason: "method"},
		{name: "PUT", request: method("PUT"), status: 405, reason: "method"},
		{name: "OPTIONS", request: method("OPTIONS"), status: 405, reason: "method"},

		{name: "JSON with a character set", request: contentType("application/json; charset=utf-8"), status: 204, reason: "ping"},
		{name: "a kind of JSON", request: contentType("application/vnd.authrocket+json"), status: 204, reason: "ping"},
		{name: "no Content-Type", request: with(func(r *http.Request) { r.Header.Del("Content-Type") }, `{"event_type": "ping"}`), status: 204, reason: "ping"},
		{name: "a form", request: contentType("application/x-www-form-urlencoded"), status: 400, reason: "bad_body"},
		{name: "plain text, which a page of another origin may send", request: contentType("text/plain"), status: 400, reason: "bad_body"},
		{name: "a Content-Type that cannot be read", request: contentType("application/json; ="), status: 400, reason: "bad_body"},

		{name: "256 KiB", request: post(large(256 << 10)), status: 204, reason: "ping"},
		{name: "a byte more", request: post(large(256<<10 + 1)), status: 413, reason: "too_large"},
		{name: "a byte more, of a length that is not known", request: with(func(r *http.Request) { r.ContentLength = -1 }, large(256<<10+1)), status: 413, reason: "too_large"},

		{name: "no body", request: post(""), status: 400, reason: "bad_body"},
		{name: "not JSON", request: post("event_type=ping"), status: 400, reason: "bad_body"},
		{name: "an array", request: post(`[{"event_type": "ping"}]`), status: 400, reason: "bad_body"},
		{name: "a string", request: post(`"ping"`), status: 400, reason: "bad_body"},
		{name: "null", request: post(`null`), status: 400, reason: "bad_body"},
		{name: "an object that does not end", request: post(`{"event_type": "ping"`), status: 400, reason: "bad_body"},
		{name: "two objects", request: post(`{"event_type": "ping"}{}`), status: 400, reason: "bad_body"},
		{name: "a member twice", request: post(`{"event_type": "user.updated", "event_type": "ping"}`), status: 400, reason: "bad_body"},
		{name: "a member twice in what does not count", request: post(`{"event_type": "ping", "request": {"ip": "1", "ip": "2"}}`), status: 400, reason: "bad_body"},
		{name: "not UTF-8", request: post("{\"event_type\": \"ping\", \"text\": \"\xff\"}"), status: 400, reason: "bad_body"},
		{name: "deep", request: post(`{"event_type": "ping", "text": ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`), status: 400, reason: "bad_body"},

		{name: "no type", request: post(`{"id": "ev_1"}`), status: 400, reason: "bad_body"},
		{name: "a type that is no text", request: post(`{"id": "ev_1", "event_type": 1}`), status: 400, reason: "bad_body"},
		{name: "a type with a line break", request: post(`{"id": "ev_1", "event_type": "user.updated\nlevel=ERROR"}`), status: 400, reason: "bad_body"},
		{name: "a long type", request: post(`{"id": "ev_1", "event_type": "` + strings.Repeat("x", 31) + `"}`), status: 400, reason: "bad_body"},
		{name: "no ID", request: post(`{"event_type": "user.updated"}`), status: 400, reason: "bad_body"},
		{name: "the ID of something else", request: post(`{"id": "usr_1", "event_type": "user.updated"}`), status: 400, reason: "bad_body"},
		{name: "an ID that leads elsewhere", request: post(`{"id": "ev_1/../../users", "event_type": "user.updated"}`), status: 400, reason: "bad_body"},
		{name: "a long ID", request: post(`{"id": "ev_` + strings.Repeat("x", 62) + `", "event_type": "user.updated"}`), status: 400, reason: "bad_body"},
		{name: "a realm that is none", request: post(`{"id": "ev_1", "event_type": "user.deleted", "user_id": "usr_1", "realm_id": "?"}`), status: 400, reason: "bad_body"},
		{name: "a time that is a text", request: post(`{"id": "ev_1", "event_type": "user.updated", "event_at": "now"}`), status: 400, reason: "bad_body"},
		{name: "a time beyond all times", request: post(`{"id": "ev_1", "event_type": "user.updated", "event_at": 1e300}`), status: 400, reason: "bad_body"},
		{name: "a time beyond all numbers", request: post(`{"id": "ev_1", "event_type": "user.updated", "expires_at": 1e999}`), status: 400, reason: "bad_body"},

		{name: "a deleted session without its ID", request: post(`{"id": "ev_1", "event_type": "session.deleted", "user_id": "usr_1"}`), status: 400, reason: "bad_body"},
		{name: "a deleted session whose ID is null", request: post(`{"id": "ev_1", "event_type": "session.deleted", "session_id": null}`), status: 400, reason: "bad_body"},
		{name: "a deleted session with the ID of a user", request: post(`{"id": "ev_1", "event_type": "session.deleted", "session_id": "usr_1"}`), status: 400, reason: "bad_body"},
		{name: "a deleted user without an ID", request: post(`{"id": "ev_1", "event_type": "user.deleted"}`), status: 400, reason: "bad_body"},
		{name: "a deleted user by email address, which the API would find", request: post(`{"id": "ev_1", "event_type": "user.deleted", "user_id": "ada@example.com"}`), status: 400, reason: "bad_body"},
		{name: "a deleted membership without its ID", request: post(`{"id": "ev_1", "event_type": "membership.deleted", "user_id": "usr_1"}`), status: 400, reason: "bad_body"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHook(t)
			w := h.serve(row.request)
			o := h.last()
			if w.Code != row.status || o.Status != row.status || o.Reason != row.reason {
				t.Errorf("got %d, reported %d %q (%v), want %d %q", w.Code, o.Status, o.Reason, o.Err, row.status, row.reason)
			}
			if row.status == 400 && o.Err == nil {
				t.Error("nothing says what is wrong with the body")
			}
			if allow := w.Header().Get("Allow"); (allow == "POST") != (row.status == 405) {
				t.Errorf("Allow is %q", allow)
			}
			if asked := h.api.requests(""); len(asked) > 0 {
				t.Errorf("the API was asked for %q", asked)
			}
			h.wantHandled(t)
			if len(h.suspected) > 0 {
				t.Error("a session is suspect")
			}
		})
	}
}

// Without the secret, every request gets the answer of a path that does not exist.
func TestWrongSecretIsAsIfNothingWereHere(t *testing.T) {
	t.Parallel()
	want := httptest.NewRecorder()
	http.NotFound(want, httptest.NewRequest(http.MethodGet, "/", nil))
	for name, r := range map[string]*http.Request{
		"a POST":      httptest.NewRequest(http.MethodPost, "/hooks/authrocket", unread{t}),
		"a GET":       httptest.NewRequest(http.MethodGet, "/hooks/authrocket", unread{t}),
		"a large one": httptest.NewRequest(http.MethodPost, "/hooks/authrocket", unread{t}),
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a large one" {
				r.ContentLength = 1 << 40
			}
			h := newHook(t)
			w := h.serve(r)
			if w.Code != 404 || w.Body.String() != want.Body.String() || len(w.Header()) != len(want.Header()) {
				t.Errorf("got %d %q %v, want what http.NotFound answers", w.Code, w.Body, w.Header())
			}
			if o := h.last(); o.Reason != "wrong_secret" || o.Status != 404 || o.ID != "" || o.Type != "" {
				t.Errorf("reported %+v", o)
			}
		})
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, http.ErrBodyReadAfterClose
}

// A 503 says when to send the webhook again.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHook(t)
		w := h.serve(post(`{"id": "ev_1", "event_type": "user.updated"}`))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("got %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
	})
}
