package coreapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

func TestHeaders(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, adaJSON))
	config := testConfig(server)
	config.UserAgent = "shop/1.4"
	config.RealmID = "rl_1"
	client := newClient(t, config)
	for _, row := range []struct {
		name   string
		client *coreapi.Client
		want   map[string]string
	}{
		{name: "as configured", client: client, want: map[string]string{
			"Accept": "application/json", "Authrocket-Api-Key": testKey, "Authrocket-Realm": "rl_1", "User-Agent": "shop/1.4 authrocket-go",
			"Accept-Language": "", "Authorization": "", "Content-Type": "", "Cookie": "",
		}},
		{name: "in another realm", client: client.InRealm("rl_2"), want: map[string]string{"Authrocket-Realm": "rl_2", "Authrocket-Api-Key": testKey}},
		{name: "in Spanish", client: client.WithLocale("es"), want: map[string]string{"Accept-Language": "es", "Authrocket-Realm": "rl_1"}},
		{name: "in a locale that is none", client: client.WithLocale("es\r\nX: y"), want: map[string]string{"Accept-Language": ""}},
		{name: "both", client: client.WithLocale("es").InRealm("rl_2"), want: map[string]string{"Accept-Language": "es", "Authrocket-Realm": "rl_2"}},
		{name: "the first is as it was", client: client, want: map[string]string{"Accept-Language": "", "Authrocket-Realm": "rl_1"}},
	} {
		if _, err := row.client.Users.Get(t.Context(), "usr_1"); err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		sent := server.requests()
		for name, want := range row.want {
			if got := sent[len(sent)-1].header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", row.name, name, got, want)
			}
		}
	}
}

func TestWritesSayForWhom(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, adaJSON))
	client := clientOf(t, server).For(coreapi.Request{IP: "192.0.2.1", Client: "Firefox & <Co>"})
	for name, call := range calls {
		if err := call(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		sent := server.requests()
		last := sent[len(sent)-1]
		var body struct{ Request coreapi.Request }
		if last.body != "" {
			if err := json.Unmarshal([]byte(last.body), &body); err != nil {
				t.Fatal(err)
			}
		}
		query, _ := url.ParseQuery(last.query)
		said := body.Request
		if name == "DELETE" {
			said = coreapi.Request{IP: query.Get("request[ip]"), Client: query.Get("request[client]")}
		}
		if want := (coreapi.Request{IP: "192.0.2.1", Client: "Firefox & <Co>"}); name != "GET" && said != want {
			t.Errorf("%s: got %v, want %v", name, said, want)
		}
		if name == "GET" && (last.query != "" || last.body != "") {
			t.Errorf("a GET sends query %q and body %q", last.query, last.body)
		}
	}
}

func TestCopiesShareTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newAPI(answer(200, adaJSON))
		config := testConfig(server)
		config.RequestsPerSecond = 1
		client := newClient(t, config)
		start := time.Now()
		for _, c := range []*coreapi.Client{client, client.InRealm("rl_2"), client.WithLocale("es"), client.For(coreapi.Request{IP: "192.0.2.1"})} {
			if _, err := c.Users.Get(t.Context(), "usr_1"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("took %s, want 2 s: two at once, then one in a second", took)
		}
	})
}

func TestClientsThatCannotCall(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, adaJSON))
	for name, client := range map[string]*coreapi.Client{
		"the zero Client":             {},
		"a copy of it":                (&coreapi.Client{}).InRealm("rl_1"),
		"no Client":                   (*coreapi.Client)(nil).For(coreapi.Request{}),
		"in no realm":                 clientOf(t, server).InRealm(""),
		"in what is no realm":         clientOf(t, server).InRealm("usr_1"),
		"in a realm of two lines":     clientOf(t, server).InRealm("rl_1\r\nX: y"),
		"in a key instead of a realm": clientOf(t, server).InRealm(testKey),
	} {
		for _, call := range calls {
			err := call(t.Context(), client)
			expectError(t, err, coreapi.ErrInvalid)
			expectHidden(t, err.Error(), testKey)
		}
		if rate := client.Rate(); rate != (coreapi.Rate{}) {
			t.Errorf("%s: got rate %v", name, rate)
		}
	}
	expectCount(t, server, 0)
}

func TestRate(t *testing.T) {
	t.Parallel()
	reset := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	server := newAPI(
		answer(200, adaJSON, "Ratelimit-Limit", "100", "Ratelimit-Remaining", "99", "Ratelimit-Reset", httpDate(reset)),
		answer(200, adaJSON, "Ratelimit-Limit", "many", "Ratelimit-Remaining", "-5", "Ratelimit-Reset", "soon"),
	)
	client := clientOf(t, server)
	if got := client.Rate(); got != (coreapi.Rate{}) {
		t.Errorf("before a call: got %v", got)
	}
	for _, want := range []coreapi.Rate{{Limit: 100, Remaining: 99, Reset: reset}, {}} {
		if err := calls["GET"](t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if got := client.InRealm("rl_2").Rate(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, adaJSON, "Ratelimit-Limit", "100"))
	config := testConfig(server)
	config.RequestsPerSecond = -1
	client := newClient(t, config)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if _, err := client.WithLocale("es").Users.Get(t.Context(), "usr_1"); err != nil {
				t.Error(err)
			}
			client.Rate()
		})
	}
	group.Wait()
	expectCount(t, server, 50)
}

// The path of Config.URL comes before each request path. Its final slash is not doubled.
func TestPathsOfCalls(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, adaJSON))
	config := testConfig(server)
	config.URL = "https://proxy.example.com/a%20b/v2//"
	if _, err := newClient(t, config).Users.Get(t.Context(), "Ada/../x@example.com?"); err != nil {
		t.Fatal(err)
	}
	if got, want := server.requests()[0].path, "/a%20b/v2/users/Ada%2F..%2Fx%40example.com%3F"; got != want {
		t.Errorf("got path %q, want %q", got, want)
	}
	if strings.Contains(server.requests()[0].query, "x") || server.requests()[0].method != http.MethodGet {
		t.Error("the ID ended the path")
	}
}
