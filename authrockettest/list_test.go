package authrockettest_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// idsOf returns the IDs of the records in a page.
func idsOf[T any](page authrockettest.Page[T], err error) (ids []string, more bool, _ error) {
	for _, item := range page.Items {
		ids = append(ids, idOf(item))
	}
	return ids, page.More, err
}

func idOf(record any) string {
	switch r := record.(type) {
	case authrockettest.User:
		return r.ID
	case authrockettest.Org:
		return r.ID
	case authrockettest.Membership:
		return r.ID
	case authrockettest.HostedSession:
		return r.ID
	case authrockettest.Invitation:
		return r.ID
	case authrockettest.Event:
		return r.ID
	}
	panic(fmt.Sprintf("%T has no ID", record))
}

// lister returns a page of some records.
type lister func(authrockettest.List) (ids []string, more bool, err error)

// listed is a realm with records, and the IDs in each list, in its order.
func listed(t *testing.T) (realm *authrockettest.Realm, lists map[string]lister, want map[string][]string) {
	realm = authrockettest.NewRealm(t)
	var users, inactive, orgs, byName, ofAda, ofOrg, sessions, invitations, events []string
	for i := range 6 {
		state := authrockettest.UserActive
		if i%2 == 1 {
			state = authrockettest.UserInactive
		}
		user := realm.AddUser(authrockettest.User{Email: fmt.Sprintf("user-%d@example.com", i), Reference: fmt.Sprint("ref", i), State: state})
		users = append(users, user.ID)
		if i%2 == 1 {
			inactive = append(inactive, user.ID)
		}
	}
	ada, err := realm.User(users[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"c", "a", "b", "a", "", "d"} {
		org := realm.AddOrg(authrockettest.Org{Name: name, Reference: fmt.Sprint("ref", i%2)})
		orgs = append(orgs, org.ID)
		ofAda = append(ofAda, realm.AddMembership(ada, org).ID)
	}
	for _, i := range []int{4, 1, 3, 2, 0, 5} { // of two records with the same name, the one with the lower ID comes first
		byName = append(byName, orgs[i])
	}
	ofOrg = append(ofOrg, ofAda[2])
	for _, id := range users[1:] {
		m, err := realm.CreateMembership(id, orgs[2])
		if err != nil {
			t.Fatal(err)
		}
		ofOrg = append(ofOrg, m.ID)
	}
	for range 6 {
		sessions = append(sessions, startSession(t, realm, ada).ID)
	}
	startSession(t, realm, authrockettest.User{ID: users[2]}) // this session is not in the list of Ada's sessions
	for i := range 6 {
		invitation, err := realm.CreateInvitation(authrockettest.Invitation{Type: authrockettest.InvitationReferral, Email: fmt.Sprintf("new-%d@example.com", i)})
		if err != nil {
			t.Fatal(err)
		}
		invitations = append(invitations, invitation.ID)
		events = append(events, realm.Emit(authrockettest.Event{Type: "user.login.failed", UserID: ada.ID}).ID)
	}
	return realm, map[string]lister{
			"users": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListUsers(authrockettest.UserList{List: l}))
			},
			"inactive users": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListUsers(authrockettest.UserList{List: l, State: authrockettest.UserInactive}))
			},
			"orgs": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListOrgs(authrockettest.OrgList{List: l}))
			},
			"orgs by name": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListOrgs(authrockettest.OrgList{List: l, ByName: true}))
			},
			"memberships of a user": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListMemberships(authrockettest.MembershipList{List: l, UserID: ada.ID}))
			},
			"memberships in an org": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListMemberships(authrockettest.MembershipList{List: l, OrgID: orgs[2]}))
			},
			"sessions of a user": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListSessions(authrockettest.SessionList{List: l, UserID: ada.ID}))
			},
			"invitations": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListInvitations(authrockettest.InvitationList{List: l}))
			},
			"events of a type": func(l authrockettest.List) ([]string, bool, error) {
				return idsOf(realm.ListEvents(authrockettest.EventList{List: l, Type: "user.login."}))
			},
		}, map[string][]string{
			"users": users, "inactive users": inactive, "orgs": orgs, "orgs by name": byName, "memberships of a user": ofAda,
			"memberships in an org": ofOrg, "sessions of a user": sessions, "invitations": invitations, "events of a type": events,
		}
}

func TestPagesHoldEveryRecordOnceInOrder(t *testing.T) {
	t.Parallel()
	_, lists, wants := listed(t)
	for name, list := range lists {
		for _, isDescending := range []bool{false, true} {
			want := slices.Clone(wants[name])
			if isDescending {
				slices.Reverse(want)
			}
			for limit := range len(want) + 2 { // 0 means no limit
				var got []string
				after, pages := "", 0
				for more := true; more; pages++ {
					ids, m, err := list(authrockettest.List{After: after, Limit: limit, Descending: isDescending})
					if err != nil || len(ids) == 0 || limit > 0 && len(ids) > limit || pages > len(want) {
						t.Fatalf("%s, limit %d, descending %t, after %q: got %q, %v", name, limit, isDescending, after, ids, err)
					}
					got, more, after = append(got, ids...), m, ids[len(ids)-1]
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, limit %d, descending %t: got %q, want %q", name, limit, isDescending, got, want)
				}
				if ids, more, err := list(authrockettest.List{After: after, Limit: limit, Descending: isDescending}); len(ids) > 0 || more || err != nil {
					t.Errorf("%s, descending %t: after the last one there is %q, more %t, %v", name, isDescending, ids, more, err)
				}
			}
		}
	}
}

func TestListAfterWhatIsNotThere(t *testing.T) {
	t.Parallel()
	realm, lists, want := listed(t)
	users, orgs, ofAda := want["users"], want["orgs"], want["memberships of a user"]
	for _, err := range []error{realm.DeleteUser(users[3]), realm.DeleteOrg(orgs[3]), realm.DeleteMembership(ofAda[4])} {
		if err != nil {
			t.Fatal(err)
		}
	}
	renamed, err := realm.UpdateOrg(orgs[1], func(o *authrockettest.Org) { o.Name = "z" })
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		list    string
		after   string
		down    bool
		want    []string
		wantErr error
	}{
		"a deleted record: what came after it":               {list: "users", after: users[3], want: users[4:]},
		"a deleted record, descending: what came before it":  {list: "users", after: users[3], down: true, want: []string{users[2], users[1], users[0]}},
		"a deleted record of a group":                        {list: "memberships of a user", after: ofAda[4], want: ofAda[5:]},
		"an ID below all":                                    {list: "users", after: "usr_", want: slices.Concat(users[:3], users[4:])},
		"an ID above all":                                    {list: "users", after: "usr_~"},
		"an ID above all, descending":                        {list: "users", after: "usr_~", down: true, want: []string{users[5], users[4], users[2], users[1], users[0]}},
		"an ID below all, descending":                        {list: "users", after: "a", down: true},
		"a record of another group":                          {list: "memberships of a user", after: ofAda[5] + "~"},
		"by name, a deleted org is an error":                 {list: "orgs by name", after: orgs[3], wantErr: authrockettest.ErrAfter},
		"by name, an org that never was is an error":         {list: "orgs by name", after: "org_none", wantErr: authrockettest.ErrAfter},
		"by name, an org counts by the name that it has now": {list: "orgs by name", after: renamed.ID},
		"by name, the org before it":                         {list: "orgs by name", after: orgs[5], want: []string{renamed.ID}},
	} {
		got, more, err := lists[row.list](authrockettest.List{After: row.after, Descending: row.down})
		if !slices.Equal(got, row.want) || more || !errors.Is(err, row.wantErr) {
			t.Errorf("%s: got %q, more %t, %v, want %q, %v", name, got, more, err, row.want, row.wantErr)
		}
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	ada := realm.AddUser(authrockettest.User{ID: "usr_1", Email: "Ada@Example.com", Username: "Ada", Reference: "r"})
	realm.AddUser(authrockettest.User{ID: "usr_2", Email: "bea@example.com", Username: "Bea", Reference: "r", State: authrockettest.UserInactive})
	for i, state := range []authrockettest.OrgState{"", authrockettest.OrgInactive, authrockettest.OrgClosed} {
		realm.AddOrg(authrockettest.Org{ID: fmt.Sprint("org_", i+1), Name: "Same", Reference: fmt.Sprint("r", i/2), State: state})
	}
	realm.AddOrg(authrockettest.Org{ID: "org_4", Name: "Other", Reference: "r0"})
	mb1, mb2 := realm.AddMembership(ada, authrockettest.Org{ID: "org_1"}), realm.AddMembership(ada, authrockettest.Org{ID: "org_3"})
	mb3, err := realm.CreateMembership("usr_2", "org_1")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []authrockettest.Invitation{
		{ID: "nvt_1", Type: authrockettest.InvitationOrg, OrgID: "org_1", Email: "New@example.com"},
		{ID: "nvt_2", Type: authrockettest.InvitationOrg, OrgID: "org_4", Email: "new@example.com"},
		{ID: "nvt_3", Type: authrockettest.InvitationRequest, Email: "new@example.com"},
		{ID: "nvt_4", Type: authrockettest.InvitationOrg, OrgID: "org_1", Email: "other@example.com"},
		{ID: "nvt_5", Type: authrockettest.InvitationRequest, Email: "new@example.com", CreatedAt: time.Now().Add(-time.Hour), ExpiresAt: time.Now().Add(-time.Second)},
	} {
		if _, err := realm.CreateInvitation(i); err != nil {
			t.Fatal(err)
		}
	}
	users := func(l authrockettest.UserList) func() ([]string, bool, error) {
		return func() ([]string, bool, error) { return idsOf(realm.ListUsers(l)) }
	}
	orgs := func(l authrockettest.OrgList) func() ([]string, bool, error) {
		return func() ([]string, bool, error) { return idsOf(realm.ListOrgs(l)) }
	}
	memberships := func(l authrockettest.MembershipList) func() ([]string, bool, error) {
		return func() ([]string, bool, error) { return idsOf(realm.ListMemberships(l)) }
	}
	invitations := func(l authrockettest.InvitationList) func() ([]string, bool, error) {
		return func() ([]string, bool, error) { return idsOf(realm.ListInvitations(l)) }
	}
	for name, row := range map[string]struct {
		list func() ([]string, bool, error)
		want []string
	}{
		"users by email in other case":         {list: users(authrockettest.UserList{Email: "aDA@example.com"}), want: []string{"usr_1"}},
		"users by username in other case":      {list: users(authrockettest.UserList{Username: "bEA"}), want: []string{"usr_2"}},
		"users by reference":                   {list: users(authrockettest.UserList{Reference: "r"}), want: []string{"usr_1", "usr_2"}},
		"users by reference and state":         {list: users(authrockettest.UserList{Reference: "r", State: authrockettest.UserInactive}), want: []string{"usr_2"}},
		"users by email and another username":  {list: users(authrockettest.UserList{Email: "ada@example.com", Username: "bea"})},
		"users by email and another reference": {list: users(authrockettest.UserList{Email: "ada@example.com", Reference: "x"})},
		"users by an email that none has":      {list: users(authrockettest.UserList{Email: "eve@example.com"})},
		"orgs by state":                        {list: orgs(authrockettest.OrgList{State: authrockettest.OrgClosed}), want: []string{"org_3"}},
		"orgs by reference":                    {list: orgs(authrockettest.OrgList{Reference: "r0"}), want: []string{"org_1", "org_2", "org_4"}},
		"orgs by reference, sorted by name":    {list: orgs(authrockettest.OrgList{Reference: "r0", ByName: true}), want: []string{"org_4", "org_1", "org_2"}},
		"orgs by reference and state":          {list: orgs(authrockettest.OrgList{Reference: "r0", State: authrockettest.OrgInactive}), want: []string{"org_2"}},
		"memberships of all":                   {list: memberships(authrockettest.MembershipList{}), want: []string{mb1.ID, mb2.ID, mb3.ID}},
		"memberships by user and org":          {list: memberships(authrockettest.MembershipList{UserID: "usr_1", OrgID: "org_3"}), want: []string{mb2.ID}},
		"memberships by org":                   {list: memberships(authrockettest.MembershipList{OrgID: "org_1"}), want: []string{mb1.ID, mb3.ID}},
		"invitations that have not expired":    {list: invitations(authrockettest.InvitationList{}), want: []string{"nvt_1", "nvt_2", "nvt_3", "nvt_4"}},
		"invitations by email in other case":   {list: invitations(authrockettest.InvitationList{Email: "NEW@example.com"}), want: []string{"nvt_1", "nvt_2", "nvt_3"}},
		"invitations by email and org":         {list: invitations(authrockettest.InvitationList{Email: "new@example.com", OrgID: "org_4"}), want: []string{"nvt_2"}},
		"invitations by org":                   {list: invitations(authrockettest.InvitationList{OrgID: "org_1"}), want: []string{"nvt_1", "nvt_4"}},
		"invitations by type":                  {list: invitations(authrockettest.InvitationList{Type: authrockettest.InvitationRequest}), want: []string{"nvt_3"}},
	} {
		if got, more, err := row.list(); !slices.Equal(got, row.want) || more || err != nil {
			t.Errorf("%s: got %q, more %t, %v, want %q", name, got, more, err, row.want)
		}
	}
}

func TestIndexesFollowTheRecords(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{ID: "usr_1", Email: "old@example.com", Username: "old", Reference: "old"})
	find := func() map[string]int {
		found := make(map[string]int)
		for _, text := range []string{"old", "new"} {
			for kind, list := range map[string]authrockettest.UserList{
				"email": {Email: text + "@example.com"}, "username": {Username: text}, "reference": {Reference: text},
			} {
				page, _ := realm.ListUsers(list)
				found[text+" "+kind] = len(page.Items)
			}
		}
		return found
	}
	for _, step := range []struct {
		name     string
		do       func() error
		old, new int
	}{
		{name: "after an update", new: 1, do: func() error {
			_, err := realm.UpdateUser("usr_1", func(u *authrockettest.User) {
				u.Email, u.Username, u.Reference = "new@example.com", "new", "new"
			})
			return err
		}},
		{name: "another one takes what is free now", old: 1, new: 1, do: func() error {
			_, err := realm.CreateUser(authrockettest.User{ID: "usr_2", Email: "old@example.com", Username: "OLD", Reference: "old"})
			return err
		}},
		{name: "after a delete", old: 1, do: func() error { return realm.DeleteUser("usr_1") }},
		{name: "made again with the same ID", old: 1, new: 1, do: func() error {
			_, err := realm.CreateUser(authrockettest.User{ID: "usr_1", Email: "new@example.com", Username: "new", Reference: "new"})
			return err
		}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		for what, n := range find() {
			if want := map[string]int{"old": step.old, "new": step.new}[what[:3]]; n != want {
				t.Errorf("%s: %d users have the %s, want %d", step.name, n, what, want)
			}
		}
	}
	if users := realm.Users(); len(users) != 2 || users[0].ID != "usr_2" || users[1].ID != "usr_1" {
		t.Errorf("got %v, want the one that was made again last", users)
	}
}

// A reader that reads page after page while others write misses nothing, because a
// later record has a higher ID.
func TestConcurrentInsertsComeAfterThePage(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	const writers, each = 8, 200
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for range each {
				if _, err := realm.CreateOrg(authrockettest.Org{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()
	var got []string
	after, isDone := "", false
	for more := true; !isDone || more; {
		select {
		case <-done:
			isDone = true
		default:
		}
		var ids []string
		ids, more, _ = idsOf(realm.ListOrgs(authrockettest.OrgList{List: authrockettest.List{After: after, Limit: 7}}))
		if len(ids) > 0 {
			got, after = append(got, ids...), ids[len(ids)-1]
		}
	}
	if len(got) != writers*each || !slices.IsSorted(got) {
		t.Errorf("got %d orgs, sorted %t, want %d", len(got), slices.IsSorted(got), writers*each)
	}
}
