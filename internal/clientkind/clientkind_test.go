package clientkind_test

import (
	"net/http"
	"testing"

	"github.com/authrocket-go/authrocket/internal/clientkind"
)

// request returns one of method with headers given as name, value, name, value.
func request(method string, headers ...string) *http.Request {
	r := &http.Request{Method: method, Header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

type row struct {
	name    string
	headers []string
	want    bool
}

func check(t *testing.T, function func(*http.Request) bool, rows []row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := function(request(http.MethodGet, row.headers...)); got != row.want {
				t.Errorf("headers %q: got %t, want %t", row.headers, got, row.want)
			}
		})
	}
}

func TestIsPrefetch(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsPrefetch, []row{
		{"no header is none", nil, false},
		{"Sec-Purpose: prefetch is one", []string{"Sec-Purpose", "prefetch"}, true},
		{"Purpose: prefetch is one", []string{"Purpose", "prefetch"}, true},
		{"X-Sec-Purpose: prefetch is one, as Turbo says it", []string{"X-Sec-Purpose", "prefetch"}, true},
		{"a prerender is one", []string{"Sec-Purpose", "prefetch;prerender"}, true},
		{"an anonymous prefetch is one", []string{"Sec-Purpose", "prefetch;anonymous-client-ip"}, true},
		{"capitals do not matter", []string{"Sec-Purpose", "PreFetch"}, true},
		{"a second header counts", []string{"Sec-Purpose", "", "Sec-Purpose", "prefetch"}, true},
		{"a second Purpose counts", []string{"Purpose", "x", "Purpose", "prefetch"}, true},
		{"another purpose is none", []string{"Sec-Purpose", "preview"}, false},
		{"an empty purpose is none", []string{"Sec-Purpose", "", "Purpose", ""}, false},
		{"another header is none", []string{"X-Purpose", "prefetch"}, false},
	})
}

func TestIsUpgrade(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsUpgrade, []row{
		{"no header is none", nil, false},
		{"an Upgrade to WebSocket is one", []string{"Upgrade", "websocket"}, true},
		{"an Upgrade to anything is one", []string{"Upgrade", "h2c"}, true},
		{"a WebSocket key alone is one", []string{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, true},
		{"an Upgrade without Connection is one", []string{"Upgrade", "websocket", "Connection", "close"}, true},
		{"an empty Upgrade is none", []string{"Upgrade", ""}, false},
		{"an empty line before the Upgrade does not hide it", []string{"Upgrade", "", "Upgrade", "websocket"}, true},
		{"Connection alone is none", []string{"Connection", "Upgrade"}, false},
		{"Upgrade-Insecure-Requests is none", []string{"Upgrade-Insecure-Requests", "1"}, false},
	})
}

func TestIsHTMX(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsHTMX, []row{
		{"no header is not htmx", nil, false},
		{"HX-Request: true is", []string{"HX-Request", "true"}, true},
		{"HX-Request: false is not", []string{"HX-Request", "false"}, false},
		{"an empty HX-Request is not", []string{"HX-Request", ""}, false},
		{"HX-Boosted alone is not", []string{"HX-Boosted", "true"}, false},
	})
}

func TestIsBoosted(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsBoosted, []row{
		{"no header is not boosted", nil, false},
		{"a link of htmx is", []string{"HX-Request", "true", "HX-Boosted", "true"}, true},
		{"another request of htmx is not", []string{"HX-Request", "true"}, false},
		{"HX-Boosted alone is not", []string{"HX-Boosted", "true"}, false},
		{"HX-Boosted: false is not", []string{"HX-Request", "true", "HX-Boosted", "false"}, false},
	})
}

func TestWantsPage(t *testing.T) {
	t.Parallel()
	navigate := []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	check(t, clientkind.WantsPage, []row{
		{"a browser does", navigate, true},
		{"a browser behind a service worker does", []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "empty"}, true},
		{"who says nothing does not", nil, false},
		{"mode navigate alone does, with HTML", []string{"Sec-Fetch-Mode", "navigate", "Accept", "text/html"}, true},
		{"dest document alone does, with HTML", []string{"Sec-Fetch-Dest", "document", "Accept", "text/html"}, true},
		{"mode navigate alone does not", []string{"Sec-Fetch-Mode", "navigate"}, false},
		{"dest empty alone does not", []string{"Sec-Fetch-Dest", "empty", "Accept", "text/html"}, false},
		{"mode same-origin does not", []string{"Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Dest", "document", "Accept", "text/html"}, false},
		{"mode websocket does not", []string{"Sec-Fetch-Mode", "websocket", "Accept", "text/html"}, false},
		{"an image does not", []string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image", "Accept", "text/html"}, false},
		{"another site's link does", append([]string{"Sec-Fetch-Site", "cross-site"}, navigate...), true},
		{"who takes HTML does", []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, true},
		{"who takes anything does not", []string{"Accept", "*/*"}, false},
		{"who takes any text does not", []string{"Accept", "text/*"}, false},
		{"who takes JSON does not", []string{"Accept", "application/json"}, false},
		{"fetch does not, whatever it takes", []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, false},
		{"a frame does not, whatever it takes", []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, false},
		{"an upgrade does not", append([]string{"Upgrade", "websocket"}, navigate...), false},
		{"htmx does not", append([]string{"HX-Request", "true"}, navigate...), false},
		{"a prefetch does not", append([]string{"Sec-Purpose", "prefetch"}, navigate...), false},
	})
}

func TestIsFramed(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsFramed, []row{
		{"no header is not framed", nil, false},
		{"an iframe is framed", []string{"Sec-Fetch-Dest", "iframe"}, true},
		{"a frame is framed", []string{"Sec-Fetch-Dest", "frame"}, true},
		{"a fenced frame is framed", []string{"Sec-Fetch-Dest", "fencedframe"}, true},
		{"an embed is framed", []string{"Sec-Fetch-Dest", "embed"}, true},
		{"an object is framed", []string{"Sec-Fetch-Dest", "object"}, true},
		{"a document is not framed", []string{"Sec-Fetch-Dest", "document"}, false},
		{"a fetch is not framed", []string{"Sec-Fetch-Dest", "empty"}, false},
		{"an image is not framed", []string{"Sec-Fetch-Dest", "image"}, false},
	})
}

func TestNamesHTML(t *testing.T) {
	t.Parallel()
	check(t, clientkind.NamesHTML, []row{
		{"a missing Accept does not", nil, false},
		{"an empty Accept does not", []string{"Accept", ""}, false},
		{"text/html does", []string{"Accept", "text/html"}, true},
		{"text/html in capitals does", []string{"Accept", "Text/HTML"}, true},
		{"text/html among others does", []string{"Accept", "application/json, text/html;q=0.1"}, true},
		{"text/html in a second header does", []string{"Accept", "application/json", "Accept", "text/html"}, true},
		{"text/html with a parameter does", []string{"Accept", "text/html;level=1"}, true},
		{"text/html of weight 0 does not", []string{"Accept", "text/html;q=0"}, false},
		{"text/html of weight 0.000 does not", []string{"Accept", "text/html; Q=0.000"}, false},
		{"text/html of a broken weight does not", []string{"Accept", "text/html;q=much"}, false},
		{"text/html of a negative weight does not", []string{"Accept", "text/html;q=-1"}, false},
		{"a wildcard does not", []string{"Accept", "*/*"}, false},
		{"text/* does not", []string{"Accept", "text/*"}, false},
		{"text/html2 does not", []string{"Accept", "text/html2"}, false},
		{"application/xhtml+xml does not", []string{"Accept", "application/xhtml+xml"}, false},
		{"a parameter that says so does not", []string{"Accept", "text/plain;for=text/html"}, false},
	})
}

func TestAcceptsJSON(t *testing.T) {
	t.Parallel()
	check(t, clientkind.AcceptsJSON, []row{
		{"a missing Accept does", nil, true},
		{"anything does", []string{"Accept", "*/*"}, true},
		{"application/* does", []string{"Accept", "application/*"}, true},
		{"application/json does", []string{"Accept", "application/json"}, true},
		{"application/problem+json does", []string{"Accept", "application/problem+json"}, true},
		{"capitals do not matter", []string{"Accept", "Application/JSON"}, true},
		{"JSON in a second header does", []string{"Accept", "text/plain", "Accept", "application/json"}, true},
		{"JSON of a low weight does", []string{"Accept", "text/html, application/json;q=0.1"}, true},
		{"HTML with anything of a low weight does", []string{"Accept", "text/html,*/*;q=0.8"}, true},
		{"HTML alone does not", []string{"Accept", "text/html"}, false},
		{"text/* does not", []string{"Accept", "text/*"}, false},
		{"JSON of weight 0 does not", []string{"Accept", "application/json;q=0"}, false},
		{"anything of weight 0 does not", []string{"Accept", "*/*;q=0"}, false},
		{"anything but JSON does not", []string{"Accept", "application/json;q=0, */*"}, false},
		{"anything but application does not", []string{"Accept", "application/*;q=0, */*"}, false},
		{"the name outweighs a wildcard of weight 0", []string{"Accept", "*/*;q=0, application/json"}, true},
		{"what looks like JSON does not", []string{"Accept", "application/json5, text/json"}, false},
		{"an empty Accept does not", []string{"Accept", ""}, false},
	})
}
