package loginrocket_test

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/loginrocket"
)

func problemsOf(err error) []*loginrocket.ConfigError {
	var problems []*loginrocket.ConfigError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			problem, _ := errors.AsType[*loginrocket.ConfigError](e)
			problems = append(problems, problem)
		}
	}
	return problems
}

func TestConfigProblems(t *testing.T) {
	t.Parallel()
	const host = "https://sample.e2.loginrocket.com"
	atURL := func(value string) func(*loginrocket.Config) { return func(c *loginrocket.Config) { c.URL = value } }
	for _, row := range []struct {
		name   string
		change func(*loginrocket.Config)
		field  string
		says   string // a part of the problem's text
	}{
		{name: "no URL", change: atURL(""), field: "URL", says: "is missing"},
		{name: "a URL without a scheme", change: atURL("sample.e2.loginrocket.com/"), field: "URL", says: "not a URL"},
		{name: "a URL of another scheme", change: atURL("ftp://sample.e2.loginrocket.com/"), field: "URL", says: "not a URL"},
		{name: "a URL without a host", change: atURL("https:///v2"), field: "URL", says: "not a URL"},
		{name: "a URL with a port only", change: atURL("https://:443/"), field: "URL", says: "not a URL"},
		{name: "a URL that cannot be read", change: atURL("https://%zz/"), field: "URL", says: "not a URL"},
		{name: "the URL of the Core API", change: atURL("https://API-e2.authrocket.com/v2"), field: "URL", says: "is the URL of the Core API"},
		{name: "a URL with a password", change: atURL("https://x:" + password + "@sample.e2.loginrocket.com/"), field: "URL", says: "has an @"},
		{name: "a URL with a query", change: atURL(host + "/?session=" + sessionID), field: "URL", says: "has a query"},
		{name: "a URL with an empty query", change: atURL(host + "/?"), field: "URL", says: "has a query"},
		{name: "a URL with a fragment", change: atURL(host + "/#" + password), field: "URL", says: "fragment"},
		{name: "a URL with a line break", change: atURL(host + "\n"), field: "URL", says: "white space"},
		{name: "a URL in quotes", change: atURL(`"` + host + `"`), field: "URL", says: "quotes"},
		{name: "the URL of a page", change: atURL(host + "/login"), field: "URL", says: "has a path; use " + host + "/"},
		{name: "the URL of the keys", change: atURL(host + "/connect/jwks"), field: "URL", says: "has a path"},
		{name: "another version", change: atURL(host + "/v1"), field: "URL", says: "has a path"},
		{name: "http to another host", change: atURL("http://lr.example.com/"), field: "URL", says: "use https://lr.example.com/"},
		{name: "http to a host that looks like loopback", change: atURL("http://localhost.example.com/"), field: "URL", says: "is http"},
		{name: "an API key as the URL", change: atURL("ks_" + password), field: "URL", says: "coreapi"},
		{name: "an API key in quotes as the URL", change: atURL(` "KS_` + password), field: "URL", says: "coreapi"},
		{name: "an API key of AuthRocket 1 as the URL", change: atURL("ko_" + password), field: "URL", says: "AuthRocket 1"},
		{name: "the JWT secret as the URL", change: atURL("jsk_" + password), field: "URL", says: "JWTKey"},
		{name: "a session ID as the URL", change: atURL(sessionID), field: "URL", says: "session ID"},
		{name: "a locale that is none", change: func(c *loginrocket.Config) { c.Locale = "es\r\nX: " + password }, field: "Locale", says: "language tag"},
		{name: "an API key as the locale", change: func(c *loginrocket.Config) { c.Locale = "ks_" + password }, field: "Locale", says: "coreapi"},
		{name: "an Agent with a line break", change: func(c *loginrocket.Config) { c.Agent = "shop\r\nX: " + password }, field: "Agent", says: "printable ASCII"},
		{name: "an Agent that is too long", change: func(c *loginrocket.Config) { c.Agent = strings.Repeat("x", 201) }, field: "Agent", says: "more than 200"},
		{name: "an API key as the Agent", change: func(c *loginrocket.Config) { c.Agent = "ks_" + password }, field: "Agent", says: "coreapi"},
		{name: "a negative Timeout", change: func(c *loginrocket.Config) { c.Timeout = -time.Second }, field: "Timeout", says: "is negative"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			config := testConfig(nil)
			row.change(&config)
			client, err := loginrocket.New(config)
			problems := problemsOf(err)
			if client != nil || len(problems) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			if problems[0].Field != row.field || !strings.Contains(problems[0].Problem, row.says) {
				t.Errorf("got %s: %s, want %s: %s", problems[0].Field, problems[0].Problem, row.field, row.says)
			}
			if !strings.HasPrefix(err.Error(), "loginrocket: Config."+row.field) {
				t.Errorf("got %q, want it to start with the field", err)
			}
			expectHidden(t, printed(t, err)+printed(t, problems[0]), secrets...)
		})
	}
}

func TestConfigsThatAreRight(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ url, sent string }{
		"the URL of a realm":      {url: "https://sample.e2.loginrocket.com/", sent: "https://sample.e2.loginrocket.com/v2/login"},
		"without the final slash": {url: "https://sample.e2.loginrocket.com", sent: "https://sample.e2.loginrocket.com/v2/login"},
		"with v2":                 {url: "https://sample.e2.loginrocket.com/v2", sent: "https://sample.e2.loginrocket.com/v2/login"},
		"with v2 and a slash":     {url: "https://sample.e2.loginrocket.com/v2/", sent: "https://sample.e2.loginrocket.com/v2/login"},
		"a custom domain":         {url: "https://login.example.com:8443/", sent: "https://login.example.com:8443/v2/login"},
		"http on loopback":        {url: "http://127.0.0.1:8081", sent: "http://127.0.0.1:8081/v2/login"},
		"http on IPv6 loopback":   {url: "http://[::1]:8081/", sent: "http://[::1]:8081/v2/login"},
		"http on localhost":       {url: "HTTP://localhost:8081", sent: "http://localhost:8081/v2/login"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newLR(answer(200, fullLogin))
			config := testConfig(nil)
			config.URL, config.Locale, config.Timeout = row.url, "pt-BR", time.Minute
			config.HTTPClient.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.URL.String() != row.sent {
					t.Errorf("sent to %s, want %s", r.URL, row.sent)
				}
				return server.RoundTrip(r)
			})
			_, err := newClient(t, config).Login(t.Context(), "ada", hide(password))
			expectError(t, err, nil)
			expectCount(t, server, 1)
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := loginrocket.New(loginrocket.Config{Locale: "?", Agent: "\n", Timeout: -1})
	var fields []string
	for _, problem := range problemsOf(err) {
		fields = append(fields, problem.Field+" "+problem.Env)
	}
	if want := []string{"URL LOGINROCKET_URL", "Locale ", "Agent ", "Timeout "}; !reflect.DeepEqual(fields, want) {
		t.Errorf("got problems of %q, want %q", fields, want)
	}
}

func TestConfigFromEnv(t *testing.T) {
	t.Setenv("LOGINROCKET_URL", " https://sample.e2.loginrocket.com/\n")
	config := loginrocket.ConfigFromEnv()
	if config.URL != "https://sample.e2.loginrocket.com/" {
		t.Errorf("got %q", config.URL)
	}
	newClient(t, config)
}

func TestConfigIsNotComparable(t *testing.T) {
	t.Parallel()
	config := reflect.TypeFor[loginrocket.Config]()
	if first := config.Field(0); config.Comparable() || first.Type != reflect.TypeFor[[0]func()]() || first.IsExported() {
		t.Error("Config can be compared, or written without the names of its fields")
	}
}
