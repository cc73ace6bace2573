package authrocket_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
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
	loginRocket := func(u string) func(*authrocket.Config) {
		return func(c *authrocket.Config) { c.LoginRocketURL = u }
	}
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
	afterLogout := func(path string) func(*authrocket.Config) {
		return func(c *authrocket.Config) { c.AfterLogout = path }
	}

	for _, row := range []struct {
		name    string
		change  func(*authrocket.Config)
		field   string
		value   string
		problem string
	}{
		{"LoginRocketURL missing", loginRocket(""), "LoginRocketURL", "", "is missing"},
		{"LoginRocketURL missing with a static key and cookies", func(c *authrocket.Config) { c.LoginRocketURL, c.JWTKey = "", goodSecret }, "LoginRocketURL", "", "is missing"},
		{"LoginRocketURL missing without cookies and without a static key", func(c *authrocket.Config) { c.LoginRocketURL, c.DisableCookie = "", true }, "LoginRocketURL", "", "is missing"},
		{"LoginRocketURL with a path", loginRocket("https://sample.e2.loginrocket.com/connect/jwks"), "LoginRocketURL", "https://sample.e2.loginrocket.com/connect/jwks", "write https://sample.e2.loginrocket.com/"},
		{"LoginRocketURL with a query", loginRocket("https://sample.e2.loginrocket.com/?key=hidden"), "LoginRocketURL", "https://sample.e2.loginrocket.com/", "query"},
		{"LoginRocketURL with an empty query", loginRocket("https://sample.e2.loginrocket.com/?"), "LoginRocketURL", "https://sample.e2.loginrocket.com/", "query"},
		{"LoginRocketURL with a fragment", loginRocket("https://sample.e2.loginrocket.com/#hidden"), "LoginRocketURL", "https://sample.e2.loginrocket.com/", "fragment"},
		{"LoginRocketURL with an empty fragment", loginRocket("https://sample.e2.loginrocket.com/#"), "LoginRocketURL", "https://sample.e2.loginrocket.com/", "fragment"},
		{"LoginRocketURL with user info", loginRocket("https://hidden:hidden@sample.e2.loginrocket.com/"), "LoginRocketURL", "", "user info"},
		{"LoginRocketURL with a password that holds a slash", loginRocket("https://user:123/hidden@sample.e2.loginrocket.com/"), "LoginRocketURL", "", "user info"},
		{"LoginRocketURL with an empty user", loginRocket("https://@sample.e2.loginrocket.com/"), "LoginRocketURL", "", "user info"},
		{"LoginRocketURL without scheme", loginRocket("sample.e2.loginrocket.com"), "LoginRocketURL", "", "no scheme"},
		{"LoginRocketURL without scheme but with a port", loginRocket("sample.e2.loginrocket.com:443"), "LoginRocketURL", "", "no scheme"},
		{"LoginRocketURL that starts with slashes", loginRocket("//sample.e2.loginrocket.com/"), "LoginRocketURL", "", "no scheme"},
		{"LoginRocketURL of another scheme", loginRocket("ftp://sample.e2.loginrocket.com/"), "LoginRocketURL", "", "no scheme http or https"},
		{"LoginRocketURL without host", loginRocket("https:///"), "LoginRocketURL", "", "no host"},
		{"LoginRocketURL that is no URL", loginRocket("https://sam ple/%zz"), "LoginRocketURL", "", "is not a URL"},
		{"LoginRocketURL http", loginRocket("http://sample.e2.loginrocket.com/"), "LoginRocketURL", "http://sample.e2.loginrocket.com", "write https://sample.e2.loginrocket.com/"},
		{"LoginRocketURL http on a private address", loginRocket("http://192.168.0.1/"), "LoginRocketURL", "http://192.168.0.1", "write https://192.168.0.1/"},
		{"LoginRocketURL http on a host that only looks like loopback", loginRocket("http://localhost.example.com/"), "LoginRocketURL", "http://localhost.example.com", "http on a host other than loopback"},
		{"LoginRocketURL http on a name that ends like localhost", loginRocket("http://notlocalhost/"), "LoginRocketURL", "http://notlocalhost", "http on a host other than loopback"},
		{"LoginRocketURL http with only the other danger allowed", func(c *authrocket.Config) {
			c.LoginRocketURL, c.DangerouslyAllowHTTPAppURL = "http://sample.e2.loginrocket.com/", true
		}, "LoginRocketURL", "http://sample.e2.loginrocket.com", "http on a host other than loopback"},
		{"LoginRocketURL port 0", loginRocket("https://sample.e2.loginrocket.com:0/"), "LoginRocketURL", "https://sample.e2.loginrocket.com:0/", "port"},
		{"LoginRocketURL port 99999", loginRocket("https://sample.e2.loginrocket.com:99999/"), "LoginRocketURL", "https://sample.e2.loginrocket.com:99999/", "port"},
		{"LoginRocketURL empty port", loginRocket("https://sample.e2.loginrocket.com:/"), "LoginRocketURL", "https://sample.e2.loginrocket.com:/", "port"},
		{"LoginRocketURL port of letters", loginRocket("https://sample.e2.loginrocket.com:https/"), "LoginRocketURL", "", "is not a URL"},
		{"LoginRocketURL non-ASCII host", loginRocket("https://bücher.example/"), "LoginRocketURL", "", "xn--"},
		{"LoginRocketURL escaped host", loginRocket("https://a%2fb.example/"), "LoginRocketURL", "", ""},
		{"LoginRocketURL host with odd characters", loginRocket("https://a,b.example/"), "LoginRocketURL", "https://a,b.example/", "host"},
		{"LoginRocketURL IPv6 zone", loginRocket("https://[fe80::1%25eth0]/"), "LoginRocketURL", "", "host"},

		{"JWKSURL without a path", jwks("https://keys.example.com"), "JWKSURL", "https://keys.example.com", "write the URL of the key set, such as https://keys.example.com/connect/jwks"},
		{"JWKSURL that ends with a slash", jwks("https://keys.example.com/connect/jwks/"), "JWKSURL", "https://keys.example.com/connect/jwks/", "ends with a slash"},
		{"JWKSURL with a query", jwks("https://keys.example.com/jwks?key=hidden"), "JWKSURL", "https://keys.example.com/jwks", "query"},
		{"JWKSURL with a fragment", jwks("https://keys.example.com/jwks#hidden"), "JWKSURL", "https://keys.example.com/jwks", "fragment"},
		{"JWKSURL with user info", jwks("https://hidden@keys.example.com/jwks"), "JWKSURL", "", "user info"},
		{"JWKSURL without scheme", jwks("loginrocket:8081/connect/jwks"), "JWKSURL", "", "write one such as https://sample.e2.loginrocket.com/connect/jwks"},
		{"JWKSURL http", jwks("http://loginrocket:8081/connect/jwks"), "JWKSURL", "http://loginrocket:8081/connect/jwks", "set DangerouslyAllowHTTPJWKSURL"},
		{"JWKSURL http with only the other dangers allowed", func(c *authrocket.Config) {
			c.JWKSURL, c.DangerouslyAllowHTTPAppURL, c.DangerouslyAllowHTTPLoginRocketURL = "http://loginrocket:8081/connect/jwks", true, true
		}, "JWKSURL", "http://loginrocket:8081/connect/jwks", "http on a host other than loopback"},
		{"JWKSURL together with JWTKey", func(c *authrocket.Config) { c.JWKSURL, c.JWTKey = "https://keys.example.com/jwks", goodSecret }, "JWKSURL", "https://keys.example.com/jwks", "together with JWTKey"},
		{"LoginRocketURL http with only an http JWKSURL allowed", func(c *authrocket.Config) {
			c.LoginRocketURL, c.JWKSURL, c.DangerouslyAllowHTTPJWKSURL = "http://login.internal/", "http://login.internal/connect/jwks", true
		}, "LoginRocketURL", "http://login.internal", "http on a host other than loopback"},
		{"LoginRocketURL missing with JWKSURL and cookies", func(c *authrocket.Config) {
			c.LoginRocketURL, c.JWKSURL = "", "https://keys.example.com/jwks"
		}, "LoginRocketURL", "", "is missing"},

		{"LoginRocketURL of AuthRocket's API", loginRocket("https://api-e2.authrocket.com/v2"), "LoginRocketURL", "https://api-e2.authrocket.com/v2", "is the URL of AuthRocket's API; write https://sample.e2.loginrocket.com/"},
		{"LoginRocketURL of AuthRocket's API in upper case", loginRocket("https://API-E1.AuthRocket.com"), "LoginRocketURL", "", "AuthRocket's API"},
		{"JWKSURL of AuthRocket's API", jwks("https://api-e2.authrocket.com/v2/jwks"), "JWKSURL", "", "is the URL of AuthRocket's API; write https://sample.e2.loginrocket.com/connect/jwks"},
		{"AppURL of AuthRocket's API", app("https://api-e2.authrocket.com"), "AppURL", "", "AuthRocket's API"},
		{"AppURL equal to LoginRocketURL", app("https://SAMPLE.e2.loginrocket.com:443/"), "AppURL", "https://sample.e2.loginrocket.com", "is the LoginRocketURL"},
		{"AppURL equal to LoginRocketURL on loopback", func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "http://localhost:8081/", "http://localhost:8081"
		}, "AppURL", "http://localhost:8081", "is the LoginRocketURL"},
		{"AppURL missing", app(""), "AppURL", "", "is missing"},
		{"AppURL missing with a static key", func(c *authrocket.Config) { c.AppURL, c.JWTKey = "", goodSecret }, "AppURL", "", "is missing"},
		{"AppURL with a query", app("https://app.example.com/?key=hidden"), "AppURL", "https://app.example.com/", "query"},
		{"AppURL with a fragment", app("https://app.example.com/#hidden"), "AppURL", "https://app.example.com/", "fragment"},
		{"AppURL with an odd spelling of an IP address", app("https://127.1"), "AppURL", "https://127.1", "neither an ASCII name nor an IP address"},
		{"AppURL with user info", app("https://hidden@app.example.com"), "AppURL", "", "user info"},
		{"AppURL without scheme", app("app.example.com"), "AppURL", "", "no scheme"},
		{"AppURL without scheme but with a port", app("app.example.com:8080"), "AppURL", "", "no scheme"},
		{"AppURL http", app("http://app.example.com"), "AppURL", "http://app.example.com", "write https://app.example.com"},
		{"AppURL http with only the other danger allowed", func(c *authrocket.Config) {
			c.AppURL, c.DangerouslyAllowHTTPLoginRocketURL = "http://app.example.com", true
		}, "AppURL", "http://app.example.com", "http on a host other than loopback"},
		{"AppURL port 99999", app("https://app.example.com:99999"), "AppURL", "https://app.example.com:99999", "port"},
		{"AppURL non-ASCII host", app("https://bücher.example"), "AppURL", "", "xn--"},
		{"AppURL with dot segments", app("https://app.example.com/a/../b"), "AppURL", "https://app.example.com/a/../b", "dot segments"},
		{"AppURL with an empty segment", app("https://app.example.com/a//b"), "AppURL", "https://app.example.com/a//b", "empty or dot segments"},
		{"AppURL with an escaped path", app("https://app.example.com/a%2fb"), "AppURL", "https://app.example.com/a%2fb", "odd characters"},
		{"AppURL with a backslash", app(`https://app.example.com/\evil.example`), "AppURL", "", "odd characters"},
		{"AppURL not on loopback while LoginRocketURL is", loginRocket("http://localhost:8081"), "AppURL", "https://app.example.com", "not on loopback"},
		{"AppURL not on loopback while an https LoginRocketURL is", loginRocket("https://127.0.0.1:8081"), "AppURL", "https://app.example.com", "not on loopback"},

		{"AuthPath relative", authPath("auth"), "AuthPath", "auth", "plain path"},
		{"AuthPath root", authPath("/"), "AuthPath", "/", "plain path"},
		{"AuthPath with a final slash", authPath("/auth/"), "AuthPath", "/auth/", "without a final slash"},
		{"AuthPath with a query", authPath("/auth?a"), "AuthPath", "/auth?a", "plain path"},
		{"AuthPath with a wildcard", authPath("/{auth}"), "AuthPath", "/{auth}", "plain path"},
		{"AuthPath with dot segments", authPath("/a/.."), "AuthPath", "/a/..", "plain path"},
		{"AuthPath of another host", authPath("//evil.example"), "AuthPath", "//evil.example", "plain path"},
		{"AuthPath with a line break", authPath("/auth\n"), "AuthPath", "/auth\n", "plain path"},

		{"AfterLogout relative", afterLogout("bye"), "AfterLogout", "bye", "path on this host"},
		{"AfterLogout of another host", afterLogout("//evil.example"), "AfterLogout", "//evil.example", "path on this host"},
		{"AfterLogout with a backslash", afterLogout(`/\evil.example`), "AfterLogout", `/\evil.example`, "path on this host"},
		{"AfterLogout absolute", afterLogout("https://evil.example/"), "AfterLogout", "https://evil.example/", "path on this host"},
		{"AfterLogout with a fragment", afterLogout("/bye#a"), "AfterLogout", "/bye#a", "path on this host"},
		{"AfterLogout among the login routes", afterLogout("/auth/logout"), "AfterLogout", "/auth/logout", "outside AuthPath"},
		{"AfterLogout above AppURL", func(c *authrocket.Config) { c.AppURL, c.AfterLogout = "https://example.com/app", "/../bye" }, "AfterLogout", "/../bye", "path on this host"},
		{"AfterLogout with a tab", afterLogout("/\t/evil.example"), "AfterLogout", "/\t/evil.example", "path on this host"},

		{"CookieName with a space", cookie("my token"), "CookieName", "my token", "not the name of a cookie"},
		{"CookieName with a semicolon", cookie("a;b"), "CookieName", "a;b", "not the name of a cookie"},
		{"CookieName with an equals sign", cookie("a=b"), "CookieName", "a=b", "not the name of a cookie"},
		{"CookieName with a line break", cookie("a\r\nb"), "CookieName", "a\r\nb", "not the name of a cookie"},
		{"CookieName not ASCII", cookie("tökén"), "CookieName", "tökén", "not the name of a cookie"},
		{"CookieName of 65 characters", cookie(strings.Repeat("a", 65)), "CookieName", strings.Repeat("a", 65), "up to 64"},
		{"CookieName __Host- over http", func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL, c.CookieName = "http://localhost:8081", "http://localhost:8080", "__Host-a"
		}, "CookieName", "__Host-a", "leave the prefix out"},
		{"CookieName __Host- where the request's Host decides", func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL, c.CookieName = "http://localhost:8081", "", "__Host-a"
		}, "CookieName", "__Host-a", "leave the prefix out"},
		{"CookieName __secure- over http, in lower case", func(c *authrocket.Config) {
			c.AppURL, c.DangerouslyAllowHTTPAppURL, c.CookieName = "http://app.example.com", true, "__secure-a"
		}, "CookieName", "__secure-a", "leave the prefix out"},

		{"ForwardParams with an empty entry", forward(""), "ForwardParams", "", "empty entry"},
		{"ForwardParams with redirect_uri", forward("redirect_uri"), "ForwardParams", "redirect_uri", "set by this package"},
		{"ForwardParams with session", forward("session"), "ForwardParams", "session", "set by this package"},
		{"ForwardParams with token", forward("token"), "ForwardParams", "token", "set by this package"},
		{"ForwardParams with ar_state", forward("ar_state"), "ForwardParams", "ar_state", "set by this package"},
		{"ForwardParams with return_to", forward("return_to"), "ForwardParams", "return_to", "set by this package"},

		{"RealmID that is a name", func(c *authrocket.Config) { c.RealmID = "sample" }, "RealmID", "sample", "starts with rl_"},
		{"RealmID that is another ID", func(c *authrocket.Config) { c.RealmID = "org_1" }, "RealmID", "org_1", "starts with rl_"},
		{"RealmID with a space before it", func(c *authrocket.Config) { c.RealmID = " rl_1" }, "RealmID", " rl_1", "starts with rl_"},
		{"RealmID with a space", func(c *authrocket.Config) { c.RealmID = "rl_1 " }, "RealmID", "rl_1 ", "white space"},
		{"Rules with nil", func(c *authrocket.Config) { c.Rules = []authrocket.Rule{allow, nil} }, "Rules", "", "nil as rule 2 of 2"},
		{"Audience with an empty entry", func(c *authrocket.Config) { c.Audience = []string{"app", ""} }, "Audience", "", "empty entry"},
		{"RefreshInterval negative", func(c *authrocket.Config) { c.RefreshInterval = -time.Minute }, "RefreshInterval", "-1m0s", "negative"},
		{"MaxStale negative", func(c *authrocket.Config) { c.MaxStale = -time.Hour }, "MaxStale", "-1h0m0s", "negative"},
		{"MaxStale less than twice RefreshInterval", func(c *authrocket.Config) { c.RefreshInterval, c.MaxStale = time.Hour, 2*time.Hour-1 }, "MaxStale", "1h59m59.999999999s", "twice RefreshInterval, which is 1h0m0s"},
		{"MaxStale less than twice the default RefreshInterval", func(c *authrocket.Config) { c.MaxStale = 20 * time.Minute }, "MaxStale", "20m0s", "twice RefreshInterval, which is 15m0s"},
		{"default MaxStale less than twice RefreshInterval", func(c *authrocket.Config) { c.RefreshInterval = 13 * time.Hour }, "MaxStale", "24h0m0s", "twice RefreshInterval, which is 13h0m0s"},
		{"VerifiedTokens beyond what memory has", func(c *authrocket.Config) { c.VerifiedTokens = math.MaxInt }, "VerifiedTokens", strconv.Itoa(math.MaxInt), "100000000"},
		{"MaxTokenBytes negative", func(c *authrocket.Config) { c.MaxTokenBytes = -1 }, "MaxTokenBytes", "-1", "negative"},

		{"TrustedOrigins with a path", origin("https://admin.example.com/a"), "TrustedOrigins", "https://admin.example.com/a", "write https://admin.example.com"},
		{"TrustedOrigins with a query", origin("https://admin.example.com?key=hidden"), "TrustedOrigins", "https://admin.example.com", "query"},
		{"TrustedOrigins with user info", origin("https://hidden@admin.example.com"), "TrustedOrigins", "", "user info"},
		{"TrustedOrigins wildcard", origin("*"), "TrustedOrigins", "", "no scheme"},
		{"TrustedOrigins wildcard host", origin("https://*.example.com"), "TrustedOrigins", "", "host"},
		{"TrustedOrigins null", origin("null"), "TrustedOrigins", "", "no scheme"},
		{"TrustedOrigins empty", origin(""), "TrustedOrigins", "", "no scheme"},
		{"TrustedOrigins host only", origin("admin.example.com"), "TrustedOrigins", "", "no scheme"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"a LoginRocketURL with a final slash", nil, "https://sample.e2.loginrocket.com/login"},
		{"a LoginRocketURL without final slash", func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com" }, "https://sample.e2.loginrocket.com/login"},
		{"upper case", func(c *authrocket.Config) { c.LoginRocketURL = "HTTPS://Sample.E2.LoginRocket.COM/" }, "https://sample.e2.loginrocket.com/login"},
		{"the default port of https", func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:443/" }, "https://sample.e2.loginrocket.com/login"},
		{"the default port of http, kept on https", func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:80/" }, "https://sample.e2.loginrocket.com:80/login"},
		{"another port", func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:8443/" }, "https://sample.e2.loginrocket.com:8443/login"},
		{"the last port", func(c *authrocket.Config) { c.LoginRocketURL = "https://sample.e2.loginrocket.com:65535/" }, "https://sample.e2.loginrocket.com:65535/login"},
		{"an IPv6 address", func(c *authrocket.Config) { c.LoginRocketURL = "https://[2001:DB8::1]:8443/" }, "https://[2001:db8::1]:8443/login"},
		{"an IPv6 address without port", func(c *authrocket.Config) { c.LoginRocketURL = "https://[2001:db8::1]" }, "https://[2001:db8::1]/login"},
		{"an international name in its xn-- form", func(c *authrocket.Config) { c.LoginRocketURL = "https://xn--bcher-kva.example/" }, "https://xn--bcher-kva.example/login"},
		{"a host that only looks like AuthRocket's API", func(c *authrocket.Config) { c.LoginRocketURL = "https://api-e2.authrocket.com.example.com" }, "https://api-e2.authrocket.com.example.com/login"},
		{"an AppURL below LoginRocketURL's host", func(c *authrocket.Config) { c.AppURL = "https://sample.e2.loginrocket.com/app" }, "https://sample.e2.loginrocket.com/login"},
		{"a RealmID", func(c *authrocket.Config) { c.RealmID = "rl_0v1zTHXhtNgmDaXaDYSAqx" }, "https://sample.e2.loginrocket.com/login"},
		{"an AppURL with a path", func(c *authrocket.Config) { c.AppURL = "https://app.example.com/a/b-c/" }, "https://sample.e2.loginrocket.com/login"},
		{"an https LoginRocketURL and an http AppURL on loopback", func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, "https://sample.e2.loginrocket.com/login"},
		{"everything on localhost", func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "http://localhost:8081", "http://localhost:8080"
		}, "http://localhost:8081/login"},
		{"the default port of http", func(c *authrocket.Config) { c.LoginRocketURL, c.AppURL = "http://localhost:80", "" }, "http://localhost/login"},
		{"a name below localhost", func(c *authrocket.Config) {
			c.LoginRocketURL, c.AppURL = "http://LoginRocket.localhost:8081", "http://app.localhost"
		}, "http://loginrocket.localhost:8081/login"},
		{"all of 127.0.0.0/8", func(c *authrocket.Config) { c.LoginRocketURL, c.AppURL = "http://127.9.9.9:8081", "http://[::1]:8080" }, "http://127.9.9.9:8081/login"},
		{"no AppURL where LoginRocketURL is on loopback", func(c *authrocket.Config) { c.LoginRocketURL, c.AppURL = "http://[::1]:8081", "" }, "http://[::1]:8081/login"},
		{"no AppURL without cookies", func(c *authrocket.Config) { c.AppURL, c.DisableCookie = "", true }, "https://sample.e2.loginrocket.com/login"},
		{"no URL at all with a static key and without cookies", func(c *authrocket.Config) {
			*c = authrocket.Config{JWTKey: goodSecret, DisableCookie: true}
		}, ""},
		{"http LoginRocketURL where it is allowed", func(c *authrocket.Config) {
			c.LoginRocketURL, c.DangerouslyAllowHTTPLoginRocketURL = "http://login.internal/", true
		}, "http://login.internal/login"},
		{"http JWKSURL where it is allowed", func(c *authrocket.Config) {
			c.JWKSURL, c.DangerouslyAllowHTTPJWKSURL = "http://loginrocket:8081/connect/jwks", true
		}, "https://sample.e2.loginrocket.com/login"},
		{"http JWKSURL on loopback", func(c *authrocket.Config) { c.JWKSURL = "http://[::1]:8081/connect/jwks" }, "https://sample.e2.loginrocket.com/login"},
		{"JWKSURL alone without cookies", func(c *authrocket.Config) {
			*c = authrocket.Config{JWKSURL: "https://keys.example.com/jwks", DisableCookie: true}
		}, ""},
		{"http AppURL where it is allowed", func(c *authrocket.Config) { c.AppURL, c.DangerouslyAllowHTTPAppURL = "http://app.internal", true }, "https://sample.e2.loginrocket.com/login"},
		{"a cookie name as it is", func(c *authrocket.Config) { c.CookieName = "arToken" }, "https://sample.e2.loginrocket.com/login"},
		{"a cookie name of 64 characters", func(c *authrocket.Config) { c.CookieName = strings.Repeat("a", 64) }, "https://sample.e2.loginrocket.com/login"},
		{"a cookie name with a prefix on https", func(c *authrocket.Config) { c.CookieName = "__Secure-a" }, "https://sample.e2.loginrocket.com/login"},
		{"MaxStale exactly twice RefreshInterval", func(c *authrocket.Config) { c.RefreshInterval, c.MaxStale = time.Hour, 2*time.Hour }, "https://sample.e2.loginrocket.com/login"},
		{"no token cache", func(c *authrocket.Config) { c.TokenCacheSize = -1 }, "https://sample.e2.loginrocket.com/login"},
		{"no verified tokens remembered", func(c *authrocket.Config) { c.VerifiedTokens = -1 }, "https://sample.e2.loginrocket.com/login"},
		{"a path with a query after logout", func(c *authrocket.Config) { c.AfterLogout = "/bye?a=b" }, "https://sample.e2.loginrocket.com/login"},
		{"a deeper AuthPath", func(c *authrocket.Config) { c.AuthPath = "/a/login-1" }, "https://sample.e2.loginrocket.com/login"},
		{"parameters to hand on", func(c *authrocket.Config) { c.ForwardParams = []string{"locale", "account", "x"} }, "https://sample.e2.loginrocket.com/login"},
		{"trusted origins", func(c *authrocket.Config) {
			c.TrustedOrigins = []string{"https://admin.example.com/", "HTTP://LOCALHOST:3000"}
		}, "https://sample.e2.loginrocket.com/login"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"nil", nil, nil},
		{"something else", errors.New("else"), nil},
		{"one", one, []*authrocket.ConfigError{one}},
		{"joined", errors.Join(one, two), []*authrocket.ConfigError{one, two}},
		{"joined and wrapped", fmt.Errorf("start: %w", errors.Join(one, two)), []*authrocket.ConfigError{one, two}},
		{"joined with something else", errors.Join(errors.New("else"), fmt.Errorf("app: %w", two)), []*authrocket.ConfigError{two}},
		{"two in one format", fmt.Errorf("%w, %w", one, two), []*authrocket.ConfigError{one, two}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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

// selfSigned is a certificate for key, in DER.
func selfSigned(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestConfigStaticKeyErrors(t *testing.T) {
	t.Parallel()
	key := ownKey()
	spki := spkiOf(t, &key.PublicKey)
	publicPEM := pemOf("PUBLIC KEY", spki)
	body := base64.StdEncoding.EncodeToString(spki)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	withSize := func(bits uint, exponent int) string {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return pemOf("PUBLIC KEY", spkiOf(t, &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: exponent}))
	}

	for _, row := range []struct {
		name    string
		key     string
		problem string
	}{
		{"blank", " \t\r\n", "blank"},
		{"a secret cut short", "jsk_0123456789abcdefghijklmnopq", "cut short"},
		{"a secret cut short, padded with white space", "jsk_0123456789abcdefghijklmnopq ", "cut short"},
		{"a secret without its prefix", "0123456789abcdefghijklmnopqrstuvwxyz0123456789", "neither"},
		{"a secret with another prefix", "JSK_0123456789abcdefghijklmnopqrstuvwxyz", "neither"},
		{"a secret in quotes", `"` + goodSecret + `"`, "neither"},
		{"a long text", strings.Repeat("secret-text.", 40), "neither"},
		{"a truncated PEM", publicPEM[:200], "cut short"},
		{"a PEM without its end", strings.Split(publicPEM, "-----END")[0], "cut short"},
		{"a PEM with a line missing", strings.Join(append(strings.Split(publicPEM, "\n")[:2], strings.Split(publicPEM, "\n")[3:]...), "\n"), "cut short"},
		{"a truncated base64 body", body[:200], "cut short"},
		{"a base64 body cut within a group", body[:201], "cut short"},
		{"two PEMs", publicPEM + publicPEM, "one key only"},
		{"a private key as PEM, PKCS 8", pemOf("PRIVATE KEY", pkcs8), "private key"},
		{"a private key as PEM, PKCS 1", pemOf("RSA PRIVATE KEY", pkcs1), "private key"},
		{"a private key as base64, PKCS 8", base64.StdEncoding.EncodeToString(pkcs8), "private key"},
		{"a private key as base64, PKCS 1", base64.StdEncoding.EncodeToString(pkcs1), "private key"},
		{"a private key that says it is public", pemOf("PUBLIC KEY", pkcs8), "private key"},
		{"a certificate as PEM", pemOf("CERTIFICATE", selfSigned(t, key)), "certificate"},
		{"a certificate as base64", base64.StdEncoding.EncodeToString(selfSigned(t, key)), "certificate"},
		{"a PEM of something else", pemOf("DH PARAMETERS", []byte("x")), "something else"},
		{"a JWK", `{"kty":"RSA","n":"AQAB","e":"AQAB"}`, "JWK"},
		{"a URL", "https://sample.e2.loginrocket.com/connect/jwks", "URL"},
		{"an absolute path", "/etc/authrocket/key", "path"},
		{"a relative path", "./key", "path"},
		{"a path by its ending", "key.pem", "path"},
		{"an API key", "ks_0123456789abcdefghijkl-0123456789abcdef", "API key"},
		{"a token", vectorHS256, "token"},
		{"an elliptic key", pemOf("PUBLIC KEY", spkiOf(t, &elliptical.PublicKey)), "not an RSA key"},
		{"an RSA key of 2047 bits", withSize(2047, 65537), "2047 bits"},
		{"an RSA key of 1024 bits", withSize(1024, 65537), "1024 bits"},
		{"an RSA key of 16384 bits", withSize(16384, 65537), "16384 bits"},
		{"an RSA key with exponent 1", withSize(2048, 1), "exponent 1"},
		{"an RSA key with an even exponent", withSize(2048, 65536), "exponent 65536"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
	shortest := "jsk_" + strings.Repeat("s", 28)
	small := &rsa.PublicKey{N: key.N, E: key.E}
	for _, row := range []struct{ name, key, token string }{
		{"a secret of 32 bytes", shortest, signed(shortest)},
		{"a secret in white space", " " + goodSecret + "\r\n", signed(goodSecret)},
		{"a secret longer than a public key", "jsk_" + strings.Repeat("s", 400), signed("jsk_" + strings.Repeat("s", 400))},
		{"a public key, PKCS 1", pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(small)), signCompact(`{"alg":"RS256"}`, goodClaims(t), withRS256(key))},
		{"a public key, whatever the token's kid", pemOf("PUBLIC KEY", spkiOf(t, small)), signCompact(`{"alg":"RS256","kid":"any"}`, goodClaims(t), withRS256(key))},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if _, err := openAuth(t, newConfig(func(c *authrocket.Config) { c.JWTKey = row.key })).Verify(t.Context(), row.token); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConfigStaticKeyWinsOverThePublishedOnes(t *testing.T) {
	t.Parallel()
	c := newColdSite(t)
	config := c.realm.Config()
	config.JWTKey = c.realm.JWTKey()
	auth := openAuth(t, config)
	if err := auth.Warm(t.Context()); err != nil {
		t.Error(err)
	}
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
		name   string
		change func(*authrocket.Config)
		cookie string
		want   error
	}{
		{"__Host-arToken on https", nil, "__Host-arToken", nil},
		{"not arToken on https", nil, "arToken", authrocket.ErrNoToken},
		{"arToken on http", func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, "arToken", nil},
		{"not __Host-arToken on http", func(c *authrocket.Config) { c.AppURL = "http://127.0.0.1:8080" }, "__Host-arToken", authrocket.ErrNoToken},
		{"arToken on https when it is set", func(c *authrocket.Config) { c.CookieName = "arToken" }, "arToken", nil},
		{"names differ by case", func(c *authrocket.Config) { c.CookieName = "arToken" }, "artoken", authrocket.ErrNoToken},
		{"no cookie at all", func(c *authrocket.Config) { c.DisableCookie = true }, "__Host-arToken", authrocket.ErrNoToken},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newSite(t, row.change)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", row.cookie+"="+c.realm.Token(c.ada))
			if _, err := c.auth.Check(r); !errors.Is(err, row.want) {
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
		{"default of 15 minutes", nil, 15 * time.Minute},
		{"an hour", func(c *authrocket.Config) { c.RefreshInterval = time.Hour }, time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		{"default of 24 hours", nil, 24 * time.Hour},
		{"two hours", func(c *authrocket.Config) { c.MaxStale = 2 * time.Hour }, 2 * time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
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
		name    string
		trusted []string
		origin  string
		want    error
	}{
		{"our own origin needs no entry", nil, "https://example.com", nil},
		{"nobody else by default", nil, "https://admin.example.com", authrocket.ErrCrossSite},
		{"as it is", []string{"https://admin.example.com"}, "https://admin.example.com", nil},
		{"the second one", []string{"https://a.example", "https://admin.example.com"}, "https://admin.example.com", nil},
		{"upper case, slash and default port", []string{"HTTPS://Admin.Example.com:443/"}, "https://admin.example.com", nil},
		{"another port", []string{"https://admin.example.com:8443"}, "https://admin.example.com:8443", nil},
		{"not another port", []string{"https://admin.example.com:8443"}, "https://admin.example.com", authrocket.ErrCrossSite},
		{"not another scheme", []string{"https://admin.example.com"}, "http://admin.example.com", authrocket.ErrCrossSite},
		{"not a subdomain", []string{"https://example.org"}, "https://admin.example.org", authrocket.ErrCrossSite},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newSite(t, func(c *authrocket.Config) { c.TrustedOrigins = row.trusted })
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.Host = "backend.internal" // a proxy's; only AppURL counts
			r.Header.Set("Origin", row.origin)
			c.realm.SignIn(r, c.ada)
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
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("Origin", origin)
		c.realm.SignIn(r, c.ada)
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
