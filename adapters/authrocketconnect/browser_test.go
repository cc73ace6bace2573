package authrocketconnect_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket"
)

// TestBehindAuthenticate calls as scripts of pages do, with what their browser adds.
func TestBehindAuthenticate(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	s := newSite(t, func(c *authrocket.Config) { c.AppURL, c.TrustedOrigins = app, []string{"https://www.example.com"} })
	calls := connect.NewUnaryHandler(unary, hello, s.interceptor(t, nil), connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	for _, row := range []struct {
		name     string
		method   string // POST by default
		headers  []string
		noCookie bool
		bare     bool // not behind Authenticate
		want     string
	}{
		{name: "a page of the app", headers: []string{"Origin: " + app, "Sec-Fetch-Site: same-origin"}, want: "200 hello Ada"},
		{name: "a page of a trusted origin", headers: []string{"Origin: https://www.example.com", "Sec-Fetch-Site: same-site"}, want: "200 hello Ada"},
		{name: "a page of another site", headers: []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, want: "403 CROSS_SITE"},
		{name: "a page of a sibling domain", headers: []string{"Origin: https://evil.example.com", "Sec-Fetch-Site: same-site"}, want: "403 CROSS_SITE"},
		{name: "nobody is signed in", headers: []string{"Origin: " + app, "Sec-Fetch-Site: same-origin"}, noCookie: true, want: "401 NO_TOKEN"},
		{name: "a GET of a page of the app", method: http.MethodGet, headers: []string{"Sec-Fetch-Site: same-origin"}, want: "200 hello Ada"},
		{name: "a GET of a page of another site has no side effects", method: http.MethodGet, headers: []string{"Sec-Fetch-Site: cross-site"}, want: "200 hello Ada"},
		{name: "a GET of nobody", method: http.MethodGet, headers: []string{"Sec-Fetch-Site: same-origin"}, noCookie: true, want: "401 NO_TOKEN"},
		{name: "an invalid bearer token beside a cookie", headers: []string{"Origin: " + app, "Authorization: Bearer x"}, want: "401 TOKEN_MALFORMED"},
		{name: "a bearer token from anywhere", headers: []string{"Origin: https://evil.example", "Authorization: " + s.as(s.ada).Get("Authorization")}, noCookie: true, want: "200 hello Ada"},
		{name: "a cookie without Authenticate", headers: []string{"Origin: " + app, "Sec-Fetch-Site: same-origin"}, bare: true, want: "401 NO_TOKEN"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, app+unary, strings.NewReader(`""`))
			if row.method == http.MethodGet {
				r = httptest.NewRequest(http.MethodGet, app+unary+`?connect=v1&encoding=json&message=%22%22`, nil)
			}
			r.Header.Set("Content-Type", "application/json")
			for _, header := range row.headers {
				name, value, _ := strings.Cut(header, ": ")
				r.Header.Set(name, value)
			}
			if !row.noCookie {
				s.realm.SignIn(r, s.ada)
			}
			handler := s.auth.Authenticate(calls)
			if row.bare {
				handler = calls
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			status, text, _ := strings.Cut(row.want, " ")
			if body, _ := io.ReadAll(w.Body); !strings.HasPrefix(w.Result().Status, status) || !strings.Contains(string(body), text) {
				t.Errorf("got %s %s, want %s", w.Result().Status, body, row.want)
			}
		})
	}
}
