package authrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

var errStoreDown = errors.New("the store of ended sessions is down")

// sessionState answers by user, and keeps with which patience it was asked.
type sessionState struct {
	mu     sync.Mutex
	answer func(s authrocket.Session, patience time.Duration) error
	asked  []time.Duration
}

func (s *sessionState) CheckSession(_ context.Context, session authrocket.Session, patience time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, patience)
	return s.answer(session, patience)
}

// answers makes every answer err from now on.
func (s *sessionState) answers(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func(authrocket.Session, time.Duration) error { return err }
}

// wantAsked checks how often and with which patience the state was asked, and forgets it.
func (s *sessionState) wantAsked(t *testing.T, want ...time.Duration) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.asked, want) {
		t.Errorf("the session state was asked with patience %v, want %v", s.asked, want)
	}
	s.asked = nil
}

// newStateSite is newSite with a SessionState that answers err.
func newStateSite(t testing.TB, err error, changes ...func(*authrocket.Config)) (*site, *sessionState) {
	t.Helper()
	state := &sessionState{}
	state.answers(err)
	return newSite(t, append(changes, func(c *authrocket.Config) { c.SessionState = state })...), state
}

// answerOfState is an answer of CheckSession, and what has to follow from it.
type answerOfState struct {
	name    string
	err     error
	isEnded bool
}

var answersOfState = []answerOfState{
	{name: "ended", err: authrocket.ErrSessionEnded, isEnded: true},
	{name: "ended, wrapped", err: fmt.Errorf("by a webhook: %w", authrocket.ErrSessionEnded), isEnded: true},
	{name: "ended, and of another kind", err: errors.Join(authrocket.ErrUnavailable, authrocket.ErrSessionEnded), isEnded: true},
	{name: "ended, and of another reason", err: errors.Join(authrocket.ErrPrefetch, authrocket.ErrSessionEnded), isEnded: true},
	{name: "unknown", err: authrocket.ErrSessionUnknown},
	{name: "any other error", err: errStoreDown},
	{name: "an error of another kind", err: fmt.Errorf("%w: %w", authrocket.ErrUnauthenticated, errStoreDown)},
}

// wantError checks the error that follows from the answer.
func (a answerOfState) wantError(t *testing.T, err error) {
	t.Helper()
	want, status, label := authrocket.ErrSessionUnknown, http.StatusServiceUnavailable, "session_unknown"
	if a.isEnded {
		want, status, label = authrocket.ErrSessionEnded, http.StatusUnauthorized, "session_ended"
	} else if !errors.Is(err, a.err) {
		t.Errorf("got %v, want %v as its cause", err, a.err)
	}
	if !errors.Is(err, want) || authrocket.StatusCode(err) != status || authrocket.Reason(err) != label {
		t.Errorf("got %v with %d and %q, want %v with %d and %q", err, authrocket.StatusCode(err), authrocket.Reason(err), want, status, label)
	}
}

// TestSessionStateIsAskedWhereverATokenIsVerified checks that no way of verifying a token
// goes past the session state.
func TestSessionStateIsAskedWhereverATokenIsVerified(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name   string
		verify func(t *testing.T, s *site, answer func()) error // answer makes the state answer from now on
	}{
		{name: "Check of a bearer token", verify: func(t *testing.T, s *site, answer func()) error {
			answer()
			_, err := s.auth.Check(withBearer(request(http.MethodGet, "/"), s.realm.Token(s.ada)))
			return err
		}},
		{name: "Check of a cookie", verify: func(t *testing.T, s *site, answer func()) error {
			answer()
			_, err := s.auth.Check(s.signedIn("/"))
			return err
		}},
		{name: "Check of a known token", verify: func(t *testing.T, s *site, answer func()) error {
			token := s.realm.Token(s.ada)
			if _, err := s.auth.Verify(t.Context(), token); err != nil {
				t.Fatal(err)
			}
			answer()
			_, err := s.auth.Check(withBearer(request(http.MethodGet, "/"), token))
			return err
		}},
		{name: "Verify", verify: func(t *testing.T, s *site, answer func()) error {
			answer()
			session, err := s.auth.Verify(t.Context(), s.realm.Token(s.ada))
			if session.IsZero() != (err != nil) {
				t.Errorf("got the session of %q beside %v", session.User.ID, err)
			}
			return err
		}},
		{name: "CheckToken", verify: func(t *testing.T, s *site, answer func()) error {
			answer()
			ctx, err := s.auth.CheckToken(t.Context(), s.realm.Token(s.ada), "")
			if _, ok := authrocket.CurrentUser(ctx); ok != (err == nil) {
				t.Errorf("got a user %t beside %v", ok, err)
			}
			return err
		}},
		{name: "CheckContext behind CheckToken", verify: func(t *testing.T, s *site, answer func()) error {
			ctx, err := s.auth.CheckToken(t.Context(), s.realm.Token(s.ada), "")
			if err != nil {
				t.Fatal(err)
			}
			answer()
			ctx, err = s.auth.CheckContext(ctx, "")
			if _, ok := authrocket.CurrentUser(ctx); ok != (err == nil) {
				t.Errorf("got a user %t beside %v", ok, err)
			}
			return err
		}},
		{name: "CheckContext behind Authenticate", verify: func(t *testing.T, s *site, answer func()) error {
			r := pass(s.auth.Authenticate, s.signedIn("/"))
			answer()
			_, err := s.auth.CheckContext(r.Context(), "")
			return err
		}},
	} {
		for _, answer := range answersOfState {
			t.Run(way.name+": "+answer.name, func(t *testing.T) {
				s, state := newStateSite(t, nil)
				answer.wantError(t, way.verify(t, s, func() { state.answers(answer.err) }))
			})
		}
		t.Run(way.name+": goes on", func(t *testing.T) {
			s, _ := newStateSite(t, nil)
			if err := way.verify(t, s, func() {}); err != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// outcome is what counts in an answer about a session that is refused.
func outcome(w *httptest.ResponseRecorder) string {
	h, parts := w.Header(), []string{strconv.Itoa(w.Code)}
	add := func(holds bool, part string) {
		if holds {
			parts = append(parts, part)
		}
	}
	add(isLogin(w), "login")
	add(strings.HasPrefix(h.Get("HX-Redirect"), "/auth/login?"), "htmx login")
	add(strings.HasPrefix(w.Body.String(), "<!doctype html>"), "page")
	add(h.Get("Refresh") != "", "reloads")
	add(h.Get("Retry-After") != "", "retry")
	for _, label := range []string{"session_ended", "session_unknown"} {
		add(strings.Contains(w.Body.String(), label), label)
	}
	add(strings.Contains(h.Get("WWW-Authenticate"), `error="invalid_token", error_description="the session has ended"`), "challenge")
	add(strings.HasPrefix(w.Body.String(), "nobody "), "anonymous")
	for _, c := range w.Result().Cookies() {
		if rest, ok := strings.CutPrefix(c.Name, siteCookie); ok && (rest == "" || rest[0] == '.') {
			add(c.MaxAge < 0, "cleared"+rest)
			add(c.MaxAge >= 0, "set"+rest)
		}
	}
	return strings.Join(parts, ", ")
}

func TestAnswersByTheSessionState(t *testing.T) {
	t.Parallel()
	asJSON := func(r *http.Request) *http.Request {
		r.Header.Set("Accept", "application/json")
		return r
	}
	disableCookie := func(c *authrocket.Config) { c.DisableCookie = true }
	for _, row := range []struct {
		name           string
		change         func(*authrocket.Config)
		request        func(s *site) *http.Request
		ended, unknown string
	}{
		{name: "a bearer token at a gate", request: func(s *site) *http.Request {
			return withBearer(asJSON(request(http.MethodGet, "/gate/")), s.realm.Token(s.ada))
		}, ended: "401, session_ended, challenge", unknown: "503, retry, session_unknown"},
		{name: "a bearer token at a gate, without cookies", change: disableCookie, request: func(s *site) *http.Request {
			return withBearer(asJSON(request(http.MethodGet, "/gate/")), s.realm.Token(s.ada))
		}, ended: "401, session_ended, challenge", unknown: "503, retry, session_unknown"},
		{name: "a bearer token at an open page", request: func(s *site) *http.Request {
			return withBearer(request(http.MethodGet, "/"), s.realm.Token(s.ada))
		}, ended: "200, anonymous", unknown: "200, anonymous"},
		{name: "a bearer token beside a cookie", request: func(s *site) *http.Request {
			return withBearer(asJSON(s.signedIn("/gate/")), s.realm.Token(s.ada))
		}, ended: "401, session_ended, challenge", unknown: "503, retry, session_unknown"},
		{name: "a navigation to a gate", request: func(s *site) *http.Request { return s.as(s.ada, navigate("/gate/")) },
			ended: "303, login, cleared", unknown: "503, page, reloads, retry"},
		{name: "a navigation to a gate with rules", request: func(s *site) *http.Request { return s.as(s.ada, navigate("/billing")) },
			ended: "303, login, cleared", unknown: "503, page, reloads, retry"},
		{name: "a navigation to a gate of an org", request: func(s *site) *http.Request { return s.as(s.ada, navigate("/orgs/x/")) },
			ended: "303, login, cleared", unknown: "503, page, reloads, retry"},
		{name: "a navigation to an open page", request: func(s *site) *http.Request { return s.as(s.ada, navigate("/")) },
			ended: "200, anonymous", unknown: "200, anonymous"},
		{name: "a session in several cookies", request: func(s *site) *http.Request {
			token := s.tokenOf(t, s.ada, 2*chunkBytes+500)
			return withCookie(withCookie(withCookie(navigate("/gate/"), siteCookie, token[:chunkBytes]),
				siteCookie+".1", token[chunkBytes:2*chunkBytes]), siteCookie+".2", token[2*chunkBytes:])
		}, ended: "303, login, cleared, cleared.1, cleared.2", unknown: "503, page, reloads, retry"},
		{name: "a form", request: func(s *site) *http.Request { return s.as(s.ada, submit("/gate/")) },
			ended: "401, page, cleared", unknown: "503, page, retry"},
		{name: "a frame", request: func(s *site) *http.Request { return s.as(s.ada, navigate("/gate/", "Sec-Fetch-Dest: iframe")) },
			ended: "401, page, cleared", unknown: "503, retry"},
		{name: "htmx", request: func(s *site) *http.Request { return s.as(s.ada, request(http.MethodGet, "/gate/", "HX-Request: true")) },
			ended: "401, htmx login, session_ended, cleared", unknown: "503, retry, session_unknown"},
		{name: "fetch", request: func(s *site) *http.Request {
			return asJSON(s.as(s.ada, request(http.MethodGet, "/gate/", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty")))
		}, ended: "401, session_ended, cleared", unknown: "503, retry, session_unknown"},
		{name: "a program with the cookie", request: func(s *site) *http.Request { return asJSON(s.signedIn("/gate/")) },
			ended: "401, session_ended, cleared", unknown: "503, retry, session_unknown"},
		{name: "a prefetch", request: func(s *site) *http.Request { return s.as(s.ada, navigate("/gate/", "Sec-Purpose: prefetch")) },
			ended: "401", unknown: "503, retry"},
	} {
		for _, answer := range answersOfState {
			t.Run(row.name+": "+answer.name, func(t *testing.T) {
				s, _ := newStateSite(t, answer.err, row.change)
				want := row.unknown
				if answer.isEnded {
					want = row.ended
				}
				w := serve(s.app(), row.request(s))
				if got := outcome(w); got != want {
					t.Errorf("got %s: %v %s, want %s", got, w.Header(), w.Body, want)
				}
				if strings.Contains(w.Body.String(), errStoreDown.Error()) {
					t.Errorf("the answer tells of the store: %s", w.Body)
				}
			})
		}
	}
}

// TestSeveralCookiesByTheSessionState has cookies of sessions of which some are refused.
func TestSeveralCookiesByTheSessionState(t *testing.T) {
	t.Parallel()
	s, state := newStateSite(t, nil)
	state.answer = func(session authrocket.Session, _ time.Duration) error {
		switch session.ID() {
		case "kss_ended":
			return authrocket.ErrSessionEnded
		case "kss_unknown":
			return errStoreDown
		}
		return nil
	}
	of := func(user authrockettest.User, id string) string { return s.realm.Token(user, setClaim("sid", id)) }
	live, ended, unknown := of(s.ada, "kss_live"), of(s.ada, "kss_ended"), of(s.ada, "kss_unknown")
	for _, row := range []struct {
		name    string
		cookies []string
		want    string
	}{
		{name: "an ended one and a live one", cookies: []string{ended, live}, want: "200"},
		{name: "a live one and an ended one", cookies: []string{live, ended}, want: "200"},
		{name: "an ended one of another user and a live one", cookies: []string{of(s.george, "kss_ended"), live}, want: "200"},
		{name: "an unknown one and a live one", cookies: []string{unknown, live}, want: "200"},
		{name: "two ended ones", cookies: []string{ended, of(s.george, "kss_ended")}, want: "303, login, cleared"},
		{name: "an ended one and a forged one", cookies: []string{ended, forged(live)}, want: "303, login, cleared"},
		{name: "an ended one and an unknown one", cookies: []string{ended, unknown}, want: "503, page, reloads, retry"},
		{name: "an unknown one and an ended one", cookies: []string{unknown, ended}, want: "503, page, reloads, retry"},
		{name: "live ones of two users", cookies: []string{live, of(s.george, "kss_live")}, want: "401, page"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := navigate("/gate/")
			for _, token := range row.cookies {
				withCookie(r, siteCookie, token)
			}
			if got := outcome(serve(s.app(), r)); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

// TestLoginsByTheSessionState has logins that come back with a token whose session is
// refused, each in its own way.
func TestLoginsByTheSessionState(t *testing.T) {
	t.Parallel()
	const again = `href="/auth/login?return_to=%2Fx&amp;prompt=login"`
	for _, row := range []struct {
		name string
		come func(t *testing.T, v *visitor, token string) *httptest.ResponseRecorder
		kept string // begins the name of the cookie that an unknown session needs again
	}{
		{name: "a login that was started", kept: statePrefix, come: func(t *testing.T, v *visitor, token string) *httptest.ResponseRecorder {
			return v.visit("cross-site", v.back(token))
		}},
		{name: "a login that was not started", come: func(t *testing.T, v *visitor, token string) *httptest.ResponseRecorder {
			return v.visit("cross-site", "/x?token="+token)
		}},
		{name: "the page of a confirmation", kept: confirmCookie, come: func(t *testing.T, v *visitor, token string) *httptest.ResponseRecorder {
			v.jar[confirmCookie] = &http.Cookie{Value: pending(token, "/x"), Expires: time.Now().Add(time.Hour)}
			return v.get("/auth/confirm")
		}},
		{name: "the answer to a confirmation", kept: confirmCookie, come: func(t *testing.T, v *visitor, token string) *httptest.ResponseRecorder {
			v.jar[confirmCookie] = &http.Cookie{Value: pending(token, "/x"), Expires: time.Now().Add(time.Hour)}
			return v.send(answerOf(token, "continue"))
		}},
	} {
		for _, answer := range answersOfState {
			t.Run(row.name+": "+answer.name, func(t *testing.T) {
				e := &events{}
				s, _ := newStateSite(t, answer.err, func(c *authrocket.Config) { c.Observer = e.observer() })
				v := s.visitor(t, "")
				w := row.come(t, v, s.realm.Token(s.ada))
				kept := false
				for name, c := range v.jar {
					kept = kept || row.kept != "" && strings.HasPrefix(name, row.kept) && c.Value != ""
				}
				if len(e.logins) != 1 {
					t.Fatalf("got %d reports of logins", len(e.logins))
				}
				answer.wantError(t, e.logins[0].Err)
				if v.jar[siteCookie] != nil {
					t.Error("the session cookie is set")
				}
				if !answer.isEnded {
					if got := outcome(w); !strings.HasPrefix(got, "503, page, ") || !strings.HasSuffix(got, "retry") || kept != (row.kept != "") {
						t.Errorf("got %s, kept %t", got, kept)
					}
					return
				}
				if got := outcome(w); got != "401, page, session_ended" || kept || !strings.Contains(w.Body.String(), again) {
					t.Errorf("got %s, kept %t, %s, want a link with %s", got, kept, w.Body, again)
				}
				if texts := paragraphs(w); !slices.Equal(texts, []string{"This session has ended. Sign in again to start a new one."}) {
					t.Errorf("got texts %q", texts)
				}
				// The visitor has to enter a password: LoginRocket could send the same token again.
				page, params := hostedPage(t, v.visit("same-origin", "/auth/login?return_to=%2Fx&prompt=login"))
				if page.Path != "/login" || params != "prompt=login" {
					t.Errorf("the link leads to %s with %q", page, params)
				}
			})
		}
	}
}

// TestTheCurrentSessionByTheSessionState has a login of Ada come back to a browser in which
// George is signed in.
func TestTheCurrentSessionByTheSessionState(t *testing.T) {
	t.Parallel()
	const nowhere = "303 /auth/confirm"
	for _, row := range []struct {
		name    string
		george  error
		started string // answer to a login that was started here
		asksNow bool   // the confirmation of one that was not names George
	}{
		{name: "goes on", started: nowhere, asksNow: true},
		{name: "ended", george: authrocket.ErrSessionEnded, started: "303 /x"},
		{name: "unknown", george: errStoreDown, started: nowhere, asksNow: true}, // a moment later it may go on
	} {
		t.Run(row.name, func(t *testing.T) {
			s, state := newStateSite(t, nil)
			state.answer = func(session authrocket.Session, _ time.Duration) error {
				if session.User.ID == s.george.ID {
					return row.george
				}
				return nil
			}
			v := s.signedInAs(t, s.george)
			w := v.visit("cross-site", v.back(s.realm.Token(s.ada)))
			if got := strconv.Itoa(w.Code) + " " + w.Header().Get("Location"); got != row.started {
				t.Errorf("a login that was started: got %s, want %s", got, row.started)
			}
			v = s.signedInAs(t, s.george)
			w = v.visit("cross-site", "/x?token="+s.realm.Token(s.ada))
			if got := strconv.Itoa(w.Code) + " " + w.Header().Get("Location"); got != nowhere {
				t.Errorf("a login that was not started: got %s, want %s", got, nowhere)
			}
			now := [2]string{"Signed in now", "George, george@example.com, Widgets"}
			if facts := factsOf(v.get("/auth/confirm")); slices.Contains(facts, now) != row.asksNow {
				t.Errorf("the confirmation says %q", facts)
			}
		})
	}
}

// TestALoopOfAnEndedSessionEnds has an instance that knows of the end of a session, and one
// that does not: logins come back to the latter.
func TestALoopOfAnEndedSessionEnds(t *testing.T) {
	t.Parallel()
	script := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := authrocket.CurrentUser(r.Context()); !ok {
			http.Redirect(w, r, "/auth/login?return_to=%2Fgate%2Fx", http.StatusSeeOther)
		}
	})
	for _, row := range []struct {
		name string
		app  func(*site) http.Handler
	}{
		{name: "at a gate", app: (*site).app},
		{name: "at the login route", app: func(s *site) http.Handler { return s.auth.Authenticate(script) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, state := newStateSite(t, nil)
			state.answer = func(_ authrocket.Session, patience time.Duration) error {
				if patience == 0 {
					return authrocket.ErrSessionEnded
				}
				return nil // the callback
			}
			v := s.visitor(t, "")
			v.app, v.token = row.app(s), func() string { return s.realm.Token(s.ada) }
			w, logins := v.follow("/gate/x")
			if got := outcome(w); logins != 3 || !strings.HasPrefix(got, "401, page, session_ended") {
				t.Errorf("after %d logins got %s", logins, got)
			}
			if want := `href="/auth/login?return_to=%2Fgate%2Fx&amp;prompt=login"`; !strings.Contains(w.Body.String(), want) {
				t.Errorf("got %s, want a link with %s", w.Body, want)
			}
		})
	}
}

// TestPatienceOfTheSessionState checks how long a check may take, and that a gate asks
// again where Authenticate did not wait.
func TestPatienceOfTheSessionState(t *testing.T) {
	t.Parallel()
	const whole = 2 * time.Second
	patient := func(_ authrocket.Session, patience time.Duration) error {
		if patience == 0 {
			return errStoreDown
		}
		return nil
	}
	// slow never knows, and takes all the time that it gets.
	slow := func(_ authrocket.Session, patience time.Duration) error {
		time.Sleep(patience)
		return errStoreDown
	}
	get := func(target string) func(*testing.T, *site) *http.Request {
		return func(_ *testing.T, s *site) *http.Request { return s.signedIn(target) }
	}
	for _, row := range []struct {
		name    string
		keys    authrockettest.Fault // nil: they are there
		answer  func(authrocket.Session, time.Duration) error
		app     func(*site) http.Handler // nil: site.app
		request func(*testing.T, *site) *http.Request
		status  int
		asked   []time.Duration
		took    time.Duration
	}{
		{name: "an open page does not wait", answer: patient, request: get("/"), status: 200, asked: []time.Duration{0}},
		{name: "a gate asks again, and waits", answer: patient, request: get("/gate/"), status: 200, asked: []time.Duration{0, whole}},
		{name: "a gate without Authenticate", answer: patient, app: func(s *site) http.Handler { return s.auth.RequireLogin(whoami) },
			request: get("/"), status: 200, asked: []time.Duration{0, whole}},
		{name: "a gate asks again about a bearer token", answer: patient, request: func(_ *testing.T, s *site) *http.Request {
			return withBearer(request(http.MethodGet, "/gate/"), s.realm.Token(s.ada))
		}, status: 200, asked: []time.Duration{0, whole}},
		{name: "a gate does not ask again about a live session", answer: func(authrocket.Session, time.Duration) error { return nil },
			request: get("/gate/"), status: 200, asked: []time.Duration{0}},
		{name: "a gate does not ask again about an ended session", answer: func(authrocket.Session, time.Duration) error { return authrocket.ErrSessionEnded },
			request: get("/gate/"), status: 401, asked: []time.Duration{0}},
		{name: "a gate waits for two seconds at most", answer: slow, request: get("/gate/"), status: 503, asked: []time.Duration{0, whole}, took: whole},
		{name: "several cookies share one wait", answer: slow, request: func(_ *testing.T, s *site) *http.Request {
			return s.as(s.ada, s.signedIn("/gate/"))
		}, status: 503, asked: []time.Duration{0, 0, whole, 0}, took: whole},
		{name: "the wait for keys counts", keys: authrockettest.Slow(1500 * time.Millisecond), answer: slow, request: get("/gate/"),
			status: 503, asked: []time.Duration{0, whole - 1500*time.Millisecond}, took: whole},
		{name: "a callback waits for the login, not for the session of before", answer: patient, request: func(t *testing.T, s *site) *http.Request {
			return s.as(s.george, comeBack(t, s.app(), "/x", s.realm.Token(s.ada)))
		}, status: 303, asked: []time.Duration{whole, 0}},
		{name: "the page of a confirmation waits for the login, not for the session of before", answer: patient, request: func(t *testing.T, s *site) *http.Request {
			return s.as(s.george, withCookie(navigate("/auth/confirm"), confirmCookie, pending(s.realm.Token(s.ada), "/x")))
		}, status: 200, asked: []time.Duration{whole, 0}},
		{name: "a logout does not ask", answer: slow, request: func(t *testing.T, s *site) *http.Request {
			return s.as(s.ada, submit("/auth/logout"))
		}, status: 200},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				state := &sessionState{answer: row.answer}
				s := newColdSite(t, func(c *authrocket.Config) { c.SessionState = state })
				if row.keys == nil {
					warm(t, s.auth)
				} else {
					s.realm.Break(row.keys)
				}
				app := s.app()
				if row.app != nil {
					app = row.app(s)
				}
				r := row.request(t, s)
				start := time.Now()
				w := serve(app, r)
				if took := time.Since(start); w.Code != row.status || took != row.took {
					t.Errorf("got %d after %s: %s, want %d after %s", w.Code, took, w.Body, row.status, row.took)
				}
				state.wantAsked(t, row.asked...)
			})
		})
	}
	t.Run("Verify, CheckToken and CheckContext wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, state := newStateSite(t, nil)
			if _, err := s.auth.Verify(t.Context(), s.realm.Token(s.ada)); err != nil {
				t.Error(err)
			}
			state.wantAsked(t, whole)
			ctx, err := s.auth.CheckToken(t.Context(), s.realm.Token(s.ada), "")
			if err != nil {
				t.Error(err)
			}
			state.wantAsked(t, whole)
			time.Sleep(time.Minute) // a stream that lasts
			if _, err := s.auth.CheckContext(ctx, ""); err != nil {
				t.Error(err)
			}
			state.wantAsked(t, whole)
		})
	})
}

// A person who signs out ends the LoginRocket session, whatever is known about it.
func TestLogoutDoesNotNeedTheSessionState(t *testing.T) {
	t.Parallel()
	for _, answer := range answersOfState {
		t.Run(answer.name, func(t *testing.T) {
			s, _ := newStateSite(t, answer.err)
			app := s.app()
			w := endLogout(t, app, serve(app, s.as(s.ada, submit("/auth/logout"), setClaim("sid", "kss_1"))))
			if location := w.Header().Get("Location"); !strings.HasSuffix(location, "&session=kss_1") {
				t.Errorf("the logout ends at %s", location)
			}
		})
	}
}

func TestTheSessionStateIsAskedAboutTheSession(t *testing.T) {
	t.Parallel()
	s, state := newStateSite(t, nil)
	var got authrocket.Session
	state.answer = func(session authrocket.Session, _ time.Duration) error {
		got = session
		return nil
	}
	want, err := s.auth.Verify(t.Context(), s.realm.Token(s.ada, setClaim("sid", "kss_1")))
	if err != nil || got != want || got.ID() != "kss_1" || got.IDHash() == [32]byte{} {
		t.Errorf("asked about the session %q of %q, want %q of %q, %v", got.ID(), got.User.ID, want.ID(), want.User.ID, err)
	}
}

func TestASessionWithoutAnID(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change authrockettest.TokenOption
	}{
		{name: "no sid", change: withoutClaim("sid")},
		{name: "an empty sid", change: setClaim("sid", "")},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, state := newStateSite(t, nil)
			token := s.realm.Token(s.ada, row.change)
			for range 2 { // the second time it is known
				_, err := s.auth.Verify(t.Context(), token)
				if !errors.Is(err, authrocket.ErrInvalidClaims) || !strings.Contains(err.Error(), "sid") || !strings.Contains(err.Error(), "Config.SessionState") {
					t.Errorf("got %v, want %v that names sid and Config.SessionState", err, authrocket.ErrInvalidClaims)
				}
			}
			state.wantAsked(t)
			if _, err := s.newAuth(t).Verify(t.Context(), token); err != nil {
				t.Errorf("without a SessionState: got %v", err)
			}
		})
	}
}

// TestTwoAuthsHaveTwoSessionStates has one Auth whose sessions have ended around one
// whose sessions go on.
func TestTwoAuthsHaveTwoSessionStates(t *testing.T) {
	t.Parallel()
	s, _ := newStateSite(t, authrocket.ErrSessionEnded)
	inner := s.newAuth(t, func(c *authrocket.Config) { c.CookieName, c.AuthPath = "__Host-inner", "/inner" })
	r := pass(func(next http.Handler) http.Handler { return s.auth.Authenticate(inner.Authenticate(next)) },
		withCookie(s.signedIn("/"), "__Host-inner", s.realm.Token(s.george)))
	expectCurrent(t, r.Context(), s.george.ID, s.widgets.ID)
	if _, err := inner.CheckContext(r.Context(), ""); err != nil {
		t.Errorf("the inner Auth: got %v", err)
	}
	if _, err := s.auth.CheckContext(r.Context(), ""); !errors.Is(err, authrocket.ErrSessionEnded) {
		t.Errorf("the outer Auth: got %v, want %v", err, authrocket.ErrSessionEnded)
	}
	if _, err := s.auth.Check(r); !errors.Is(err, authrocket.ErrSessionEnded) {
		t.Errorf("a gate of the outer Auth: got %v, want %v", err, authrocket.ErrSessionEnded)
	}
}

// bindingState ends contexts when end is called.
type bindingState struct {
	sessionState
	bound  []authrocket.Session
	cancel context.CancelCauseFunc
}

type bindingKey struct{}

func (s *bindingState) Bind(ctx context.Context, session authrocket.Session) (context.Context, context.CancelFunc) {
	s.bound = append(s.bound, session)
	ctx, s.cancel = context.WithCancelCause(context.WithValue(ctx, bindingKey{}, true))
	return ctx, func() { s.cancel(errStoreDown) }
}

func TestBindByTheSessionState(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		session  func(*testing.T, *site) authrocket.Session // nil: one of an hour
		end      func(state *bindingState, stop context.CancelFunc)
		cause    error
		notAsked bool
	}{
		{name: "goes on until the session expires", end: func(*bindingState, context.CancelFunc) { time.Sleep(time.Hour) }, cause: authrocket.ErrTokenExpired},
		{name: "ends when the state says so", end: func(state *bindingState, _ context.CancelFunc) { state.cancel(authrocket.ErrSessionEnded) }, cause: authrocket.ErrSessionEnded},
		{name: "ends by its CancelFunc, also for the state", end: func(_ *bindingState, stop context.CancelFunc) { stop() }, cause: errStoreDown},
		{name: "has ended for the zero session, without asking", session: func(*testing.T, *site) authrocket.Session { return authrocket.Session{} },
			end: func(*bindingState, context.CancelFunc) {}, cause: authrocket.ErrTokenExpired, notAsked: true},
		{name: "has ended for an expired session, without asking", session: func(t *testing.T, s *site) authrocket.Session {
			session := s.session(t, authrockettest.ExpiresIn(time.Minute))
			time.Sleep(time.Minute)
			return session
		}, end: func(*bindingState, context.CancelFunc) {}, cause: authrocket.ErrTokenExpired, notAsked: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				state := &bindingState{}
				state.answers(nil)
				s := newSite(t, func(c *authrocket.Config) { c.SessionState = state })
				session := s.session(t, authrockettest.ExpiresIn(time.Hour))
				if row.session != nil {
					session = row.session(t, s)
				}
				ctx, cancel := s.auth.Bind(t.Context(), session)
				defer cancel()
				if row.notAsked != (len(state.bound) == 0) || !row.notAsked && (state.bound[0] != session || ctx.Value(bindingKey{}) == nil || ctx.Err() != nil) {
					t.Fatalf("the state was asked %d times and the context has %v, %v", len(state.bound), ctx.Value(bindingKey{}), ctx.Err())
				}
				row.end(state, cancel)
				synctest.Wait()
				if ctx.Err() == nil || context.Cause(ctx) != row.cause {
					t.Errorf("got %v, %v, want %v", ctx.Err(), context.Cause(ctx), row.cause)
				}
			})
		})
	}
	t.Run("a state that binds nothing changes nothing", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, _ := newStateSite(t, nil)
			session := s.session(t, authrockettest.ExpiresIn(time.Hour))
			ctx, cancel := s.auth.Bind(t.Context(), session)
			defer cancel()
			if deadline, ok := ctx.Deadline(); !ok || !deadline.Equal(session.ExpiresAt) || ctx.Err() != nil {
				t.Errorf("got %v, %t, %v, want %v", deadline, ok, ctx.Err(), session.ExpiresAt)
			}
		})
	})
}
