package authrockettest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestSessionWithoutRealm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		user        authrockettest.User
		org         authrockettest.Org
		permissions []string
		want        string
	}{
		{
			name: "nothing is given",
			want: "usr_test Test User test@example.com, mb_test of org_test Test Org may []",
		},
		{
			name:        "permissions only",
			permissions: []string{"billing:write", "ar:owner"},
			want:        "usr_test Test User test@example.com, mb_test of org_test Test Org may [billing:write ar:owner]",
		},
		{
			name: "a user and an org",
			user: authrockettest.User{ID: "usr_7", Name: "Ada Lovelace", Email: "ada@example.com"},
			org:  authrockettest.Org{ID: "org_7", Name: "Analytical Engines"},
			want: "usr_7 Ada Lovelace ada@example.com, mb_test of org_7 Analytical Engines may []",
		},
		{
			name: "names without IDs",
			user: authrockettest.User{FirstName: "Ada", LastName: "Lovelace"},
			org:  authrockettest.Org{Name: "Analytical Engines"},
			want: "usr_test Ada Lovelace test@example.com, mb_test of org_test Analytical Engines may []",
		},
		{
			name: "an email without a name",
			user: authrockettest.User{Email: "ada@example.com"},
			want: "usr_test ada@example.com ada@example.com, mb_test of org_test Test Org may []",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := authrockettest.Session(row.user, row.org, row.permissions...)
			m, _ := s.Membership()
			got := s.User.ID + " " + s.User.Name + " " + s.User.Email + ", " + m.ID + " of " + m.Org.ID + " " + m.Org.Name + " may [" + strings.Join(m.Permissions(), " ") + "]"
			if got != row.want || s.RealmID != "rl_test" || s.ID() != "kss_test" || !m.Selected || len(s.Memberships()) != 1 {
				t.Errorf("got  %s in %s, session %s\nwant %s", got, s.RealmID, s.ID(), row.want)
			}
		})
	}
}

func TestSessionWithoutRealmHasAllFields(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := authrockettest.Session(authrockettest.User{
			Username: "ada", Locale: "en", Reference: "42", Custom: map[string]any{"plan": "pro"}, EmailVerification: authrocket.EmailVerified,
		}, authrockettest.Org{Reference: "7", Custom: map[string]any{"tier": 3}})
		org, _ := s.Org()
		if s.User.Username != "ada" || s.User.Locale != "en" || s.User.Reference != "42" || s.User.Custom()["plan"] != "pro" ||
			s.User.EmailVerification != authrocket.EmailVerified || org.Reference != "7" || org.Custom()["tier"] != json.Number("3") {
			t.Errorf("got %+v of %+v", s.User, org)
		}
		if !s.IssuedAt.Equal(time.Now()) || !s.ExpiresAt.Equal(time.Now().Add(24*time.Hour)) {
			t.Errorf("got %s to %s, want 24 hours from now", s.IssuedAt, s.ExpiresAt)
		}
	})
}

// A Session is for handlers only: no gate accepts its token.
func TestSessionWithoutRealmIsNoCredential(t *testing.T) {
	t.Parallel()
	token := authrockettest.Session(authrockettest.User{}, authrockettest.Org{}).Token()
	for _, algorithm := range []string{"RS256", "HS256"} {
		realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.ID, c.Algorithm = "rl_test", algorithm })
		if got := verify(t, newAuth(t, realm.Config()), token); !slices.Contains([]string{"bad_signature", "wrong_algorithm"}, got) {
			t.Errorf("an app of an %s realm: got %q, want that the token is refused", algorithm, got)
		}
	}
}

func TestRealmSession(t *testing.T) {
	t.Parallel()
	for name, configure := range algorithms {
		inRealm(t, name, func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
			s := realm.Session(ada, authrockettest.Claim("locale", "fr"))
			org, _ := s.Org()
			if s.User.ID != ada.ID || s.User.Name != "Ada Lovelace" || s.User.Locale != "fr" || s.RealmID != realm.ID() ||
				org.Name != "Analytical Engines" || !s.HasPermission("billing:write") {
				t.Errorf("got %+v of %+v", s, org)
			}
		}, configure)
	}
	inRealm(t, "of several orgs", func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
		realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"}))
		if got := len(realm.Session(ada).Memberships()); got != 1 {
			t.Errorf("got %d memberships, want the picked one", got)
		}
		if got := len(realm.Session(ada, authrockettest.AllOrgs()).Memberships()); got != 2 {
			t.Errorf("got %d memberships with AllOrgs, want 2", got)
		}
	})
	inRealm(t, "of a token that an older key signed", func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
		old := realm.KeyID()
		realm.RotateKeys()
		if s := realm.Session(ada, authrockettest.SignedBy(old)); s.User.ID != ada.ID {
			t.Errorf("got user %q, want %q", s.User.ID, ada.ID)
		}
	})
}
