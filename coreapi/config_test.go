package coreapi_test

import (
	"errors"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

func problemsOf(err error) []*coreapi.ConfigError {
	var problems []*coreapi.ConfigError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			problem, _ := errors.AsType[*coreapi.ConfigError](e)
			problems = append(problems, problem)
		}
	}
	return problems
}

func TestConfigProblems(t *testing.T) {
	t.Parallel()
	hide := coreapi.Hide
	for _, row := range []struct {
		name   string
		change func(*coreapi.Config)
		field  string
		says   string // part of the problem
		secret string // what must not be in it
	}{
		{"no URL", func(c *coreapi.Config) { c.URL = "" }, "URL", "is missing", ""},
		{"a URL without a scheme", func(c *coreapi.Config) { c.URL = "api-e2.authrocket.com/v2" }, "URL", "not a URL", ""},
		{"a URL of another scheme", func(c *coreapi.Config) { c.URL = "ftp://api-e2.authrocket.com/v2" }, "URL", "not a URL", ""},
		{"a URL that cannot be read", func(c *coreapi.Config) { c.URL = "https://%zz/v2" }, "URL", "not a URL", ""},
		{"a URL without /v2", func(c *coreapi.Config) { c.URL = "https://api-e2.authrocket.com" }, "URL", "write https://api-e2.authrocket.com/v2", ""},
		{"the URL of AuthRocket 1", func(c *coreapi.Config) { c.URL = "https://api-e1.authrocket.com/v1/" }, "URL", "AuthRocket 1", ""},
		{"a LoginRocket URL", func(c *coreapi.Config) { c.URL = "https://sample.e2.loginrocket.com/v2" }, "URL", "LoginRocket URL", ""},
		{"a LoginRocket URL in capitals", func(c *coreapi.Config) { c.URL = "https://Sample.E2.LoginRocket.com/" }, "URL", "LoginRocket URL", ""},
		{"a URL with a password", func(c *coreapi.Config) { c.URL = "https://x:" + hidden + "@api-e2.authrocket.com/v2" }, "URL", "has an @", hidden},
		{"a URL with a query", func(c *coreapi.Config) { c.URL = "https://api-e2.authrocket.com/v2?key=" + hidden }, "URL", "has a query", hidden},
		{"a URL with a fragment", func(c *coreapi.Config) { c.URL = "https://api-e2.authrocket.com/v2#" + hidden }, "URL", "fragment", hidden},
		{"a URL with white space", func(c *coreapi.Config) { c.URL = " https://api-e2.authrocket.com/v2\n" }, "URL", "white space", ""},
		{"a URL in quotes", func(c *coreapi.Config) { c.URL = `"https://api-e2.authrocket.com/v2"` }, "URL", "", ""},
		{"a key as the URL", func(c *coreapi.Config) { c.URL = testKey }, "URL", "an API key; it belongs into APIKey", testKey},
		{"http to another host", func(c *coreapi.Config) { c.URL = "http://api.example.com/v2" }, "URL", "write https://api.example.com/v2", ""},
		{"http to a host that looks like loopback", func(c *coreapi.Config) { c.URL = "http://localhost.example.com/v2" }, "URL", "is http", ""},

		{"no key", func(c *coreapi.Config) { c.APIKey = coreapi.Secret{} }, "APIKey", "is missing", ""},
		{"a key of AuthRocket 1, ko_", func(c *coreapi.Config) { c.APIKey = hide("ko_" + hidden) }, "APIKey", "AuthRocket 1", hidden},
		{"a key of AuthRocket 1, key_", func(c *coreapi.Config) { c.APIKey = hide("key_" + hidden) }, "APIKey", "AuthRocket 1", hidden},
		{"the JWT secret", func(c *coreapi.Config) { c.APIKey = hide("jsk_" + hidden) }, "APIKey", "login tokens", hidden},
		{"a service credential", func(c *coreapi.Config) { c.APIKey = hide("svc_" + hidden) }, "APIKey", "service credential", hidden},
		{"a session ID", func(c *coreapi.Config) { c.APIKey = hide("kss_" + hidden) }, "APIKey", "session ID", hidden},
		{"a realm as the key", func(c *coreapi.Config) { c.APIKey = hide("rl_0v1zTHXhtNgmDaXaDYSAqx") }, "APIKey", "belongs into RealmID", ""},
		{"a URL as the key", func(c *coreapi.Config) { c.APIKey = hide("https://api-e2.authrocket.com/v2") }, "APIKey", "belongs into URL", ""},
		{"a key in quotes", func(c *coreapi.Config) { c.APIKey = hide(`"` + testKey + `"`) }, "APIKey", "quotes", testKey},
		{"a key with a line break", func(c *coreapi.Config) { c.APIKey = hide(testKey + "\n") }, "APIKey", "white space", testKey},
		{"a key with white space within", func(c *coreapi.Config) { c.APIKey = hide("ks_a " + hidden) }, "APIKey", "white space", hidden},
		{"a key of a header", func(c *coreapi.Config) { c.APIKey = hide("Bearer " + testKey) }, "APIKey", "Bearer", testKey},
		{"a key with a realm behind it", func(c *coreapi.Config) { c.APIKey = hide(testKey + ",rl_0v1zTHX") }, "APIKey", "RealmID", testKey},
		{"what is no key", func(c *coreapi.Config) { c.APIKey = hide(hidden) }, "APIKey", "starts with ks_", hidden},
		{"a key beyond ASCII", func(c *coreapi.Config) { c.APIKey = hide("ks_é" + hidden) }, "APIKey", "starts with ks_", hidden},

		{"a key as the realm", func(c *coreapi.Config) { c.RealmID = testKey }, "RealmID", "belongs into APIKey", testKey},
		{"the JWT secret as the realm", func(c *coreapi.Config) { c.RealmID = " jsk_" + hidden }, "RealmID", "login tokens", hidden},
		{"a realm with white space", func(c *coreapi.Config) { c.RealmID = "rl_a\n" }, "RealmID", "white space", ""},
		{"what is no realm", func(c *coreapi.Config) { c.RealmID = hidden }, "RealmID", "starts with rl_", hidden},
		{"a locale that is none", func(c *coreapi.Config) { c.Locale = "es\r\nX: " + hidden }, "Locale", "language tag", hidden},
		{"a key as the locale", func(c *coreapi.Config) { c.Locale = testKey }, "Locale", "belongs into APIKey", testKey},
		{"a UserAgent with a line break", func(c *coreapi.Config) { c.UserAgent = "shop\r\nX: " + hidden }, "UserAgent", "printable ASCII", hidden},
		{"a key as the UserAgent", func(c *coreapi.Config) { c.UserAgent = testKey }, "UserAgent", "belongs into APIKey", testKey},
		{"a negative Timeout", func(c *coreapi.Config) { c.Timeout = -time.Second }, "Timeout", "is negative", ""},
		{"too many Retries", func(c *coreapi.Config) { c.Retries = 11 }, "Retries", "more than 10", ""},
		{"an endless budget", func(c *coreapi.Config) { c.RequestsPerSecond = math.Inf(1) }, "RequestsPerSecond", "finite", ""},
		{"a budget that is no number", func(c *coreapi.Config) { c.RequestsPerSecond = math.NaN() }, "RequestsPerSecond", "finite", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			config := testConfig(nil)
			row.change(&config)
			client, err := coreapi.New(config)
			problems := problemsOf(err)
			if client != nil || len(problems) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			if problems[0].Field != row.field || !strings.Contains(problems[0].Problem, row.says) {
				t.Errorf("got %s: %s, want %s: %s", problems[0].Field, problems[0].Problem, row.field, row.says)
			}
			if !strings.HasPrefix(err.Error(), "coreapi: Config."+row.field) {
				t.Errorf("got %q, want it to start with the field", err)
			}
			if row.secret != "" {
				expectHidden(t, printed(t, err), row.secret)
				expectHidden(t, printed(t, problems[0]), row.secret)
			}
		})
	}
}

func TestConfigsThatAreRight(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*coreapi.Config)
	}{
		{"URL and key", func(*coreapi.Config) {}},
		{"a final slash", func(c *coreapi.Config) { c.URL += "/" }},
		{"a path of a proxy", func(c *coreapi.Config) { c.URL = "https://proxy.example.com/authrocket/v2" }},
		{"http on loopback", func(c *coreapi.Config) { c.URL = "http://127.0.0.1:8083/v2" }},
		{"http on localhost", func(c *coreapi.Config) { c.URL = "http://localhost:8083/v2" }},
		{"http on request", func(c *coreapi.Config) { c.URL, c.DangerouslyAllowHTTP = "http://api:8083/v2", true }},
		{"all fields", func(c *coreapi.Config) {
			c.RealmID, c.Locale, c.UserAgent, c.Timeout, c.Retries, c.RequestsPerSecond = "rl_0v1zTHX", "pt-BR", "shop/1.4", time.Minute, 10, 0.5
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			config := testConfig(nil)
			row.change(&config)
			newClient(t, config)
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := coreapi.New(coreapi.Config{RealmID: "realm", Timeout: -1})
	var fields []string
	for _, problem := range problemsOf(err) {
		fields = append(fields, problem.Field+" "+problem.Env)
	}
	if want := []string{"URL AUTHROCKET_URL", "APIKey AUTHROCKET_API_KEY", "RealmID AUTHROCKET_REALM", "Timeout "}; !reflect.DeepEqual(fields, want) {
		t.Errorf("got problems of %q, want %q", fields, want)
	}
}

func TestConfigFromEnv(t *testing.T) {
	t.Setenv("AUTHROCKET_URL", " https://api-e2.authrocket.com/v2\n")
	t.Setenv("AUTHROCKET_API_KEY", testKey+"\n")
	t.Setenv("AUTHROCKET_REALM", "rl_0v1zTHX")
	config := coreapi.ConfigFromEnv()
	if config.URL != "https://api-e2.authrocket.com/v2" || config.APIKey.Reveal() != testKey || config.RealmID != "rl_0v1zTHX" {
		t.Errorf("got %q, %q, %q", config.URL, config.APIKey.Reveal(), config.RealmID)
	}
	newClient(t, config)
}

func TestConfigIsNotComparable(t *testing.T) {
	t.Parallel()
	config := reflect.TypeFor[coreapi.Config]()
	if first := config.Field(0); config.Comparable() || first.Type != reflect.TypeFor[[0]func()]() || first.IsExported() {
		t.Error("Config can be compared, or written without the names of its fields")
	}
}

// The client that is given stays as it is; its cookies, timeout and redirects do not count.
func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := newAPI(answer(200, adaJSON, "Set-Cookie", "a=b"))
	given := &http.Client{Transport: server, Jar: jar, Timeout: 1}
	config := testConfig(nil)
	config.HTTPClient = given
	client := newClient(t, config)
	given.Transport = newAPI(answer(500, ""))
	for range 2 {
		if _, err := client.Users.Get(t.Context(), "usr_1"); err != nil {
			t.Fatal(err)
		}
	}
	if server.requests()[1].header.Get("Cookie") != "" || len(jar.Cookies(&url.URL{Scheme: "https", Host: "api-e2.authrocket.com", Path: "/"})) > 0 {
		t.Error("cookies are kept")
	}
	if given.CheckRedirect != nil || given.Timeout != 1 || given.Jar != jar {
		t.Error("the client that was given has changed")
	}
}
