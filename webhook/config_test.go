package webhook_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

func hideAll(secrets ...string) (hidden []coreapi.Secret) {
	for _, secret := range secrets {
		hidden = append(hidden, coreapi.Hide(secret))
	}
	return hidden
}

func TestSecretsOfConfig(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		secrets []string
		field   string // the field of the problem, "" if there is none
		problem string
	}{
		{name: "one", secrets: []string{testSecret}},
		{name: "two", secrets: []string{testSecret, newSecret}},
		{name: "one of rand.Text", secrets: []string{rand.Text()}},
		{name: "a UUID", secrets: []string{"8f14e45f-ceea-467f-a0e6-1a2b3c4d5e6f"}},
		{name: "16 characters", secrets: []string{testSecret[:16]}},
		{name: "15 characters", secrets: []string{testSecret[:15]}, field: "Secrets[0]", problem: "fewer than 16"},
		{name: "none", field: "Secrets", problem: "is missing"},
		{name: "an empty one", secrets: []string{""}, field: "Secrets[0]", problem: "is blank"},
		{name: "a blank one", secrets: []string{strings.Repeat(" ", 20)}, field: "Secrets[0]", problem: "is blank"},
		{name: "an empty one beside a right one", secrets: []string{testSecret, ""}, field: "Secrets[1]", problem: "is blank"},
		{name: "three", secrets: []string{testSecret, newSecret, newSecret + "1"}, field: "Secrets", problem: "has 3 secrets"},
		{name: "the same twice", secrets: []string{testSecret, testSecret}, field: "Secrets", problem: "twice"},
		{name: "one that begins like the other", secrets: []string{testSecret, testSecret + "2"}, field: "Secrets", problem: "with the same beginning"},
		{name: "one that the other begins like", secrets: []string{testSecret + "2", testSecret}, field: "Secrets", problem: "with the same beginning"},
		{name: "an API key", secrets: []string{testKey}, field: "Secrets[0]", problem: "is a key"},
		{name: "a secret for tokens", secrets: []string{"jsk_" + newSecret}, field: "Secrets[0]", problem: "is a key"},
		{name: "a session ID", secrets: []string{sessionID}, field: "Secrets[0]", problem: "is a key or a session ID"},
		{name: "the whole URL", secrets: []string{"https://authrocket:" + newSecret + "@app.example.com/"}, field: "Secrets[0]", problem: "is a URL"},
		{name: "one with a slash", secrets: []string{"mVq7Z2xk/9bRfW4cNd8s"}, field: "Secrets[0]", problem: "escape"},
		{name: "one with a line break", secrets: []string{testSecret + "\n"}, field: "Secrets[0]", problem: "escape"},
		{name: "one with other letters", secrets: []string{testSecret + "ß"}, field: "Secrets[0]", problem: "escape"},
		{name: "a placeholder", secrets: []string{"my-webhook-token-1"}, field: "Secrets[0]", problem: "placeholder"},
		{name: "a placeholder in capitals", secrets: []string{"CHANGEME-CHANGEME"}, field: "Secrets[0]", problem: "placeholder"},
		{name: "a row of one character", secrets: []string{strings.Repeat("x", 32)}, field: "Secrets[0]", problem: "placeholder"},
		{name: "a row of five", secrets: []string{strings.Repeat("12345", 5)}, field: "Secrets[0]", problem: "placeholder"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHook(t)
			config := webhook.Config{API: clientOf(t, h.api), Secrets: hideAll(row.secrets...), Handle: func(context.Context, coreapi.Event) error { return nil }}
			_, err := webhook.New(config)
			if row.field == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			problem, ok := errors.AsType[*webhook.ConfigError](err)
			if !ok || problem.Field != row.field || !strings.Contains(problem.Problem, row.problem) {
				t.Fatalf("got %v, want a problem of %s", err, row.field)
			}
			for _, secret := range row.secrets {
				if len(secret) > 8 && strings.TrimSpace(secret) != "" && strings.Contains(fmt.Sprintf("%v %+v %#v", err, problem, problem), secret[:8]) {
					t.Errorf("a secret is in %q", err)
				}
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := webhook.New(webhook.Config{Secrets: hideAll("short", " "), Parallel: -1})
	if err == nil {
		t.Fatal("New accepted it")
	}
	var fields []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		problem, ok := errors.AsType[*webhook.ConfigError](e)
		if !ok {
			t.Fatalf("%v is no ConfigError", e)
		}
		fields = append(fields, problem.Field)
	}
	if got := strings.Join(fields, " "); got != "API Secrets[0] Secrets[1] Handle Parallel" {
		t.Errorf("got problems of %s", got)
	}
	if !strings.HasPrefix(err.Error(), "webhook: Config.API is missing") {
		t.Errorf("got %q", err)
	}
}

// Later changes of the Config have no effect.
func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	secrets := hideAll(testSecret)
	h := newHook(t, func(c *webhook.Config) { c.Secrets = secrets })
	secrets[0] = coreapi.Hide(newSecret)
	h.wantAnswer(t, `{"event_type": "ping"}`, 204, "ping")
}
