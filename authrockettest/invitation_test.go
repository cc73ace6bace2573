package authrockettest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func invite(t *testing.T, realm *authrockettest.Realm, i authrockettest.Invitation) authrockettest.Invitation {
	t.Helper()
	i, err := realm.CreateInvitation(i)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestInvitationsOfEachType(t *testing.T) {
	t.Parallel()
	for _, kind := range []authrockettest.InvitationType{
		authrockettest.InvitationOrg, authrockettest.InvitationPreverify, authrockettest.InvitationReferral, authrockettest.InvitationRequest,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm, ada := withAda(t)
				orgID := ""
				if kind == authrockettest.InvitationOrg {
					orgID = realm.MembershipsOf(ada.ID)[0].OrgID
				}
				var got []authrockettest.Event
				realm.OnEvent(func(e authrockettest.Event) { got = append(got, e) })
				i := invite(t, realm, authrockettest.Invitation{Type: kind, Email: " New@Example.com", OrgID: orgID, InvitingUserID: ada.ID})
				if i.ID == "" || i.Token == "" || i.Token == i.ID || i.Email != "new@example.com" || !i.CreatedAt.Equal(time.Now()) ||
					!i.ExpiresAt.Equal(time.Now().AddDate(0, 0, 30)) || !i.InvitedAt.IsZero() {
					t.Errorf("got %+v", i)
				}
				update := func(change func(*authrockettest.Invitation)) {
					t.Helper()
					if _, err := realm.UpdateInvitation(i.ID, change); err != nil {
						t.Fatal(err)
					}
				}
				update(func(i *authrockettest.Invitation) { i.ID, i.Token, i.Type, i.Locale = "x", "x", "x", "es" })
				update(func(i *authrockettest.Invitation) { i.InvitedAt = time.Now() })
				taken, err := realm.TakeInvitation(i.Token, "usr_new")
				if err != nil || taken.ID != i.ID || taken.Locale != "es" || taken.Type != kind {
					t.Errorf("got %+v, %v", taken, err)
				}
				if _, err := realm.TakeInvitation(i.Token, "usr_new"); !errors.Is(err, authrockettest.ErrNotFound) {
					t.Errorf("an invitation is taken twice: %v", err)
				}
				invite(t, realm, authrockettest.Invitation{Type: kind, Email: "late@example.com", OrgID: orgID})
				time.Sleep(30 * 24 * time.Hour)
				realm.ExpireInvitations()
				realm.ExpireInvitations()
				var want []string
				for _, what := range []string{"created", "updated", "invited", "accepted", "created", "expired"} {
					want = append(want, fmt.Sprintf("invitation.%s.%s", kind, what))
				}
				if types := typesOf(got); !slices.Equal(types, want) {
					t.Fatalf("got %q, want %q", types, want)
				}
				for n, e := range got {
					user := map[int]string{3: "usr_new", 4: "", 5: ""}
					if _, ok := user[n]; !ok {
						user[n] = ada.ID
					}
					if e.InvitationID == "" || e.OrgID != orgID || e.UserID != user[n] || (e.Token != "") != (n == 2) {
						t.Errorf("event %d is %+v", n, e)
					}
				}
				if got[2].Token != i.Token {
					t.Error("the mail of the invitation has another token")
				}
			})
		})
	}
}

func TestInvitationsExpire(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		do        func(realm *authrockettest.Realm, i authrockettest.Invitation) error
		want      error
		wantEvent bool // at once, since reads change nothing
	}{
		"read": {want: authrockettest.ErrNotFound, do: func(r *authrockettest.Realm, i authrockettest.Invitation) error {
			_, err := r.Invitation(i.ID)
			return err
		}},
		"read by token": {want: authrockettest.ErrNotFound, do: func(r *authrockettest.Realm, i authrockettest.Invitation) error {
			_, err := r.InvitationByToken(i.Token)
			return err
		}},
		"listed": {do: func(r *authrockettest.Realm, i authrockettest.Invitation) error {
			page, err := r.ListInvitations(authrockettest.InvitationList{})
			if len(page.Items) != 0 {
				return errors.New("it is in the list")
			}
			return err
		}},
		"taken": {want: authrockettest.ErrNotFound, wantEvent: true, do: func(r *authrockettest.Realm, i authrockettest.Invitation) error {
			_, err := r.TakeInvitation(i.Token, "usr_1")
			return err
		}},
		"changed": {want: authrockettest.ErrNotFound, wantEvent: true, do: func(r *authrockettest.Realm, i authrockettest.Invitation) error {
			_, err := r.UpdateInvitation(i.ID, func(i *authrockettest.Invitation) { i.ExpiresAt = time.Now().Add(time.Hour) })
			return err
		}},
		"deleted": {want: authrockettest.ErrNotFound, wantEvent: true, do: func(r *authrockettest.Realm, i authrockettest.Invitation) error {
			return r.DeleteInvitation(i.ID)
		}},
		"made again with the same ID": {wantEvent: true, do: func(r *authrockettest.Realm, i authrockettest.Invitation) error {
			i.ExpiresAt = time.Time{}
			_, err := r.CreateInvitation(i)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				i := invite(t, realm, authrockettest.Invitation{Type: authrockettest.InvitationReferral, Email: "new@example.com", ExpiresAt: time.Now().Add(time.Hour)})
				time.Sleep(time.Hour - 1)
				if _, err := realm.Invitation(i.ID); err != nil {
					t.Errorf("it expires too early: %v", err)
				}
				realm.ExpireInvitations() // too early to expire anything
				time.Sleep(time.Nanosecond)
				if err := row.do(realm, i); !errors.Is(err, row.want) {
					t.Errorf("got %v, want %v", err, row.want)
				}
				for _, wantEvent := range []bool{row.wantEvent, true} {
					page, err := realm.ListEvents(authrockettest.EventList{Type: "invitation.referral.expired", InvitationID: i.ID})
					if err != nil || (len(page.Items) == 1) != wantEvent {
						t.Errorf("got %d events, %v", len(page.Items), err)
					}
					realm.ExpireInvitations()
				}
			})
		})
	}
}

func TestInvitationsThatAreRefused(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	org := realm.AddOrg(authrockettest.Org{})
	i := invite(t, realm, authrockettest.Invitation{Type: authrockettest.InvitationOrg, Email: "a@example.com", OrgID: org.ID})
	for name, row := range map[string]struct {
		change func(*authrockettest.Invitation)
		want   error // nil means any error
		isNew  bool  // an update cannot cause it
	}{
		"no email":                     {change: func(i *authrockettest.Invitation) { i.Email = " " }},
		"no org for the type org":      {change: func(i *authrockettest.Invitation) { i.OrgID = "" }},
		"an org that there is not":     {change: func(i *authrockettest.Invitation) { i.OrgID = "org_none" }, want: authrockettest.ErrNotFound},
		"an org for another type":      {change: func(i *authrockettest.Invitation) { i.Type = authrockettest.InvitationReferral }, isNew: true},
		"a type that there is not":     {change: func(i *authrockettest.Invitation) { i.Type = "x" }, isNew: true},
		"the ID of another invitation": {change: func(n *authrockettest.Invitation) { n.ID = i.ID }, want: authrockettest.ErrIDTaken, isNew: true},
		"the token of another one":     {change: func(n *authrockettest.Invitation) { n.Token = i.Token }, want: authrockettest.ErrIDTaken, isNew: true},
	} {
		refused := authrockettest.Invitation{Type: authrockettest.InvitationOrg, Email: "b@example.com", OrgID: org.ID}
		row.change(&refused)
		if got, err := realm.CreateInvitation(refused); err == nil || row.want != nil && !errors.Is(err, row.want) || got.ID != "" {
			t.Errorf("a new one with %s: got %v", name, err)
		}
		if _, err := realm.UpdateInvitation(i.ID, row.change); !row.isNew && (err == nil || row.want != nil && !errors.Is(err, row.want)) {
			t.Errorf("an update to %s: got %v", name, err)
		}
	}
	if got, err := realm.Invitation(i.ID); err != nil || got.Email != i.Email || got.OrgID != org.ID {
		t.Errorf("got %+v, %v, want nothing of what was refused", got, err)
	}
	for name, err := range map[string]error{
		"an update": func() error { _, err := realm.UpdateInvitation("nvt_none", nil); return err }(),
		"a delete":  realm.DeleteInvitation("nvt_none"),
	} {
		if !errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("%s of what there is not: got %v", name, err)
		}
	}
	if err := realm.DeleteInvitation(i.ID); err != nil {
		t.Error(err)
	}
	if _, err := realm.InvitationByToken(i.Token); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an invitation that was taken back: got %v", err)
	}
}
