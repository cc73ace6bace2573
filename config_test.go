package authrocket_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	goodLoginRocketURL = "https://sample.e2.loginrocket.com/"
	goodAppURL         = "https://app.example.com"
	goodSecret         = "jsk_0123456789abcdefghijklmnopqrstuvwxyz"
)

// newConfig is a good Config that change has changed.
func newConfig(change func(*authrocket.Config)) authrocket.Config {
	config := authrocket.Config{LoginRocketURL: goodLoginRocketURL, AppURL: goodAppURL}
	if change != nil {
		change(&config)
	}
	return config
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	loginRocket := func(u string) func(*authrocket.Config) { return func(c *authrocket.Config) { c.LoginRocketURL = u } }
	jwks := func(u string) func(*authrocket.Config) { return func(c *authrocket.Config) { c.JWKSURL = u } }
	app := func(u string) func(*authrocket.Config) { return func(c *authrocket.Config) { c.AppURL = u } }
	origin := func(u string) func(*authrocket.Config) {
		return func(c *authrocket.Config) { c.TrustedOrigins = []string{"https://fine.example.com", u} }
	}
	forward := func(name string) func(*authrocket.Config) {
		return func(c *authrocket.Config) { c.ForwardParams = []string{"locale", name} }
	}
	cookie := func(name string) func(*authrocket.Config) { return func(c *authrocket.Config) { c.CookieName = name } }
	authPath := func(path string) func(*authrocket.Config) { return func(c *authrocket.Config) { c.AuthPath = path } }
	afterLogout := func(path string) func(*authrocket.Config) { return func(c *authrocket.Config) { c.AfterLogout = path } }

	for _, row := range []struct {
		name, field, value, problem string
		change                      func(*authrocket.Config)
	}{
		{name: "LoginRocketURL missing", change: loginRocket(""), field: "LoginRocketURL", problem: "is missing"},
		{name: "LoginRocketURL missing with a static key and cookies", change: func(c *authrocket.Config) { c.LoginRocketURL, c.JWTKey = "", goodSecret }, field: "LoginRocketURL", problem: "is missing"},
		{name: "LoginRocketURL missing without cookies and without a static key", change: func(c *authrocket.Config) { c.LoginRocketURL, c.DisableCookie = "", true }, field: "LoginRocketURL", problem: "is missing"},
		{name: "LoginRocketURL with a path", change: loginRocket("https://sample.e2.loginrocket.com/connect/jwks"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com/connect/jwks", problem: "use https://sample.e2.loginrocket.com/"},
		{name: "LoginRocketURL with a query", change: loginRocket("https://sample.e2.loginrocket.com/?key=hidden"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com/", problem: "query"},
		{name: "LoginRocketURL with an empty query", change: loginRocket("https://sample.e2.loginrocket.com/?"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com/", problem: "query"},
		{name: "LoginRocketURL with a fragment", change: loginRocket("https://sample.e2.loginrocket.com/#hidden"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com/", problem: "fragment"},
		{name: "LoginRocketURL with an empty fragment", change: loginRocket("https://sample.e2.loginrocket.com/#"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com/", problem: "fragment"},
		{name: "LoginRocketURL with user info", change: loginRocket("https://hidden:hidden@sample.e2.loginrocket.com/"), field: "LoginRocketURL", problem: "user info"},
		{name: "LoginRocketURL with a password that holds a slash", change: loginRocket("https://user:123/hidden@sample.e2.loginrocket.com/"), field: "LoginRocketURL", problem: "user info"},
		{name: "LoginRocketURL with an empty user", change: loginRocket("https://@sample.e2.loginrocket.com/"), field: "LoginRocketURL", problem: "user info"},
		{name: "LoginRocketURL without scheme", change: loginRocket("sample.e2.loginrocket.com"), field: "LoginRocketURL", problem: "no scheme"},
		{name: "LoginRocketURL without scheme but with a port", change: loginRocket("sample.e2.loginrocket.com:443"), field: "LoginRocketURL", problem: "no scheme"},
		{name: "LoginRocketURL that starts with slashes", change: loginRocket("//sample.e2.loginrocket.com/"), field: "LoginRocketURL", problem: "no scheme"},
		{name: "LoginRocketURL of another scheme", change: loginRocket("ftp://sample.e2.loginrocket.com/"), field: "LoginRocketURL", problem: "no scheme http or https"},
		{name: "LoginRocketURL without host", change: loginRocket("https:///"), field: "LoginRocketURL", problem: "no host"},
		{name: "LoginRocketURL that is no URL", change: loginRocket("https://sam ple/%zz"), field: "LoginRocketURL", problem: "white space"},
		{name: "LoginRocketURL with a wrong escape", change: loginRocket("https://sample/%zz"), field: "LoginRocketURL", problem: "is not a URL"},
		{name: "LoginRocketURL http", change: loginRocket("http://sample.e2.loginrocket.com/"), field: "LoginRocketURL", value: "http://sample.e2.loginrocket.com", problem: "use https://sample.e2.loginrocket.com/"},
		{name: "LoginRocketURL http on a private address", change: loginRocket("http://192.168.0.1/"), field: "LoginRocketURL", value: "http://192.168.0.1", problem: "use https://192.168.0.1/"},
		{name: "LoginRocketURL http on a host that only looks like loopback", change: loginRocket("http://localhost.example.com/"), field: "LoginRocketURL", value: "http://localhost.example.com", problem: "http on a host other than loopback"},
		{name: "LoginRocketURL http on a name that ends like localhost", change: loginRocket("http://notlocalhost/"), field: "LoginRocketURL", value: "http://notlocalhost", problem: "http on a host other than loopback"},
		{name: "LoginRocketURL http with only the other danger allowed", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.DangerouslyAllowHTTPAppURL = "http://sample.e2.loginrocket.com/", true
		}, field: "LoginRocketURL", value: "http://sample.e2.loginrocket.com", problem: "http on a host other than loopback"},
		{name: "LoginRocketURL port 0", change: loginRocket("https://sample.e2.loginrocket.com:0/"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com:0/", problem: "port"},
		{name: "LoginRocketURL port 99999", change: loginRocket("https://sample.e2.loginrocket.com:99999/"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com:99999/", problem: "port"},
		{name: "LoginRocketURL empty port", change: loginRocket("https://sample.e2.loginrocket.com:/"), field: "LoginRocketURL", value: "https://sample.e2.loginrocket.com:/", problem: "port"},
		{name: "LoginRocketURL port of letters", change: loginRocket("https://sample.e2.loginrocket.com:https/"), field: "LoginRocketURL", problem: "is not a URL"},
		{name: "LoginRocketURL non-ASCII host", change: loginRocket("https://bücher.example/"), field: "LoginRocketURL", problem: "xn--"},
		{name: "LoginRocketURL escaped host", change: loginRocket("https://a%2fb.example/"), field: "LoginRocketURL"},
		{name: "LoginRocketURL host with odd characters", change: loginRocket("https://a,b.example/"), field: "LoginRocketURL", value: "https://a,b.example/", problem: "host"},
		{name: "LoginRocketURL IPv6 zone", change: loginRocket("https://[fe80::1%25eth0]/"), field: "LoginRocketURL", problem: "host"},

		{name: "JWKSURL without a path", change: jwks("https://keys.example.com"), field: "JWKSURL", value: "https://keys.example.com", problem: "use the URL of the key set, for example https://keys.example.com/connect/jwks"},
		{name: "JWKSURL that ends with a slash", change: jwks("https://keys.example.com/connect/jwks/"), field: "JWKSURL", value: "https://keys.example.com/connect/jwks/", problem: "ends with a slash"},
		{name: "JWKSURL with a query", change: jwks("https://keys.example.com/jwks?key=hidden"), field: "JWKSURL", value: "https://keys.example.com/jwks", problem: "query"},
		{name: "JWKSURL with a fragment", change: jwks("https://keys.example.com/jwks#hidden"), field: "JWKSURL", value: "https://keys.example.com/jwks", problem: "fragment"},
		{name: "JWKSURL with user info", change: jwks("https://hidden@keys.example.com/jwks"), field: "JWKSURL", problem: "user info"},
		{name: "JWKSURL without scheme", change: jwks("loginrocket:8081/connect/jwks"), field: "JWKSURL", problem: "use, for example, https://sample.e2.loginrocket.com/connect/jwks"},
		{name: "JWKSURL http", change: jwks("http://loginrocket:8081/connect/jwks"), field: "JWKSURL", value: "http://loginrocket:8081/connect/jwks", problem: "set DangerouslyAllowHTTPJWKSURL"},
		{name: "JWKSURL http with only the other dangers allowed", change: func(c *authrocket.Config) {
			c.JWKSURL, c.DangerouslyAllowHTTPAppURL, c.DangerouslyAllowHTTPLoginRocketURL = "http://loginrocket:8081/connect/jwks", true, true
		}, field: "JWKSURL", value: "http://loginrocket:8081/connect/jwks", problem: "http on a host other than loopback"},
		{name: "JWKSURL together with JWTKey", change: func(c *authrocket.Config) { c.JWKSURL, c.JWTKey = "https://keys.example.com/jwks", goodSecret }, field: "JWKSURL", value: "https://keys.example.com/jwks", problem: "together with JWTKey"},
		{name: "LoginRocketURL http with only an http JWKSURL allowed", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.JWKSURL, c.DangerouslyAllowHTTPJWKSURL = "http://login.internal/", "http://login.internal/connect/jwks", true
		}, field: "LoginRocketURL", value: "http://login.internal", problem: "http on a host other than loopback"},
		{name: "LoginRocketURL missing with JWKSURL and cookies", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.JWKSURL = "", "https://keys.example.com/jwks"
		}, field: "LoginRocketURL", problem: "is missing"},

		{name: "LoginRocketURL of AuthRocket's API", change: loginRocket("https://api-e2.authrocket.com/v2"), field: "LoginRocketURL", value: "https://api-e2.authrocket.com/v2", problem: "is the URL of AuthRocket's Core API (package coreapi); use, for example, https://sample.e2.loginrocket.com/"},
		{name: "LoginRocketURL of AuthRocket's API in upper case", change: loginRocket("https://API-E1.AuthRocket.com"), field: "LoginRocketURL", problem: "AuthRocket's Core API"},
		{name: "JWKSURL of AuthRocket's API", change: jwks("https://api-e2.authrocket.com/v2/jwks"), field: "JWKSURL", problem: "use, for example, https://sample.e2.loginrocket.com/connect/jwks"},
		{name: "AppURL of AuthRocket's API", change: app("https://api-e2.authrocket.com"), field: "AppURL", problem: "AuthRocket's Core API"},
		{name: "AppURL equal to LoginRocketURL", change: app("https://SAMPLE.e2.loginrocket.com:443/"), field: "AppURL", value: "https://sample.e2.loginrocket.com", problem: "is a LoginRocket URL"},
		{name: "AppURL equal to LoginRocketURL on loopback", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "http://localhost:8081/", "http://localhost:8081"
		}, field: "AppURL", value: "http://localhost:8081", problem: "is a LoginRocket URL"},
		{name: "AppURL at LoginRocketURL, with a path", change: app("https://sample.e2.loginrocket.com/app"), field: "AppURL", value: "https://sample.e2.loginrocket.com/app", problem: "where users sign in"},
		{name: "AppURL and LoginRocketURL swapped", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "https://app.example.com/", "https://sample.e2.loginrocket.com/"
		}, field: "AppURL", value: "https://sample.e2.loginrocket.com", problem: "where users sign in"},
		{name: "AppURL that is the Login URL", change: app("https://app.example.com/x/auth/callback"), field: "AppURL", value: "https://app.example.com/x/auth/callback", problem: "use https://app.example.com/x"},
		{name: "AppURL that is the Login URL of another AuthPath", change: func(c *authrocket.Config) {
			c.AuthPath, c.AppURL = "/a", "https://app.example.com/a/callback"
		}, field: "AppURL", value: "https://app.example.com/a/callback", problem: "use https://app.example.com"},
		{name: "LoginRocketURL in quotes", change: loginRocket(`"https://sample.e2.loginrocket.com/"`), field: "LoginRocketURL", problem: "contains white space or quotes; use the URL alone"},
		{name: "LoginRocketURL with a comment", change: loginRocket("https://sample.e2.loginrocket.com/ # hidden"), field: "LoginRocketURL", problem: "white space or quotes"},
		{name: "AppURL in quotes", change: app("'https://app.example.com'"), field: "AppURL", problem: "white space or quotes"},
		{name: "LoginRocketURL that is a secret", change: loginRocket("jsk_hidden0123456789hidden0123456789"), field: "LoginRocketURL", problem: "is a secret for login tokens; move it to JWTKey"},
		{name: "LoginRocketURL that is a secret behind a scheme", change: loginRocket("https://jsk_hidden0123456789hidden0123456789/"), field: "LoginRocketURL", problem: "move it to JWTKey"},
		{name: "JWKSURL that is a secret in quotes", change: jwks(`"jsk_hidden0123456789hidden0123456789"`), field: "JWKSURL", problem: "move it to JWTKey"},
		{name: "AppURL that is an API key", change: app("ks_hidden0123456789"), field: "AppURL", problem: "is an API key"},
		{name: "RealmID that is a secret", change: func(c *authrocket.Config) { c.RealmID = "jsk_hidden0123456789hidden0123456789" }, field: "RealmID", problem: "move it to JWTKey"},
		{name: "RealmID that is an API key", change: func(c *authrocket.Config) { c.RealmID = "ks_hidden0123456789" }, field: "RealmID", problem: "is an API key"},
		{name: "AppURL missing", change: app(""), field: "AppURL", problem: "is missing"},
		{name: "AppURL missing with a static key", change: func(c *authrocket.Config) { c.AppURL, c.JWTKey = "", goodSecret }, field: "AppURL", problem: "is missing"},
		{name: "AppURL with a query", change: app("https://app.example.com/?key=hidden"), field: "AppURL", value: "https://app.example.com/", problem: "query"},
		{name: "AppURL with a fragment", change: app("https://app.example.com/#hidden"), field: "AppURL", value: "https://app.example.com/", problem: "fragment"},
		{name: "AppURL with an odd spelling of an IP address", change: app("https://127.1"), field: "AppURL", value: "https://127.1", problem: "neither an ASCII name nor an IP address"},
		{name: "AppURL with user info", change: app("https://hidden@app.example.com"), field: "AppURL", problem: "user info"},
		{name: "AppURL without scheme", change: app("app.example.com"), field: "AppURL", problem: "no scheme"},
		{name: "AppURL without scheme but with a port", change: app("app.example.com:8080"), field: "AppURL", problem: "no scheme"},
		{name: "AppURL http", change: app("http://app.example.com"), field: "AppURL", value: "http://app.example.com", problem: "use https://app.example.com"},
		{name: "AppURL http with only the other danger allowed", change: func(c *authrocket.Config) {
			c.AppURL, c.DangerouslyAllowHTTPLoginRocketURL = "http://app.example.com", true
		}, field: "AppURL", value: "http://app.example.com", problem: "http on a host other than loopback"},
		{name: "AppURL port 99999", change: app("https://app.example.com:99999"), field: "AppURL", value: "https://app.example.com:99999", problem: "port"},
		{name: "AppURL non-ASCII host", change: app("https://bücher.example"), field: "AppURL", problem: "xn--"},
		{name: "AppURL with dot segments", change: app("https://app.example.com/a/../b"), field: "AppURL", value: "https://app.example.com/a/../b", problem: "dot segments"},
		{name: "AppURL with an empty segment", change: app("https://app.example.com/a//b"), field: "AppURL", value: "https://app.example.com/a//b", problem: "empty segments or dot segments"},
		{name: "AppURL with an escaped path", change: app("https://app.example.com/a%2fb"), field: "AppURL", value: "https://app.example.com/a%2fb", problem: "special characters"},
		{name: "AppURL with a backslash", change: app(`https://app.example.com/\evil.example`), field: "AppURL", problem: "special characters"},
		{name: "AppURL not on loopback while LoginRocketURL is", change: loginRocket("http://localhost:8081"), field: "AppURL", value: "https://app.example.com", problem: "not on loopback"},
		{name: "AppURL not on loopback while an https LoginRocketURL is", change: loginRocket("https://127.0.0.1:8081"), field: "AppURL", value: "https://app.example.com", problem: "not on loopback"},

		{name: "AuthPath relative", change: authPath("auth"), field: "AuthPath", value: "auth", problem: "plain path"},
		{name: "AuthPath root", change: authPath("/"), field: "AuthPath", value: "/", problem: "plain path"},
		{name: "AuthPath with a final slash", change: authPath("/auth/"), field: "AuthPath", value: "/auth/", problem: "without a final slash"},
		{name: "AuthPath with a query", change: authPath("/auth?a"), field: "AuthPath", value: "/auth?a", problem: "plain path"},
		{name: "AuthPath with a wildcard", change: authPath("/{auth}"), field: "AuthPath", value: "/{auth}", problem: "plain path"},
		{name: "AuthPath with dot segments", change: authPath("/a/.."), field: "AuthPath", value: "/a/..", problem: "plain path"},
		{name: "AuthPath of another host", change: authPath("//evil.example"), field: "AuthPath", value: "//evil.example", problem: "plain path"},
		{name: "AuthPath with a line break", change: authPath("/auth\n"), field: "AuthPath", value: "/auth\n", problem: "plain path"},

		{name: "AfterLogout relative", change: afterLogout("bye"), field: "AfterLogout", value: "bye", problem: "path of this app"},
		{name: "AfterLogout of another host", change: afterLogout("//evil.example"), field: "AfterLogout", value: "//evil.example", problem: "path of this app"},
		{name: "AfterLogout with a backslash", change: afterLogout(`/\evil.example`), field: "AfterLogout", value: `/\evil.example`, problem: "path of this app"},
		{name: "AfterLogout absolute", change: afterLogout("https://evil.example/"), field: "AfterLogout", value: "https://evil.example/", problem: "path of this app"},
		{name: "AfterLogout with a fragment", change: afterLogout("/bye#a"), field: "AfterLogout", value: "/bye#a", problem: "path of this app"},
		{name: "AfterLogout among the login routes", change: afterLogout("/auth/logout"), field: "AfterLogout", value: "/auth/logout", problem: "outside AuthPath"},
		{name: "AfterLogout above AppURL", change: func(c *authrocket.Config) { c.AppURL, c.AfterLogout = "https://example.com/app", "/../bye" }, field: "AfterLogout", value: "/../bye", problem: "path of this app"},
		{name: "AfterLogout with a tab", change: afterLogout("/\t/evil.example"), field: "AfterLogout", value: "/\t/evil.example", problem: "path of this app"},

		{name: "CookieName with a space", change: cookie("my token"), field: "CookieName", value: "my token", problem: "not a valid cookie name"},
		{name: "CookieName with a semicolon", change: cookie("a;b"), field: "CookieName", value: "a;b", problem: "not a valid cookie name"},
		{name: "CookieName with an equals sign", change: cookie("a=b"), field: "CookieName", value: "a=b", problem: "not a valid cookie name"},
		{name: "CookieName with a line break", change: cookie("a\r\nb"), field: "CookieName", value: "a\r\nb", problem: "not a valid cookie name"},
		{name: "CookieName not ASCII", change: cookie("tökén"), field: "CookieName", value: "tökén", problem: "not a valid cookie name"},
		{name: "CookieName of 65 characters", change: cookie(strings.Repeat("a", 65)), field: "CookieName", value: strings.Repeat("a", 65), problem: "up to 64"},
		{name: "CookieName __Host- over http", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL, c.CookieName = "http://localhost:8081", "http://localhost:8080", "__Host-a"
		}, field: "CookieName", value: "__Host-a", problem: "leave the prefix out"},
		{name: "CookieName __Host- where the request's Host decides", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL, c.CookieName = "http://localhost:8081", "", "__Host-a"
		}, field: "CookieName", value: "__Host-a", problem: "leave the prefix out"},
		{name: "CookieName __secure- over http, in lower case", change: func(c *authrocket.Config) {
			c.AppURL, c.DangerouslyAllowHTTPAppURL, c.CookieName = "http://app.example.com", true, "__secure-a"
		}, field: "CookieName", value: "__secure-a", problem: "leave the prefix out"},

		{name: "ForwardParams with an empty entry", change: forward(""), field: "ForwardParams", problem: "empty entry"},
		{name: "ForwardParams with redirect_uri", change: forward("redirect_uri"), field: "ForwardParams", value: "redirect_uri", problem: "set by this package"},
		{name: "ForwardParams with session", change: forward("session"), field: "ForwardParams", value: "session", problem: "set by this package"},
		{name: "ForwardParams with token", change: forward("token"), field: "ForwardParams", value: "token", problem: "set by this package"},
		{name: "ForwardParams with ar_state", change: forward("ar_state"), field: "ForwardParams", value: "ar_state", problem: "set by this package"},
		{name: "ForwardParams with return_to", change: forward("return_to"), field: "ForwardParams", value: "return_to", problem: "set by this package"},

		{name: "RealmID that is a name", change: func(c *authrocket.Config) { c.RealmID = "sample" }, field: "RealmID", value: "sample", problem: "starts with rl_"},
		{name: "RealmID that is another ID", change: func(c *authrocket.Config) { c.RealmID = "org_1" }, field: "RealmID", value: "org_1", problem: "starts with rl_"},
		{name: "RealmID with a space before it", change: func(c *authrocket.Config) { c.RealmID = " rl_1" }, field: "RealmID", value: " rl_1", problem: "starts with rl_"},
		{name: "RealmID with a space", change: func(c *authrocket.Config) { c.RealmID = "rl_1 " }, field: "RealmID", value: "rl_1 ", problem: "white space"},
		{name: "Rules with nil", change: func(c *authrocket.Config) { c.Rules = []authrocket.Rule{allow, nil} }, field: "Rules", problem: "nil as rule 2 of 2"},
		{name: "Audience with an empty entry", change: func(c *authrocket.Config) { c.Audience = []string{"app", ""} }, field: "Audience", problem: "empty entry"},
		{name: "RefreshInterval negative", change: func(c *authrocket.Config) { c.RefreshInterval = -time.Minute }, field: "RefreshInterval", value: "-1m0s", problem: "negative"},
		{name: "MaxStale negative", change: func(c *authrocket.Config) { c.MaxStale = -time.Hour }, field: "MaxStale", value: "-1h0m0s", problem: "negative"},
		{name: "MaxStale less than twice RefreshInterval", change: func(c *authrocket.Config) { c.RefreshInterval, c.MaxStale = time.Hour, 2*time.Hour-1 }, field: "MaxStale", value: "1h59m59.999999999s", problem: "twice RefreshInterval, which is 1h0m0s"},
		{name: "MaxStale less than twice the default RefreshInterval", change: func(c *authrocket.Config) { c.MaxStale = 20 * time.Minute }, field: "MaxStale", value: "20m0s", problem: "twice RefreshInterval, which is 15m0s"},
		{name: "default MaxStale less than twice RefreshInterval", change: func(c *authrocket.Config) { c.RefreshInterval = 13 * time.Hour }, field: "MaxStale", value: "24h0m0s", problem: "twice RefreshInterval, which is 13h0m0s"},
		{name: "VerifiedTokens beyond what memory has", change: func(c *authrocket.Config) { c.VerifiedTokens = math.MaxInt }, field: "VerifiedTokens", value: strconv.Itoa(math.MaxInt), problem: "100000000"},
		{name: "MaxTokenBytes negative", change: func(c *authrocket.Config) { c.MaxTokenBytes = -1 }, field: "MaxTokenBytes", value: "-1", problem: "negative"},

		{name: "TrustedOrigins with a path", change: origin("https://admin.example.com/a"), field: "TrustedOrigins", value: "https://admin.example.com/a", problem: "use https://admin.example.com"},
		{name: "TrustedOrigins with a query", change: origin("https://admin.example.com?key=hidden"), field: "TrustedOrigins", value: "https://admin.example.com", problem: "query"},
		{name: "TrustedOrigins with user info", change: origin("https://hidden@admin.example.com"), field: "TrustedOrigins", problem: "user info"},
		{name: "TrustedOrigins wildcard", change: origin("*"), field: "TrustedOrigins", problem: "no scheme"},
		{name: "TrustedOrigins wildcard host", change: origin("https://*.example.com"), field: "TrustedOrigins", problem: "host"},
		{name: "TrustedOrigins null", change: origin("null"), field: "TrustedOrigins", problem: "no scheme"},
		{name: "TrustedOrigins empty", change: origin(""), field: "TrustedOrigins", problem: "no scheme"},
		{name: "TrustedOrigins host only", change: origin("admin.example.com"), field: "TrustedOrigins", problem: "no scheme"},
	} {
		t.Run(row.name, func(t *testing.T) {
			auth, err := authrocket.New(newConfig(row.change))
			problems := authrocket.ConfigErrors(err)
			if len(problems) != 1 || auth != nil {
				t.Fatalf("got %d problems and an Auth %t, want 1 and none: %v", len(problems), auth != nil, err)
			}
			p := problems[0]
			if p.Field != row.field || !strings.Contains(p.Problem, row.problem) {
				t.Errorf("got field %q, problem %q, want %q, %q", p.Field, p.Problem, row.field, row.problem)
			}
			if row.value != "" && p.Value != row.value {
				t.Errorf("got value %q, want %q", p.Value, row.value)
			}
			if strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %q, which tells what may be secret", err)
			}
			want := "authrocket: Config." + row.field
			env := map[string]string{
				"LoginRocketURL": "LOGINROCKET_URL", "JWKSURL": "LOGINROCKET_JWKS_URL", "JWTKey": "AUTHROCKET_JWT_KEY", "RealmID": "AUTHROCKET_REALM", "AppURL": "AUTHROCKET_APP_URL",
			}[row.field]
			if env != "" {
				want += " (" + env + ")"
			}
			if p.Env != env || !strings.HasPrefix(err.Error(), want+" ") {
				t.Errorf("got %q of variable %q, want it to start with %q", err, p.Env, want)
			}
		})
	}
}

func TestConfigAccepts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		login  string // what LoginURL returns
	}{
		{name: "a LoginRocketURL with a final slash", login: "https://sample.e2.loginrocket.com/login"},
		{name: "a LoginRocketURL without final slash", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "upper case", change: func(c *authrocket.Config) { c.LoginRocketURL = "HTTPS://Sample.E2.LoginRocket.COM/" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "the default port of https", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:443/" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "the default port of http, kept on https", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:80/" }, login: "https://sample.e2.loginrocket.com:80/login"},
		{name: "another port", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:8443/" }, login: "https://sample.e2.loginrocket.com:8443/login"},
		{name: "the last port", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:65535/" }, login: "https://sample.e2.loginrocket.com:65535/login"},
		{name: "an IPv6 address", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://[2001:DB8::1]:8443/" }, login: "https://[2001:db8::1]:8443/login"},
		{name: "an IPv6 address without port", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://[2001:db8::1]" }, login: "https://[2001:db8::1]/login"},
		{name: "an international name in its xn-- form", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://xn--bcher-kva.example/" }, login: "https://xn--bcher-kva.example/login"},
		{name: "a host that only looks like AuthRocket's API", change: func(c *authrocket.Config) { c.LoginRocketURL = "https://api-e2.authrocket.com.example.com" }, login: "https://api-e2.authrocket.com.example.com/login"},
		{name: "an AppURL below LoginRocketURL's host", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "https://login.example.com", "https://login.example.com/app"
		}, login: "https://login.example.com/login"},
		{name: "hosts that begin as secrets do", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL, c.JWKSURL = "https://key_1.example.com", "https://ks_app:8443", "https://key_server/jwks"
		}, login: "https://key_1.example.com/login"},
		{name: "a RealmID", change: func(c *authrocket.Config) { c.RealmID = "rl_0v1zTHXhtNgmDaXaDYSAqx" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "an AppURL with a path", change: func(c *authrocket.Config) { c.AppURL = "https://app.example.com/a/b-c/" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "an https LoginRocketURL and an http AppURL on loopback", change: func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "everything on localhost", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "http://localhost:8081", "http://localhost:8080"
		}, login: "http://localhost:8081/login"},
		{name: "the default port of http", change: func(c *authrocket.Config) { c.LoginRocketURL, c.AppURL = "http://localhost:80", "" }, login: "http://localhost/login"},
		{name: "a name below localhost", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "http://LoginRocket.localhost:8081", "http://app.localhost"
		}, login: "http://loginrocket.localhost:8081/login"},
		{name: "all of 127.0.0.0/8", change: func(c *authrocket.Config) { c.LoginRocketURL, c.AppURL = "http://127.9.9.9:8081", "http://[::1]:8080" }, login: "http://127.9.9.9:8081/login"},
		{name: "no AppURL where LoginRocketURL is on loopback", change: func(c *authrocket.Config) { c.LoginRocketURL, c.AppURL = "http://[::1]:8081", "" }, login: "http://[::1]:8081/login"},
		{name: "no AppURL without cookies", change: func(c *authrocket.Config) { c.AppURL, c.DisableCookie = "", true }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "no URL at all with a static key and without cookies", change: func(c *authrocket.Config) {
			*c = authrocket.Config{JWTKey: goodSecret, DisableCookie: true}
		}},
		{name: "http LoginRocketURL where it is allowed", change: func(c *authrocket.Config) {
			c.LoginRocketURL, c.DangerouslyAllowHTTPLoginRocketURL = "http://login.internal/", true
		}, login: "http://login.internal/login"},
		{name: "http JWKSURL where it is allowed", change: func(c *authrocket.Config) {
			c.JWKSURL, c.DangerouslyAllowHTTPJWKSURL = "http://loginrocket:8081/connect/jwks", true
		}, login: "https://sample.e2.loginrocket.com/login"},
		{name: "http JWKSURL on loopback", change: func(c *authrocket.Config) { c.JWKSURL = "http://[::1]:8081/connect/jwks" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "JWKSURL alone without cookies", change: func(c *authrocket.Config) {
			*c = authrocket.Config{JWKSURL: "https://keys.example.com/jwks", DisableCookie: true}
		}},
		{name: "http AppURL where it is allowed", change: func(c *authrocket.Config) { c.AppURL, c.DangerouslyAllowHTTPAppURL = "http://app.internal", true }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "a cookie name as it is", change: func(c *authrocket.Config) { c.CookieName = "arToken" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "a cookie name of 64 characters", change: func(c *authrocket.Config) { c.CookieName = strings.Repeat("a", 64) }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "a cookie name with a prefix on https", change: func(c *authrocket.Config) { c.CookieName = "__Secure-a" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "MaxStale exactly twice RefreshInterval", change: func(c *authrocket.Config) { c.RefreshInterval, c.MaxStale = time.Hour, 2*time.Hour }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "no token cache", change: func(c *authrocket.Config) { c.TokenCacheSize = -1 }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "no verified tokens remembered", change: func(c *authrocket.Config) { c.VerifiedTokens = -1 }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "a path with a query after logout", change: func(c *authrocket.Config) { c.AfterLogout = "/bye?a=b" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "a deeper AuthPath", change: func(c *authrocket.Config) { c.AuthPath = "/a/login-1" }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "parameters to hand on", change: func(c *authrocket.Config) { c.ForwardParams = []string{"locale", "account", "x"} }, login: "https://sample.e2.loginrocket.com/login"},
		{name: "trusted origins", change: func(c *authrocket.Config) {
			c.TrustedOrigins = []string{"https://admin.example.com/", "HTTP://LOCALHOST:3000"}
		}, login: "https://sample.e2.loginrocket.com/login"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := openAuth(t, newConfig(row.change)).LoginURL(); got != row.login {
				t.Errorf("got %q, want %q", got, row.login)
			}
		})
	}
}

func TestConfigReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := authrocket.New(authrocket.Config{
		LoginRocketURL:  "http://sample.e2.loginrocket.com",
		JWTKey:          "jsk_hidden",
		JWKSURL:         "https://keys.example.com/jwks",
		RealmID:         "rl 1",
		Audience:        []string{""},
		AppURL:          "https://app.example.com:0?hidden#hidden",
		AuthPath:        "auth",
		AfterLogout:     "bye",
		CookieName:      "a b",
		RefreshInterval: -1,
		MaxStale:        -1,
		MaxTokenBytes:   -1,
		VerifiedTokens:  math.MaxInt,
		TrustedOrigins:  []string{"*", "https://a.example/path"},
		ForwardParams:   []string{"token", "session"},
		Rules:           []authrocket.Rule{nil, allow, nil},
	})
	var fields []string
	for _, p := range authrocket.ConfigErrors(err) {
		fields = append(fields, p.Field)
	}
	slices.Sort(fields)
	want := []string{
		"AfterLogout", "AppURL", "AppURL", "AppURL", "Audience", "AuthPath", "CookieName", "ForwardParams", "ForwardParams", "JWKSURL", "JWTKey", "LoginRocketURL",
		"MaxStale", "MaxTokenBytes", "RealmID", "RefreshInterval", "Rules", "Rules", "TrustedOrigins", "TrustedOrigins",
		"VerifiedTokens",
	}
	if !slices.Equal(fields, want) {
		t.Errorf("got %q, want %q", fields, want)
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %q, which tells secrets", err)
	}
	var one *authrocket.ConfigError
	if !errors.As(err, &one) {
		t.Error("errors.As finds no *ConfigError")
	}
}

func TestConfigErrorsOfOtherErrors(t *testing.T) {
	t.Parallel()
	one, two := &authrocket.ConfigError{Field: "AppURL"}, &authrocket.ConfigError{Field: "AuthPath"}
	for _, row := range []struct {
		name string
		err  error
		want []*authrocket.ConfigError
	}{
		{name: "nil"},
		{name: "something else", err: errors.New("else")},
		{name: "one", err: one, want: []*authrocket.ConfigError{one}},
		{name: "joined", err: errors.Join(one, two), want: []*authrocket.ConfigError{one, two}},
		{name: "joined and wrapped", err: fmt.Errorf("start: %w", errors.Join(one, two)), want: []*authrocket.ConfigError{one, two}},
		{name: "joined with something else", err: errors.Join(errors.New("else"), fmt.Errorf("app: %w", two)), want: []*authrocket.ConfigError{two}},
		{name: "two in one format", err: fmt.Errorf("%w, %w", one, two), want: []*authrocket.ConfigError{one, two}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := authrocket.ConfigErrors(row.err); !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestConfigZero(t *testing.T) {
	t.Parallel()
	_, err := authrocket.New(authrocket.Config{})
	problems := authrocket.ConfigErrors(err)
	if len(problems) != 2 || problems[0].Field != "LoginRocketURL" || problems[1].Field != "AppURL" {
		t.Errorf("got %v, want LoginRocketURL and AppURL to be missing", err)
	}
}

// A bad LoginRocketURL may be on loopback, so that nobody knows whether AppURL
// is needed.
func TestConfigBadLoginRocketURLIsOneProblem(t *testing.T) {
	t.Parallel()
	_, err := authrocket.New(authrocket.Config{LoginRocketURL: "localhost:8081"})
	if problems := authrocket.ConfigErrors(err); len(problems) != 1 || problems[0].Field != "LoginRocketURL" {
		t.Errorf("got %v, want a problem of LoginRocketURL only", err)
	}
}

// What is no key is held by the tests of internal/jose; here is how it is reported.
func TestConfigStaticKeyErrors(t *testing.T) {
	t.Parallel()
	pkcs1 := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(ownKey()))
	publicPEM := pemOf("PUBLIC KEY", spkiOf(t, &ownKey().PublicKey))
	for _, row := range []struct{ name, key, problem string }{
		{name: "blank", key: " \t\r\n", problem: "blank"},
		{name: "a secret cut short", key: "jsk_0123456789abcdefghijklmnopq", problem: "cut short"},
		{name: "a secret without its prefix", key: "0123456789abcdefghijklmnopqrstuvwxyz0123456789", problem: "neither"},
		{name: "a secret in quotes", key: `"jsk_0123456789abcdefghijklmnopqrstuvwxyz"`, problem: "leave the quotes out"},
		{name: "a truncated PEM", key: publicPEM[:200], problem: "cut short"},
		{name: "a private key as base64, PKCS 1", key: pkcs1, problem: "private key"},
		{name: "a token", key: vectorHS256, problem: "token"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := authrocket.New(newConfig(func(c *authrocket.Config) { c.JWTKey = row.key }))
			problems := authrocket.ConfigErrors(err)
			if len(problems) != 1 || problems[0].Field != "JWTKey" || problems[0].Value != "" || !strings.Contains(problems[0].Problem, row.problem) {
				t.Fatalf("got %v, want one problem of JWTKey that says %q", err, row.problem)
			}
			if trimmed := strings.TrimSpace(row.key); len(trimmed) > 9 && strings.Contains(err.Error(), trimmed[:9]) && !strings.HasPrefix(trimmed, "-----BEGIN") {
				t.Errorf("got %q, which tells the key", err)
			}
			if len(row.key) > 60 && strings.Contains(err.Error(), row.key[40:60]) {
				t.Errorf("got %q, which tells the key", err)
			}
		})
	}
}

func TestConfigStaticKeys(t *testing.T) {
	t.Parallel()
	key := ownKey()
	signed := func(secret string) string { return signCompact(`{"alg":"HS256"}`, goodClaims(t), withHMAC(secret)) }
	small := &rsa.PublicKey{N: key.N, E: key.E}
	for _, row := range []struct{ name, key, token string }{
		{name: "a secret in white space", key: " " + goodSecret + "\r\n", token: signed(goodSecret)},
		{name: "a public key, PKCS 1", key: pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(small)), token: signCompact(`{"alg":"RS256"}`, goodClaims(t), withRS256(key))},
		{name: "a public key, whatever the token's kid", key: pemOf("PUBLIC KEY", spkiOf(t, small)), token: signCompact(`{"alg":"RS256","kid":"any"}`, goodClaims(t), withRS256(key))},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := openAuth(t, newConfig(func(c *authrocket.Config) { c.JWTKey = row.key })).Verify(t.Context(), row.token); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConfigStaticKeyWinsOverThePublishedOnes(t *testing.T) {
	t.Parallel()
	c := newColdSite(t)
	auth := c.newAuth(t, func(config *authrocket.Config) { config.JWTKey = c.realm.JWTKey() })
	if _, err := auth.Verify(t.Context(), c.realm.Token(c.ada)); err != nil {
		t.Error(err)
	}
	c.realm.RotateKeys()
	if _, err := auth.Verify(t.Context(), c.realm.Token(c.ada)); !errors.Is(err, authrocket.ErrBadSignature) {
		t.Errorf("a published key that is not the static one: got %v, want %v", err, authrocket.ErrBadSignature)
	}
	if got := c.realm.Requests("/connect/jwks"); got != 0 {
		t.Errorf("got %d fetches of keys, want 0", got)
	}
}

func TestConfigDefaultCookieName(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, cookie string
		change       func(*authrocket.Config)
		want         error
	}{
		{name: "__Host-arToken on https", cookie: "__Host-arToken"},
		{name: "not arToken on https", cookie: "arToken", want: authrocket.ErrNoToken},
		{name: "arToken on http", change: func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, cookie: "arToken"},
		{name: "not __Host-arToken on http", change: func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, cookie: "__Host-arToken", want: authrocket.ErrNoToken},
		{name: "arToken on https when it is set", change: func(c *authrocket.Config) { c.CookieName = "arToken" }, cookie: "arToken"},
		{name: "names differ by case", change: func(c *authrocket.Config) { c.CookieName = "arToken" }, cookie: "artoken", want: authrocket.ErrNoToken},
		{name: "no cookie at all", change: func(c *authrocket.Config) { c.DisableCookie = true }, cookie: "__Host-arToken", want: authrocket.ErrNoToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newSite(t, row.change)
			if _, err := c.auth.Check(withCookie(request("GET", "/"), row.cookie, c.realm.Token(c.ada))); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func TestConfigDefaultMaxTokenBytes(t *testing.T) {
	t.Parallel()
	auth := openAuth(t, newConfig(nil))
	for length, want := range map[int]error{16 << 10: authrocket.ErrTokenMalformed, 16<<10 + 1: authrocket.ErrTokenTooLarge} {
		if _, err := auth.Verify(t.Context(), strings.Repeat("a", length)); !errors.Is(err, want) {
			t.Errorf("%d bytes: got %v, want %v", length, err, want)
		}
	}
}

func TestConfigRefreshInterval(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		change   func(*authrocket.Config)
		interval time.Duration
	}{
		{name: "default of 15 minutes", interval: 15 * time.Minute},
		{name: "an hour", change: func(c *authrocket.Config) { c.RefreshInterval = time.Hour }, interval: time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSite(t, row.change)
				token := c.realm.Token(c.ada)
				after := func(d time.Duration) int {
					time.Sleep(d)
					if _, err := c.auth.Verify(t.Context(), token); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					return c.realm.Requests("/connect/jwks")
				}
				if got := []int{after(0), after(row.interval - 1), after(1)}; !slices.Equal(got, []int{1, 1, 2}) {
					t.Errorf("got %d fetches, want 1, 1 and 2", got)
				}
			})
		})
	}
}

func TestConfigMaxStale(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*authrocket.Config)
		stale  time.Duration
	}{
		{name: "default of 24 hours", stale: 24 * time.Hour},
		{name: "two hours", change: func(c *authrocket.Config) { c.MaxStale = 2 * time.Hour }, stale: 2 * time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSite(t, row.change)
				token := c.realm.Token(c.ada, authrockettest.ExpiresIn(72*time.Hour))
				if err := c.auth.Warm(t.Context()); err != nil {
					t.Fatal(err)
				}
				c.realm.Break(authrockettest.Status(http.StatusInternalServerError))
				time.Sleep(row.stale)
				if _, err := c.auth.Verify(t.Context(), token); err != nil {
					t.Errorf("keys as old as MaxStale: got %v, want none", err)
				}
				time.Sleep(time.Minute)
				if _, err := c.auth.Verify(t.Context(), token); !errors.Is(err, authrocket.ErrKeysUnavailable) {
					t.Errorf("older keys: got %v, want %v", err, authrocket.ErrKeysUnavailable)
				}
			})
		})
	}
}

func TestConfigTrustedOriginsAreNormalised(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, origin string
		trusted      []string
		want         error
	}{
		{name: "our own origin needs no entry", origin: "https://example.com"},
		{name: "nobody else by default", origin: "https://admin.example.com", want: authrocket.ErrCrossSite},
		{name: "as it is", trusted: []string{"https://admin.example.com"}, origin: "https://admin.example.com"},
		{name: "the second one", trusted: []string{"https://a.example", "https://admin.example.com"}, origin: "https://admin.example.com"},
		{name: "upper case, slash and default port", trusted: []string{"HTTPS://Admin.Example.com:443/"}, origin: "https://admin.example.com"},
		{name: "another port", trusted: []string{"https://admin.example.com:8443"}, origin: "https://admin.example.com:8443"},
		{name: "not another port", trusted: []string{"https://admin.example.com:8443"}, origin: "https://admin.example.com", want: authrocket.ErrCrossSite},
		{name: "not another scheme", trusted: []string{"https://admin.example.com"}, origin: "http://admin.example.com", want: authrocket.ErrCrossSite},
		{name: "not a subdomain", trusted: []string{"https://example.org"}, origin: "https://admin.example.org", want: authrocket.ErrCrossSite},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newSite(t, func(c *authrocket.Config) { c.TrustedOrigins = row.trusted })
			r := c.as(c.ada, request(http.MethodPost, "/", "Origin: "+row.origin))
			r.Host = "backend.internal" // a proxy's; only AppURL counts
			if _, err := c.auth.Check(r); !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

func TestConfigIsCopied(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	config := c.realm.Config()
	config.Audience = []string{"app"}
	config.TrustedOrigins = []string{"https://admin.example.com"}
	config.Rules = []authrocket.Rule{allow}
	auth := openAuth(t, config)
	warm(t, auth)
	config.Audience[0] = "other"
	config.TrustedOrigins[0] = "https://evil.example"
	config.Rules[0] = nil

	if _, err := auth.Verify(t.Context(), c.realm.Token(c.ada, setClaim("aud", "app"))); err != nil {
		t.Errorf("the audience that was configured: %v", err)
	}
	expectRefusal(t, auth, c.realm.Token(c.ada, setClaim("aud", "other")), authrocket.ErrWrongAudience)
	for origin, want := range map[string]error{"https://admin.example.com": nil, "https://evil.example": authrocket.ErrCrossSite} {
		r := c.as(c.ada, request(http.MethodPost, "/", "Origin: "+origin))
		if _, err := auth.Check(r); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", origin, err, want)
		}
	}
}

// recordingJar notices whether a client asks it for cookies.
type recordingJar struct {
	http.CookieJar
	used bool
}

func (j *recordingJar) Cookies(u *url.URL) []*http.Cookie {
	j.used = true
	return j.CookieJar.Cookies(u)
}

func TestConfigHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	recording := &recordingJar{CookieJar: jar}
	config := c.realm.Config()
	isFollowed := false
	config.HTTPClient.Timeout = time.Nanosecond // would fail every fetch
	config.HTTPClient.Jar = recording
	config.HTTPClient.CheckRedirect = func(*http.Request, []*http.Request) error {
		isFollowed = true
		return nil
	}
	auth := openAuth(t, config)
	if err := auth.Warm(t.Context()); err != nil {
		t.Errorf("the client's timeout counts: %v", err)
	}
	c.realm.Break(authrockettest.Redirect(c.realm.URL() + "/elsewhere"))
	err = auth.Warm(t.Context())
	if !errors.Is(err, authrocket.ErrKeysUnavailable) || !strings.Contains(err.Error(), "loginrocket.example") || isFollowed {
		t.Errorf("got %v, redirect followed %t, want %v that names the target host", err, isFollowed, authrocket.ErrKeysUnavailable)
	}
	if recording.used {
		t.Error("the client's cookies are used")
	}
	if config.HTTPClient.Timeout != time.Nanosecond || config.HTTPClient.Jar != recording {
		t.Error("the caller's client is changed")
	}
}

func TestConfigLoopbackLoginRocketDialsLoopbackOnly(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.Start()
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	config := realm.Config()
	if config.HTTPClient != nil {
		t.Fatal("the realm brings its own client, so that ours is not used")
	}
	auth := openAuth(t, config)
	warm(t, auth)
	if _, err := auth.Verify(t.Context(), realm.Token(ada)); err != nil {
		t.Errorf("a realm on loopback: %v", err)
	}
}

// TestConfigJWKSURL counts where keys are fetched: a server may reach LoginRocket by
// another name than browsers do.
func TestConfigJWKSURL(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.Start()
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	auth := openAuth(t, newConfig(func(c *authrocket.Config) { c.JWKSURL = realm.URL() + "/connect/jwks" }))
	warm(t, auth)
	if _, err := auth.Verify(t.Context(), realm.Token(ada)); err != nil {
		t.Errorf("a token of the realm behind JWKSURL: %v", err)
	}
	if got := realm.Requests("/connect/jwks"); got != 1 {
		t.Errorf("got %d fetches, want 1", got)
	}
	if got, want := auth.LoginURL(), "https://sample.e2.loginrocket.com/login"; got != want {
		t.Errorf("got login URL %q, want %q", got, want)
	}
}

func TestConfigFromEnv(t *testing.T) {
	for name, value := range map[string]string{
		"LOGINROCKET_URL": " " + goodLoginRocketURL + "\n", "LOGINROCKET_JWKS_URL": " https://keys.example.com/jwks\n", "AUTHROCKET_JWT_KEY": goodSecret,
		"AUTHROCKET_REALM": "rl_1\n", "AUTHROCKET_APP_URL": goodAppURL + " ",
	} {
		t.Setenv(name, value)
	}
	got := authrocket.ConfigFromEnv()
	if got.LoginRocketURL != goodLoginRocketURL || got.JWTKey != goodSecret || got.RealmID != "rl_1" || got.AppURL != goodAppURL || got.JWKSURL != "https://keys.example.com/jwks" {
		t.Errorf("got %q, %q, %q, %q", got.LoginRocketURL, got.RealmID, got.AppURL, got.JWKSURL)
	}
	got.JWTKey = "" // not together with JWKSURL
	if _, err := authrocket.New(got); err != nil {
		t.Error(err)
	}
}

func TestConfigFromEmptyEnv(t *testing.T) {
	for _, name := range []string{"LOGINROCKET_URL", "LOGINROCKET_JWKS_URL", "AUTHROCKET_JWT_KEY", "AUTHROCKET_REALM", "AUTHROCKET_APP_URL"} {
		t.Setenv(name, "")
	}
	if got := authrocket.ConfigFromEnv(); !reflect.ValueOf(got).IsZero() {
		t.Error("got a Config that is not zero")
	}
}

func TestConfigForbidsUnkeyedLiterals(t *testing.T) {
	t.Parallel()
	first := reflect.TypeFor[authrocket.Config]().Field(0)
	if first.Name != "_" || first.Type != reflect.TypeFor[[0]func()]() {
		t.Errorf("got a first field %s %s, want _ [0]func()", first.Name, first.Type)
	}
}

func TestOriginsAreWrittenAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://[2001:DB8:0:0::1]:0443/":     "https://[2001:db8::1]/login",
		"https://Sample.E2.LoginRocket.com":   "https://sample.e2.loginrocket.com/login",
		"https://sample.example.com:08443":    "https://sample.example.com:8443/login",
		"http://127.0.0.1:80":                 "http://127.0.0.1/login",
		"https://1.2.3.example.com:443/":      "https://1.2.3.example.com/login",
		"https://xn--bcher-kva.example.com:1": "https://xn--bcher-kva.example.com:1/login",
	} {
		auth, err := authrocket.New(authrocket.Config{LoginRocketURL: given, DisableCookie: true})
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if got := auth.LoginURL(); got != want {
			t.Errorf("%s: got %q, want %q", given, got, want)
		}
	}
}
