package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// coreAPI is the Core API of a program.
type coreAPI struct {
	t        *testing.T
	url, key string // as the program printed them
	client   *http.Client
}

func (p *program) coreAPI() coreAPI {
	p.t.Helper()
	return coreAPI{p.t, p.find(p.stdout, `(?m)^AUTHROCKET_URL=(\S+)$`), p.find(p.stdout, `(?m)^AUTHROCKET_API_KEY=(\S+)$`), newClient(p.t)}
}

// do sends a request, whose body is JSON unless it is empty.
func (c coreAPI) do(method, path, body string) (*http.Response, error) {
	c.t.Helper()
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authrocket-Api-Key", c.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.client.Do(req)
}

// ask is do for a request that is answered.
func (c coreAPI) ask(method, path, body string) (status int, header http.Header, answer string) {
	c.t.Helper()
	resp, err := c.do(method, path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(data)
}

// must is ask for a request that is done; it returns the members of the answer.
func (c coreAPI) must(method, path, body string) map[string]any {
	c.t.Helper()
	status, _, answer := c.ask(method, path, body)
	if status/100 != 2 {
		c.t.Fatalf("%s %s: got %d %s", method, path, status, answer)
	}
	members := make(map[string]any)
	if answer != "" {
		if err := json.Unmarshal([]byte(answer), &members); err != nil {
			c.t.Fatal(err)
		}
	}
	return members
}

const newUser = `{"user": {"email": "grace@example.com", "password": "nanosecond"}}`

func TestCoreAPI(t *testing.T) {
	t.Parallel()
	t.Run("answers at the printed URL with the printed key", func(t *testing.T) {
		t.Parallel()
		p := start(t)
		core := p.coreAPI()
		if user := core.must("GET", "/users/ada@example.com", ""); user["id"] != "usr_ada" {
			t.Errorf("got %v", user)
		}
		core.must("POST", "/users", newUser)
		if _, body := p.get(newClient(t), "/login?redirect_uri="+url.QueryEscape(appURL)); !strings.Contains(body, `name="password"`) {
			t.Errorf("the LoginRocket has no login:\n%s", body)
		}
	})
	t.Run("has a health check without a key", func(t *testing.T) {
		t.Parallel()
		core := start(t, "-core-fault", "500").coreAPI()
		resp, err := newClient(t).Get(strings.TrimSuffix(core.url, "/v2") + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(body) != "ok\n" {
			t.Errorf("got %d %q, %v", resp.StatusCode, body, err)
		}
	})
	t.Run("is off with an empty address", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-core-addr", "")
		if printed := p.stdout.String(); strings.Contains(printed, "AUTHROCKET_URL") || strings.Contains(printed, "AUTHROCKET_API_KEY") {
			t.Errorf("got\n%s", printed)
		}
	})
	t.Run("has the keys of the flags", func(t *testing.T) {
		t.Parallel()
		core := start(t, "-api-key", "ks_writing0123456789", "-read-only-api-key", "ks_reading0123456789").coreAPI()
		if core.key != "ks_writing0123456789" {
			t.Errorf("got the key %q", core.key)
		}
		core.must("POST", "/users", newUser)
		core.key = "ks_reading0123456789"
		core.must("GET", "/users/grace@example.com", "")
		if status, _, answer := core.ask("DELETE", "/users/usr_ada", ""); status != 403 {
			t.Errorf("a key that can only read deletes a user: %d %s", status, answer)
		}
	})
	t.Run("shows writes late", func(t *testing.T) {
		t.Parallel()
		core := start(t, "-visible-after", "1h").coreAPI()
		core.must("POST", "/users", newUser)
		if status, _, answer := core.ask("GET", "/users/grace@example.com", ""); status != 404 {
			t.Errorf("got %d %s", status, answer)
		}
	})
	t.Run("limits requests", func(t *testing.T) {
		t.Parallel()
		core := start(t, "-core-requests-per-minute", "1").coreAPI()
		core.must("GET", "/users", "")
		if status, header, _ := core.ask("GET", "/users", ""); status != 429 || header.Get("Ratelimit-Reset") == "" {
			t.Errorf("got %d with %v", status, header)
		}
	})
	t.Run("answers under another name", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-core-host", "authrocket:8083", "-core-addr", "127.0.0.1:0")
		if core := p.coreAPI(); core.url != "http://authrocket:8083/v2" {
			t.Errorf("the printed URL is %s", core.url)
		}
	})
	t.Run("has no Configuration API", func(t *testing.T) {
		t.Parallel()
		core := start(t).coreAPI()
		if status, _, answer := core.ask("POST", "/realms", `{"realm": {"name": "Two"}}`); status != 403 {
			t.Errorf("got %d %s", status, answer)
		}
	})
	t.Run("opens another realm by the Configuration API", func(t *testing.T) {
		t.Parallel()
		p := start(t, "-configuration-api")
		core := p.coreAPI()
		realm, _ := core.must("POST", "/realms", `{"realm": {"name": "Two"}}`)["id"].(string)
		domain := core.must("POST", "/domains", `{"realm_id": "`+realm+`", "domain": {"domain_type": "loginrocket"}}`)
		uri, _ := domain["uri"].(string)
		p.url = uri
		if status, body := p.get(newClient(t), "/login"); status != 200 || !strings.Contains(body, "Two") || strings.Contains(body, "ada@example.com") {
			t.Errorf("the LoginRocket of the other realm at %s: got %d\n%s", uri, status, body)
		}
		id, _ := domain["id"].(string)
		core.must("DELETE", "/domains/"+id+"?realm_id="+realm, "")
		if resp, err := newClient(t).Get(uri + "/login"); err == nil {
			resp.Body.Close()
			t.Error("a deleted domain answers")
		}
	})
}

func TestCoreFaults(t *testing.T) {
	t.Parallel()
	statuses := func(core coreAPI, requests ...string) (got []int) {
		for _, request := range requests {
			method, path, _ := strings.Cut(request, " ")
			body := ""
			if method == "POST" {
				body = newUser
			}
			status, _, _ := core.ask(method, path, body)
			got = append(got, status)
		}
		return got
	}
	for _, row := range []struct {
		name     string
		flags    []string
		requests []string
		want     []int
	}{
		{name: "a status", flags: []string{"-core-fault", "503"}, requests: []string{"GET /users"}, want: []int{503}},
		{name: "garbage", flags: []string{"-core-fault", "garbage"}, requests: []string{"GET /users"}, want: []int{200}},
		{name: "a late answer", flags: []string{"-core-fault", "10ms"}, requests: []string{"GET /users"}, want: []int{200}},
		{name: "every third", flags: []string{"-core-fault", "every:3:500"}, requests: []string{"GET /users", "GET /users", "GET /users", "GET /users"}, want: []int{200, 200, 500, 200}},
		{name: "one route", flags: []string{"-core-fault", "only:POST /v2/users:500"}, requests: []string{"GET /users", "POST /users", "GET /users/grace@example.com"}, want: []int{200, 500, 404}},
		{name: "a lost answer", flags: []string{"-core-fault", "done:500"}, requests: []string{"POST /users", "GET /users/grace@example.com"}, want: []int{500, 200}},
		{name: "two routes", flags: []string{"-core-fault", "only:POST /v2/users:500", "-core-fault", "only:GET /v2/orgs:every:2:502"},
			requests: []string{"POST /users", "GET /orgs", "GET /orgs"}, want: []int{500, 200, 502}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := statuses(start(t, row.flags...).coreAPI(), row.requests...)
			if len(got) != len(row.want) {
				t.Fatalf("got %v, want %v", got, row.want)
			}
			for i := range got {
				if got[i] != row.want[i] {
					t.Errorf("got %v, want %v", got, row.want)
				}
			}
		})
	}
	t.Run("too many requests", func(t *testing.T) {
		t.Parallel()
		status, header, _ := start(t, "-core-fault", "429").coreAPI().ask("GET", "/users", "")
		if reset, err := http.ParseTime(header.Get("Ratelimit-Reset")); status != 429 || err != nil || reset.IsZero() {
			t.Errorf("got %d with %v", status, header)
		}
	})
	t.Run("a clock that is off", func(t *testing.T) {
		t.Parallel()
		_, header, _ := start(t, "-core-fault", "clock:1000h").coreAPI().ask("GET", "/users", "")
		if date, err := http.ParseTime(header.Get("Date")); err != nil || time.Until(date) < 900*time.Hour {
			t.Errorf("got %v", header)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		if resp, err := start(t, "-core-fault", "disconnect").coreAPI().do("GET", "/users", ""); err == nil {
			resp.Body.Close()
			t.Errorf("got %d", resp.StatusCode)
		}
	})
}

// No line of the log has a key, a query or an ID.
func TestCoreLog(t *testing.T) {
	t.Parallel()
	p := start(t, "-api-key", "ks_geheim0123456789", "-read-only-api-key", "ks_geheim9876543210", "-webhook", "http://ann:geheim@localhost:1/geheim")
	core := p.coreAPI()
	core.must("POST", "/users", newUser)
	session, _ := core.must("POST", "/sessions", `{"session": {"user_id": "usr_ada"}}`)["id"].(string)
	if !strings.HasPrefix(session, "kss_") {
		t.Fatalf("got the session %q", session)
	}
	core.must("GET", "/sessions/"+session+"?note=geheim", "")
	core.must("GET", "/users/grace@example.com", "")
	core.ask("POST", "/users/grace@example.com/authenticate", `{"user": {"password": "nanosecond"}}`)
	core.ask("GET", "/geheim/%67eheim/a/b/geheim/c/geheim", "")
	core.key = "ks_wronggeheim012345"
	core.ask("GET", "/users?api_key=ks_geheim0123456789", "")
	p.find(p.stderr, `msg=request server=core method=GET path=/v2/sessions/\{id\} status=200 duration=\d`)
	p.find(p.stderr, `server=core method=POST path=/v2/users/\{id\}/authenticate status=\d`)
	p.find(p.stderr, `server=core method=GET path=/v2/\{id\}/\{id\}/\{id\}/\{id\} status=404`)
	p.find(p.stderr, `server=core method=GET path=/v2/users status=403`)
	for _, secret := range []string{"geheim", "kss_", "grace", "nanosecond", "?"} {
		if strings.Contains(p.stderr.String(), secret) {
			t.Errorf("%q is in the log:\n%s", secret, p.stderr)
		}
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	// receive returns a URL, and the types of the events that come to it.
	receive := func(t *testing.T) (hook string, types <-chan string) {
		events := make(chan string, 100)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			var event struct {
				Type string `json:"event_type"`
			}
			json.NewDecoder(r.Body).Decode(&event)
			if user, password, _ := r.BasicAuth(); r.URL.Path != "/hook" || user != "ann" || password != "geheim" {
				event.Type = "with wrong credentials: " + event.Type
			}
			events <- event.Type
		}))
		t.Cleanup(server.Close)
		return strings.Replace(server.URL, "http://", "http://ann:geheim@", 1) + "/hook", events
	}
	for _, row := range []struct {
		name  string
		flags []string
		want  int // times that an event comes
	}{
		{name: "get each event", want: 1},
		{name: "get each event twice", flags: []string{"-webhook-fault", "twice"}, want: 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			one, ones := receive(t)
			two, twos := receive(t)
			core := start(t, append([]string{"-webhook", one, "-webhook", two}, row.flags...)...).coreAPI()
			core.must("POST", "/users", newUser)
			for _, types := range []<-chan string{ones, twos} {
				for range row.want {
					if got := <-types; got != "user.created" {
						t.Errorf("got the event %q", got)
					}
				}
			}
			core.must("POST", "/orgs", `{"org": {"name": "Navy"}}`)
			if got := <-ones; got != "org.created" {
				t.Errorf("got the event %q", got)
			}
		})
	}
	t.Run("are lost", func(t *testing.T) {
		t.Parallel()
		hook, types := receive(t)
		core := start(t, "-webhook", hook, "-webhook-fault", "lose:2").coreAPI()
		for _, name := range []string{"One", "Two", "Three"} {
			core.must("POST", "/orgs", `{"org": {"name": "`+name+`"}}`)
		}
		core.must("PUT", "/users/usr_ada", `{"user": {"first_name": "Augusta"}}`) // the fourth, lost too
		core.must("POST", "/users", newUser)
		got := []string{<-types, <-types, <-types}
		if want := "org.created org.created user.created"; strings.Join(got, " ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("that hang do not keep the program from ending", func(t *testing.T) {
		t.Parallel()
		arrived, end := make(chan struct{}, 10), make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			arrived <- struct{}{}
			<-end
		}))
		t.Cleanup(server.Close)
		t.Cleanup(func() { close(end) })
		p := start(t, "-webhook", server.URL)
		p.coreAPI().must("POST", "/users", newUser)
		<-arrived
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := p.exitCode(); code != 0 {
			t.Errorf("got exit code %d\n%s", code, p.stderr)
		}
	})
}
