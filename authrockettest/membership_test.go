package authrockettest_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestMemberships(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	george := realm.AddUser(authrockettest.User{Email: "george@example.com"})
	engines := realm.AddOrg(authrockettest.Org{Name: "Engines"})
	widgets := realm.AddOrg(authrockettest.Org{Name: "Widgets"})

	first, err := realm.CreateMembership(ada.ID, engines.ID, "ar:owner")
	if err != nil || first.ID == "" || first.UserID != ada.ID || first.OrgID != engines.ID || !slices.Equal(first.Permissions, []string{"ar:owner"}) {
		t.Fatalf("got %+v, %v", first, err)
	}
	second := realm.AddMembership(ada, widgets)
	third := realm.AddMembership(george, engines, "read")
	for _, row := range []struct {
		name        string
		user, org   string
		want        error
		memberships int
	}{
		{name: "twice", user: ada.ID, org: engines.ID, want: authrockettest.ErrMember, memberships: 2},
		{name: "of nobody", user: "usr_none", org: engines.ID, want: authrockettest.ErrNotFound},
		{name: "in nothing", user: ada.ID, org: "org_none", want: authrockettest.ErrNotFound, memberships: 2},
	} {
		if _, err := realm.CreateMembership(row.user, row.org); !errors.Is(err, row.want) || len(realm.MembershipsOf(row.user)) != row.memberships {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
	ids := func(memberships []authrockettest.Membership) (ids []string) {
		for _, m := range memberships {
			ids = append(ids, m.ID)
		}
		return ids
	}
	if got := ids(realm.MembershipsOf(ada.ID)); !slices.Equal(got, []string{first.ID, second.ID}) {
		t.Errorf("memberships of Ada: got %q, want the oldest first", got)
	}
	if got := ids(realm.Members(engines.ID)); !slices.Equal(got, []string{first.ID, third.ID}) {
		t.Errorf("members of Engines: got %q, want the oldest first", got)
	}
	if err := realm.SetPermissions(third.ID, "write", "delete"); err != nil {
		t.Error(err)
	}
	if got := realm.MembershipsOf(george.ID)[0].Permissions; !slices.Equal(got, []string{"write", "delete"}) {
		t.Errorf("got the permissions %q", got)
	}
	if err := realm.DeleteMembership(first.ID); err != nil {
		t.Error(err)
	}
	if got := ids(realm.MembershipsOf(ada.ID)); !slices.Equal(got, []string{second.ID}) {
		t.Errorf("after the first has ended: got %q", got)
	}
	for name, err := range map[string]error{
		"permissions of none": realm.SetPermissions(first.ID, "read"),
		"end of none":         realm.DeleteMembership(first.ID),
	} {
		if !errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
}

// orgsIn returns the IDs of the orgs in a token.
func orgsIn(t *testing.T, token string) (ids []string) {
	t.Helper()
	list, _ := part(t, token, 1)["orgs"].([]any)
	for _, entry := range list {
		ids = append(ids, entry.(map[string]any)["oid"].(string))
	}
	return ids
}

func TestMembershipsThatDoNotCount(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		do         func(realm *authrockettest.Realm, m authrockettest.Membership) error
		want       bool // the membership is valid
		wantMember bool // the user is among the members of the org
	}{
		"one that has not expired yet": {want: true, wantMember: true, do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			_, err := r.UpdateMembership(m.ID, func(m *authrockettest.Membership) { m.ExpiresAt = time.Now().Add(time.Nanosecond) })
			return err
		}},
		"one that has expired": {do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			_, err := r.UpdateMembership(m.ID, func(m *authrockettest.Membership) { m.ExpiresAt = time.Now() })
			return err
		}},
		"one that expires while the token could be made again": {do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			_, err := r.UpdateMembership(m.ID, func(m *authrockettest.Membership) { m.ExpiresAt = time.Now().Add(time.Hour) })
			sessions, _ := r.ListSessions(authrockettest.SessionList{UserID: m.UserID})
			_, err2 := r.SessionToken(sessions.Items[0].ID)
			time.Sleep(time.Hour)
			return errors.Join(err, err2)
		}},
		"one that has expired, and is extended": {want: true, wantMember: true, do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			_, err := r.UpdateMembership(m.ID, func(m *authrockettest.Membership) { m.ExpiresAt = time.Now() })
			_, err2 := r.UpdateMembership(m.ID, func(m *authrockettest.Membership) { m.ID, m.UserID, m.OrgID, m.ExpiresAt = "x", "x", "x", time.Time{} })
			return errors.Join(err, err2)
		}},
		"one in an inactive org": {wantMember: true, do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			_, err := r.UpdateOrg(m.OrgID, func(o *authrockettest.Org) { o.State = authrockettest.OrgInactive })
			return err
		}},
		"one in an org that is active again": {want: true, wantMember: true, do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			_, err := r.UpdateOrg(m.OrgID, func(o *authrockettest.Org) { o.State = authrockettest.OrgInactive })
			_, err2 := r.UpdateOrg(m.OrgID, func(o *authrockettest.Org) { o.State = authrockettest.OrgActive })
			return errors.Join(err, err2)
		}},
		"one in a closed org, which stays closed": {wantMember: true, do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			_, err := r.UpdateOrg(m.OrgID, func(o *authrockettest.Org) { o.State = authrockettest.OrgClosed })
			if _, err := r.UpdateOrg(m.OrgID, func(o *authrockettest.Org) { o.State = authrockettest.OrgActive }); !errors.Is(err, authrockettest.ErrClosed) {
				return fmt.Errorf("a closed org is opened again: %v", err)
			}
			return err
		}},
		"one that was deleted": {do: func(r *authrockettest.Realm, m authrockettest.Membership) error { return r.DeleteMembership(m.ID) }},
		"one in an org that was deleted": {do: func(r *authrockettest.Realm, m authrockettest.Membership) error {
			err := r.DeleteOrg(m.OrgID)
			r.AddOrg(authrockettest.Org{ID: m.OrgID}) // with the same ID
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm, ada := withAda(t, func(c *authrockettest.RealmConfig) {
					c.ReissueTokens, c.JWTScopes = true, []string{authrockettest.ScopeOrgs}
				})
				m := realm.MembershipsOf(ada.ID)[0]
				session := startSession(t, realm, ada)
				if err := realm.SelectOrg(session.ID, m.OrgID); err != nil {
					t.Fatal(err)
				}
				sessionToken(t, realm, session.ID)
				if err := row.do(realm, m); err != nil {
					t.Fatal(err)
				}
				var want []string
				if row.want {
					want = []string{m.OrgID}
				}
				api, err := realm.APIToken(session.ID)
				if err != nil {
					t.Fatal(err)
				}
				for what, token := range map[string]string{"LoginRocket": sessionToken(t, realm, session.ID), "the Core API": api, "Token": realm.Token(ada)} {
					if got := orgsIn(t, token); !slices.Equal(got, want) {
						t.Errorf("the token of %s has the orgs %q, want %q", what, got, want)
					}
				}
				if n := len(realm.MembershipsOf(ada.ID)); (n == 1) != row.want {
					t.Errorf("%d memberships count", n)
				}
				if n := len(realm.Members(m.OrgID)); (n == 1) != row.wantMember {
					t.Errorf("the org has %d members", n)
				}
				if err := realm.SelectOrg(startSession(t, realm, ada).ID, m.OrgID); (err == nil) != row.want {
					t.Errorf("the org is picked: %v", err)
				}
			})
		})
	}
}

func TestDeletedOrgTakesAllAlong(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	org := realm.MembershipsOf(ada.ID)[0].OrgID
	other := realm.AddOrg(authrockettest.Org{})
	realm.AddMembership(ada, other)
	for i := range 20 { // more than deleteGroup deletes one by one
		user := realm.AddUser(authrockettest.User{Email: fmt.Sprint(i, "@example.com")})
		realm.AddMembership(user, authrockettest.Org{ID: org})
		realm.AddMembership(user, other)
		invite(t, realm, authrockettest.Invitation{Type: authrockettest.InvitationOrg, Email: fmt.Sprint(i, "@example.com"), OrgID: []string{org, other.ID}[i%2]})
	}
	if err := realm.DeleteOrg(org); err != nil {
		t.Fatal(err)
	}
	if err := realm.DeleteOrg(org); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an org is deleted twice: %v", err)
	}
	memberships, _ := realm.ListMemberships(authrockettest.MembershipList{})
	invitations, _ := realm.ListInvitations(authrockettest.InvitationList{})
	for _, m := range memberships.Items {
		if m.OrgID != other.ID || len(realm.MembershipsOf(m.UserID)) != 1 {
			t.Errorf("left is %+v", m)
		}
	}
	for _, i := range invitations.Items {
		if i.OrgID != other.ID {
			t.Errorf("left is %+v", i)
		}
	}
	if len(memberships.Items) != 21 || len(invitations.Items) != 10 || len(realm.Members(org)) != 0 || len(realm.Members(other.ID)) != 21 {
		t.Errorf("left are %d memberships and %d invitations, want 21 and 10", len(memberships.Items), len(invitations.Items))
	}
	if again := reopened(t, realm); !reflect.DeepEqual(authrockettest.Everything(again)["memberships"], authrockettest.Everything(realm)["memberships"]) {
		t.Error("the realm is saved with other memberships")
	}
}
