package authrocketdev_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestNewService(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.URL = "http://localhost:8081" })
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		config authrocketdev.ServiceConfig
		want   []string
	}{
		"defaults":                           {config: authrocketdev.ServiceConfig{Server: server}},
		"all given":                          {config: authrocketdev.ServiceConfig{Server: server, APIKey: coreKey, ReadOnlyAPIKey: coreReadKey, VisibleAfter: time.Second, ConfigurationAPI: true}},
		"nothing":                            {want: []string{"Server is missing"}},
		"a short key":                        {config: authrocketdev.ServiceConfig{Server: server, APIKey: "ks_short"}, want: []string{"APIKey is not"}},
		"another prefix":                     {config: authrocketdev.ServiceConfig{Server: server, APIKey: "jsk_abcdefghijklmnop"}, want: []string{"APIKey is not"}},
		"a key that a header cannot have":    {config: authrocketdev.ServiceConfig{Server: server, APIKey: "ks_abcdefghijklmno,p"}, want: []string{"APIKey is not"}},
		"a short key to read":                {config: authrocketdev.ServiceConfig{Server: server, ReadOnlyAPIKey: "ks_short"}, want: []string{"ReadOnlyAPIKey is not"}},
		"one key to read and to write":       {config: authrocketdev.ServiceConfig{Server: server, APIKey: coreKey, ReadOnlyAPIKey: coreKey}, want: []string{"ReadOnlyAPIKey equals APIKey"}},
		"a negative time, and no server":     {config: authrocketdev.ServiceConfig{VisibleAfter: -1}, want: []string{"Server is missing", "VisibleAfter"}},
		"a bad key is not in its own error.": {config: authrocketdev.ServiceConfig{Server: server, APIKey: "ks_secret"}, want: []string{"APIKey is not"}},
	} {
		service, err := authrocketdev.NewService(row.config)
		if (err == nil) != (row.want == nil) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if err == nil {
			if key := service.APIKey(); !strings.HasPrefix(key, "ks_") || len(key) < 19 {
				t.Errorf("%s: got a key of %d characters", name, len(key))
			}
			continue
		}
		for _, want := range row.want {
			if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "ks_secret") {
				t.Errorf("%s: got %v, want %q", name, err, want)
			}
		}
	}
	a, _ := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	b, _ := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if a.APIKey() == b.APIKey() {
		t.Error("two services have one default key")
	}
}

// stateOf returns the content of a realm.
func stateOf(t testing.TB, v *authrockettest.Realm) string {
	t.Helper()
	orgs, err1 := v.ListOrgs(authrockettest.OrgList{})
	memberships, err2 := v.ListMemberships(authrockettest.MembershipList{})
	sessions, err3 := v.ListSessions(authrockettest.SessionList{})
	invitations, err4 := v.ListInvitations(authrockettest.InvitationList{})
	events, err5 := v.ListEvents(authrockettest.EventList{})
	users := v.Users()
	var credentials [][]authrockettest.Credential
	for _, u := range users {
		credentials = append(credentials, v.CredentialsOf(u.ID))
	}
	if err := fmt.Sprint(err1, err2, err3, err4, err5); strings.Trim(err, "<nil> ") != "" {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{users, orgs, memberships, sessions, invitations, events, credentials, v.AuthProviders(), v.Settings()})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// askInMemory is like ask, without a socket.
func (c *core) askInMemory(t testing.TB, method, target, body string, header ...string) coreAnswer {
	t.Helper()
	r := httptest.NewRequest(method, "/v2"+target, strings.NewReader(body))
	r.Host = "localhost:8083"
	r.Header.Set("Authrocket-Api-Key", coreKey)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.service.CoreAPI().ServeHTTP(w, r)
	a := coreAnswer{status: w.Code, header: w.Header(), body: w.Body.String()}
	if err := a.read(w.Body.Bytes()); err != nil {
		t.Fatal(err)
	}
	return a
}

// A request without the key, or with a read-only key, changes nothing. The test
// checks every endpoint.
func TestCoreKeys(t *testing.T) {
	t.Parallel()
	c := newCore(t, withConfiguration)
	before := stateOf(t, c.realm)
	for _, endpoint := range authrocketdev.CoreEndpoints() {
		method, path, _ := strings.Cut(endpoint, " ")
		path = strings.ReplaceAll(path, "{id}", "rl_test")
		for name, header := range map[string][]string{
			"no key":                {"Authrocket-Api-Key", ""},
			"another key":           {"Authrocket-Api-Key", "ks_writes_and_reads_0002"},
			"how the key begins":    {"Authrocket-Api-Key", coreKey[:len(coreKey)-1]},
			"the key and more":      {"Authrocket-Api-Key", coreKey + "1"},
			"the key in other case": {"Authrocket-Api-Key", strings.ToUpper(coreKey)},
		} {
			if a := c.ask(t, method, path, "", header...); a.status != http.StatusForbidden {
				t.Errorf("%s with %s: got %d %s", endpoint, name, a.status, a.body)
			}
		}
		if a := c.ask(t, method, path, "", "Authrocket-Api-Key", coreReadKey); method != http.MethodGet && (a.status != http.StatusForbidden || !strings.Contains(a.body, "only read")) {
			t.Errorf("%s with a key that can only read: got %d %s", endpoint, a.status, a.body)
		}
	}
	if stateOf(t, c.realm) != before {
		t.Error("something has changed")
	}
	for name, row := range map[string]struct {
		path, body string
		header     []string
		want       int
	}{
		"as a header":                            {header: []string{"Authrocket-Api-Key", coreKey}, want: 200},
		"as a bearer":                            {header: []string{"Authorization", "Bearer " + coreKey}, want: 200},
		"as a bearer with the realm":             {header: []string{"Authorization", "Bearer " + coreKey + ",rl_test"}, want: 200},
		"as a bearer with another realm":         {header: []string{"Authorization", "Bearer " + coreKey + ",rl_none"}, want: 404},
		"the realm as a header":                  {header: []string{"Authrocket-Api-Key", coreKey, "Authrocket-Realm", "rl_test"}, want: 200},
		"another realm as a header":              {header: []string{"Authrocket-Api-Key", coreKey, "Authrocket-Realm", "rl_none"}, want: 404},
		"another realm in the query":             {path: "?realm_id=rl_none", header: []string{"Authrocket-Api-Key", coreKey}, want: 404},
		"the name of the header of v1":           {header: []string{"X-Authrocket-Api-Key", coreKey}, want: 403},
		"the key in the query":                   {path: "?api_key=" + coreKey + "&authrocket_api_key=" + coreKey + "&key=" + coreKey, want: 403},
		"as a password":                          {header: []string{"Authorization", "Basic a3Nfd3JpdGVzX2FuZF9yZWFkc18wMDAxOg=="}, want: 403},
		"as a cookie":                            {header: []string{"Cookie", "Authrocket-Api-Key=" + coreKey}, want: 403},
		"a wrong header beats a right bearer":    {header: []string{"Authrocket-Api-Key", "ks_wrong_wrong_wrong", "Authorization", "Bearer " + coreKey}, want: 403},
		"an empty key where no one is read-only": {header: []string{"Authorization", "Bearer "}, want: 403},
	} {
		header := row.header
		if !slices.Contains(header, "Authrocket-Api-Key") {
			header = append(header, "Authrocket-Api-Key", "")
		}
		if a := c.ask(t, http.MethodGet, "/orgs"+row.path, row.body, header...); a.status != row.want {
			t.Errorf("%s: got %d %s", name, a.status, a.body)
		}
	}
	alone := newCore(t, func(c *authrocketdev.ServiceConfig) { c.ReadOnlyAPIKey = "" })
	if a := alone.ask(t, http.MethodGet, "/orgs", "", "Authrocket-Api-Key", "", "Authorization", "Bearer "); a.status != http.StatusForbidden {
		t.Errorf("an empty key without a key that can only read: got %d", a.status)
	}
}

// A website whose name resolves to this machine gets nothing. Scripts of other
// websites cannot read an answer.
func TestCoreWebsites(t *testing.T) {
	t.Parallel()
	c := newCore(t, func(c *authrocketdev.ServiceConfig) { c.Host = "core.example:8083" })
	for host, want := range map[string]int{
		"localhost:8083": 200, "127.0.0.1": 200, "[::1]:8083": 200, "api.localhost": 200, "core.example:8083": 200,
		"evil.example": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:8083": 421, "core.example": 421, "10.0.0.1:8083": 421,
	} {
		a := c.ask(t, http.MethodGet, "/orgs", "", "Host", host, "Origin", "http://localhost:3000")
		if a.status != want {
			t.Errorf("host %s: got %d, want %d", host, a.status, want)
		}
		if id := a.header.Get("X-Request-ID"); !strings.HasPrefix(id, "rq_") || len(id) != 25 {
			t.Errorf("host %s: got the request ID %q", host, id)
		}
	}
	for _, method := range []string{http.MethodOptions, http.MethodGet, http.MethodPost, http.MethodHead} {
		a := c.ask(t, method, "/orgs", "", "Origin", "http://localhost:3000", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authrocket-api-key")
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: got the header %s", method, name)
			}
		}
		if method == http.MethodOptions && a.status != http.StatusMethodNotAllowed {
			t.Errorf("a preflight: got %d", a.status)
		}
	}
}

// A call that cannot be carried out returns an error with its own status, and leaves
// the realm unchanged.
func TestCoreBadRequests(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	c.run(t, false, nil, after(step{name: "an org", method: "POST /orgs", body: `{"org":{"name":"Engines"}}`, status: 201}))
	form := []string{"Content-Type", formType}
	before := stateOf(t, c.realm)
	for name, row := range map[string]struct {
		request string
		body    string
		header  []string
		want    int
	}{
		"an answer that is no JSON":           {request: "GET /orgs", header: []string{"Accept", "text/html"}, want: 406},
		"JSON of no weight":                   {request: "GET /orgs", header: []string{"Accept", "application/json;q=0, text/html"}, want: 406},
		"an Accept that cannot be read":       {request: "GET /orgs", header: []string{"Accept", ";;;"}, want: 406},
		"any answer":                          {request: "GET /orgs", header: []string{"Accept", "text/html, */*;q=0.1"}, want: 200},
		"a JSON answer":                       {request: "GET /orgs", header: []string{"Accept", "text/html, application/json"}, want: 200},
		"a body of another type":              {request: "POST /orgs", body: `<org/>`, header: []string{"Content-Type", "text/xml"}, want: 415},
		"a body of no type":                   {request: "POST /orgs", body: `{}`, header: []string{"Content-Type", ""}, want: 415},
		"a multipart body":                    {request: "POST /orgs", body: `--x--`, header: []string{"Content-Type", "multipart/form-data; boundary=x"}, want: 415},
		"JSON that ends early":                {request: "POST /orgs", body: `{"org":`, want: 400},
		"more than one value":                 {request: "POST /orgs", body: `{"org":{"name":"x"}}{}`, want: 400},
		"an array":                            {request: "POST /orgs", body: `[{"org":{"name":"x"}}]`, want: 400},
		"a text":                              {request: "POST /orgs", body: `"org"`, want: 400},
		"a member twice":                      {request: "POST /orgs", body: `{"org":{"name":"x","name":"y"}}`, want: 400},
		"text that is not UTF-8":              {request: "POST /orgs", body: "{\"org\":{\"name\":\"\xff\"}}", want: 400},
		"deep JSON":                           {request: "POST /orgs", body: strings.Repeat("[", 100_000), want: 400},
		"deep objects":                        {request: "POST /orgs", body: strings.Repeat(`{"org":`, 20_000) + "1" + strings.Repeat("}", 20_000), want: 400},
		"deep objects that can be read":       {request: "POST /orgs", body: strings.Repeat(`{"org":`, 9_000) + "1" + strings.Repeat("}", 9_000), want: 422},
		"a number out of range":               {request: "POST /orgs", body: `{"org":{"name":"x","custom":{"n":1e999}}}`, want: 400},
		"a body over the limit":               {request: "POST /orgs", body: `{"org":{"name":"` + strings.Repeat("x", 256<<10) + `"}}`, want: 413},
		"a body of a MiB":                     {request: "POST /orgs", body: strings.Repeat("x", 1<<20), want: 413},
		"JSON that is called a form":          {request: "POST /orgs", body: ` {"org":{"name":"x"}}`, header: form, want: 415},
		"a form over the limit":               {request: "POST /orgs", body: "org[name]=" + strings.Repeat("x", 256<<10), header: form, want: 413},
		"a form that cannot be read":          {request: "POST /orgs", body: "org[name]=%zz", header: form, want: 400},
		"a form without a member's end":       {request: "POST /orgs", body: "org[name=x", header: form, want: 422},
		"a form with a member of nothing":     {request: "POST /orgs", body: "org[][name]=x", header: form, want: 422},
		"a form that is too deep":             {request: "POST /orgs", body: "org[a][b][c][d]=x", header: form, want: 422},
		"a form whose text is an object":      {request: "POST /orgs", body: "org=x&org[name]=x", header: form, want: 422},
		"a form whose object is a text":       {request: "POST /orgs", body: "org[name]=x&org[name][a]=x", header: form, want: 422},
		"a query that cannot be read":         {request: "GET /orgs?a=%zz", want: 400},
		"a semicolon in the query":            {request: "GET /orgs?a;b", want: 400},
		"an unknown order":                    {request: "GET /orgs?sort=state", want: 400},
		"an unknown direction":                {request: "GET /orgs?direction=up", want: 400},
		"no results":                          {request: "GET /orgs?max_results=0", want: 400},
		"too many results":                    {request: "GET /orgs?max_results=1001", want: 400},
		"after nothing":                       {request: "GET /orgs?after=org_none", want: 400},
		"root is no object":                   {request: "POST /orgs", body: `{"org":"x"}`, want: 422},
		"root is missing":                     {request: "POST /orgs", body: `{"name":"x"}`, want: 422},
		"an unknown attribute":                {request: "POST /orgs", body: `{"org":{"name":"x","nmae":"y"}}`, want: 422},
		"an unknown member":                   {request: "POST /orgs", body: `{"org":{"name":"x"},"orgs":{}}`, want: 422},
		"an unknown member of request":        {request: "POST /orgs", body: `{"org":{"name":"x"},"request":{"user":"y"}}`, want: 422},
		"request is no object":                {request: "POST /orgs", body: `{"org":{"name":"x"},"request":"10.0.0.1"}`, want: 422},
		"request has a long text":             {request: "POST /orgs", body: `{"org":{"name":"x"},"request":{"client":"` + strings.Repeat("x", 501) + `"}}`, want: 422},
		"request has a line":                  {request: "POST /orgs", body: `{"org":{"name":"x"},"request":{"ip":"a\nb"}}`, want: 422},
		"a number for a text":                 {request: "POST /orgs", body: `{"org":{"name":1}}`, want: 422},
		"an object for a text":                {request: "POST /orgs", body: `{"org":{"name":{"a":"b"}}}`, want: 422},
		"a long name":                         {request: "POST /orgs", body: `{"org":{"name":"` + strings.Repeat("x", 101) + `"}}`, want: 422},
		"a name that cannot be shown":         {request: "POST /orgs", body: `{"org":{"name":"a\u202eb"}}`, want: 422},
		"a text for custom":                   {request: "POST /orgs", body: `{"org":{"name":"x","custom":"y"}}`, want: 422},
		"custom that is too large":            {request: "POST /orgs", body: `{"org":{"name":"x","custom":{"a":"` + strings.Repeat("x", 16<<10) + `"}}}`, want: 422},
		"a realm_id of another type":          {request: "POST /orgs", body: `{"org":{"name":"x"},"realm_id":7}`, want: 422},
		"another realm among the attributes":  {request: "POST /orgs", body: `{"org":{"name":"x","realm_id":"rl_none"}}`, want: 404},
		"force of another type":               {request: "DELETE /orgs/org_none", body: `{"force":[]}`, want: 422},
		"a time of another type":              {request: "POST /memberships", body: `{"membership":{"user_id":"x","org_id":"y","expires_at":"soon"}}`, want: 422},
		"a time out of range":                 {request: "POST /memberships", body: `{"membership":{"user_id":"x","org_id":"y","expires_at":1e300}}`, want: 422},
		"permissions of another type":         {request: "POST /memberships", body: `{"membership":{"user_id":"x","org_id":"y","permissions":[1]}}`, want: 422},
		"an unknown path":                     {request: "GET /nothing", want: 404},
		"a path of another version":           {request: "GET /../v1/orgs", want: 404},
		"an unknown action":                   {request: "POST /users/user-1@example.com/fly", want: 404},
		"a blank ID":                          {request: "DELETE /orgs/", want: 404},
		"an ID of a space":                    {request: "DELETE /users/%20", want: 404},
		"a dot":                               {request: "DELETE /orgs/%2e", want: 404},
		"two dots":                            {request: "DELETE /orgs/%2e%2e", want: 404},
		"a way out":                           {request: "DELETE /orgs/..%2f..%2fusers", want: 404},
		"a slash in an email":                 {request: "DELETE /users/a%2fuser-1@example.com", want: 404},
		"an ID that ends a line":              {request: "DELETE /users/user-1@example.com%0a", want: 404},
		"a long ID":                           {request: "DELETE /users/" + strings.Repeat("x", 10_000), want: 404},
		"another method":                      {request: "PATCH /orgs", want: 405},
		"a list that is deleted":              {request: "DELETE /orgs", want: 405},
		"the head of a list":                  {request: "HEAD /orgs", want: 405},
		"a user without @ and with a % thing": {request: "GET /users/%25", want: 404},
	} {
		method, path, _ := strings.Cut(row.request, " ")
		ask := c.ask
		if row.want == http.StatusRequestEntityTooLarge {
			// A server that stops reading may reset the connection before the client
			// has read the answer.
			ask = c.askInMemory
		}
		a := ask(t, method, path, row.body, row.header...)
		if a.status != row.want {
			t.Errorf("%s: got %d %.200s, want %d", name, a.status, a.body, row.want)
		}
		isList := len(a.mismatch([]string{"errors.0"})) == 0
		if a.status >= 400 && method != http.MethodHead && (!isList || a.header.Get("Content-Type") != "application/json; charset=utf-8") {
			t.Errorf("%s: got no errors but %.200s", name, a.body)
		}
		if a.status == http.StatusMethodNotAllowed && a.header.Get("Allow") == "" {
			t.Errorf("%s: got no Allow", name)
		}
		if stateOf(t, c.realm) != before {
			t.Fatalf("%s: something has changed", name)
		}
	}
}

// An answer does not repeat values that may be credentials.
func TestCoreErrorsRepeatNoCredential(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	c.run(t, false, nil, after())
	const secret = "my-very-secret-thing"
	for _, row := range [][2]string{
		{"POST /users", `{"user":{"email":"` + secret + `","password":"` + secret + `","state":"` + secret + `"}}`},
		{"POST /users/user-1@example.com/authenticate", `{"user":{"password":"` + secret + `"}}`},
		{"POST /users/verify_email", `{"user":{"token":"` + secret + `"}}`},
		{"POST /users/authenticate_token", `{"user":{"token":"` + secret + `","code":"` + secret + `"}}`},
		{"POST /auth_providers/authorize", `{"code":"` + secret + `","state":"` + secret + `"}`},
		{"GET /sessions/" + secret, ``},
		{"POST /users", `{"user":"` + secret},
	} {
		method, path, _ := strings.Cut(row[0], " ")
		if a := c.ask(t, method, path, row[1]); a.status < 400 || strings.Contains(a.body, secret) || strings.Contains(a.body, coreKey) {
			t.Errorf("%s: got %d %s", row[0], a.status, a.body)
		}
	}
}

// inCore runs a test in a bubble with an in-memory Core API.
func inCore(t *testing.T, test func(t *testing.T, ask func(method, path, body, key string) coreAnswer), configure ...func(*authrocketdev.ServiceConfig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, coreInMemory(t, configure...).ask) })
}

type memoryCore struct {
	realm   *authrockettest.Realm
	handler http.Handler
	ask     func(method, target, body, key string) coreAnswer
}

func coreInMemory(t testing.TB, configure ...func(*authrocketdev.ServiceConfig)) memoryCore {
	t.Helper()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) {
		c.URL, c.ID, c.Algorithm = "http://127.0.0.1:8081", "rl_test", "HS256" // whose key costs nothing
	})
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	config := authrocketdev.ServiceConfig{Server: server, APIKey: coreKey, ReadOnlyAPIKey: coreReadKey, RequestsPerMinute: -1}
	for _, f := range configure {
		f(&config)
	}
	service, err := authrocketdev.NewService(config)
	if err != nil {
		t.Fatal(err)
	}
	return memoryCore{realm, service.CoreAPI(), func(method, target, body, key string) coreAnswer {
		r := httptest.NewRequest(method, "/v2"+target, strings.NewReader(body))
		r.Host = "localhost:8083"
		r.Header.Set("Authrocket-Api-Key", key)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		service.CoreAPI().ServeHTTP(w, r)
		a := coreAnswer{status: w.Code, header: w.Header(), body: w.Body.String()}
		if a.body != "" {
			if err := a.read(w.Body.Bytes()); err != nil {
				t.Errorf("%s %s: the answer is no JSON: %v", method, target, err)
			}
		}
		return a
	}}
}

func TestCoreLimit(t *testing.T) {
	t.Parallel()
	inCore(t, func(t *testing.T, ask func(method, path, body, key string) coreAnswer) {
		for i, want := range []int{200, 200, 200, 429, 429} {
			a := ask(http.MethodGet, "/orgs", "", coreKey)
			if a.status != want || a.header.Get("Ratelimit-Limit") != "3" || a.header.Get("Ratelimit-Remaining") != strconv.Itoa(max(2-i, 0)) {
				t.Errorf("request %d: got %d with %v", i, a.status, a.header)
			}
			reset, err := time.Parse(http.TimeFormat, a.header.Get("Ratelimit-Reset"))
			if wait := time.Until(reset); err != nil || wait <= 0 || wait > 61*time.Second {
				t.Errorf("request %d: got the reset %v, %v", i, reset, err)
			}
		}
		if a := ask(http.MethodPost, "/orgs", `{"org":{"name":"x"}}`, coreKey); a.status != 429 || a.text("errors.0") == "" {
			t.Errorf("a write over the limit: got %d %s", a.status, a.body)
		}
		if a := ask(http.MethodGet, "/orgs", "", coreReadKey); a.status != 200 {
			t.Errorf("another key: got %d", a.status)
		}
		if a := ask(http.MethodGet, "/orgs", "", "ks_wrong"); a.status != 403 || a.header.Get("Ratelimit-Limit") != "" {
			t.Errorf("a wrong key: got %d with %v", a.status, a.header)
		}
		time.Sleep(time.Minute)
		if a := ask(http.MethodGet, "/orgs", "", coreKey); a.status != 200 {
			t.Errorf("after the reset: got %d", a.status)
		}
	}, func(c *authrocketdev.ServiceConfig) { c.RequestsPerMinute = 3 })
}

func TestConfigurationAPIHasNoLimit(t *testing.T) {
	t.Parallel()
	inCore(t, func(t *testing.T, ask func(method, path, body, key string) coreAnswer) {
		for range 1_300 {
			if a := ask(http.MethodGet, "/realms/rl_none", "", coreKey); a.status != 404 || a.header.Get("Ratelimit-Limit") != "" {
				t.Fatalf("got %d with %v", a.status, a.header)
			}
		}
	}, withConfiguration, func(c *authrocketdev.ServiceConfig) { c.RequestsPerMinute = 0 })
}

// Reads show a write late. Its own answer and later writes see it at once.
func TestCoreVisibleAfter(t *testing.T) {
	t.Parallel()
	inCore(t, func(t *testing.T, ask func(method, path, body, key string) coreAnswer) {
		user := ask(http.MethodPost, "/users", `{"user":{"email":"a@example.com","password":"how-now-brown-cow!"}}`, coreKey)
		if user.status != 201 || len(user.mismatch([]string{"credentials#1"})) > 0 {
			t.Fatalf("got %d %s", user.status, user.body)
		}
		path := "/users/" + user.text("id")
		if a := ask(http.MethodGet, path, "", coreKey); a.status != 404 {
			t.Errorf("at once: got %d", a.status)
		}
		if a := ask(http.MethodPut, path, `{"user":{"first_name":"Ada"}}`, coreKey); a.status != 200 || a.text("first_name") != "Ada" {
			t.Errorf("a write: got %d %s", a.status, a.body)
		}
		session := ask(http.MethodPost, path+"/authenticate?expand=memberships", `{"user":{"password":"how-now-brown-cow!"}}`, coreKey)
		if session.status != 201 || session.text("user.id") != user.text("id") {
			t.Errorf("a login: got %d %s", session.status, session.body)
		}
		time.Sleep(2 * time.Second)
		if a := ask(http.MethodGet, path, "", coreKey); a.status != 200 || a.text("first_name") != "Ada" {
			t.Errorf("later: got %d %s", a.status, a.body)
		}
		// A session that has ended is still visible for a while, but gives no token.
		sessionPath := "/sessions/" + session.text("id")
		if a := ask(http.MethodDelete, sessionPath, "", coreKey); a.status != 204 {
			t.Fatalf("got %d %s", a.status, a.body)
		}
		if a := ask(http.MethodDelete, sessionPath, "", coreKey); a.status != 404 {
			t.Errorf("the end of a session that has ended: got %d", a.status)
		}
		if a := ask(http.MethodGet, sessionPath, "", coreKey); a.status != 200 {
			t.Errorf("a session that has ended: got %d", a.status)
		}
		if a := ask(http.MethodGet, sessionPath+"?expand=token", "", coreKey); a.status != 404 || a.text("token") != "" {
			t.Errorf("the token of a session that has ended: got %d", a.status)
		}
	}, func(c *authrocketdev.ServiceConfig) { c.VisibleAfter = 2 * time.Second })
}

func TestCoreTokensExpire(t *testing.T) {
	t.Parallel()
	inCore(t, func(t *testing.T, ask func(method, path, body, key string) coreAnswer) {
		ask(http.MethodPost, "/users", `{"user":{"email":"a@example.com","password":"how-now-brown-cow!"}}`, coreKey)
		token := ask(http.MethodPost, "/users/a@example.com/generate_password_token", "", coreKey).text("token")
		session := ask(http.MethodPost, "/users/a@example.com/authenticate", `{"user":{"password":"how-now-brown-cow!"}}`, coreKey).text("id")
		ask(http.MethodPost, "/auth_providers", `{"auth_provider":{"provider_type":"dummy"}}`, coreKey)
		_, state, _ := strings.Cut(ask(http.MethodGet, "/auth_providers/dummy/authorize?redirect_uri=https://local.dev/", "", coreKey).text("auth_url"), "state=")
		time.Sleep(time.Hour)
		if a := ask(http.MethodPost, "/users/reset_password_with_token", `{"user":{"token":"`+token+`","password":"by-a-token-now"}}`, coreKey); a.status != 422 {
			t.Errorf("a token for a password after an hour: got %d %s", a.status, a.body)
		}
		if a := ask(http.MethodPost, "/auth_providers/authorize", `{"code":"abcdefgh","state":"`+state+`"}`, coreKey); a.status != 422 {
			t.Errorf("a state after an hour: got %d %s", a.status, a.body)
		}
		time.Sleep(24 * time.Hour)
		if a := ask(http.MethodGet, "/sessions/"+session, "", coreKey); a.status != 404 {
			t.Errorf("a session after a day: got %d", a.status)
		}
		if a := ask(http.MethodDelete, "/sessions/"+session, "", coreKey); a.status != 404 {
			t.Errorf("the end of a session after a day: got %d", a.status)
		}
		if a := ask(http.MethodGet, "/events?event_type=session.deleted", "", coreKey); len(a.mismatch([]string{"collection#0"})) > 0 {
			t.Errorf("a session that expires is an event: %s", a.body)
		}
	}, withConfiguration)
}

// Several writers of one record overwrite none of each other's changes. A token that
// works once works for only one of them.
func TestCoreWritersAtOnce(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	values := map[string]string{}
	c.run(t, false, values, after(
		step{name: "another user", method: "POST /users", body: `{"user":{"email":"two@example.com","password":"how-now-brown-cow!"}}`, status: 201, keep: "two=id"},
		step{name: "an org", method: "POST /orgs", body: `{"org":{"name":"Engines"}}`, status: 201, keep: "org=id"},
		step{name: "an invitation", method: "POST /invitations", body: `{"invitation":{"email":"x@example.com","invitation_type":"org","org_id":"{org}"}}`, status: 201, keep: "invitation=token"},
		step{name: "a token", method: "POST /users/{user}/generate_password_token", status: 201, keep: "token=token"},
	))
	atOnce := func(requests ...[3]string) map[int]int { // method, path, body
		var all sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for _, r := range requests {
			all.Go(func() {
				a := c.ask(t, r[0], r[1], r[2])
				mu.Lock()
				defer mu.Unlock()
				statuses[a.status]++
			})
		}
		all.Wait()
		return statuses
	}
	user := "/users/" + values["user"]
	changes := [][3]string{
		{"PUT", user, `{"user":{"first_name":"Ada"}}`}, {"PUT", user, `{"user":{"last_name":"Lovelace"}}`}, {"PUT", user, `{"user":{"username":"ada"}}`},
		{"PUT", user, `{"user":{"reference":"42"}}`}, {"PUT", user, `{"user":{"locale":"es"}}`}, {"PUT", user, `{"user":{"custom":{"plan":"pro"}}}`},
	}
	if got := atOnce(changes...); got[200] != len(changes) {
		t.Errorf("changes: got %v", got)
	}
	wants := []string{"first_name=Ada", "last_name=Lovelace", "name=Ada Lovelace", "username=ada", "reference=42", "locale=es", "custom.plan=pro"}
	if a := c.ask(t, http.MethodGet, user, ""); len(a.mismatch(wants)) > 0 {
		t.Errorf("a change is lost: %v", a.mismatch(wants))
	}
	once := func(name string, ok int, requests ...[3]string) {
		t.Helper()
		if got := atOnce(requests...); got[ok] != 1 || got[500] != 0 {
			t.Errorf("%s: got %v", name, got)
		}
	}
	same := func(method, path, body string) [][3]string {
		return slices.Repeat([][3]string{{method, path, body}}, 6)
	}
	once("one email", 201, same("POST", "/users", `{"user":{"email":"new@example.com","password":"how-now-brown-cow!"}}`)...)
	once("one membership", 201, same("POST", "/memberships", `{"membership":{"user_id":"`+values["user"]+`","org_id":"`+values["org"]+`"}}`)...)
	once("one token", 201, same("POST", "/users/reset_password_with_token", `{"user":{"token":"`+values["token"]+`","password":"by-a-token-now"}}`)...)
	accept := `{"user":{"token":"` + values["invitation"] + `"}}`
	once("one invitation", 200, [3]string{"POST", user + "/accept_invitation", accept}, [3]string{"POST", "/users/two@example.com/accept_invitation", accept})
	once("one end", 204, same("DELETE", "/users/two@example.com", "")...)
}
