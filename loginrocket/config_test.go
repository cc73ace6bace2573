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
		says   string // part of the problem
	}{
		{"no URL", atURL(""), "URL", "is missing"},
		{"a URL without a scheme", atURL("sample.e2.loginrocket.com/"), "URL", "not a URL"},
		{"a URL of another scheme", atURL("ftp://sample.e2.loginrocket.com/"), "URL", "not a URL"},
		{"a URL without a host", atURL("https:///v2"), "URL", "not a URL"},
		{"a URL with a port only", atURL("https://:443/"), "URL", "not a URL"},
		{"a URL that cannot be read", atURL("https://%zz/"), "URL", "not a URL"},
		{"the URL of the Core API", atURL("https://API-e2.authrocket.com/v2"), "URL", "is the URL of the Core API"},
		{"a URL with a password", atURL("https://x:" + password + "@sample.e2.loginrocket.com/"), "URL", "has an @"},
		{"a URL with a query", atURL(host + "/?session=" + sessionID), "URL", "has a query"},
		{"a URL with an empty query", atURL(host + "/?"), "URL", "has a query"},
		{"a URL with a fragment", atURL(host + "/#" + password), "URL", "fragment"},
		{"a URL with a line break", atURL(host + "\n"), "URL", "white space"},
		{"a URL in quotes", atURL(`"` + host + `"`), "URL", "quotes"},
		{"the URL of a page", atURL(host + "/login"), "URL", "has a path; write " + host + "/"},
		{"the URL of the keys", atURL(host + "/connect/jwks"), "URL", "has a path"},
		{"another version", atURL(host + "/v1"), "URL", "has a path"},
		{"http to another host", atURL("http://lr.example.com/"), "URL", "write https://lr.example.com/"},
		{"http to a host that looks like loopback", atURL("http://localhost.example.com/"), "URL", "is http"},
		{"an API key as the URL", atURL("ks_" + password), "URL", "coreapi"},
		{"an API key in quotes as the URL", atURL(` "KS_` + password), "URL", "coreapi"},
		{"an API key of AuthRocket 1 as the URL", atURL("ko_" + password), "URL", "AuthRocket 1"},
		{"the JWT secret as the URL", atURL("jsk_" + password), "URL", "JWTKey"},
		{"a session ID as the URL", atURL(sessionID), "URL", "session ID"},
		{"a locale that is none", func(c *loginrocket.Config) { c.Locale = "es\r\nX: " + password }, "Locale", "language tag"},
		{"an API key as the locale", func(c *loginrocket.Config) { c.Locale = "ks_" + password }, "Locale", "coreapi"},
		{"an Agent with a line break", func(c *loginrocket.Config) { c.Agent = "shop\r\nX: " + password }, "Agent", "printable ASCII"},
		{"an Agent that is too long", func(c *loginrocket.Config) { c.Agent = strings.Repeat("x", 201) }, "Agent", "more than 200"},
		{"an API key as the Agent", func(c *loginrocket.Config) { c.Agent = "ks_" + password }, "Agent", "coreapi"},
		{"a negative Timeout", func(c *loginrocket.Config) { c.Timeout = -time.Second }, "Timeout", "is negative"},
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
		"the URL of a realm":      {"https://sample.e2.loginrocket.com/", "https://sample.e2.loginrocket.com/v2/login"},
		"without the final slash": {"https://sample.e2.loginrocket.com", "https://sample.e2.loginrocket.com/v2/login"},
		"with v2":                 {"https://sample.e2.loginrocket.com/v2", "https://sample.e2.loginrocket.com/v2/login"},
		"with v2 and a slash":     {"https://sample.e2.loginrocket.com/v2/", "https://sample.e2.loginrocket.com/v2/login"},
		"a custom domain":         {"https://login.example.com:8443/", "https://login.example.com:8443/v2/login"},
		"http on loopback":        {"http://127.0.0.1:8081", "http://127.0.0.1:8081/v2/login"},
		"http on IPv6 loopback":   {"http://[::1]:8081/", "http://[::1]:8081/v2/login"},
		"http on localhost":       {"HTTP://localhost:8081", "http://localhost:8081/v2/login"},
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
