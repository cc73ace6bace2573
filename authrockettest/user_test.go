package authrockettest_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{ID: "usr_1", Email: "ada@example.com", Username: "Ada"})
	for _, row := range []struct {
		name string
		user authrockettest.User
		want error // nil for any
		ok   bool
	}{
		{name: "a new one", user: authrockettest.User{Email: " George@Example.com ", FirstName: "George", LastName: "Boole"}, ok: true},
		{name: "an ID that is taken", user: authrockettest.User{ID: "usr_1", Email: "new@example.com"}, want: authrockettest.ErrIDTaken},
		{name: "an email that is taken in other case", user: authrockettest.User{Email: "ADA@example.com"}, want: authrockettest.ErrEmailTaken},
		{name: "a username that is taken in other case", user: authrockettest.User{Email: "new@example.com", Username: "aDA"}, want: authrockettest.ErrUsernameTaken},
		{name: "no email", user: authrockettest.User{Email: " ", Username: "new"}},
	} {
		before := len(realm.Users())
		got, err := realm.CreateUser(row.user)
		if (err == nil) != row.ok || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
		if !row.ok {
			if got.ID != "" || len(realm.Users()) != before {
				t.Errorf("%s: got the user %q of %d", row.name, got.ID, len(realm.Users()))
			}
			continue
		}
		if got.ID == "" || got.Email != "george@example.com" || got.Name != "George Boole" {
			t.Errorf("%s: got %+v", row.name, got)
		}
	}
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{ID: "usr_0", Email: "george@example.com", Username: "george"})
	realm.AddUser(authrockettest.User{ID: "usr_1", Email: "ada@example.com", Username: "ada", FirstName: "Ada"})
	for _, row := range []struct {
		name   string
		id     string
		change func(*authrockettest.User)
		want   error
		ok     bool
	}{
		{name: "a name", id: "usr_1", change: func(u *authrockettest.User) { u.FirstName, u.Name = "Augusta", "" }, ok: true},
		{name: "the own email and username in other case", id: "usr_1", change: func(u *authrockettest.User) { u.Email, u.Username = "ADA@example.com", "ADA" }, ok: true},
		{name: "an ID stays", id: "usr_1", change: func(u *authrockettest.User) { u.ID = "usr_0" }, ok: true},
		{name: "an email that is taken", id: "usr_1", change: func(u *authrockettest.User) { u.Name, u.Email = "x", "george@example.com" }, want: authrockettest.ErrEmailTaken},
		{name: "a username that is taken", id: "usr_1", change: func(u *authrockettest.User) { u.Name, u.Username = "x", "George" }, want: authrockettest.ErrUsernameTaken},
		{name: "no email", id: "usr_1", change: func(u *authrockettest.User) { u.Name, u.Email = "x", "" }},
		{name: "nobody", id: "usr_none", change: func(*authrockettest.User) { t.Error("change is called for nobody") }, want: authrockettest.ErrNotFound},
	} {
		_, err := realm.UpdateUser(row.id, row.change)
		if (err == nil) != row.ok || row.want != nil && !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
	got, err := realm.User("usr_1")
	if err != nil || got.Name != "Augusta" || got.Email != "ada@example.com" || got.Username != "ADA" {
		t.Errorf("got %+v, %v, want what was changed and nothing of what was refused", got, err)
	}
	if other, err := realm.User("usr_0"); err != nil || other.Email != "george@example.com" {
		t.Errorf("the other user is %+v, %v", other, err)
	}
}

func TestUserByLogin(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{ID: "usr_Ab", Email: "ada@example.com", Username: "Countess"})
	realm.AddUser(authrockettest.User{ID: "usr_2", Email: "plain@example.com"})
	for _, row := range []struct{ name, login, want string }{
		{name: "an email", login: "ada@example.com", want: "usr_Ab"},
		{name: "an email in other case, with spaces", login: " ADA@Example.com\t", want: "usr_Ab"},
		{name: "a username in other case", login: "cOUNTESS", want: "usr_Ab"},
		{name: "an ID", login: "usr_Ab", want: "usr_Ab"},
		{name: "an ID in other case is another", login: "usr_ab"},
		{name: "nothing is nobody, also where users have no username"},
		{name: "spaces are nobody", login: "  "},
		{name: "a stranger", login: "eve@example.com"},
	} {
		got, err := realm.UserByLogin(row.login)
		if got.ID != row.want || (row.want == "") != errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("%s: got %q, %v, want %q", row.name, got.ID, err, row.want)
		}
	}
}

func TestOrgs(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	engines, err := realm.CreateOrg(authrockettest.Org{Name: "Engines"})
	if err != nil || engines.ID == "" {
		t.Fatalf("got %+v, %v", engines, err)
	}
	if _, err := realm.CreateOrg(authrockettest.Org{ID: engines.ID}); !errors.Is(err, authrockettest.ErrIDTaken) {
		t.Errorf("an ID that is taken: got %v", err)
	}
	updated, err := realm.UpdateOrg(engines.ID, func(o *authrockettest.Org) { o.ID, o.Name = "org_other", "Analytical Engines" })
	if err != nil || updated.ID != engines.ID || updated.Name != "Analytical Engines" {
		t.Errorf("got %+v, %v", updated, err)
	}
	if got, err := realm.Org(engines.ID); err != nil || got.Name != "Analytical Engines" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := realm.Org("org_other"); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an org that there is not: got %v", err)
	}
	if _, err := realm.UpdateOrg("org_other", func(*authrockettest.Org) { t.Error("change is called for nothing") }); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an org that there is not is updated: got %v", err)
	}
}

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

// What goes in and what comes out belongs to the caller: changing it changes
// nothing in the realm.
func TestValuesAreCopies(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	custom := map[string]any{"plan": "pro"}
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Custom: custom})
	engines := realm.AddOrg(authrockettest.Org{Name: "Engines", Custom: custom})
	tags := []string{"read"}
	membership := realm.AddMembership(ada, engines, tags...)
	var kept authrockettest.User
	realm.UpdateUser(ada.ID, func(u *authrockettest.User) { kept = *u })
	updated, err := realm.UpdateOrg(engines.ID, func(o *authrockettest.Org) { o.Reference = "7" })
	if err != nil {
		t.Fatal(err)
	}
	byID, _ := realm.User(ada.ID)
	byLogin, _ := realm.UserByLogin(ada.Email)
	org, _ := realm.Org(engines.ID)
	set := []string{"read"}
	realm.SetPermissions(membership.ID, set...)

	for _, m := range []map[string]any{
		custom, ada.Custom, engines.Custom, kept.Custom, updated.Custom, byID.Custom, byLogin.Custom, realm.Users()[0].Custom, org.Custom,
	} {
		m["plan"] = "free"
	}
	for _, s := range [][]string{tags, set, membership.Permissions, realm.MembershipsOf(ada.ID)[0].Permissions, realm.Members(engines.ID)[0].Permissions} {
		s[0] = "write"
	}

	user, _ := realm.User(ada.ID)
	org, _ = realm.Org(engines.ID)
	if user.Custom["plan"] != "pro" || org.Custom["plan"] != "pro" {
		t.Errorf("the realm has %v and %v", user.Custom, org.Custom)
	}
	if got := realm.MembershipsOf(ada.ID)[0].Permissions; got[0] != "read" {
		t.Errorf("the realm has the permissions %q", got)
	}
}
