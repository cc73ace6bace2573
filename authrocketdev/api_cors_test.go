package authrocketdev_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
)

const appOrigin = "http://localhost:3000"

func appOrigins(c *authrocketdev.Config) {
	c.AllowedOrigins = []string{"https://app.example.com", appOrigin}
}

func TestAPIPreflights(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		configure               func(*authrocketdev.Config)
		origin, method, headers string
		isAllowed               bool
	}{
		"as the official client asks":  {appOrigins, appOrigin, "POST", "content-type,lr-agent", true},
		"all headers":                  {appOrigins, appOrigin, "PUT", "accept,accept-language,content-type,lr-agent", true},
		"the other origin":             {appOrigins, "https://app.example.com", "DELETE", "lr-agent", true},
		"no headers":                   {appOrigins, appOrigin, "GET", "", true},
		"another origin":               {appOrigins, "https://evil.example", "POST", "content-type,lr-agent", false},
		"another port":                 {appOrigins, "http://localhost:3001", "POST", "content-type", false},
		"another scheme":               {appOrigins, "https://localhost:3000", "POST", "content-type", false},
		"another case":                 {appOrigins, "http://LOCALHOST:3000", "POST", "content-type", false},
		"a subdomain":                  {appOrigins, "https://x.app.example.com", "POST", "content-type", false},
		"an origin that starts alike":  {appOrigins, "https://app.example.com.evil.example", "POST", "content-type", false},
		"the null origin":              {appOrigins, "null", "POST", "content-type", false},
		"another method":               {appOrigins, appOrigin, "PATCH", "content-type", false},
		"another header":               {appOrigins, appOrigin, "POST", "content-type,x-other", false},
		"credentials in a header":      {appOrigins, appOrigin, "POST", "authorization", false},
		"no origins allowed":           {func(*authrocketdev.Config) {}, appOrigin, "POST", "content-type", false},
		"no origins, the null origin":  {func(*authrocketdev.Config) {}, "null", "POST", "content-type", false},
		"an empty list, which is none": {func(c *authrocketdev.Config) { c.AllowedOrigins = []string{} }, appOrigin, "POST", "content-type", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, row.configure)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, a.url+"/v2/login", nil)
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

// wantAPIHeaders checks the headers about CORS, all of them, and some more.
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

func TestAPIOrigins(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		configure func(*authrocketdev.Config)
		origin    string
		isAllowed bool
	}{
		"an allowed origin":             {appOrigins, appOrigin, true},
		"another origin":                {appOrigins, "https://evil.example", false},
		"another case":                  {appOrigins, "http://LOCALHOST:3000", false},
		"no origins allowed":            {func(*authrocketdev.Config) {}, appOrigin, false},
		"no origin, which a program is": {appOrigins, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, row.configure)
			var header []string
			if row.origin != "" {
				header = []string{"Origin", row.origin, "LR-Agent", "LoginRocket/js v1.0.1"}
			}
			want := map[string]string{}
			if row.isAllowed {
				want["Access-Control-Allow-Origin"] = row.origin
			}
			login := a.send("POST", "/v2/login", jsonType, `{"email":"ada","password":"`+apiPassword+`"}`, header...)
			a.wantFullLogin(login, a.ada, a.engines.ID)
			for _, got := range []apiAnswer{
				login,
				a.send("POST", "/v2/login", jsonType, `{"email":"ada","password":"x"}`, header...),
				a.send("GET", "/v2/session?session="+login.Session, "", "", header...),
				a.send("GET", "/v2/nothing", "", "", header...),
				a.send("GET", "/v2/login", "", "", header...),
				a.send("POST", "/v2/login", "text/plain", "x", header...),
				a.send("DELETE", "/v2/session?session="+login.Session, "", "", header...),
			} {
				wantAPIHeaders(t, got.header, want)
			}
		})
	}
}
