package authrockettest_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func typesOf(events []authrockettest.Event) (types []string) {
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}

func TestEventsOfChanges(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		do   func(realm *authrockettest.Realm) error
		want []authrockettest.Event // without the members that all events have
	}{
		"a new user": {
			do: func(r *authrockettest.Realm) error {
				_, err := r.CreateUser(authrockettest.User{ID: "usr_2", Email: "b@example.com", Password: "engine"})
				return err
			},
			want: []authrockettest.Event{{Type: "user.created", UserID: "usr_2"}},
		},
		"a changed user": {
			do: func(r *authrockettest.Realm) error {
				_, err := r.UpdateUser("usr_1", func(u *authrockettest.User) { u.Name = "A" })
				return err
			},
			want: []authrockettest.Event{{Type: "user.updated", UserID: "usr_1"}},
		},
		"a deleted user with sessions and memberships": {
			do:   func(r *authrockettest.Realm) error { return r.DeleteUser("usr_1") },
			want: []authrockettest.Event{{Type: "user.deleted", UserID: "usr_1"}},
		},
		"a user who is refused": {
			do: func(r *authrockettest.Realm) error {
				if _, err := r.CreateUser(authrockettest.User{ID: "usr_2", Email: "ada@example.com"}); !errors.Is(err, authrockettest.ErrEmailTaken) {
					return fmt.Errorf("got %v", err)
				}
				return nil
			},
		},
		"a new org": {
			do: func(r *authrockettest.Realm) error {
				_, err := r.CreateOrg(authrockettest.Org{ID: "org_2"})
				return err
			},
			want: []authrockettest.Event{{Type: "org.created", OrgID: "org_2"}},
		},
		"a changed org": {
			do: func(r *authrockettest.Realm) error {
				_, err := r.UpdateOrg("org_1", func(o *authrockettest.Org) { o.State = authrockettest.OrgInactive })
				return err
			},
			want: []authrockettest.Event{{Type: "org.updated", OrgID: "org_1"}},
		},
		"a closed org, then renamed and deleted": {
			do: func(r *authrockettest.Realm) error {
				_, err := r.UpdateOrg("org_1", func(o *authrockettest.Org) { o.State = authrockettest.OrgClosed })
				_, err2 := r.UpdateOrg("org_1", func(o *authrockettest.Org) { o.Name = "Old" })
				return errors.Join(err, err2, r.DeleteOrg("org_1"))
			},
			want: []authrockettest.Event{{Type: "org.closed", OrgID: "org_1"}, {Type: "org.updated", OrgID: "org_1"}},
		},
		"an org that is deleted at once": {
			do:   func(r *authrockettest.Realm) error { return r.DeleteOrg("org_1") },
			want: []authrockettest.Event{{Type: "org.closed", OrgID: "org_1"}},
		},
		"a membership": {
			do: func(r *authrockettest.Realm) error {
				id := r.MembershipsOf("usr_1")[0].ID
				return errors.Join(r.SetPermissions(id, "read"), r.DeleteMembership(id))
			},
			want: []authrockettest.Event{
				{Type: "membership.updated", UserID: "usr_1", OrgID: "org_1"},
				{Type: "membership.deleted", UserID: "usr_1", OrgID: "org_1"},
			},
		},
		"a new membership": {
			do: func(r *authrockettest.Realm) error {
				if err := r.DeleteMembership(r.MembershipsOf("usr_1")[0].ID); err != nil {
					return err
				}
				_, err := r.CreateMembership("usr_1", "org_1")
				return err
			},
			want: []authrockettest.Event{
				{Type: "membership.deleted", UserID: "usr_1", OrgID: "org_1"},
				{Type: "membership.created", UserID: "usr_1", OrgID: "org_1"},
			},
		},
		"sessions that end before their time": {
			do: func(r *authrockettest.Realm) error {
				s, err := r.StartSession("usr_1")
				r.EndSession(s.ID, authrockettest.EndedByAPI)
				r.EndSessionsOf("usr_1", "", authrockettest.EndedByPassword)
				return err
			},
			want: []authrockettest.Event{
				{Type: "session.deleted", UserID: "usr_1", SessionEnd: authrockettest.EndedByAPI},
				{Type: "session.deleted", UserID: "usr_1", SessionEnd: authrockettest.EndedByPassword},
			},
		},
		"a session that has expired": {
			do: func(r *authrockettest.Realm) error {
				time.Sleep(24 * time.Hour)
				r.EndSessionsOf("usr_1", "", authrockettest.EndedByLogout)
				_, err := r.StartSession("usr_1")
				return err
			},
		},
		"a session that is one too many": {
			do: func(r *authrockettest.Realm) error {
				authrockettest.SetLimit(r, 1)
				_, err := r.StartSession("usr_1")
				return err
			},
			want: []authrockettest.Event{{Type: "session.deleted", UserID: "usr_1", SessionEnd: authrockettest.EndedByLimit}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				ada := realm.AddUser(authrockettest.User{ID: "usr_1", Email: "ada@example.com"})
				realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{ID: "org_1"}))
				session := startSession(t, realm, ada)
				var got []authrockettest.Event
				realm.OnEvent(func(e authrockettest.Event) { got = append(got, e) })
				before, err := realm.ListEvents(authrockettest.EventList{})
				if err != nil {
					t.Fatal(err)
				}
				by := authrockettest.Request{IP: "192.0.2.1", Client: "curl"}
				if err := row.do(realm.By(by)); err != nil {
					t.Fatal(err)
				}
				page, err := realm.ListEvents(authrockettest.EventList{List: authrockettest.List{After: before.Items[len(before.Items)-1].ID}})
				if err != nil || !slices.Equal(typesOf(page.Items), typesOf(got)) {
					t.Errorf("the log has %q, %v, and the listener %q", typesOf(page.Items), err, typesOf(got))
				}
				for i, e := range got {
					if e.ID == "" || !e.At.Equal(time.Now()) || e.Request != by {
						t.Errorf("got the event %+v", e)
					}
					if e.Type == "session.deleted" && (e.SessionID == "" || !e.ExpiresAt.Equal(session.ExpiresAt)) {
						t.Errorf("the event %+v does not say which session ended, and when it would have", e)
					}
					if (e.MembershipID != "") != (len(e.Type) > 10 && e.Type[:10] == "membership") {
						t.Errorf("the event %+v does not name the membership", e)
					}
					plain := authrockettest.Event{Type: e.Type, UserID: e.UserID, OrgID: e.OrgID, SessionEnd: e.SessionEnd}
					if i >= len(row.want) || !equalEvents(plain, row.want[i]) {
						t.Errorf("event %d is %+v", i, plain)
					}
				}
				if len(got) != len(row.want) {
					t.Errorf("got %q, want %q", typesOf(got), typesOf(row.want))
				}
			})
		})
	}
}

func equalEvents(a, b authrockettest.Event) bool {
	return a.Type == b.Type && a.UserID == b.UserID && a.OrgID == b.OrgID && a.SessionEnd == b.SessionEnd
}

func TestListenersMayUseTheRealm(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	var got []string
	realm.OnEvent(func(e authrockettest.Event) {
		got = append(got, "first "+e.Type)
		if e.Type == "user.created" {
			if _, err := realm.User(e.UserID); err != nil {
				t.Errorf("the listener comes before the change: %v", err)
			}
			realm.AddOrg(authrockettest.Org{}) // its event is reported after this one
		}
	})
	realm.OnEvent(func(e authrockettest.Event) {
		got = append(got, "second "+e.Type)
		e.Notifications = append(e.Notifications, authrockettest.Notification{})
	})
	realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	want := []string{"first user.created", "second user.created", "first org.created", "second org.created"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestListenersAreCalledOneAtATimeInOrder(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	var running atomic.Int32
	var got []string
	realm.OnEvent(func(e authrockettest.Event) {
		if running.Add(1) != 1 {
			t.Error("two listeners run at once")
		} else if len(got) == 0 { // another goroutine does not wait and calls no listener
			emitted := make(chan struct{})
			go func() {
				defer close(emitted)
				realm.Emit(authrockettest.Event{Type: "user.login.failed"})
			}()
			<-emitted
		}
		got = append(got, e.ID)
		running.Add(-1)
	})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 100 {
				realm.Emit(authrockettest.Event{Type: "user.login.failed"})
			}
		})
	}
	wait.Wait()
	page, err := realm.ListEvents(authrockettest.EventList{})
	ids, _, _ := idsOf(page, err)
	if err != nil || len(got) != 801 || !slices.Equal(got, ids) {
		t.Errorf("got %d events, %v, want the 801 of the log in its order", len(got), err)
	}
}

// If a listener ends its test or panics, the realm still works.
func TestListenerThatEnds(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	end := true
	var got []string
	realm.OnEvent(func(e authrockettest.Event) {
		if end {
			panic("the listener ends")
		}
		got = append(got, e.Type)
	})
	if message := panicOf(func() { realm.AddOrg(authrockettest.Org{}) }); message != "the listener ends" {
		t.Errorf("got the panic %q", message)
	}
	end = false
	realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	if !slices.Equal(got, []string{"user.created"}) {
		t.Errorf("after that the listener got %q", got)
	}
}

func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		entered, leave := make(chan struct{}), make(chan struct{})
		var got []string
		realm.OnEvent(func(e authrockettest.Event) {
			if len(got) == 0 {
				close(entered)
				<-leave
			}
			got = append(got, e.Type)
		})
		first := make(chan struct{})
		go func() {
			defer close(first)
			realm.Emit(authrockettest.Event{Type: "first"})
		}()
		<-entered
		const extra = 3
		for i := range 10_000 + extra {
			realm.Emit(authrockettest.Event{Type: fmt.Sprint(i)}) // while the listener is busy
		}
		page, err := realm.ListEvents(authrockettest.EventList{})
		if err != nil || len(page.Items) != 10_000 || page.Items[0].Type != fmt.Sprint(extra) {
			t.Errorf("the log has %d events, %v, want the last 10,000", len(page.Items), err)
		}
		close(leave)
		<-first
		if len(got) != 10_001 || got[1] != fmt.Sprint(extra) || got[10_000] != fmt.Sprint(10_000+extra-1) {
			t.Errorf("the listener got %d events, want the one that it was busy with and the last 10,000", len(got))
		}
	})
}

func TestOnChange(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	session := startSession(t, realm, ada)
	google, err := realm.CreateAuthProvider(authrockettest.AuthProvider{Type: "google"})
	if err != nil {
		t.Fatal(err)
	}
	totp := enroll(t, realm, ada.ID)
	oneTime := realm.NewOneTime(authrockettest.OneTimeLogin, ada.ID, "", time.Hour)
	event := realm.Emit(authrockettest.Event{Type: "user.login.failed"})
	keyID := realm.KeyID()
	calls := 0
	realm.OnChange(func() { t.Error("a listener that was replaced is called") })
	realm.OnChange(func() { calls++ })
	invitation := authrockettest.Invitation{ID: "nvt_1", Token: "nvt_1", Type: authrockettest.InvitationRequest, Email: "new@example.com"}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"a user", func() error { _, err := realm.CreateUser(authrockettest.User{Email: "b@example.com"}); return err }},
		{"a picked org", func() error { return realm.SelectOrg(session.ID, realm.MembershipsOf(ada.ID)[0].OrgID) }},
		{"a password", func() error { return realm.SetPassword(ada.ID, "other") }},
		{"a code", func() error {
			_, err := realm.VerifyTOTP(totp.ID, authrockettest.TOTP(totp.Secret(), time.Now().Add(30*time.Second)))
			return err
		}},
		{"a new name of a device", func() error { _, err := realm.UpdateCredential(totp.ID, "tablet", ""); return err }},
		{"a credential that goes", func() error { return realm.DeleteCredential(totp.ID) }},
		{"an auth provider", func() error {
			_, err := realm.UpdateAuthProvider(google.ID, func(p *authrockettest.AuthProvider) { p.Name = "G" })
			return err
		}},
		{"an auth provider that goes", func() error { return realm.DeleteAuthProvider(google.ID) }},
		{"a one-time token", func() error { _, err := realm.TakeOneTime(oneTime.Token); return err }},
		{"a new one-time token", func() error { realm.NewOneTime(authrockettest.OneTimeLogin, ada.ID, "", 1); return nil }},
		{"dropped one-time tokens", func() error { realm.DropOneTimes(ada.ID, authrockettest.OneTimeLogin); return nil }},
		{"an invitation", func() error { _, err := realm.CreateInvitation(invitation); return err }},
		{"an invitation that is taken", func() error { _, err := realm.TakeInvitation("nvt_1", ada.ID); return err }},
		{"an event", func() error {
			return realm.UpdateEvent(event.ID, func([]authrockettest.Notification) []authrockettest.Notification {
				return []authrockettest.Notification{{ID: "nf_1"}}
			})
		}},
		{"a session that ends", func() error { realm.EndSession(session.ID, authrockettest.EndedByLogout); return nil }},
		{"a key", func() error { realm.RotateKeys(); return nil }},
		{"a key that is withdrawn", func() error { realm.WithdrawKey(keyID); return nil }},
		{"settings", func() error {
			_, err := realm.ChangeSettings(func(s *authrockettest.Settings) { s.Name = "New" })
			return err
		}},
	} {
		before := calls
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if calls != before+1 {
			t.Errorf("%s: %d calls, want 1", step.name, calls-before)
		}
	}
	before := calls
	realm.User(ada.ID)
	realm.UpdateUser("usr_none", nil)
	if calls != before {
		t.Error("a call that changes nothing is a change")
	}
}

func TestOnChangeCoalesces(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	calls := 0
	realm.OnChange(func() {
		if calls++; calls == 1 {
			for range 10 {
				realm.AddOrg(authrockettest.Org{})
			}
		}
	})
	realm.AddOrg(authrockettest.Org{})
	if calls != 2 {
		t.Errorf("got %d calls, want one, and one more for all that changed during it", calls)
	}
}

func TestUpdateEvent(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	notifications := []authrockettest.Notification{{ID: "nf_1", State: "in_progress"}}
	event := realm.Emit(authrockettest.Event{Type: "user.login.failed", Notifications: notifications})
	event.Notifications[0].State, notifications[0].State = "x", "x"
	var kept []authrockettest.Notification
	if err := realm.UpdateEvent(event.ID, func(n []authrockettest.Notification) []authrockettest.Notification {
		if len(n) != 1 || n[0].State != "in_progress" {
			t.Errorf("got %+v, which the caller has changed", n)
		}
		n[0].State = "completed"
		kept = n
		return n
	}); err != nil {
		t.Fatal(err)
	}
	kept[0].State = "x"
	if got, err := realm.Event(event.ID); err != nil || len(got.Notifications) != 1 || got.Notifications[0].State != "completed" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := realm.UpdateEvent("ev_none", nil); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an event that there is not: got %v", err)
	}
	if _, err := realm.Event("ev_none"); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an event that there is not: got %v", err)
	}
}

func TestListEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		for _, e := range []authrockettest.Event{
			{Type: "user.login.failed", UserID: "1"},
			{Type: "user.login.succeeded", UserID: "1", SessionID: "s"},
			{Type: "user.created", UserID: "2"},
			{Type: "membership.created", UserID: "2", OrgID: "o", MembershipID: "m"},
			{Type: "invitation.org.created", InvitationID: "i", OrgID: "o"},
			{Type: "other", AuthProviderID: "a"},
		} {
			realm.Emit(e)
			time.Sleep(time.Second)
		}
		for name, row := range map[string]struct {
			list authrockettest.EventList
			want []string
		}{
			"a whole type":                    {authrockettest.EventList{Type: "user.created"}, []string{"user.created"}},
			"the beginning of a type":         {authrockettest.EventList{Type: "user.login."}, []string{"user.login.failed", "user.login.succeeded"}},
			"of a user":                       {authrockettest.EventList{UserID: "2"}, []string{"user.created", "membership.created"}},
			"of a user and type":              {authrockettest.EventList{UserID: "2", Type: "user."}, []string{"user.created"}},
			"of an org":                       {authrockettest.EventList{OrgID: "o"}, []string{"membership.created", "invitation.org.created"}},
			"of a membership":                 {authrockettest.EventList{MembershipID: "m"}, []string{"membership.created"}},
			"of a session":                    {authrockettest.EventList{SessionID: "s"}, []string{"user.login.succeeded"}},
			"of an invitation":                {authrockettest.EventList{InvitationID: "i"}, []string{"invitation.org.created"}},
			"of an auth provider":             {authrockettest.EventList{AuthProviderID: "a"}, []string{"other"}},
			"since a time, which is included": {authrockettest.EventList{Since: time.Now().Add(-2 * time.Second)}, []string{"invitation.org.created", "other"}},
			"since a time just after":         {authrockettest.EventList{Since: time.Now().Add(-2*time.Second + 1)}, []string{"other"}},
		} {
			page, err := realm.ListEvents(row.list)
			if got := typesOf(page.Items); err != nil || !slices.Equal(got, row.want) {
				t.Errorf("%s: got %q, %v, want %q", name, got, err, row.want)
			}
		}
	})
}
