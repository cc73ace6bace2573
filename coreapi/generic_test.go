package coreapi_test

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
)

func TestGeneric(t *testing.T) {
	t.Parallel()
	type realm struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	ctx := t.Context()
	server := newAPI(
		answer(200, `{"id": "rl_1", "name": "one"}`),
		answer(200, `{"id": "rl_1", "name": "one"}`),
		answer(200, `{"collection": [{"id": "rl_1"}, {"id": "rl_2"}], "more_results": true}`),
		answer(200, `{"collection": [{"id": "rl_3"}]}`),
		answer(201, `{"id": "rl_4", "name": "four"}`),
		answer(200, `{}`),
		answer(204, ""),
		answer(200, `{"collection": []}`),
	)
	client := clientOf(t, server).For(coreapi.Request{IP: "192.0.2.1"})
	one, err := coreapi.Get[realm](ctx, client, "/realms/rl_1", url.Values{"state": {"active"}})
	expectError(t, err, nil)
	raw, err := coreapi.Get[json.RawMessage](ctx, client, "realms/rl_1", nil)
	expectError(t, err, nil)
	if one.Name != "one" || string(raw) != `{"id": "rl_1", "name": "one"}` {
		t.Errorf("got %v and %s", one, raw)
	}
	var ids []string
	for r, err := range coreapi.Each[realm](ctx, client, "/realms", nil) {
		expectError(t, err, nil)
		ids = append(ids, r.ID)
	}
	if !slices.Equal(ids, []string{"rl_1", "rl_2", "rl_3"}) {
		t.Errorf("got %q", ids)
	}
	made, err := coreapi.Send[realm](ctx, client, "POST", "/realms", "realm", map[string]any{"name": "four"})
	expectError(t, err, nil)
	if made.ID != "rl_4" {
		t.Errorf("got %v", made)
	}
	_, err = coreapi.Send[realm](ctx, client, "POST", "/realms/rl_1/reset", "", nil)
	expectError(t, err, nil)
	_, err = coreapi.Send[json.RawMessage](ctx, client, "DELETE", "/realms/rl_1", "", url.Values{"force": {"true"}})
	expectError(t, err, nil)
	if list, err := coreapi.Get[json.RawMessage](ctx, client, "/realms", nil); err != nil || string(list) != `{"collection": []}` {
		t.Errorf("got %s, %v", list, err)
	}
	_, err = coreapi.Get[realm](ctx, client, "/realms", nil)
	expectError(t, err, coreapi.ErrUnexpected)

	var got []string
	for _, r := range server.requests() {
		got = append(got, r.method+" "+r.path+" "+r.query+" "+r.body)
	}
	want := []string{
		"GET /v2/realms/rl_1 state=active ",
		"GET /v2/realms/rl_1  ",
		"GET /v2/realms  ",
		"GET /v2/realms after=rl_2 ",
		`POST /v2/realms  {"realm":{"name":"four"},"request":{"ip":"192.0.2.1"}}`,
		`POST /v2/realms/rl_1/reset  {"request":{"ip":"192.0.2.1"}}`,
		"DELETE /v2/realms/rl_1 force=true&request%5Bip%5D=192.0.2.1 ",
		"GET /v2/realms  ",
		"GET /v2/realms  ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestGenericCallsThatAreInvalid(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := newAPI(answer(200, `{"id": "rl_1"}`))
	client := clientOf(t, server)
	for _, path := range []string{"", "/", "//", "/realms/", "/realms//reset", "/realms/..", "/realms/%2e%2e", "/../v1/realms", "/realms/.", "/realms?x=y", "/realms#x", "/realms/%zz", "/realms/%20", "https://elsewhere.example/realms", "/a b"} {
		_, err := coreapi.Get[json.RawMessage](ctx, client, path, nil)
		expectError(t, err, coreapi.ErrInvalid)
		if err == nil {
			t.Errorf("%q is a path", path)
		}
	}
	for name, call := range map[string]func() error{
		"another method":         func() error { return sendRaw(ctx, client, "PATCH", "/realms/rl_1", "realm", nil) },
		"a GET":                  func() error { return sendRaw(ctx, client, "GET", "/realms/rl_1", "", nil) },
		"a DELETE with a struct": func() error { return sendRaw(ctx, client, "DELETE", "/realms/rl_1", "", struct{ Force bool }{true}) },
		"a list without a root":  func() error { return sendRaw(ctx, client, "POST", "/realms", "", []int{1}) },
		"what is no JSON":        func() error { return sendRaw(ctx, client, "POST", "/realms", "realm", func() {}) },
		"a secret that is hidden": func() error {
			return sendRaw(ctx, client, "POST", "/realms", "realm", map[string]any{"key": coreapi.Hide(hidden)})
		},
	} {
		err := call()
		expectError(t, err, coreapi.ErrInvalid)
		if err == nil {
			t.Errorf("%s is sent", name)
		}
	}
	expectCount(t, server, 0)
}

func sendRaw(ctx context.Context, c *coreapi.Client, method, path, root string, attributes any) error {
	_, err := coreapi.Send[json.RawMessage](ctx, c, method, path, root, attributes)
	return err
}

// Errors and events contain the path without IDs.
func TestPathsOfGenericCalls(t *testing.T) {
	t.Parallel()
	var path string
	config := testConfig(newAPI(answer(200, `{"id": "rl_1"}`)))
	config.Observer.Request = func(_ context.Context, e coreapi.RequestEvent) { path = e.Path }
	client := newClient(t, config)
	for given, want := range map[string]string{
		"/realms":                  "/realms",
		"client_apps":              "/client_apps",
		"/realms/rl_0v1zTHX/reset": "/realms/{id}/reset",
		"/realms/rl_short":         "/realms/{id}",
		"/sessions/oauth2/code":    "/sessions/oauth2/code",
		"/users/ada%40example.com": "/users/{id}",
		"/users/Ada":               "/users/{id}",
		"/sessions/kss_abc":        "/sessions/{id}",
	} {
		if _, err := coreapi.Get[json.RawMessage](t.Context(), client, given, nil); err != nil || path != want {
			t.Errorf("%s: got %q, %v, want %q", given, path, err, want)
		}
	}
}
