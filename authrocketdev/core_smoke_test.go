package authrocketdev_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestCoreOrgs(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, path, body string) (int, map[string]any) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Host = "localhost:8083"
		r.Header.Set("Authrocket-Api-Key", service.APIKey())
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		service.CoreAPI().ServeHTTP(w, r)
		var answer map[string]any
		json.Unmarshal(w.Body.Bytes(), &answer)
		return w.Code, answer
	}
	status, org := call(http.MethodPost, "/v2/orgs", `{"org":{"name":"default1"}}`)
	if status != 201 || org["object"] != "org" || org["name"] != "default1" {
		t.Fatalf("got %d %v", status, org)
	}
	status, list := call(http.MethodGet, "/v2/orgs", "")
	if collection, _ := list["collection"].([]any); status != 200 || len(collection) != 1 {
		t.Errorf("got %d %v", status, list)
	}
	if status, closed := call(http.MethodDelete, "/v2/orgs/"+org["id"].(string), ""); status != 200 || closed["state"] != "closed" {
		t.Errorf("got %d %v", status, closed)
	}
	if status, _ := call(http.MethodDelete, "/v2/orgs/"+org["id"].(string)+"?force=true", ""); status != 204 {
		t.Errorf("got %d", status)
	}
	for body, want := range map[string]int{`{"org":{"name":1}}`: 422, `{"org":{"nmae":"x"}}`: 422, `{"org":`: 400, `{"org":{}}`: 422} {
		if status, answer := call(http.MethodPost, "/v2/orgs", body); status != want {
			t.Errorf("%s: got %d %v", body, status, answer)
		}
	}
}
