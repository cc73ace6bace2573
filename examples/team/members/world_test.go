package members_test

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/team/members"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// world is the page, and two accounts: that of Ada, who owns it, of Charles, who manages its
// members, and of George, and that of Mary, who owns it.
type world struct {
	t       *testing.T
	realm   *authrockettest.Realm
	server  *authrocketdev.Server
	service *authrocketdev.Service
	app     http.Handler
	tokens  map[string]string // login tokens, by the ID of the user
}

const (
	engines, widgets             = "org_engines", "org_widgets"
	ada, charles, george, mary   = "usr_ada", "usr_charles", "usr_george", "usr_mary"
	grace, boss, hopper          = "grace@example.com", "boss@example.com", "hopper@example.com"
	owner, manage, bill, reports = "ar:owner", "members:write", "billing:write", "reports:read"
)

var emails = map[string]string{ada: "ada@example.com", charles: "charles@example.com", george: "george@example.com", mary: "mary@example.com"}

// inWorld runs a test in a bubble, where time passes at once. Its app knows at once which
// sessions have ended, unless configure says otherwise.
func inWorld(t *testing.T, test func(world), configure ...func(*authrocket.Config, **sessionstate.State)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
		if err != nil {
			t.Fatal(err)
		}
		service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server, RequestsPerMinute: -1})
		if err != nil {
			t.Fatal(err)
		}
		api, err := coreapi.New(service.CoreAPIConfig())
		if err != nil {
			t.Fatal(err)
		}
		state, err := sessionstate.New(sessionstate.Config{API: api})
		if err != nil {
			t.Fatal(err)
		}
		config := realm.Config()
		config.HTTPClient, config.JWTKey = nil, realm.JWTKey()
		config.Observer = authrocket.SilentObserver()
		config.SessionState = state
		for _, f := range configure {
			f(&config, &state)
		}
		auth, err := authrocket.New(config)
		if err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		members.New(auth, api, state).Register(mux)
		w := world{t: t, realm: realm, server: server, service: service, app: auth.Authenticate(mux), tokens: map[string]string{}}
		realm.AddOrg(authrockettest.Org{ID: engines, Name: "Analytical Engines"})
		realm.AddOrg(authrockettest.Org{ID: widgets, Name: "Widgets Inc"})
		w.addMember(ada, engines, owner, manage, bill)
		w.addMember(charles, engines, manage, reports)
		w.addMember(george, engines, reports, "shop:old") // the page does not know the last one
		w.addMember(mary, widgets, owner, manage)
		w.addInvitation(grace, engines, reports)
		w.addInvitation(boss, engines, owner)
		w.addInvitation(hopper, widgets, reports)
		test(w)
	})
}

// addMember adds a user, who is signed in, to an account.
func (w world) addMember(userID, orgID string, permissions ...string) {
	w.t.Helper()
	user := w.realm.AddUser(authrockettest.User{ID: userID, Email: emails[userID]})
	if _, err := w.realm.CreateMembership(user.ID, orgID, permissions...); err != nil {
		w.t.Fatal(err)
	}
	w.signIn(userID, orgID)
}

func (w world) signIn(userID, orgID string) {
	w.t.Helper()
	session, err := w.realm.StartSession(userID)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.tokens[userID], err = w.realm.AccountToken(session.ID, orgID); err != nil {
		w.t.Fatal(err)
	}
}

func (w world) addInvitation(email, orgID string, permissions ...string) {
	w.t.Helper()
	i := authrockettest.Invitation{ID: invitationID(email), Type: authrockettest.InvitationOrg, Email: email, OrgID: orgID, Permissions: permissions}
	if _, err := w.realm.CreateInvitation(i); err != nil {
		w.t.Fatal(err)
	}
}

func invitationID(email string) string { return "nvt_" + email[:strings.Index(email, "@")] }

// form is what a person sends.
type form = url.Values

func permissions(tags ...string) form { return form{"permission": tags} }

func (w world) get(as, path string) *httptest.ResponseRecorder {
	return w.send(as, "GET", path, nil, "")
}

func (w world) post(as, path string, values form) *httptest.ResponseRecorder {
	return w.send(as, "POST", path, values, "https://example.com")
}

func (w world) send(as, method, path string, values form, origin string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(values.Encode()))
	r.Host = "example.com"
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "test-agent/1")
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
	}
	if as != "" {
		r.AddCookie(&http.Cookie{Name: "__Host-arToken", Value: w.tokens[as]})
	}
	recorder := httptest.NewRecorder()
	w.app.ServeHTTP(recorder, r)
	return recorder
}

// path of a member's form. The member is named by the ID of the user.
func (w world) path(userID, action string) string {
	w.t.Helper()
	for _, m := range w.realm.MembershipsOf(userID) {
		return "/members/" + m.ID + "/" + action
	}
	w.t.Fatalf("%s is no member", userID)
	return ""
}

// records are the members with their permissions, their sessions, and the invitations with
// their permissions and the mails that were sent.
func (w world) records() map[string]string {
	w.t.Helper()
	records := map[string]string{}
	for _, org := range []string{engines, widgets} {
		for _, m := range w.realm.Members(org) {
			records[m.UserID] = "[" + join(m.Permissions) + "]"
		}
	}
	for userID := range emails {
		sessions, err := w.realm.ListSessions(authrockettest.SessionList{UserID: userID})
		if err != nil {
			w.t.Fatal(err)
		}
		records[userID+" sessions"] = fmt.Sprint(len(sessions.Items))
	}
	invitations, err := w.realm.ListInvitations(authrockettest.InvitationList{})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.SortFunc(invitations.Items, func(a, b authrockettest.Invitation) int {
		return strings.Compare(join(a.Permissions), join(b.Permissions))
	})
	for _, i := range invitations.Items {
		records[i.Email] += join(i.Permissions) + ";"
	}
	for _, mail := range w.server.Outbox() {
		records[mail.To+" mails"] += "x"
	}
	return records
}

func join(tags []string) string { return strings.Join(slices.Sorted(slices.Values(tags)), " ") }

// wantChanges compares what has changed since the records of before; "" is for what is gone.
func (w world) wantChanges(before map[string]string, want map[string]string) {
	w.t.Helper()
	expected := maps.Clone(before)
	maps.Copy(expected, want)
	maps.DeleteFunc(expected, func(_, value string) bool { return value == "" })
	if got := w.records(); !maps.Equal(got, expected) {
		w.t.Errorf("there is\n%v\nwant\n%v", got, expected)
	}
}

func wantAnswer(t *testing.T, got *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if got.Code != status {
		t.Errorf("got status %d, want %d\n%s", got.Code, status, mainOf(got))
	}
	for _, text := range texts {
		if !strings.Contains(got.Body.String()+got.Header().Get("Location"), text) {
			t.Errorf("%q is missing in %q\n%s", text, got.Header().Get("Location"), mainOf(got))
		}
	}
}

// mainOf is the page without its head.
func mainOf(r *httptest.ResponseRecorder) string {
	body := r.Body.String()
	return body[max(0, strings.Index(body, "<main>")):]
}

func init() { slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) }
