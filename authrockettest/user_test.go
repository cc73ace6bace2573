package authrockettest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{ID: "usr_1", Email: "ada@example.com", Username: "Ada"})
	for _, row := range []struct {
		name string
		user authrockettest.User
		want error // nil means any error
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

func TestInactiveUsers(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	session := startSession(t, realm, ada)
	state := func(state authrockettest.UserState) {
		t.Helper()
		if _, err := realm.UpdateUser(ada.ID, func(u *authrockettest.User) { u.State = state }); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name  string
		state authrockettest.UserState
		want  error
	}{
		{name: "an active user", state: authrockettest.UserActive},
		{name: "an inactive user", state: authrockettest.UserInactive, want: authrockettest.ErrInactive},
		{name: "a user with a state that there is not", state: "x", want: authrockettest.ErrInactive},
		{name: "a user who is active again", state: authrockettest.UserActive},
	} {
		state(step.state)
		for what, call := range map[string]func() error{
			"a session":               func() error { _, err := realm.StartSession(ada.ID); return err },
			"a token":                 func() error { _, err := realm.SessionToken(session.ID); return err },
			"a token in an account":   func() error { _, err := realm.AccountToken(session.ID, ""); return err },
			"a token of the Core API": func() error { _, err := realm.APIToken(session.ID); return err },
		} {
			if err := call(); !errors.Is(err, step.want) {
				t.Errorf("%s gets %s: %v, want %v", step.name, what, err, step.want)
			}
		}
	}
}

func TestInactiveUserGetsNoTokenAgain(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.ReissueTokens = true })
	session := startSession(t, realm, ada)
	sessionToken(t, realm, session.ID)
	if _, err := realm.UpdateUser(ada.ID, func(u *authrockettest.User) { u.State = authrockettest.UserInactive }); err != nil {
		t.Fatal(err)
	}
	if _, err := realm.SessionToken(session.ID); !errors.Is(err, authrockettest.ErrInactive) {
		t.Errorf("got %v", err)
	}
}

func TestLoginTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t)
		if !ada.CreatedAt.Equal(time.Now()) || !ada.LastLoginAt.IsZero() || ada.State != authrockettest.UserActive {
			t.Errorf("a new user is %+v", ada)
		}
		time.Sleep(time.Minute)
		startSession(t, realm, ada)
		if got, _ := realm.User(ada.ID); !got.LastLoginAt.Equal(time.Now()) || !got.CreatedAt.Equal(ada.CreatedAt) {
			t.Errorf("after a login the user is %+v", got)
		}
	})
}

// The records of a deleted user are deleted, too. Another user with the same ID does
// not get them.
func TestDeletedUserTakesAllAlong(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t, func(c *authrockettest.RealmConfig) { c.ReissueTokens = true })
	george := realm.AddUser(authrockettest.User{Email: "george@example.com", Password: "algebra"})
	realm.AddMembership(george, authrockettest.Org{ID: realm.MembershipsOf(ada.ID)[0].OrgID})
	sessions := []string{startSession(t, realm, ada).ID, startSession(t, realm, ada).ID}
	for _, id := range sessions {
		sessionToken(t, realm, id)
	}
	other := startSession(t, realm, george)
	enroll(t, realm, ada.ID)
	for range 20 { // more than deleteGroup deletes one by one
		realm.NewOneTime(authrockettest.OneTimeLogin, ada.ID, "", time.Hour)
	}
	oneTime := realm.NewOneTime(authrockettest.OneTimeLogin, ada.ID, "", time.Hour)
	kept := realm.NewOneTime(authrockettest.OneTimeLogin, george.ID, "", time.Hour)
	if err := realm.DeleteUser(ada.ID); err != nil {
		t.Fatal(err)
	}
	if err := realm.DeleteUser(ada.ID); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("a user is deleted twice: %v", err)
	}
	realm.AddUser(authrockettest.User{ID: ada.ID, Email: "eve@example.com"})
	for _, id := range sessions {
		if _, err := realm.SessionToken(id); !errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("a session goes on: %v", err)
		}
	}
	if _, err := realm.TakeOneTime(oneTime.Token); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("a one-time token serves: %v", err)
	}
	if n := len(realm.MembershipsOf(ada.ID)) + len(realm.CredentialsOf(ada.ID)); n != 0 || realm.CheckPassword(ada.ID, "engine") || realm.NeedsTOTP(ada.ID) {
		t.Errorf("%d memberships and credentials are left", n)
	}
	if _, err := realm.UserByLogin(ada.Email); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("the email finds a user: %v", err)
	}
	if _, err := realm.TakeOneTime(kept.Token); err != nil || !isLive(realm, other.ID) || len(realm.MembershipsOf(george.ID)) != 1 || !realm.CheckPassword(george.ID, "algebra") {
		t.Errorf("the other user loses something: %v", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	org := realm.MembershipsOf(ada.ID)[0].OrgID
	other := realm.AddUser(authrockettest.User{Email: "other@example.com"})
	invite(t, realm, authrockettest.Invitation{Type: authrockettest.InvitationRequest, Email: "a@example.com"})
	authrockettest.SetLimit(realm, 1)
	for name, call := range map[string]func() error{
		"a user":       func() error { _, err := realm.CreateUser(authrockettest.User{Email: "new@example.com"}); return err },
		"an org":       func() error { _, err := realm.CreateOrg(authrockettest.Org{}); return err },
		"a membership": func() error { _, err := realm.CreateMembership(other.ID, org); return err },
		"an invitation": func() error {
			_, err := realm.CreateInvitation(authrockettest.Invitation{Type: authrockettest.InvitationRequest, Email: "b@example.com"})
			return err
		},
	} {
		if err := call(); !errors.Is(err, authrockettest.ErrFull) {
			t.Errorf("%s too many: got %v", name, err)
		}
	}
}
