package authrockettest_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// No log and no output of a failed test contains a credential.
func TestCredentialsAreNotPrinted(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	activateTOTP(t, realm)
	device, err := realm.CreateTOTP(ada.ID, "phone")
	if err != nil {
		t.Fatal(err)
	}
	password := realm.CredentialsOf(ada.ID)[0]
	provider, err := realm.CreateAuthProvider(authrockettest.AuthProvider{Type: "google", Name: "Google", ClientSecret: "gsecret-0001"})
	if err != nil {
		t.Fatal(err)
	}
	session := startSession(t, realm, ada)
	invitation := invite(t, realm, authrockettest.Invitation{Type: authrockettest.InvitationRequest, Email: "new@example.com"})
	once := realm.NewOneTime(authrockettest.OneTimePassword, ada.ID, "", time.Hour)
	event := realm.Emit(authrockettest.Event{Type: "test.event", Token: once.Token, SessionID: session.ID})
	list := authrockettest.Page[authrockettest.OneTime]{Items: []authrockettest.OneTime{once}}
	for name, row := range map[string]struct {
		record  any
		hides   []string
		isShown string // in addition to the hidden values
	}{
		"a user":          {record: ada, hides: []string{"engine"}, isShown: "ada@example.com"},
		"a pointer":       {record: &ada, hides: []string{"engine"}, isShown: "ada@example.com"},
		"a session":       {record: session, hides: []string{session.ID}, isShown: ada.ID},
		"an invitation":   {record: invitation, hides: []string{invitation.Token}, isShown: invitation.ID},
		"a device":        {record: device, hides: []string{device.Secret()}, isShown: "phone"},
		"a password":      {record: password, hides: []string{"Salt:[]byte{0x"}, isShown: "Salt:[] Sum:[]"},
		"a provider":      {record: provider, hides: []string{"gsecret-0001"}, isShown: "Google"},
		"a token":         {record: once, hides: []string{once.Token}, isShown: ada.ID},
		"a page of them":  {record: list, hides: []string{once.Token}, isShown: ada.ID},
		"an event":        {record: event, hides: []string{once.Token, session.ID}, isShown: "test.event"},
		"a realm":         {record: realm, hides: []string{realm.JWTKey(), session.ID, once.Token, "engine"}},
		"a view of later": {record: realm.Behind(time.Hour), hides: []string{realm.JWTKey(), session.ID, once.Token, "engine"}},
	} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("test", "record", row.record)
		var asJSON bytes.Buffer
		if name != "a pointer" && name != "a page of them" { // encoding packages read the fields
			slog.New(slog.NewJSONHandler(&asJSON, nil)).Info("test", "record", row.record)
		}
		for _, text := range []string{
			fmt.Sprint(row.record), fmt.Sprintf("%+v", row.record), fmt.Sprintf("%#v", row.record), fmt.Sprintf("%s", row.record), fmt.Sprintf("%q", row.record),
			logged.String(), asJSON.String(),
		} {
			for _, secret := range row.hides {
				if strings.Contains(text, secret) {
					t.Errorf("%s shows %q: %s", name, secret, text)
				}
			}
		}
		if text := fmt.Sprintf("%+v", row.record); !strings.Contains(text, row.isShown) {
			t.Errorf("%s does not show %q: %s", name, row.isShown, text)
		}
	}
	if text := fmt.Sprintf("%+v", authrockettest.Event{Type: "x"}); strings.Contains(text, "hidden") {
		t.Errorf("nothing is hidden: %s", text)
	}
}
