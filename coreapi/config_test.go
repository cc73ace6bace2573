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
		says   string // a part of the problem's text
		secret string // what the text must not contain
	}{
		{name: "no URL", change: func(c *coreapi.Config) { c.URL = "" }, field: "URL", says: "is missing"},
		{name: "a URL without a scheme", change: func(c *coreapi.Config) { c.URL = "api-e2.authrocket.com/v2" }, field: "URL", says: "not a URL"},
		{name: "a URL of another scheme", change: func(c *coreapi.Config) { c.URL = "ftp://api-e2.authrocket.com/v2" }, field: "URL", says: "not a URL"},
		{name: "a URL that cannot be read", change: func(c *coreapi.Config) { c.URL = "https://%zz/v2" }, field: "URL", says: "not a URL"},
		{name: "a URL without /v2", change: func(c *coreapi.Config) { c.URL = "https://api-e2.authrocket.com" }, field: "URL", says: "use https://api-e2.authrocket.com/v2"},
		{name: "the URL of AuthRocket 1", change: func(c *coreapi.Config) { c.URL = "https://api-e1.authrocket.com/v1/" }, field: "URL", says: "AuthRocket 1"},
		{name: "a LoginRocket URL", change: func(c *coreapi.Config) { c.URL = "https://sample.e2.loginrocket.com/v2" }, field: "URL", says: "LoginRocket URL"},
		{name: "a LoginRocket URL in capitals", change: func(c *coreapi.Config) { c.URL = "https://Sample.E2.LoginRocket.com/" }, field: "URL", says: "LoginRocket URL"},
		{name: "a URL with a password", change: func(c *coreapi.Config) { c.URL = "https://x:" + hidden + "@api-e2.authrocket.com/v2" }, field: "URL", says: "has an @", secret: hidden},
		{name: "a URL with a query", change: func(c *coreapi.Config) { c.URL = "https://api-e2.authrocket.com/v2?key=" + hidden }, field: "URL", says: "has a query", secret: hidden},
		{name: "a URL with a fragment", change: func(c *coreapi.Config) { c.URL = "https://api-e2.authrocket.com/v2#" + hidden }, field: "URL", says: "fragment", secret: hidden},
		{name: "a URL with white space", change: func(c *coreapi.Config) { c.URL = " https://api-e2.authrocket.com/v2\n" }, field: "URL", says: "white space"},
		{name: "a URL in quotes", change: func(c *coreapi.Config) { c.URL = `"https://api-e2.authrocket.com/v2"` }, field: "URL"},
		{name: "a key as the URL", change: func(c *coreapi.Config) { c.URL = testKey }, field: "URL", says: "an API key; it belongs in APIKey", secret: testKey},
		{name: "http to another host", change: func(c *coreapi.Config) { c.URL = "http://api.example.com/v2" }, field: "URL", says: "use https://api.example.com/v2"},
		{name: "http to a host that looks like loopback", change: func(c *coreapi.Config) { c.URL = "http://localhost.example.com/v2" }, field: "URL", says: "is http"},

		{name: "no key", change: func(c *coreapi.Config) { c.APIKey = coreapi.Secret{} }, field: "APIKey", says: "is missing"},
		{name: "a key of AuthRocket 1, ko_", change: func(c *coreapi.Config) { c.APIKey = hide("ko_" + hidden) }, field: "APIKey", says: "AuthRocket 1", secret: hidden},
		{name: "a key of AuthRocket 1, key_", change: func(c *coreapi.Config) { c.APIKey = hide("key_" + hidden) }, field: "APIKey", says: "AuthRocket 1", secret: hidden},
		{name: "the JWT secret", change: func(c *coreapi.Config) { c.APIKey = hide("jsk_" + hidden) }, field: "APIKey", says: "login tokens", secret: hidden},
		{name: "a service credential", change: func(c *coreapi.Config) { c.APIKey = hide("svc_" + hidden) }, field: "APIKey", says: "service credential", secret: hidden},
		{name: "a session ID", change: func(c *coreapi.Config) { c.APIKey = hide("kss_" + hidden) }, field: "APIKey", says: "session ID", secret: hidden},
		{name: "a realm as the key", change: func(c *coreapi.Config) { c.APIKey = hide("rl_0v1zTHXhtNgmDaXaDYSAqx") }, field: "APIKey", says: "belongs in RealmID"},
		{name: "a URL as the key", change: func(c *coreapi.Config) { c.APIKey = hide("https://api-e2.authrocket.com/v2") }, field: "APIKey", says: "belongs in URL"},
		{name: "a key in quotes", change: func(c *coreapi.Config) { c.APIKey = hide(`"` + testKey + `"`) }, field: "APIKey", says: "quotes", secret: testKey},
		{name: "a key with a line break", change: func(c *coreapi.Config) { c.APIKey = hide(testKey + "\n") }, field: "APIKey", says: "white space", secret: testKey},
		{name: "a key with white space within", change: func(c *coreapi.Config) { c.APIKey = hide("ks_a " + hidden) }, field: "APIKey", says: "white space", secret: hidden},
		{name: "a key of a header", change: func(c *coreapi.Config) { c.APIKey = hide("Bearer " + testKey) }, field: "APIKey", says: "Bearer", secret: testKey},
		{name: "a key with a realm behind it", change: func(c *coreapi.Config) { c.APIKey = hide(testKey + ",rl_0v1zTHX") }, field: "APIKey", says: "RealmID", secret: testKey},
		{name: "what is no key", change: func(c *coreapi.Config) { c.APIKey = hide(hidden) }, field: "APIKey", says: "starts with ks_", secret: hidden},
		{name: "a key beyond ASCII", change: func(c *coreapi.Config) { c.APIKey = hide("ks_é" + hidden) }, field: "APIKey", says: "starts with ks_", secret: hidden},

		{name: "a key as the realm", change: func(c *coreapi.Config) { c.RealmID = testKey }, field: "RealmID", says: "belongs in APIKey", secret: testKey},
		{name: "the JWT secret as the realm", change: func(c *coreapi.Config) { c.RealmID = " jsk_" + hidden }, field: "RealmID", says: "login tokens", secret: hidden},
		{name: "a realm with white space", change: func(c *coreapi.Config) { c.RealmID = "rl_a\n" }, field: "RealmID", says: "white space"},
		{name: "what is no realm", change: func(c *coreapi.Config) { c.RealmID = hidden }, field: "RealmID", says: "starts with rl_", secret: hidden},
		{name: "a locale that is none", change: func(c *coreapi.Config) { c.Locale = "es\r\nX: " + hidden }, field: "Locale", says: "language tag", secret: hidden},
		{name: "a key as the locale", change: func(c *coreapi.Config) { c.Locale = testKey }, field: "Locale", says: "belongs in APIKey", secret: testKey},
		{name: "a UserAgent with a line break", change: func(c *coreapi.Config) { c.UserAgent = "shop\r\nX: " + hidden }, field: "UserAgent", says: "printable ASCII", secret: hidden},
		{name: "a key as the UserAgent", change: func(c *coreapi.Config) { c.UserAgent = testKey }, field: "UserAgent", says: "belongs in APIKey", secret: testKey},
		{name: "a negative Timeout", change: func(c *coreapi.Config) { c.Timeout = -time.Second }, field: "Timeout", says: "is negative"},
		{name: "too many Retries", change: func(c *coreapi.Config) { c.Retries = 11 }, field: "Retries", says: "more than 10"},
		{name: "an endless budget", change: func(c *coreapi.Config) { c.RequestsPerSecond = math.Inf(1) }, field: "RequestsPerSecond", says: "finite"},
		{name: "a budget that is no number", change: func(c *coreapi.Config) { c.RequestsPerSecond = math.NaN() }, field: "RequestsPerSecond", says: "finite"},
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
		{name: "URL and key", change: func(*coreapi.Config) {}},
		{name: "a final slash", change: func(c *coreapi.Config) { c.URL += "/" }},
		{name: "a path of a proxy", change: func(c *coreapi.Config) { c.URL = "https://proxy.example.com/authrocket/v2" }},
		{name: "http on loopback", change: func(c *coreapi.Config) { c.URL = "http://127.0.0.1:8083/v2" }},
		{name: "http on localhost", change: func(c *coreapi.Config) { c.URL = "http://localhost:8083/v2" }},
		{name: "http on request", change: func(c *coreapi.Config) { c.URL, c.DangerouslyAllowHTTP = "http://api:8083/v2", true }},
		{name: "all fields", change: func(c *coreapi.Config) {
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

// The Client does not change the HTTPClient, and ignores its cookies, timeout and
// redirect policy.
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
