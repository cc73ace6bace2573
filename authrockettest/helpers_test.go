package authrockettest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// newAuth returns an Auth that has the realm's keys.
func newAuth(t *testing.T, config authrocket.Config) *authrocket.Auth {
	t.Helper()
	auth := newColdAuth(t, config)
	authrockettest.Warm(t, auth)
	return auth
}

func newColdAuth(t *testing.T, config authrocket.Config) *authrocket.Auth {
	t.Helper()
	auth, err := authrocket.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return auth
}

// verify returns an app's verdict on the token: the label of the reason, "" if it is
// valid.
func verify(t *testing.T, auth *authrocket.Auth, token string) string {
	t.Helper()
	_, err := auth.Verify(context.Background(), token)
	return authrocket.Reason(err)
}

// wantReason fails the test unless verify returns this reason.
func wantReason(t *testing.T, auth *authrocket.Auth, token, want string) {
	t.Helper()
	if got := verify(t, auth, token); got != want {
		t.Errorf("the token is refused for the reason %q, want %q (none: it is valid)", got, want)
	}
}

// withAda returns a realm whose only user is Ada, with a membership. A configure that
// is nil is ignored.
func withAda(t *testing.T, configure ...func(*authrockettest.RealmConfig)) (*authrockettest.Realm, authrockettest.User) {
	t.Helper()
	configure = slices.DeleteFunc(configure, func(f func(*authrockettest.RealmConfig)) bool { return f == nil })
	realm := authrockettest.NewRealm(t, configure...)
	ada := realm.AddUser(authrockettest.User{Email: "Ada@Example.com", Password: "engine", FirstName: "Ada", LastName: "Lovelace"})
	realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"}), "ar:owner", "billing:write")
	return realm, ada
}

// inRealm runs a parallel test in its own realm, with Ada.
func inRealm(t *testing.T, name string, test func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User), configure ...func(*authrockettest.RealmConfig)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		realm, ada := withAda(t, configure...)
		test(t, realm, ada)
	})
}

func hs256(c *authrockettest.RealmConfig) { c.Algorithm = "HS256" }

var algorithms = map[string]func(*authrockettest.RealmConfig){"RS256": nil, "HS256": hs256}

// part decodes the header (0) or the payload (1) of a token.
func part(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return members
}

func get(h http.Handler, target string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	return serve(h, httptest.NewRequest(http.MethodGet, target, nil), cookies)
}

func post(h http.Handler, target string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return serve(h, r, cookies)
}

func serve(h http.Handler, r *http.Request, cookies []*http.Cookie) *httptest.ResponseRecorder {
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// location returns the target of a redirect without its query, and the query.
func location(t *testing.T, w *httptest.ResponseRecorder) (string, url.Values) {
	t.Helper()
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != http.StatusFound {
		t.Fatalf("got status %d and Location %q, want a redirect", w.Code, w.Header().Get("Location"))
	}
	query := u.Query()
	u.RawQuery = ""
	return u.String(), query
}

// claimsOf returns the claims of the token in a redirect.
func claimsOf(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	_, query := location(t, w)
	return part(t, query.Get("token"), 1)
}

// failingTB is a test that a realm may fail. It finds the function of the caller as
// the package testing finds the line: it skips functions that called Helper.
type failingTB struct {
	testing.TB
	helpers map[string]bool
	message string
	failed  string // the name of the function whose line is printed
}

// failure runs do in a test that may fail, and returns the failure.
func failure(t *testing.T, do func(testing.TB)) *failingTB {
	t.Helper()
	tb := &failingTB{TB: t, helpers: make(map[string]bool)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do(tb)
	}()
	<-ended
	return tb
}

func (f *failingTB) Helper() {
	pc := make([]uintptr, 1)
	runtime.Callers(2, pc)
	frame, _ := runtime.CallersFrames(pc).Next()
	f.helpers[frame.Function] = true
}

func (f *failingTB) Cleanup(func()) {}

func (f *failingTB) Fatal(args ...any) {
	f.Helper()
	f.message = fmt.Sprint(args...)
	pcs := make([]uintptr, 50)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for more := true; more && (f.failed == "" || f.helpers[f.failed]); {
		var frame runtime.Frame
		frame, more = frames.Next()
		f.failed = frame.Function
	}
	runtime.Goexit()
}

func (f *failingTB) Fatalf(format string, args ...any) {
	f.Helper()
	f.Fatal(fmt.Sprintf(format, args...))
}

// wants checks that the message is about the caller's mistake and names a line of the
// function do.
func (f *failingTB) wants(message string, do any) {
	f.TB.Helper()
	if !strings.HasPrefix(f.message, "authrockettest: ") || !strings.Contains(f.message, message) {
		f.TB.Errorf("the test fails with %q, want %q", f.message, message)
	}
	if caller := runtime.FuncForPC(reflect.ValueOf(do).Pointer()).Name(); f.failed != caller {
		f.TB.Errorf("the failure names a line of %s, want one of the caller, %s", f.failed, caller)
	}
}
