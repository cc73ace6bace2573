package authrocketdev_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
)

// The body of a webhook is the answer of GET /events/{id} to a key that can write, at
// the time of its arrival.
func TestWebhookBodyIsTheEvent(t *testing.T) {
	t.Parallel()
	var c *core
	var mu sync.Mutex
	var types []string
	realms := make(map[string]bool)
	target := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var event struct {
			ID    string `json:"id"`
			Type  string `json:"event_type"`
			Realm string `json:"realm_id"`
		}
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			t.Errorf("the body is %q: %v", body, err)
			return
		}
		mu.Lock()
		types = append(types, event.Type)
		realms[event.Realm] = true
		mu.Unlock()
		req, err := http.NewRequestWithContext(r.Context(), "GET", c.url+"/events/"+event.ID, nil)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Authrocket-Api-Key", coreKey)
		req.Header.Set("Authrocket-Realm", event.Realm)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		read, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != 200 || !bytes.Equal(bytes.TrimSpace(read), body) {
			t.Errorf("%s arrives as\n%s\nand is read as %d, %v\n%s", event.Type, body, resp.StatusCode, err, read)
		}
	}))
	c = newCore(t, func(config *authrocketdev.ServiceConfig) {
		config.ConfigurationAPI, config.Webhooks = true, []string{target}
	})
	c.run(t, false, nil, []step{
		{name: "user", method: "POST /users", body: `{"user":{"email":"ada@example.com","password":"differential"},"request":{"ip":"10.0.0.1","client":"<Firefox>"}}`, status: 201, keep: "user=id"},
		{name: "org", method: "POST /orgs", body: `{"org":{"name":"Engines"}}`, status: 201, keep: "org=id"},
		{name: "membership", method: "POST /memberships", body: `{"membership":{"user_id":"{user}","org_id":"{org}"}}`, status: 201},
		{name: "password token", method: "POST /users/{user}/generate_password_token", status: 201},
		{name: "session", method: "POST /sessions", body: `{"session":{"user_id":"{user}"}}`, status: 201, keep: "session=id"},
		{name: "end of the session", method: "DELETE /sessions/{session}", status: 204},
		{name: "another realm", method: "POST /realms", body: `{"realm":{"name":"Other"}}`, status: 201, keep: "realm=id"},
		{name: "its user", method: "POST /users", body: `{"user":{"email":"george@example.com","password":"differential"}}`, header: []string{"Authrocket-Realm", "{realm}"}, status: 201},
	})
	if n, err := c.service.Deliver(t.Context()); err != nil || n == 0 {
		t.Errorf("got %d, %v", n, err)
	}
	if len(realms) != 2 {
		t.Errorf("events of %d realms arrive, want 2", len(realms))
	}
	for _, kind := range []string{"user.created", "org.created", "membership.created", "user.password.resetting", "session.deleted"} {
		if !slices.Contains(types, kind) {
			t.Errorf("%s is not among %q", kind, types)
		}
	}
}
