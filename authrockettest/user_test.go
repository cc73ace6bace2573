package authrockettest_test

import (
	"errors"
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
