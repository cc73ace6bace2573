package authrockettest_test

import (
	"errors"
	"slices"
	"testing"

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
