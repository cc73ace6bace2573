package authrockettest_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func startSession(t testing.TB, realm *authrockettest.Realm, user authrockettest.User) authrockettest.HostedSession {
	t.Helper()
	session, err := realm.StartSession(user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func sessionToken(t *testing.T, realm *authrockettest.Realm, id string, options ...authrockettest.TokenOption) string {
	t.Helper()
	token, err := realm.SessionToken(id, options...)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func isLive(realm *authrockettest.Realm, id string) bool {
	_, err := realm.LookUpSession(id)
	return !errors.Is(err, authrockettest.ErrNotFound)
}

func TestSessionLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.SessionLifetime = time.Hour })
		george := realm.AddUser(authrockettest.User{Email: "george@example.com"})
		session := startSession(t, realm, ada)
		if !strings.HasPrefix(session.ID, "kss_") || session.UserID != ada.ID || session.OrgID != "" ||
			!session.CreatedAt.Equal(time.Now()) || !session.ExpiresAt.Equal(time.Now().Add(time.Hour)) {
			t.Errorf("got %+v", session)
		}
		if got, err := realm.LookUpSession(session.ID); err != nil || got != session {
			t.Errorf("got %+v, %v, want %+v", got, err, session)
		}
		if _, err := realm.StartSession("usr_none"); !errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("a session of nobody: got %v", err)
		}
		for _, id := range []string{"", "kss_none"} {
			if isLive(realm, id) {
				t.Errorf("there is a session %q", id)
			}
			if _, err := realm.SessionToken(id); !errors.Is(err, authrockettest.ErrNotFound) {
				t.Errorf("a token of the session %q: got %v", id, err)
			}
			realm.EndSession(id, authrockettest.EndedByLogout)
		}

		time.Sleep(time.Hour - 1)
		if !isLive(realm, session.ID) {
			t.Error("the session ends too early")
		}
		time.Sleep(time.Nanosecond)
		if isLive(realm, session.ID) {
			t.Error("the session does not expire")
		}

		first, second, other := startSession(t, realm, ada), startSession(t, realm, ada), startSession(t, realm, george)
		realm.EndSession(first.ID, authrockettest.EndedByLogout)
		if isLive(realm, first.ID) || !isLive(realm, second.ID) {
			t.Error("EndSession ends not the one, or another")
		}
		third := startSession(t, realm, ada)
		realm.EndSessionsOf(ada.ID, third.ID, authrockettest.EndedByPassword)
		if isLive(realm, second.ID) || !isLive(realm, third.ID) || !isLive(realm, other.ID) {
			t.Error("EndSessionsOf ends not the others of the user alone")
		}
		realm.EndSessionsOf(ada.ID, "", authrockettest.EndedByPassword)
		if isLive(realm, third.ID) || !isLive(realm, other.ID) {
			t.Error("EndSessionsOf without one to keep ends not all of the user alone")
		}
	})
}

func TestSessionsLastADay(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	if s := startSession(t, realm, ada); s.ExpiresAt.Sub(s.CreatedAt) != 24*time.Hour {
		t.Errorf("got %s", s.ExpiresAt.Sub(s.CreatedAt))
	}
}

// In a bubble all sessions start at the same time, as with a coarse clock.
func TestSessionsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t)
		authrockettest.SetLimit(realm, 100)
		first := startSession(t, realm, ada)
		time.Sleep(time.Second)
		var ids []string
		for range 102 {
			ids = append(ids, startSession(t, realm, ada).ID)
		}
		live := 0
		for _, id := range ids {
			if isLive(realm, id) {
				live++
			}
		}
		if live != 100 || isLive(realm, first.ID) || !isLive(realm, ids[len(ids)-1]) {
			t.Errorf("%d sessions live, want 100, and the last one but not the oldest", live)
		}
	})
}

func TestSelectOrg(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	engines := realm.MembershipsOf(ada.ID)[0]
	widgets := realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"})
	foreign := realm.AddOrg(authrockettest.Org{Name: "Foreign Ltd"})
	realm.AddMembership(ada, widgets, "read")
	session := startSession(t, realm, ada)
	other := startSession(t, realm, ada)
	auth := newAuth(t, realm.Config())

	names := func(id string) []string {
		verified, err := auth.Verify(t.Context(), sessionToken(t, realm, id))
		if err != nil {
			t.Fatal(err)
		}
		if verified.ID() != id || verified.User.ID != ada.ID {
			t.Errorf("got a token of the session %q of %q", verified.ID(), verified.User.ID)
		}
		var names []string
		for _, m := range verified.Memberships() {
			names = append(names, m.Org.Name)
		}
		return names
	}
	if got := names(session.ID); len(got) != 0 {
		t.Errorf("before one is picked: got %q, want none", got)
	}
	for _, row := range []struct {
		name, session, org string
		want               error
		orgs               []string
	}{
		{name: "an org of the user", session: session.ID, org: widgets.ID, orgs: []string{"Widgets Inc"}},
		{name: "another one", session: session.ID, org: engines.OrgID, orgs: []string{"Analytical Engines"}},
		{name: "an org of others", session: session.ID, org: foreign.ID, want: authrockettest.ErrNotFound, orgs: []string{"Analytical Engines"}},
		{name: "an org that there is not", session: session.ID, want: authrockettest.ErrNotFound, orgs: []string{"Analytical Engines"}},
	} {
		if err := realm.SelectOrg(row.session, row.org); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
		if got := names(session.ID); !reflect.DeepEqual(got, row.orgs) {
			t.Errorf("%s: the token is about %q, want %q", row.name, got, row.orgs)
		}
	}
	realm.ChangeTokens(authrockettest.AllOrgs())
	if got := names(session.ID); !reflect.DeepEqual(got, []string{"Analytical Engines", "Widgets Inc"}) {
		t.Errorf("with all orgs: the token is about %q", got)
	}
	realm.ChangeTokens()
	if got := names(other.ID); len(got) != 0 {
		t.Errorf("another session of the user: got %q, want none", got)
	}
	if err := realm.SelectOrg("kss_none", widgets.ID); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("a session that there is not: got %v", err)
	}
	realm.DeleteMembership(engines.ID)
	if got := names(session.ID); len(got) != 0 {
		t.Errorf("after the membership has ended: got %q, want none", got)
	}
}

func TestReissueTokens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.ReissueTokens, c.TokenLifetime = true, time.Hour })
		engines := realm.MembershipsOf(ada.ID)[0]
		widgets := realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"})
		realm.AddMembership(ada, widgets)
		session := startSession(t, realm, ada)
		realm.SelectOrg(session.ID, engines.OrgID)
		last := sessionToken(t, realm, session.ID)

		for _, row := range []struct {
			name string
			do   func()
			same bool
		}{
			{name: "nothing happens", do: func() {}, same: true},
			{name: "the selected org is selected", do: func() { realm.SelectOrg(session.ID, engines.OrgID) }, same: true},
			{name: "options make a token of their own", do: func() { sessionToken(t, realm, session.ID, authrockettest.Claim("x", 1)) }, same: true},
			{name: "another org is selected", do: func() { realm.SelectOrg(session.ID, widgets.ID) }},
			{name: "the user changes", do: func() { realm.UpdateUser(ada.ID, func(u *authrockettest.User) { u.Locale = "en" }) }},
			{name: "the org changes", do: func() { realm.UpdateOrg(widgets.ID, func(o *authrockettest.Org) { o.Name = "Widgets" }) }},
			{name: "permissions change", do: func() { realm.SetPermissions(realm.MembershipsOf(ada.ID)[1].ID, "read") }},
			{name: "a membership ends", do: func() { realm.DeleteMembership(engines.ID) }},
			{name: "a membership begins", do: func() { realm.CreateMembership(ada.ID, engines.OrgID) }},
			{name: "all tokens change", do: func() { realm.ChangeTokens(authrockettest.Claim("x", 1)) }},
			{name: "no token changes any more", do: func() { realm.ChangeTokens() }},
		} {
			row.do()
			time.Sleep(time.Second) // two tokens of one second could be equal by chance
			token := sessionToken(t, realm, session.ID)
			if same := token == last; same != row.same {
				t.Errorf("%s: the token is the same: %t, want %t", row.name, same, row.same)
			}
			last = token
		}
		if other := sessionToken(t, realm, startSession(t, realm, ada).ID); other == last {
			t.Error("two sessions share a token")
		}

		realm.ChangeTokens()
		last = sessionToken(t, realm, session.ID)
		time.Sleep(time.Hour - 1)
		if sessionToken(t, realm, session.ID) != last {
			t.Error("a token that has not expired is not made again")
		}
		time.Sleep(time.Nanosecond)
		if sessionToken(t, realm, session.ID) == last {
			t.Error("an expired token is made again")
		}
	})
}

func TestTokensAreNewEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t)
		session := startSession(t, realm, ada)
		first := sessionToken(t, realm, session.ID)
		time.Sleep(time.Minute)
		second := sessionToken(t, realm, session.ID)
		if a, b := part(t, first, 1)["iat"].(float64), part(t, second, 1)["iat"].(float64); b-a != 60 {
			t.Errorf("got iat %v and %v, a minute later", a, b)
		}
	})
}

// hook runs while a token is being made.
type hook func()

func (h hook) MarshalJSON() ([]byte, error) {
	h()
	return []byte("true"), nil
}

func TestTokenThatIsMadeDuringAChangeIsNotReissued(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.ReissueTokens = true })
	membership := realm.MembershipsOf(ada.ID)[0]
	session := startSession(t, realm, ada)
	realm.SelectOrg(session.ID, membership.OrgID)
	var once sync.Once
	realm.ChangeTokens(authrockettest.Claim("hook", hook(func() {
		once.Do(func() { realm.SetPermissions(membership.ID, "read") })
	})))
	if got := asJSON(part(t, sessionToken(t, realm, session.ID), 1)["orgs"]); !strings.Contains(got, "ar:owner") {
		t.Fatalf("got %s, want a token from before the change", got)
	}
	if got := asJSON(part(t, sessionToken(t, realm, session.ID), 1)["orgs"]); strings.Contains(got, "ar:owner") {
		t.Errorf("got %s after the change", got)
	}
}

func TestChangeTokens(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	session := startSession(t, realm, ada)
	realm.SelectOrg(session.ID, realm.MembershipsOf(ada.ID)[0].OrgID)
	auth := newAuth(t, realm.Config())
	realm.ChangeTokens(authrockettest.Claim("locale", "es"), authrockettest.Claim("orgs", "none"))
	for name, token := range map[string]string{
		"Token":        realm.Token(ada),
		"SessionToken": sessionToken(t, realm, session.ID),
	} {
		if got := part(t, token, 1); got["locale"] != "es" || got["orgs"] != "none" {
			t.Errorf("%s: got locale %v and orgs %v", name, got["locale"], got["orgs"])
		}
	}
	if got := part(t, realm.Token(ada, authrockettest.Claim("locale", "ja")), 1); got["locale"] != "ja" {
		t.Errorf("got locale %v, want the token's own option to come last", got["locale"])
	}
	realm.ChangeTokens(authrockettest.ExpiresIn(-time.Hour))
	if got := part(t, realm.Token(ada), 1); got["locale"] != nil {
		t.Errorf("got locale %v, want the call before to be over", got["locale"])
	}
	wantReason(t, auth, sessionToken(t, realm, session.ID), "token_expired")
	realm.ChangeTokens()
	wantReason(t, auth, sessionToken(t, realm, session.ID), "")
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.TokenLifetime = time.Hour })
		auth := newAuth(t, realm.Config())
		for _, row := range []struct {
			skew     time.Duration
			iat, exp time.Duration
			reason   string
		}{
			{skew: 0, exp: time.Hour},
			{skew: 5 * time.Second, iat: 5 * time.Second, exp: time.Hour + 5*time.Second},
			{skew: -5 * time.Second, iat: -5 * time.Second, exp: time.Hour - 5*time.Second},
			{skew: -time.Hour, iat: -time.Hour},
			{skew: -2 * time.Hour, iat: -2 * time.Hour, exp: -time.Hour, reason: "token_expired"},
			{skew: time.Hour, iat: time.Hour, exp: 2 * time.Hour, reason: "token_not_yet_valid"},
		} {
			token := realm.Token(ada, authrockettest.ClockSkew(row.skew))
			claims, now := part(t, token, 1), time.Now()
			if claims["iat"] != float64(now.Add(row.iat).Unix()) || claims["exp"] != float64(now.Add(row.exp).Unix()) {
				t.Errorf("%s: got iat %v and exp %v at %d", row.skew, claims["iat"], claims["exp"], now.Unix())
			}
			wantReason(t, auth, token, row.reason)
		}
	})
}

func TestRealmID(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.ID = "rl_mine" })
	if realm.ID() != "rl_mine" || realm.Config().RealmID != "rl_mine" || part(t, realm.Token(ada), 1)["rid"] != "rl_mine" {
		t.Errorf("got the realm ID %q", realm.ID())
	}
	wantReason(t, newAuth(t, realm.Config()), realm.Token(ada), "")
	if a, b := authrockettest.NewRealm(t).ID(), authrockettest.NewRealm(t).ID(); a == b || !strings.HasPrefix(a, "rl_") {
		t.Errorf("got %q and %q, want one each", a, b)
	}
}

func TestNegativeLifetimes(t *testing.T) {
	t.Parallel()
	_, err := authrockettest.Open(authrockettest.RealmConfig{TokenLifetime: -1, SessionLifetime: -2})
	for _, want := range []string{"TokenLifetime -1ns", "SessionLifetime -2ns"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s is not in %v", want, err)
		}
	}
}

// The race detector checks this test.
func TestConcurrentChanges(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.ReissueTokens = true })
	membership := realm.MembershipsOf(ada.ID)[0]
	auth := newAuth(t, realm.Config())
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			session, err := realm.StartSession(ada.ID)
			if err != nil {
				t.Error(err)
				return
			}
			realm.UpdateUser(ada.ID, func(u *authrockettest.User) { u.Custom = map[string]any{"i": i} })
			realm.UpdateOrg(membership.OrgID, func(o *authrockettest.Org) { o.Custom = map[string]any{"i": i} })
			realm.SetPermissions(membership.ID, fmt.Sprint(i))
			realm.SelectOrg(session.ID, membership.OrgID)
			realm.ChangeTokens(authrockettest.Claim("i", i))
			token, err := realm.SessionToken(session.ID)
			if _, bad := auth.Verify(t.Context(), token); err != nil || authrocket.Reason(bad) != "" {
				t.Errorf("got %v, %v", err, bad)
			}
			realm.EndSessionsOf("usr_none", session.ID, authrockettest.EndedByPassword)
			realm.EndSession(session.ID, authrockettest.EndedByLogout)
		})
	}
	group.Wait()
}
