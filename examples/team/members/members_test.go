package members_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// changes are what a form changes, by the names of world.records; "" is for what is gone.
type changes = map[string]string

func TestForms(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		as      string
		prepare func(world)
		path    func(world) string
		form    form
		status  int    // default: 303, back to the list
		text    string // in the page, or in the URL that it leads to
		want    changes
	}{
		// Permissions.
		"an owner changes permissions": {
			as: ada, path: member(george, "permissions"), form: permissions(reports, bill), text: "/members?done=changed",
			want: changes{george: "[billing:write reports:read shop:old]"},
		},
		"a permission that is taken ends the sessions": {
			as: ada, path: member(charles, "permissions"), form: permissions(reports), text: "/members?done=changed",
			want: changes{charles: "[reports:read]", "usr_charles sessions": "0"},
		},
		"all permissions are taken, but for those that the page does not have": {
			as: ada, path: member(george, "permissions"), want: changes{george: "[shop:old]", "usr_george sessions": "0"},
		},
		"all permissions are taken": {
			as: ada, path: member(charles, "permissions"), want: changes{charles: "[]", "usr_charles sessions": "0"},
		},
		"a manager takes what managers have": {
			as: charles, path: member(george, "permissions"), form: permissions(manage),
			want: changes{george: "[members:write shop:old]", "usr_george sessions": "0"},
		},
		"a manager leaves what managers do not have": {
			as: charles, prepare: func(w world) { w.setPermissions(george, bill, reports) }, path: member(george, "permissions"), form: permissions(manage),
			want: changes{george: "[billing:write members:write]", "usr_george sessions": "0"},
		},
		"a manager cannot give what managers do not have": {
			as: charles, path: member(george, "permissions"), form: permissions(bill), status: http.StatusForbidden, text: "do not have yourself",
		},
		"a manager cannot become an owner": {
			as: charles, path: member(charles, "permissions"), form: permissions(owner, manage, reports), status: http.StatusForbidden, text: "do not have yourself",
		},
		"a permission that the product does not have is refused": {
			as: ada, path: member(george, "permissions"), form: permissions(reports, "ar:admin"), status: http.StatusForbidden, text: "do not have yourself",
		},
		"a manager cannot demote an owner": {
			as: charles, path: member(ada, "permissions"), form: permissions(manage), status: http.StatusForbidden, text: "Only an owner",
		},
		"the list goes on where it was": {
			as: ada, path: member(george, "permissions"), form: form{"permission": {reports}, "after": {"mb_1"}}, text: "/members?after=mb_1&done=changed",
		},

		// Removing, and ending sessions.
		"a member is removed and signed out": {
			as: charles, path: member(george, "remove"), text: "/members?done=removed", want: changes{george: "", "usr_george sessions": "0"},
		},
		"a manager cannot remove an owner": {
			as: charles, path: member(ada, "remove"), status: http.StatusForbidden, text: "Only an owner",
		},
		"sessions of a member are ended": {
			as: charles, path: member(george, "end-sessions"), text: "/members?done=ended", want: changes{"usr_george sessions": "0"},
		},
		"a manager cannot end sessions of an owner": {
			as: charles, path: member(ada, "end-sessions"), status: http.StatusForbidden, text: "Only an owner",
		},
		"somebody leaves": {
			as: charles, path: member(charles, "remove"), text: "/members?done=removed", want: changes{charles: "", "usr_charles sessions": "0"},
		},

		// The last owner.
		"the last owner cannot leave": {
			as: ada, path: member(ada, "remove"), status: http.StatusConflict, text: "An account needs an owner",
		},
		"the last owner cannot be demoted": {
			as: ada, path: member(ada, "permissions"), form: permissions(manage, bill), status: http.StatusConflict, text: "An account needs an owner",
		},
		"the last owner changes other permissions": {
			as: ada, path: member(ada, "permissions"), form: permissions(owner, manage, bill, reports),
			want: changes{ada: "[ar:owner billing:write members:write reports:read]"},
		},
		"one of two owners leaves": {
			as: ada, prepare: func(w world) { w.setPermissions(charles, owner) }, path: member(ada, "remove"), want: changes{ada: "", "usr_ada sessions": "0"},
		},
		"an owner of another account does not count": {
			as: ada, prepare: func(w world) { w.setPermissions(mary, owner) }, path: member(ada, "remove"), status: http.StatusConflict,
		},
		"an owner whose membership has ended does not count": {
			as: ada, prepare: func(w world) {
				w.setPermissions(charles, owner)
				w.endMembership(charles)
			}, path: member(ada, "remove"), status: http.StatusConflict, text: "An account needs an owner",
		},

		// Another account.
		"permissions of another account's member": {
			as: ada, path: member(mary, "permissions"), form: permissions(reports), status: http.StatusNotFound, text: "no longer in your account",
		},
		"another account's member is not removed": {
			as: ada, path: member(mary, "remove"), status: http.StatusNotFound, text: "no longer in your account",
		},
		"sessions of another account's member": {
			as: ada, path: member(mary, "end-sessions"), status: http.StatusNotFound, text: "no longer in your account",
		},
		"another account's invitation is not sent": {
			as: ada, path: invitation(hopper, "resend"), status: http.StatusNotFound, text: "no longer in your account",
		},
		"another account's invitation is not withdrawn": {
			as: ada, path: invitation(hopper, "withdraw"), status: http.StatusNotFound, text: "no longer in your account",
		},
		"an address that another account has invited is invited here, too": {
			as: ada, path: to("/members/invite"), form: form{"email": {hopper}, "permission": {bill}}, text: "/members?done=invited",
			want: changes{hopper: "billing:write;reports:read;", hopper + " mails": "x"},
		},
		"an invitation of the realm is of no account": {
			as: ada, prepare: func(w world) { w.addReferral("referred@example.com") }, path: invitation("referred@example.com", "withdraw"), status: http.StatusNotFound,
		},

		// Invitations.
		"somebody is invited": {
			as: charles, path: to("/members/invite"), form: form{"email": {" New@example.com"}, "permission": {reports}}, text: "/members?done=invited",
			want: changes{"new@example.com": "reports:read;", "new@example.com mails": "x"},
		},
		"somebody is invited again, with other permissions": {
			as: ada, path: to("/members/invite"), form: form{"email": {"GRACE@example.com"}, "permission": {bill}}, text: "/members?done=invited",
			want: changes{grace: "billing:write;", grace + " mails": "x"},
		},
		"an invitation is sent again": {
			as: charles, path: invitation(grace, "resend"), text: "/members?done=sent", want: changes{grace + " mails": "x"},
		},
		"an invitation is withdrawn": {
			as: charles, path: invitation(grace, "withdraw"), text: "/members?done=withdrawn", want: changes{grace: ""},
		},
		"nobody is invited": {
			as: ada, path: to("/members/invite"), form: form{"email": {" "}}, status: http.StatusUnprocessableEntity, text: "Enter an email address",
		},
		"AuthRocket's words are shown": {
			as: ada, path: to("/members/invite"), form: form{"email": {"no address"}, "permission": {bill}}, status: http.StatusUnprocessableEntity,
			text: "<p>Email is not an email address.</p>",
		},
		"a manager cannot invite an owner": {
			as: charles, path: to("/members/invite"), form: form{"email": {"new@example.com"}, "permission": {owner}}, status: http.StatusForbidden, text: "do not have yourself",
		},
		"a manager cannot change the invitation of an owner": {
			as: charles, path: to("/members/invite"), form: form{"email": {boss}}, status: http.StatusForbidden, text: "Only an owner",
		},
		"a manager cannot send the invitation of an owner": {
			as: charles, path: invitation(boss, "resend"), status: http.StatusForbidden, text: "Only an owner",
		},
		"a manager cannot withdraw the invitation of an owner": {
			as: charles, path: invitation(boss, "withdraw"), status: http.StatusForbidden, text: "Only an owner",
		},

		// Oneself.
		"everybody may sign out everywhere": {
			as: george, path: to("/sign-out-everywhere"), text: "/auth/logout?return_to=%2F", want: changes{"usr_george sessions": "0"},
		},

		// What is not there.
		"a member who is not there": {
			as: ada, path: to("/members/mb_nobody/remove"), status: http.StatusNotFound, text: "no longer in your account",
		},
		"a form that cannot be read takes nothing": {
			as: ada, path: member(george, "permissions"), form: form{"permission": {reports}, "x": {strings.Repeat("x", 70_000)}}, status: http.StatusBadRequest, text: "cannot be read",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				if row.prepare != nil {
					row.prepare(w)
				}
				before := w.records()
				status := row.status
				if status == 0 {
					status = http.StatusSeeOther
				}
				wantAnswer(w.t, w.post(row.as, row.path(w), row.form), status, row.text)
				w.wantChanges(before, row.want)
			})
		})
	}
}

func member(userID, action string) func(world) string {
	return func(w world) string { return w.path(userID, action) }
}

func invitation(email, action string) func(world) string {
	return to("/members/invitations/" + invitationID(email) + "/" + action)
}

func to(path string) func(world) string { return func(world) string { return path } }

func (w world) setPermissions(userID string, permissions ...string) {
	w.t.Helper()
	for _, m := range w.realm.MembershipsOf(userID) {
		if err := w.realm.SetPermissions(m.ID, permissions...); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w world) endMembership(userID string) {
	w.t.Helper()
	_, err := w.realm.UpdateMembership(w.realm.MembershipsOf(userID)[0].ID, func(m *authrockettest.Membership) { m.ExpiresAt = time.Now().Add(-time.Minute) })
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) addReferral(email string) {
	w.t.Helper()
	if _, err := w.realm.CreateInvitation(authrockettest.Invitation{ID: invitationID(email), Type: authrockettest.InvitationReferral, Email: email}); err != nil {
		w.t.Fatal(err)
	}
}

// Each route but the style is behind a gate.
func TestGates(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		as, method, path, origin string
		status                   int
	}{
		"a visitor goes to the login":             {method: "GET", path: "/members", status: http.StatusSeeOther},
		"a member without the permission":         {as: george, method: "GET", path: "/members", status: http.StatusForbidden},
		"who has it":                              {as: charles, method: "GET", path: "/members", status: http.StatusOK},
		"the style is for everybody":              {method: "GET", path: "/members/style.css", status: http.StatusOK},
		"a form of a visitor":                     {method: "POST", path: "/members/invite", status: http.StatusUnauthorized},
		"signing out everywhere needs a session":  {method: "POST", path: "/sign-out-everywhere", status: http.StatusUnauthorized},
		"signing out everywhere from other sites": {as: george, method: "POST", path: "/sign-out-everywhere", origin: "https://evil.example", status: http.StatusForbidden},
		"inviting without the permission":         {as: george, method: "POST", path: "/members/invite", status: http.StatusForbidden},
		"inviting from another site":              {as: ada, method: "POST", path: "/members/invite", origin: "https://evil.example", status: http.StatusForbidden},
		"sending without the permission":          {as: george, method: "POST", path: "/members/invitations/nvt_grace/resend", status: http.StatusForbidden},
		"withdrawing without the permission":      {as: george, method: "POST", path: "/members/invitations/nvt_grace/withdraw", status: http.StatusForbidden},
		"changing without the permission":         {as: george, method: "POST", path: "george/permissions", status: http.StatusForbidden},
		"removing without the permission":         {as: george, method: "POST", path: "george/remove", status: http.StatusForbidden},
		"ending sessions without the permission":  {as: george, method: "POST", path: "george/end-sessions", status: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				before := w.records()
				path := row.path
				if action, ok := strings.CutPrefix(path, "george/"); ok {
					path = w.path(george, action)
				}
				origin := row.origin
				if origin == "" {
					origin = "https://example.com"
				}
				wantAnswer(w.t, w.send(row.as, row.method, path, permissions(reports), origin), row.status)
				w.wantChanges(before, nil)
			})
		})
	}
}

// A login token names the account whose members are shown, or shows nobody's.
func TestNoAccount(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		entry  map[string]any // of the claim orgs
		status int
	}{
		"an account":               {entry: map[string]any{"oid": engines, "perm": []string{manage}}, status: http.StatusOK},
		"an account without an ID": {entry: map[string]any{"perm": []string{manage}}, status: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				w.tokens[charles] = w.realm.Token(authrockettest.User{ID: charles}, authrockettest.Claim("orgs", []any{row.entry}))
				wantAnswer(w.t, w.get(charles, "/members"), row.status)
			})
		})
	}
}

// What is taken is gone at the next request, with the login token that there is.
func TestEffectAtOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		as     string
		path   func(world) string
		form   form
		status int // of the next request of Charles
	}{
		"a permission is taken":        {as: ada, path: member(charles, "permissions"), form: permissions(reports), status: http.StatusSeeOther},
		"the member is removed":        {as: ada, path: member(charles, "remove"), status: http.StatusSeeOther},
		"the sessions are ended":       {as: ada, path: member(charles, "end-sessions"), status: http.StatusSeeOther},
		"he signs out everywhere":      {as: charles, path: to("/sign-out-everywhere"), status: http.StatusSeeOther},
		"nothing is taken":             {as: ada, path: member(charles, "permissions"), form: permissions(reports, manage, bill), status: http.StatusOK},
		"something of somebody else's": {as: ada, path: member(george, "permissions"), status: http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				wantAnswer(w.t, w.get(charles, "/members"), http.StatusOK)
				wantAnswer(w.t, w.post(row.as, row.path(w), row.form), http.StatusSeeOther)
				wantAnswer(w.t, w.get(charles, "/members"), row.status)
			})
		})
	}
}

// A new login counts, from the next second on: a login token has whole seconds.
func TestLoginAfterwards(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		wantAnswer(w.t, w.post(charles, "/sign-out-everywhere", nil), http.StatusSeeOther)
		time.Sleep(time.Second)
		w.signIn(charles, engines)
		wantAnswer(w.t, w.get(charles, "/members"), http.StatusOK)
	})
}

// Without a SessionState, sessions end, and login tokens count until they expire.
func TestWithoutSessionState(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		before := w.records()
		wantAnswer(w.t, w.post(ada, w.path(charles, "remove"), nil), http.StatusSeeOther)
		w.wantChanges(before, changes{charles: "", "usr_charles sessions": "0"})
		wantAnswer(w.t, w.get(charles, "/members"), http.StatusOK)
	}, func(c *authrocket.Config, state **sessionstate.State) { c.SessionState, *state = nil, nil })
}

// AuthRocket's log says who has acted.
func TestWhoActs(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		path func(world) string
		form form
	}{
		"permissions":            {path: member(charles, "permissions")},
		"removing":               {path: member(charles, "remove")},
		"sessions":               {path: member(charles, "end-sessions")},
		"inviting":               {path: to("/members/invite"), form: form{"email": {"new@example.com"}}},
		"sending":                {path: invitation(grace, "resend")},
		"signing out everywhere": {path: to("/sign-out-everywhere")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				var events []authrockettest.Event
				w.realm.OnEvent(func(e authrockettest.Event) { events = append(events, e) })
				wantAnswer(w.t, w.post(ada, row.path(w), row.form), http.StatusSeeOther)
				if len(events) == 0 {
					t.Error("there is no event")
				}
				for _, e := range events {
					if e.Request.IP != "192.0.2.1" || e.Request.Client != "test-agent/1" {
						t.Errorf("%s is of %+v", e.Type, e.Request)
					}
				}
			})
		})
	}
}
