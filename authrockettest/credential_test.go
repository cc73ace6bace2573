package authrockettest_test

import (
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// enroll gives a user a second factor that is active, and returns it as it was
// new, with its secret.
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
