package authrocketdev_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// api is a program that uses the API of a site.
type api struct {
	*site
	t      *testing.T
	client *http.Client
	auth   *authrocket.Auth // for an app of the realm
	isForm bool             // sends bodies as forms instead of JSON
}

func newAPI(t *testing.T, configure ...func(*siteConfig)) *api {
	t.Helper()
	return newSite(t, append([]func(*siteConfig){forAPI}, configure...)...).api(t, http.DefaultTransport)
}

// newAPIInMemory is like newAPI, but without a socket, so that it also works in a
// bubble.
func newAPIInMemory(t *testing.T) *api {
	t.Helper()
	s := newSiteAt(t, "http://127.0.0.1:8081", forAPI)
	return s.api(t, handlerTransport{s.server})
}

func forAPI(c *siteConfig) { c.Algorithm, c.RequestsPerMinute = "RS256", -1 }

func (s *site) api(t *testing.T, transport http.RoundTripper) *api {
	t.Helper()
	a := &api{site: s, t: t, client: &http.Client{Transport: transport}}
	config := s.realm.Config()
	config.HTTPClient = a.client
	var err error
	if a.auth, err = authrocket.New(config); err != nil {
		t.Fatal(err)
	}
	authrockettest.Warm(t, a.auth)
	return a
}

// run runs a subtest on the same server.
func (a *api) run(name string, test func(a *api)) {
	a.t.Helper()
	a.t.Run(name, func(t *testing.T) {
		sub := *a
		sub.t = t
		test(&sub)
	})
}

// apiAnswer is an answer of the API.
type apiAnswer struct {
	status     int
	header     http.Header
	body       string
	Result     string
	Session    string
	Account    *string
	Token      string
	Conditions []string
	Error      string
	Errors     []string
}

// apiParams are the parameters of a request.
type apiParams map[string]string

// call sends parameters as the official client does: in the query for GET and DELETE,
// otherwise in the body.
func (a *api) call(method, path string, p apiParams) apiAnswer {
	a.t.Helper()
	values := url.Values{}
	for name, value := range p {
		values.Set(name, value)
	}
	switch {
	case method == http.MethodGet || method == http.MethodDelete:
		return a.send(method, path+"?"+values.Encode(), "", "")
	case a.isForm:
		return a.send(method, path, formType, values.Encode())
	}
	if p == nil {
		p = apiParams{}
	}
	body, err := json.Marshal(p)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.send(method, path, jsonType, string(body))
}

// send sends a request. header has pairs of name and value.
func (a *api) send(method, target, contentType, body string, header ...string) apiAnswer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.origin+target, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Add(pair[0], pair[1])
	}
	res, err := a.client.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return readAnswer(a.t, res, string(answer))
}

var requestID = regexp.MustCompile(`^rq_[0-9A-Za-z]{22}$`)

// answerMembers are the members of each result; there are no others.
var answerMembers = map[string][]string{
	"full_login":        {"account", "result", "session", "token"},
	"conditional_login": {"account", "conditions", "result", "session"},
	"pending_login":     {"account", "conditions", "result", "token"},
	"okay":              {"result"},
	"error":             {"error", "errors", "result"},
}

// readAnswer checks what is common to all answers.
func readAnswer(t testing.TB, res *http.Response, body string) apiAnswer {
	t.Helper()
	answer := apiAnswer{status: res.StatusCode, header: res.Header, body: body}
	for name, want := range map[string]string{
		"Content-Type":           "application/json; charset=utf-8",
		"Cache-Control":          "no-store",
		"X-Content-Type-Options": "nosniff",
		"Set-Cookie":             "",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if id := res.Header.Get("X-Request-ID"); !requestID.MatchString(id) {
		t.Errorf("X-Request-ID is %q", id)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatalf("%d %q: %v", res.StatusCode, body, err)
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%d %q: %v", res.StatusCode, body, err)
	}
	kind := answer.Result
	if slices.Contains(answer.Conditions, "second_factor_required") {
		kind = "pending_login" // a conditional_login without a session
	}
	if got := slices.Sorted(maps.Keys(all)); !slices.Equal(got, answerMembers[kind]) {
		t.Errorf("the answer %q has %q", answer.Result, got)
	}
	if isError := answer.Result == "error"; isError != (res.StatusCode >= 400) || isError && answer.Error != strings.Join(answer.Errors, " ") {
		t.Errorf("%d with %s", res.StatusCode, body)
	}
	return answer
}

// inJSONAndForm runs the test once with JSON bodies and once with forms.
func inJSONAndForm(t *testing.T, test func(t *testing.T, a *api), configure ...func(*siteConfig)) {
	for name, isForm := range map[string]bool{"json": false, "form": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, configure...)
			a.isForm = isForm
			test(t, a)
		})
	}
}

func (a *api) login(user authrockettest.User) apiAnswer {
	a.t.Helper()
	return a.call("POST", "/v2/login", apiParams{"email": user.Email, "password": secretPassword})
}

func (a *api) wantFullLogin(got apiAnswer, user authrockettest.User, org string) {
	a.t.Helper()
	if got.status != 200 || got.Result != "full_login" || got.Account == nil || *got.Account != org {
		a.t.Errorf("answer is %d %s, want full_login in %s", got.status, got.body, org)
		return
	}
	session, err := a.auth.Verify(a.t.Context(), got.Token)
	if err != nil {
		a.t.Errorf("the token is not valid: %v", err)
		return
	}
	if session.ID() != got.Session || session.User.ID != user.ID || len(session.Memberships()) != 1 || session.Memberships()[0].Org.ID != org {
		a.t.Errorf("the token is of session %q, user %q, memberships %+v", session.ID(), session.User.ID, session.Memberships())
	}
}

func (a *api) wantConditional(got apiAnswer, account string, conditions ...string) {
	a.t.Helper()
	isAccount := account == "" && got.Account == nil || got.Account != nil && *got.Account == account
	if got.status != 200 || got.Result != "conditional_login" || !isAccount || !slices.Equal(got.Conditions, conditions) {
		a.t.Errorf("answer is %d %s, want conditional_login in %q with %q", got.status, got.body, account, conditions)
	}
	if isPending := slices.Contains(conditions, "second_factor_required"); !isPending && !strings.HasPrefix(got.Session, "kss_") {
		a.t.Errorf("the session is %q", got.Session)
	}
}

func (a *api) wantOkay(got apiAnswer) {
	a.t.Helper()
	if got.status != 200 || got.Result != "okay" {
		a.t.Errorf("answer is %d %s, want okay", got.status, got.body)
	}
}

func (a *api) wantError(got apiAnswer, status int, errors ...string) {
	a.t.Helper()
	if got.status != status || !slices.Equal(got.Errors, errors) {
		a.t.Errorf("answer is %d %s, want %d with %q", got.status, got.body, status, errors)
	}
}

// mailed returns a parameter of the link in the latest mail, and the recipient.
func (a *api) mailed(name string) (value, to string) {
	a.t.Helper()
	mail := a.lastMail(a.t)
	link, err := url.Parse(mail.Link)
	if err != nil {
		a.t.Fatal(err)
	}
	return link.Query().Get(name), mail.To
}

// newAPIHandler returns a Server without a socket.
func newAPIHandler(t testing.TB, config authrocketdev.Config) http.Handler {
	t.Helper()
	server, err := authrocketdev.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// serveAPI calls a handler without a socket. header has pairs of name and value.
func serveAPI(t testing.TB, handler http.Handler, method, target string, header ...string) apiAnswer {
	t.Helper()
	return serveAPIFrom(t, handler, "192.0.2.1:1234", method, target, header...)
}

func serveAPIFrom(t testing.TB, handler http.Handler, address, method, target string, header ...string) apiAnswer {
	t.Helper()
	req := httptest.NewRequest(method, target, nil)
	req.Host, req.RemoteAddr = "localhost", address
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, req)
	return readAnswer(t, recorder.Result(), recorder.Body.String())
}
