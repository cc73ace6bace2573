package authrocketdev_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
)

// No log and no output of a failed test contains keys, webhook URLs or links of
// mails.
func TestCredentialsAreNotPrinted(t *testing.T) {
	t.Parallel()
	const path = "hook-secret-0001"
	config := authrocketdev.ServiceConfig{
		Server: newSiteAt(t, "http://localhost:8081").server, APIKey: coreKey, ReadOnlyAPIKey: coreReadKey, Webhooks: []string{"http://u:pw-0001@localhost:1/" + path},
	}
	service, err := authrocketdev.NewService(config)
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.Server.Invite("new@example.com", "")
	if err != nil {
		t.Fatal(err)
	}
	mails := config.Server.Outbox()
	for name, row := range map[string]struct {
		value   any
		isShown string
	}{
		"the config of a service": {value: config, isShown: "Host:"},
		"a service":               {value: service, isShown: "Service"},
		"a server":                {value: config.Server, isShown: "Server"},
		"a mail":                  {value: mails[0], isShown: "new@example.com"},
		"mails":                   {value: mails, isShown: "new@example.com"},
	} {
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("test", "value", row.value)
		if name != "mails" { // encoding packages read the fields
			slog.New(slog.NewJSONHandler(&logged, nil)).Info("test", "value", row.value)
		}
		for _, text := range []string{
			fmt.Sprint(row.value), fmt.Sprintf("%+v", row.value), fmt.Sprintf("%#v", row.value), fmt.Sprintf("%s", row.value), logged.String(),
		} {
			for _, secret := range []string{coreKey, coreReadKey, path, "pw-0001", token, "csrfKey:[", "csrfKey:[]byte{0x", "stateKey:["} {
				if strings.Contains(text, secret) {
					t.Errorf("%s shows %q: %s", name, secret, text)
				}
			}
		}
		if text := fmt.Sprintf("%+v", row.value); !strings.Contains(text, row.isShown) {
			t.Errorf("%s does not show %q: %s", name, row.isShown, text)
		}
	}
}
