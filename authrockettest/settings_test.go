package authrockettest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func change(t *testing.T, realm *authrockettest.Realm, do func(*authrockettest.Settings)) {
	t.Helper()
	if _, err := realm.ChangeSettings(do); err != nil {
		t.Fatal(err)
	}
}

func TestAlgorithmChangesWhileTheRealmRuns(t *testing.T) {
	t.Parallel()
	for first, configure := range algorithms {
		inRealm(t, "from "+first, func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
			session := startSession(t, realm, ada)
			second := map[string]string{"RS256": "HS256", "HS256": "RS256"}[first]
			old := realm.Token(ada)
			oldAuth := newAuth(t, realm.Config())
			change(t, realm, func(s *authrockettest.Settings) { s.Algorithm = second })
			token := sessionToken(t, realm, session.ID)
			if got := part(t, token, 0)["alg"]; got != second || (realm.KeyID() == "") != (second == "HS256") {
				t.Errorf("a token has the alg %q, want %q", got, second)
			}
			wantReason(t, newAuth(t, realm.Config()), token, "")
			wantReason(t, oldAuth, old, "")
			if verify(t, oldAuth, token) == "" {
				t.Error("an app with the old algorithm accepts a token with the new one")
			}
			change(t, realm, func(s *authrockettest.Settings) { s.Algorithm = first })
			wantReason(t, oldAuth, sessionToken(t, realm, session.ID), "")
		}, configure, func(c *authrockettest.RealmConfig) { c.ReissueTokens = true })
	}
}

func TestKeysDoNotRotateWhileHS256Signs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		first := realm.KeyID()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			realm.RotateKeysEvery(ctx, time.Hour, 0)
		}()
		synctest.Wait()
		change(t, realm, func(s *authrockettest.Settings) { s.Algorithm = "HS256" })
		time.Sleep(3*time.Hour + time.Minute)
		synctest.Wait()
		change(t, realm, func(s *authrockettest.Settings) { s.Algorithm = "RS256" })
		if realm.KeyID() != first {
			t.Error("a key took the place of the first one")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if realm.KeyID() == first {
			t.Error("the rotation does not go on")
		}
		cancel()
		<-ended
	})
}

func TestScopesOfAPITokens(t *testing.T) {
	t.Parallel()
	inRealm(t, "", func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
		realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{Name: "Widgets"}))
		session := startSession(t, realm, ada)
		orgs := func() int {
			t.Helper()
			token, err := realm.APIToken(session.ID)
			if err != nil {
				t.Fatal(err)
			}
			wantReason(t, newAuth(t, realm.Config()), token, "")
			list, _ := part(t, token, 1)["orgs"].([]any)
			return len(list)
		}
		for _, step := range []struct {
			name   string
			scopes []string
			want   int
		}{
			{name: "no scopes: no orgs"},
			{name: "other scopes: no orgs", scopes: []string{"ar.other"}},
			{name: "ar.orgs: all orgs", scopes: []string{"ar.other", authrockettest.ScopeOrgs}, want: 2},
			{name: "no scopes again", scopes: []string{}},
		} {
			change(t, realm, func(s *authrockettest.Settings) { s.JWTScopes = step.scopes })
			if got := orgs(); got != step.want {
				t.Errorf("%s: got %d", step.name, got)
			}
		}
		if err := realm.SelectOrg(session.ID, realm.MembershipsOf(ada.ID)[1].OrgID); err != nil {
			t.Fatal(err)
		}
		if list, _ := part(t, sessionToken(t, realm, session.ID), 1)["orgs"].([]any); len(list) != 1 {
			t.Errorf("without the scope a token of LoginRocket has %d orgs, want the picked one", len(list))
		}
		if _, err := realm.APIToken("kss_none"); !errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("a token of no session: got %v", err)
		}
	})
}

func TestChangeSettings(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	scopes := []string{authrockettest.ScopeOrgs}
	change(t, realm, func(s *authrockettest.Settings) {
		*s = authrockettest.Settings{Name: "Engines", JWTScopes: scopes, OrgMode: authrockettest.MultiUser, Signup: authrockettest.SignupClosed, RequireName: true}
	})
	scopes[0] = "x"
	realm.Settings().JWTScopes[0] = "x"
	want := authrockettest.Settings{Name: "Engines", Algorithm: "RS256", OrgMode: authrockettest.MultiUser, Signup: authrockettest.SignupClosed, RequireName: true}
	for name, wrong := range map[string]func(*authrockettest.Settings){
		"an algorithm that there is not": func(s *authrockettest.Settings) { s.Name, s.Algorithm = "x", "none" },
		"a mode that there is not":       func(s *authrockettest.Settings) { s.Name, s.OrgMode = "x", "x" },
		"a signup that there is not":     func(s *authrockettest.Settings) { s.Name, s.Signup = "x", "x" },
	} {
		if _, err := realm.ChangeSettings(wrong); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	got := realm.Settings()
	if !slices.Equal(got.JWTScopes, []string{authrockettest.ScopeOrgs}) {
		t.Errorf("got the scopes %q", got.JWTScopes)
	}
	if got.Name != want.Name || got.Algorithm != want.Algorithm || got.OrgMode != want.OrgMode || got.Signup != want.Signup || !got.RequireName {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
