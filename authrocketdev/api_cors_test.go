package authrocketdev_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
)

const appOrigin = "http://localhost:3000"

func appOrigins(c *siteConfig) {
	c.AllowedOrigins = []string{"https://app.example.com", appOrigin}
}

func TestAPIPreflights(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		configure               func(*siteConfig)
		origin, method, headers string
		isAllowed               bool
	}{
		"as the official client asks":  {configure: appOrigins, origin: appOrigin, method: "POST", headers: "content-type,lr-agent", isAllowed: true},
		"all headers":                  {configure: appOrigins, origin: appOrigin, method: "PUT", headers: "accept,accept-language,content-type,lr-agent", isAllowed: true},
		"the other origin":             {configure: appOrigins, origin: "https://app.example.com", method: "DELETE", headers: "lr-agent", isAllowed: true},
		"no headers":                   {configure: appOrigins, origin: appOrigin, method: "GET", isAllowed: true},
		"another origin":               {configure: appOrigins, origin: "https://evil.example", method: "POST", headers: "content-type,lr-agent"},
		"another port":                 {configure: appOrigins, origin: "http://localhost:3001", method: "POST", headers: "content-type"},
		"another scheme":               {configure: appOrigins, origin: "https://localhost:3000", method: "POST", headers: "content-type"},
		"another case":                 {configure: appOrigins, origin: "http://LOCALHOST:3000", method: "POST", headers: "content-type"},
		"a subdomain":                  {configure: appOrigins, origin: "https://x.app.example.com", method: "POST", headers: "content-type"},
		"an origin that starts alike":  {configure: appOrigins, origin: "https://app.example.com.evil.example", method: "POST", headers: "content-type"},
		"the null origin":              {configure: appOrigins, origin: "null", method: "POST", headers: "content-type"},
		"another method":               {configure: appOrigins, origin: appOrigin, method: "PATCH", headers: "content-type"},
		"another header":               {configure: appOrigins, origin: appOrigin, method: "POST", headers: "content-type,x-other"},
		"credentials in a header":      {configure: appOrigins, origin: appOrigin, method: "POST", headers: "authorization"},
		"no origins allowed":           {origin: appOrigin, method: "POST", headers: "content-type"},
		"no origins, the null origin":  {origin: "null", method: "POST", headers: "content-type"},
		"an empty list, which is none": {configure: func(c *siteConfig) { c.AllowedOrigins = []string{} }, origin: appOrigin, method: "POST", headers: "content-type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, row.configure)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, a.origin+"/v2/login", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Origin", row.origin)
			req.Header.Set("Access-Control-Request-Method", row.method)
			if row.headers != "" {
				req.Header.Set("Access-Control-Request-Headers", row.headers)
			}
			res, err := a.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			want := map[string]string{}
			if row.isAllowed {
				want = map[string]string{
					"Access-Control-Allow-Origin":  row.origin,
					"Access-Control-Allow-Methods": row.method,
					"Access-Control-Allow-Headers": row.headers,
					"Access-Control-Max-Age":       "600",
				}
			}
			want["Cache-Control"], want["X-Content-Type-Options"] = "no-store", "nosniff"
			wantAPIHeaders(t, res.Header, want)
			if res.StatusCode != 204 {
				t.Errorf("status is %d, want 204", res.StatusCode)
			}
		})
	}
}

// wantAPIHeaders checks all CORS headers, and some others.
func wantAPIHeaders(t *testing.T, header http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	for name := range header {
		if _, ok := want[name]; !ok && strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s is %q, want none", name, header.Get(name))
		}
	}
	if !requestID.MatchString(header.Get("X-Request-ID")) {
		t.Errorf("X-Request-ID is %q", header.Get("X-Request-ID"))
	}
	if !strings.Contains(strings.Join(header.Values("Vary"), ","), "Origin") {
		t.Errorf("Vary is %q", header.Values("Vary"))
	}
}

// Only an allowed origin can read answers. Other origins also change nothing: a
// website can send a form without a preflight.
func TestAPIOrigins(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		configure func(*siteConfig)
		header    []string
		isRead    bool
		isRefused bool
	}{
		"an allowed origin":             {configure: appOrigins, header: []string{"Origin", appOrigin, "Sec-Fetch-Site", "same-site"}, isRead: true},
		"an allowed origin of old":      {configure: appOrigins, header: []string{"Origin", appOrigin}, isRead: true},
		"another origin":                {configure: appOrigins, header: []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, isRefused: true},
		"another origin of old":         {configure: appOrigins, header: []string{"Origin", "https://evil.example"}, isRefused: true},
		"another port":                  {configure: appOrigins, header: []string{"Origin", "http://localhost:3001", "Sec-Fetch-Site", "same-site"}, isRefused: true},
		"another case":                  {configure: appOrigins, header: []string{"Origin", "http://LOCALHOST:3000"}, isRefused: true},
		"the null origin":               {configure: appOrigins, header: []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, isRefused: true},
		"no origins allowed":            {header: []string{"Origin", appOrigin}, isRefused: true},
		"no origin, which a program is": {configure: appOrigins},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, row.configure)
			want := map[string]string{}
			if row.isRead {
				want["Access-Control-Allow-Origin"] = appOrigin
			}
			header := append([]string{"LR-Agent", "LoginRocket/js v1.0.1"}, row.header...)
			session := a.login(a.ada).Session
			for _, got := range []apiAnswer{
				a.send("POST", "/v2/login", jsonType, `{"email":"ada","password":"`+secretPassword+`"}`, header...),
				a.send("POST", "/v2/signup", formType, "email=eve%40example.com&password="+secretPassword, header...),
				a.send("PUT", "/v2/profile", jsonType, `{"session":"`+session+`","first_name":"Eve"}`, header...),
				a.send("DELETE", "/v2/session?session="+a.login(a.alan).Session, "", "", header...),
			} {
				wantAPIHeaders(t, got.header, want)
				if row.isRefused {
					a.wantError(got, 403, "This origin is not allowed.")
				} else if got.status != 200 {
					t.Errorf("got %d %s", got.status, got.body)
				}
			}
			if _, err := a.realm.UserByLogin("eve@example.com"); (err != nil) != row.isRefused {
				t.Errorf("the user is made: %v", err)
			}
			for _, got := range []apiAnswer{
				a.send("GET", "/v2/session?session="+session, "", "", header...),
				a.send("GET", "/v2/nothing", "", "", header...),
				a.send("GET", "/v2/login", "", "", header...),
				a.send("POST", "/v2/login", "text/plain", "x", header...),
			} {
				wantAPIHeaders(t, got.header, want)
			}
		})
	}
}

// Requests from websites do not count against the limit of an address.
func TestAPIOriginsThatAreRefusedAreNotCounted(t *testing.T) {
	t.Parallel()
	realm := newSiteAt(t, "http://localhost:8081").realm
	handler := newAPIHandler(t, authrocketdev.Config{Realm: realm, RequestsPerMinute: 1})
	for range 3 {
		if got := serveAPI(t, handler, "POST", "/v2/password/forgot", "Origin", "https://evil.example"); got.status != 403 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
	}
	if got := serveAPI(t, handler, "POST", "/v2/password/forgot"); got.status != 200 {
		t.Errorf("a program gets %d %s", got.status, got.body)
	}
}
