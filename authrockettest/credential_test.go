package authrockettest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// enroll gives a user an active second factor. It returns the credential as it was
// when it was new, with its secret.
func enroll(t testing.TB, realm *authrockettest.Realm, userID string) authrockettest.Credential {
	t.Helper()
	activateTOTP(t, realm)
	c, err := realm.CreateTOTP(userID, "phone")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := realm.VerifyTOTP(c.ID, authrockettest.TOTP(c.Secret(), time.Now())); !ok || err != nil {
		t.Fatalf("the first code is refused: %v", err)
	}
	return c
}

func activateTOTP(t testing.TB, realm *authrockettest.Realm) {
	t.Helper()
	if _, err := realm.UpdateAuthProvider(authrockettest.TypeTOTP, func(p *authrockettest.AuthProvider) { p.State = authrockettest.StateActive }); err != nil {
		t.Fatal(err)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		do   func(realm *authrockettest.Realm, id string) error
		want string // the password that logs in, "" if there is none
		kept string // User.Password
	}{
		"that of a new user": {
			do:   func(*authrockettest.Realm, string) error { return nil },
			want: "engine", kept: "engine",
		},
		"one that is set": {
			do:   func(r *authrockettest.Realm, id string) error { return r.SetPassword(id, "other") },
			want: "other",
		},
		"one that an update sets": {
			do: func(r *authrockettest.Realm, id string) error {
				_, err := r.UpdateUser(id, func(u *authrockettest.User) { u.Password = "other" })
				return err
			},
			want: "other", kept: "other",
		},
		"one that an update takes away": {
			do: func(r *authrockettest.Realm, id string) error {
				_, err := r.UpdateUser(id, func(u *authrockettest.User) { u.Password = "" })
				return err
			},
		},
		"one that is set, and stays at an update": {
			do: func(r *authrockettest.Realm, id string) error {
				_, err := r.UpdateUser(id, func(u *authrockettest.User) { u.Name = "A" })
				return errors.Join(r.SetPassword(id, "other"), err)
			},
			want: "other",
		},
		"one that the credential sets": {
			do: func(r *authrockettest.Realm, id string) error {
				_, err := r.UpdateCredential(r.CredentialsOf(id)[0].ID, "", "other")
				return err
			},
			want: "other",
		},
		"a credential that is renamed keeps it": {
			do: func(r *authrockettest.Realm, id string) error {
				_, err := r.UpdateCredential(r.CredentialsOf(id)[0].ID, "name", "")
				return err
			},
			want: "engine", kept: "engine",
		},
		"a credential that is deleted": {
			do: func(r *authrockettest.Realm, id string) error { return r.DeleteCredential(r.CredentialsOf(id)[0].ID) },
		},
		"one that is set after that": {
			do: func(r *authrockettest.Realm, id string) error {
				return errors.Join(r.DeleteCredential(r.CredentialsOf(id)[0].ID), r.SetPassword(id, "other"))
			},
			want: "other",
		},
		"a deleted user": {
			do: func(r *authrockettest.Realm, id string) error { return r.DeleteUser(id) },
		},
	} {
		inRealm(t, name, func(t *testing.T, realm *authrockettest.Realm, ada authrockettest.User) {
			if err := row.do(realm, ada.ID); err != nil {
				t.Fatal(err)
			}
			for _, password := range []string{"", "engine", "other", "Engine"} {
				if got := realm.CheckPassword(ada.ID, password); got != (password != "" && password == row.want) {
					t.Errorf("the password %q logs in: %t", password, got)
				}
			}
			if user, _ := realm.User(ada.ID); user.Password != row.kept {
				t.Errorf("the user has %q in plain, want %q", user.Password, row.kept)
			}
			if n := len(realm.CredentialsOf(ada.ID)); (n == 1) != (row.want != "") || n > 1 {
				t.Errorf("the user has %d credentials", n)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	google, err := realm.CreateAuthProvider(authrockettest.AuthProvider{Type: "google"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := realm.CreateAuthProvider(authrockettest.AuthProvider{Type: "github", State: authrockettest.StateInactive}); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		do   func() error
		want error
	}{
		"of nobody": {want: authrockettest.ErrNotFound, do: func() error {
			_, err := realm.CreateCredential(authrockettest.Credential{UserID: "usr_none", Type: "google"})
			return err
		}},
		"of a type without provider": {want: authrockettest.ErrCredential, do: func() error {
			_, err := realm.CreateCredential(authrockettest.Credential{UserID: ada.ID, Type: "slack"})
			return err
		}},
		"of an inactive provider": {want: authrockettest.ErrCredential, do: func() error {
			_, err := realm.CreateCredential(authrockettest.Credential{UserID: ada.ID, Type: "github"})
			return err
		}},
		"of the provider of another type": {want: authrockettest.ErrCredential, do: func() error {
			_, err := realm.CreateCredential(authrockettest.Credential{UserID: ada.ID, Type: "slack", AuthProviderID: google.ID})
			return err
		}},
		"a password without the password": {want: authrockettest.ErrCredential, do: func() error {
			_, err := realm.CreateCredential(authrockettest.Credential{UserID: ada.ID, Type: authrockettest.TypePassword})
			return err
		}},
		"a second factor without secret": {want: authrockettest.ErrCredential, do: func() error {
			activateTOTP(t, realm)
			_, err := realm.CreateCredential(authrockettest.Credential{UserID: ada.ID, Type: authrockettest.TypeTOTP, State: authrockettest.StateActive})
			return err
		}},
		"a password of nobody": {want: authrockettest.ErrNotFound, do: func() error { return realm.SetPassword("usr_none", "x") }},
		"the delete of none":   {want: authrockettest.ErrNotFound, do: func() error { return realm.DeleteCredential("crd_none") }},
		"the update of none":   {want: authrockettest.ErrNotFound, do: func() error { _, err := realm.UpdateCredential("crd_none", "x", ""); return err }},
		"the read of none":     {want: authrockettest.ErrNotFound, do: func() error { _, err := realm.Credential("crd_none"); return err }},
		"a second factor of nobody": {want: authrockettest.ErrNotFound, do: func() error {
			_, err := realm.CreateTOTP("usr_none", "phone")
			return err
		}},
	} {
		if err := row.do(); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
	}
	c, err := realm.CreateCredential(authrockettest.Credential{UserID: ada.ID, Type: "google", ProviderUserID: "7"})
	if err != nil || c.AuthProviderID != google.ID || c.ID == "" || c.CreatedAt.IsZero() {
		t.Fatalf("got %+v, %v", c, err)
	}
	if _, err := realm.UpdateCredential(c.ID, "", "password"); !errors.Is(err, authrockettest.ErrCredential) {
		t.Errorf("a password of a credential of another type: got %v", err)
	}
	created := 2
	for ; created <= 20; created++ {
		if _, err := realm.CreateTOTP(ada.ID, "phone"); err != nil {
			break
		}
	}
	if _, err := realm.CreateTOTP(ada.ID, "phone"); created != 20 || !errors.Is(err, authrockettest.ErrFull) {
		t.Errorf("a user has %d credentials, %v, want 20 at most", created, err)
	}
}

func TestSecondFactorNeedsAnActiveProvider(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	if _, err := realm.CreateTOTP(ada.ID, "phone"); !errors.Is(err, authrockettest.ErrCredential) {
		t.Errorf("got %v", err)
	}
}

func TestDeletedProviderTakesItsCredentials(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	enroll(t, realm, ada.ID)
	if err := errors.Join(realm.DeleteAuthProvider(authrockettest.TypeTOTP), realm.DeleteAuthProvider(authrockettest.TypePassword)); err != nil {
		t.Fatal(err)
	}
	if realm.NeedsTOTP(ada.ID) || !realm.CheckPassword(ada.ID, "engine") {
		t.Errorf("the user has %+v, want the password only", realm.CredentialsOf(ada.ID))
	}
}
