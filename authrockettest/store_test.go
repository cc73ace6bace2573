package authrockettest_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// found reports which records of a user a view shows.
func found(view *authrockettest.View, userID string) string {
	var kinds []string
	if _, err := view.User(userID); err == nil {
		kinds = append(kinds, "user")
	}
	if len(view.MembershipsOf(userID)) > 0 {
		kinds = append(kinds, "membership")
	}
	if page, _ := view.ListSessions(authrockettest.SessionList{UserID: userID}); len(page.Items) > 0 {
		kinds = append(kinds, "session")
	}
	if len(view.CredentialsOf(userID)) > 0 {
		kinds = append(kinds, "credential")
	}
	if page, _ := view.ListEvents(authrockettest.EventList{UserID: userID, Type: "user."}); len(page.Items) > 0 {
		kinds = append(kinds, "event "+page.Items[len(page.Items)-1].Type)
	}
	return strings.Join(kinds, ", ")
}

func TestBehindShowsChangesLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		org := realm.AddOrg(authrockettest.Org{Name: "Engines"})
		view, slower := realm.Behind(2*time.Second), realm.Behind(5*time.Second)
		ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "engine"})
		realm.AddMembership(ada, org)
		session := startSession(t, realm, ada)
		const all = "user, membership, session, credential, event user.created"
		for _, step := range []struct {
			name              string
			wait              time.Duration
			do                func() error
			now, view, slower string
		}{
			{name: "at once", now: all},
			{name: "just before the delay", wait: 2*time.Second - 1, now: all},
			{name: "after the delay, the view that is not read too", wait: 1, now: all, view: all},
			{name: "after the longer delay", wait: 3 * time.Second, now: all, view: all, slower: all},
			{name: "a delete", do: func() error { return realm.DeleteUser(ada.ID) }, now: "event user.deleted", view: all, slower: all},
			{name: "a delete, late", wait: 2 * time.Second, now: "event user.deleted", view: "event user.deleted", slower: all},
			{name: "a delete, later", wait: 3 * time.Second, now: "event user.deleted", view: "event user.deleted", slower: "event user.deleted"},
		} {
			time.Sleep(step.wait)
			if step.do != nil {
				if err := step.do(); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
			}
			for name, row := range map[string]struct {
				view *authrockettest.View
				want string
			}{"the realm": {realm.View, step.now}, "the view": {view, step.view}, "the slower view": {slower, step.slower}} {
				if got := found(row.view, ada.ID); got != row.want {
					t.Errorf("%s: %s has %q, want %q", step.name, name, got, row.want)
				}
			}
		}
		if _, err := view.LookUpSession(session.ID); !errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("the session of a deleted user: got %v", err)
		}
	})
}

func TestBehindStartsWithWhatIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t)
		view := realm.Behind(time.Hour)
		if _, err := realm.UpdateUser(ada.ID, func(u *authrockettest.User) { u.Name = "Augusta" }); err != nil {
			t.Fatal(err)
		}
		got, err := view.User(ada.ID)
		if err != nil || got.Name != "Ada Lovelace" || len(view.MembershipsOf(ada.ID)) != 1 || len(view.AuthProviders()) != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
		if byLogin, err := view.UserByLogin("ADA@example.com"); err != nil || byLogin.ID != ada.ID || !view.CheckPassword(ada.ID, "engine") {
			t.Errorf("the indexes of the view have %+v, %v", byLogin, err)
		}
	})
}

// A view shows all records of one call or none. Otherwise a reader could see users
// without their password or without their event.
func TestBehindShowsACallWhole(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	view := realm.Behind(time.Millisecond)
	for i := range 20 {
		user := realm.AddUser(authrockettest.User{Email: fmt.Sprint(i, "@example.com"), Password: "engine"})
		for {
			if _, err := view.User(user.ID); err == nil {
				break
			}
		}
		if got := found(view, user.ID); got != "user, credential, event user.created" {
			t.Fatalf("the view has %q", got)
		}
	}
}

func TestBehindHoldsBackNoMoreThanTheRealmHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		authrockettest.SetLimit(realm, 100)
		view := realm.Behind(time.Hour)
		for i := range 150 {
			realm.Emit(authrockettest.Event{Type: fmt.Sprint("user.", i)})
		}
		page, err := view.ListEvents(authrockettest.EventList{})
		if err != nil || len(page.Items) != 50 || page.Items[49].Type != "user.49" {
			t.Errorf("the view shows %d events, %v, want the oldest 50 of 150", len(page.Items), err)
		}
	})
}

func TestViewsThatNobodyHasAreForgotten(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	kept := realm.Behind(time.Hour)
	for range 10 {
		realm.Behind(time.Hour)
	}
	runtime.GC()
	realm.AddOrg(authrockettest.Org{})
	if got := authrockettest.ViewCount(realm); got != 1 {
		t.Errorf("the realm has %d views, want the one in use", got)
	}
	if page, _ := kept.ListOrgs(authrockettest.OrgList{}); len(page.Items) != 0 {
		t.Error("the view in use shows a change at once")
	}
}

func TestIDsGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the clock does not move here
		realm := authrockettest.NewRealm(t)
		var ids []string
		for range 200 {
			ids = append(ids, realm.AddOrg(authrockettest.Org{}).ID)
		}
		if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Error("the IDs do not grow")
		}
		for _, id := range ids {
			if len(id) != len("org_")+22 || strings.Trim(id[4:], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
				t.Fatalf("got the ID %q", id)
			}
		}
	})
}
