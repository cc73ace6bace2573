package authrockettest_test

import (
	"reflect"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// The realm copies values that it receives and returns. So a caller who changes them
// changes nothing in the realm.
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

func TestNestedCustomIsCopied(t *testing.T) {
	t.Parallel()
	nested := func() map[string]any {
		return map[string]any{
			"list": []any{"a", []any{"b"}}, "texts": []string{"a"}, "map": map[string]any{"k": "a"}, "none": nil, "nothing": []any(nil),
		}
	}
	spoil := func(custom map[string]any) {
		custom["list"].([]any)[1].([]any)[0] = "x"
		custom["list"].([]any)[0] = "x"
		custom["texts"].([]string)[0] = "x"
		custom["map"].(map[string]any)["k"] = "x"
		custom["new"] = "x"
	}
	realm := authrockettest.NewRealm(t)
	in := nested()
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Custom: in})
	org := realm.AddOrg(authrockettest.Org{Custom: in})
	spoil(in)
	users, _ := realm.ListUsers(authrockettest.UserList{})
	orgs, _ := realm.ListOrgs(authrockettest.OrgList{})
	for _, out := range []map[string]any{ada.Custom, org.Custom, users.Items[0].Custom, orgs.Items[0].Custom} {
		spoil(out)
	}
	realm.UpdateUser(ada.ID, func(u *authrockettest.User) { spoil(u.Custom); u.Custom = nested() })
	user, _ := realm.User(ada.ID)
	stored, _ := realm.Org(org.ID)
	for name, got := range map[string]map[string]any{"user": user.Custom, "org": stored.Custom} {
		if want := nested(); !reflect.DeepEqual(got, want) {
			t.Errorf("the %s has %v, want %v", name, got, want)
		}
	}
}
