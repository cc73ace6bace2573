package coreapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
)

// For every possible answer, a call returns a record or an error of exactly one kind, the
// text of the error is one line, and a list ends.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		adaJSON, orgJSON, membershipJSON, sessionJSON, tokenJSON, invitationJSON, credentialJSON, providerJSON, urlJSON, eventJSON,
		listJSON(adaJSON), pageOf(true, "usr_1"), `{"errors": ["No."], "retry_url": "x"}`, `{"errors": {"a": ["b"]}}`, `{}`, `null`, `[]`, ``, `{"id": "x", "created_at": 1e300}`,
	} {
		f.Add(200, "application/json", body)
		f.Add(422, "application/json", body)
	}
	f.Add(404, "text/html", "<p>")
	f.Add(215, "application/json", `{"collection": []}`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if status < 200 || status > 999 || status == 429 || status >= 500 {
			return // the client waits after these
		}
		config := testConfig(roundTripper(func(r *http.Request) (*http.Response, error) {
			response, err := inMemory(r, status, body)
			if err == nil {
				response.Header.Set("Content-Type", contentType)
			}
			return response, err
		}))
		config.RequestsPerSecond = -1
		client := newClient(t, config)
		ctx := t.Context()
		for _, call := range []func(context.Context) error{
			func(ctx context.Context) error {
				user, err := client.Users.Get(ctx, "usr_1")
				return complete(t, user.ID, err)
			},
			func(ctx context.Context) error {
				org, err := client.Orgs.Get(ctx, "org_1")
				return complete(t, org.ID, err)
			},
			func(ctx context.Context) error {
				m, err := client.Memberships.Get(ctx, "mb_1")
				return complete(t, m.ID, err)
			},
			func(ctx context.Context) error {
				s, err := client.Sessions.Get(ctx, coreapi.Hide("kss_1"))
				return complete(t, s.ID().Reveal(), err)
			},
			func(ctx context.Context) error {
				i, err := client.Invitations.Get(ctx, "nvt_1")
				return complete(t, i.ID, err)
			},
			func(ctx context.Context) error {
				c, err := client.Credentials.Get(ctx, "crd_1")
				return complete(t, c.ID, err)
			},
			func(ctx context.Context) error {
				p, err := client.AuthProviders.Get(ctx, "totp")
				return complete(t, p.ID, err)
			},
			func(ctx context.Context) error {
				e, err := client.Events.Get(ctx, "ev_1")
				return complete(t, e.ID, err)
			},
			func(ctx context.Context) error {
				_, err := client.Users.Authenticate(ctx, "usr_1", coreapi.Hide("pw"))
				return err
			},
			func(ctx context.Context) error {
				_, err := client.AuthProviders.AuthorizeURLs(ctx, "x", "")
				return err
			},
			func(ctx context.Context) error { return firstError(client.Users.All(ctx, coreapi.UserQuery{})) },
			func(ctx context.Context) error { return firstError(client.Events.All(ctx, coreapi.EventQuery{})) },
			func(ctx context.Context) error { _, err := client.Sessions.DeleteAllOf(ctx, "usr_1"); return err },
			func(ctx context.Context) error {
				raw, err := coreapi.Get[json.RawMessage](ctx, client, "/realms/rl_1", url.Values{})
				if err == nil && !json.Valid(raw) {
					t.Errorf("%q is no JSON", raw)
				}
				return err
			},
		} {
			err := call(ctx)
			if err == nil {
				continue
			}
			expectError(t, err, err)
			if strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Errorf("%q is more than one line", err)
			}
		}
	})
}

func complete(t *testing.T, id string, err error) error {
	if (id == "") != (err != nil) {
		t.Errorf("got ID %q, and %v", id, err)
	}
	return err
}

// Any ID that a caller passes stays one segment of the path.
func FuzzID(f *testing.F) {
	for _, id := range []string{"usr_1", "ada@example.com", "../orgs", "a/b?c#d", "%2e%2e", "é", "."} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		config := testConfig(roundTripper(func(r *http.Request) (*http.Response, error) {
			segment, found := strings.CutPrefix(r.URL.EscapedPath(), "/v2/users/")
			if back, err := url.PathUnescape(segment); !found || err != nil || back != id || strings.Contains(segment, "/") || r.URL.RawQuery != "" || r.URL.Host != "api-e2.authrocket.com" {
				t.Errorf("%q was sent to %s", id, r.URL)
			}
			return inMemory(r, 200, adaJSON)
		}))
		config.RequestsPerSecond = -1
		if _, err := newClient(t, config).Users.Get(t.Context(), id); err != nil {
			expectError(t, err, coreapi.ErrInvalid)
		}
	})
}
