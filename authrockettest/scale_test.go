package authrockettest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	manyUsers   = 10_000
	perUser     = 5 // memberships per user
	manyOrgs    = 1_000
	pageOfScale = 100
)

// largeRealm is a realm in which user i is in the orgs i, i+1, ... of 1,000.
func largeRealm(t testing.TB) (realm *authrockettest.Realm, users, orgs []string) {
	realm = authrockettest.NewRealm(t)
	for i := range manyOrgs {
		orgs = append(orgs, realm.AddOrg(authrockettest.Org{Name: fmt.Sprintf("Org %03d", (i*7)%manyOrgs)}).ID)
	}
	for i := range manyUsers {
		users = append(users, realm.AddUser(authrockettest.User{Email: fmt.Sprintf("user-%d@example.com", i)}).ID)
		for j := range perUser {
			if _, err := realm.CreateMembership(users[i], orgs[(i+j)%manyOrgs]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return realm, users, orgs
}

// readings are the reads of a large realm that must be fast. Each reads at the nth
// place, and returns that many records.
func readings(realm *authrockettest.Realm, users, orgs []string) map[string]func(n int) (int, error) {
	count := func(ids []string, _ bool, err error) (int, error) { return len(ids), err }
	page := func(after string) authrockettest.List { return authrockettest.List{After: after, Limit: pageOfScale} }
	return map[string]func(int) (int, error){
		"user": func(n int) (int, error) { _, err := realm.User(users[n%manyUsers]); return 1, err },
		"user by email": func(n int) (int, error) {
			_, err := realm.UserByLogin(fmt.Sprintf("user-%d@example.com", n%manyUsers))
			return 1, err
		},
		"users by id": func(n int) (int, error) {
			return count(idsOf(realm.ListUsers(authrockettest.UserList{List: page(users[n%(manyUsers-pageOfScale)])})))
		},
		"memberships by id": func(n int) (int, error) {
			return count(idsOf(realm.ListMemberships(authrockettest.MembershipList{List: authrockettest.List{Limit: pageOfScale, Descending: true}})))
		},
		"memberships by user": func(n int) (int, error) {
			return count(idsOf(realm.ListMemberships(authrockettest.MembershipList{List: page(""), UserID: users[n%manyUsers]})))
		},
		"memberships by org": func(n int) (int, error) {
			return count(idsOf(realm.ListMemberships(authrockettest.MembershipList{List: page(""), OrgID: orgs[n%manyOrgs]})))
		},
		"orgs by name": func(n int) (int, error) {
			after := orgs[0] // the org with the lowest name
			return count(idsOf(realm.ListOrgs(authrockettest.OrgList{List: page(after), ByName: true})))
		},
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	realm, users, orgs := largeRealm(t)
	want := map[string]int{
		"user": 1, "user by email": 1, "users by id": pageOfScale, "memberships by id": pageOfScale,
		"memberships by user": perUser, "memberships by org": manyUsers * perUser / manyOrgs, "orgs by name": pageOfScale,
	}
	for name, read := range readings(realm, users, orgs) {
		for _, n := range []int{0, 4_321, 9_899} {
			if got, err := read(n); err != nil || got != want[name] {
				t.Errorf("%s at %d: got %d records, %v, want %d", name, n, got, err, want[name])
			}
		}
	}
	again := reopened(t, realm)
	var all []string
	for more, after := true, ""; more; after = all[len(all)-1] {
		var ids []string
		var err error
		ids, more, err = idsOf(again.ListMemberships(authrockettest.MembershipList{List: authrockettest.List{After: after, Limit: 1_000}}))
		if err != nil || len(ids) == 0 {
			t.Fatalf("got %d, %v", len(ids), err)
		}
		all = append(all, ids...)
	}
	if len(all) != manyUsers*perUser || !slices.IsSorted(all) || again.UserCount() != manyUsers {
		t.Errorf("the realm is saved with %d memberships of %d users", len(all), again.UserCount())
	}
}

func BenchmarkScale(b *testing.B) {
	realm, users, orgs := largeRealm(b)
	for name, read := range readings(realm, users, orgs) {
		b.Run(name, func(b *testing.B) {
			for n := 0; b.Loop(); n++ {
				if _, err := read(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("delete a user", func(b *testing.B) {
		for n := 0; b.Loop() && n < manyUsers; n++ {
			if err := realm.DeleteUser(users[manyUsers-1-n]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
