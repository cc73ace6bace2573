package authrockettest_test

import (
	"errors"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestAuthProviders(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	all := realm.AuthProviders()
	if len(all) != 2 || all[0].Type != authrockettest.TypePassword || all[0].State != authrockettest.StateActive || all[0].MinLength != 8 ||
		all[1].Type != authrockettest.TypeTOTP || all[1].State != authrockettest.StateInactive {
		t.Errorf("a new realm has %+v", all)
	}
	google, err := realm.CreateAuthProvider(authrockettest.AuthProvider{ID: "x", Type: "google", ClientID: "1"})
	if err != nil || google.ID == "x" || google.ID == "" || google.State != authrockettest.StateActive {
		t.Errorf("got %+v, %v", google, err)
	}
	updated, err := realm.UpdateAuthProvider(google.ID, func(p *authrockettest.AuthProvider) { p.ID, p.Type, p.Name = "x", "x", "Google" })
	if err != nil || updated.ID != google.ID || updated.Type != "google" || updated.Name != "Google" {
		t.Errorf("got %+v, %v", updated, err)
	}
	for _, id := range []string{google.ID, "google"} {
		if got, err := realm.AuthProvider(id); err != nil || got != updated {
			t.Errorf("%q: got %+v, %v", id, got, err)
		}
	}
	if _, err := realm.CreateAuthProvider(authrockettest.AuthProvider{Type: "google"}); !errors.Is(err, authrockettest.ErrIDTaken) {
		t.Errorf("a second one of a type: got %v", err)
	}
	if _, err := realm.CreateAuthProvider(authrockettest.AuthProvider{}); err == nil {
		t.Error("one without type is accepted")
	}
	if err := realm.DeleteAuthProvider("google"); err != nil || len(realm.AuthProviders()) != 2 {
		t.Errorf("got %v, and there are %+v", err, realm.AuthProviders())
	}
	for name, err := range map[string]error{
		"a read":    func() error { _, err := realm.AuthProvider("google"); return err }(),
		"an update": func() error { _, err := realm.UpdateAuthProvider("google", nil); return err }(),
		"a delete":  realm.DeleteAuthProvider("google"),
	} {
		if !errors.Is(err, authrockettest.ErrNotFound) {
			t.Errorf("%s of what there is not: got %v", name, err)
		}
	}
	for i := range 98 {
		if _, err := realm.CreateAuthProvider(authrockettest.AuthProvider{Type: string(rune('a' + i))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := realm.CreateAuthProvider(authrockettest.AuthProvider{Type: "more"}); !errors.Is(err, authrockettest.ErrFull) {
		t.Errorf("the 101st: got %v", err)
	}
}
