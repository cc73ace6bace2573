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
		{name: "no header is none"},
		{name: "Sec-Purpose: prefetch is one", headers: []string{"Sec-Purpose", "prefetch"}, want: true},
		{name: "Purpose: prefetch is one", headers: []string{"Purpose", "prefetch"}, want: true},
		{name: "X-Sec-Purpose: prefetch is one, as Turbo says it", headers: []string{"X-Sec-Purpose", "prefetch"}, want: true},
		{name: "a prerender is one", headers: []string{"Sec-Purpose", "prefetch;prerender"}, want: true},
		{name: "an anonymous prefetch is one", headers: []string{"Sec-Purpose", "prefetch;anonymous-client-ip"}, want: true},
		{name: "capitals do not matter", headers: []string{"Sec-Purpose", "PreFetch"}, want: true},
		{name: "a second header counts", headers: []string{"Sec-Purpose", "", "Sec-Purpose", "prefetch"}, want: true},
		{name: "a second Purpose counts", headers: []string{"Purpose", "x", "Purpose", "prefetch"}, want: true},
		{name: "another purpose is none", headers: []string{"Sec-Purpose", "preview"}},
		{name: "an empty purpose is none", headers: []string{"Sec-Purpose", "", "Purpose", ""}},
		{name: "another header is none", headers: []string{"X-Purpose", "prefetch"}},
	})
}

func TestIsUpgrade(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsUpgrade, []row{
		{name: "no header is none"},
		{name: "an Upgrade to WebSocket is one", headers: []string{"Upgrade", "websocket"}, want: true},
		{name: "an Upgrade to anything is one", headers: []string{"Upgrade", "h2c"}, want: true},
		{name: "a WebSocket key alone is one", headers: []string{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, want: true},
		{name: "an Upgrade without Connection is one", headers: []string{"Upgrade", "websocket", "Connection", "close"}, want: true},
		{name: "an empty Upgrade is none", headers: []string{"Upgrade", ""}},
		{name: "an empty line before the Upgrade does not hide it", headers: []string{"Upgrade", "", "Upgrade", "websocket"}, want: true},
		{name: "Connection alone is none", headers: []string{"Connection", "Upgrade"}},
		{name: "Upgrade-Insecure-Requests is none", headers: []string{"Upgrade-Insecure-Requests", "1"}},
	})
}

func TestIsHTMX(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsHTMX, []row{
		{name: "no header is not htmx"},
		{name: "HX-Request: true is", headers: []string{"HX-Request", "true"}, want: true},
		{name: "HX-Request: false is not", headers: []string{"HX-Request", "false"}},
		{name: "an empty HX-Request is not", headers: []string{"HX-Request", ""}},
		{name: "HX-Boosted alone is not", headers: []string{"HX-Boosted", "true"}},
	})
}

func TestIsBoosted(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsBoosted, []row{
		{name: "no header is not boosted"},
		{name: "a link of htmx is", headers: []string{"HX-Request", "true", "HX-Boosted", "true"}, want: true},
		{name: "another request of htmx is not", headers: []string{"HX-Request", "true"}},
		{name: "HX-Boosted alone is not", headers: []string{"HX-Boosted", "true"}},
		{name: "HX-Boosted: false is not", headers: []string{"HX-Request", "true", "HX-Boosted", "false"}},
	})
}

func TestWantsPage(t *testing.T) {
	t.Parallel()
	navigate := []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	check(t, clientkind.WantsPage, []row{
		{name: "a browser does", headers: navigate, want: true},
		{name: "a browser behind a service worker does", headers: []string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "empty"}, want: true},
		{name: "who says nothing does not"},
		{name: "mode navigate alone does, with HTML", headers: []string{"Sec-Fetch-Mode", "navigate", "Accept", "text/html"}, want: true},
		{name: "dest document alone does, with HTML", headers: []string{"Sec-Fetch-Dest", "document", "Accept", "text/html"}, want: true},
		{name: "mode navigate alone does not", headers: []string{"Sec-Fetch-Mode", "navigate"}},
		{name: "dest empty alone does not", headers: []string{"Sec-Fetch-Dest", "empty", "Accept", "text/html"}},
		{name: "mode same-origin does not", headers: []string{"Sec-Fetch-Mode", "same-origin", "Sec-Fetch-Dest", "document", "Accept", "text/html"}},
		{name: "mode websocket does not", headers: []string{"Sec-Fetch-Mode", "websocket", "Accept", "text/html"}},
		{name: "an image does not", headers: []string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image", "Accept", "text/html"}},
		{name: "another site's link does", headers: append([]string{"Sec-Fetch-Site", "cross-site"}, navigate...), want: true},
		{name: "who takes HTML does", headers: []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, want: true},
		{name: "who takes anything does not", headers: []string{"Accept", "*/*"}},
		{name: "who takes any text does not", headers: []string{"Accept", "text/*"}},
		{name: "who takes JSON does not", headers: []string{"Accept", "application/json"}},
		{name: "fetch does not, whatever it takes", headers: []string{"Accept", "text/html", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}},
		{name: "a frame does not, whatever it takes", headers: []string{"Accept", "text/html", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}},
		{name: "an upgrade does not", headers: append([]string{"Upgrade", "websocket"}, navigate...)},
		{name: "htmx does not", headers: append([]string{"HX-Request", "true"}, navigate...)},
		{name: "a prefetch does not", headers: append([]string{"Sec-Purpose", "prefetch"}, navigate...)},
	})
}

func TestIsFramed(t *testing.T) {
	t.Parallel()
	check(t, clientkind.IsFramed, []row{
		{name: "no header is not framed"},
		{name: "an iframe is framed", headers: []string{"Sec-Fetch-Dest", "iframe"}, want: true},
		{name: "a frame is framed", headers: []string{"Sec-Fetch-Dest", "frame"}, want: true},
		{name: "a fenced frame is framed", headers: []string{"Sec-Fetch-Dest", "fencedframe"}, want: true},
		{name: "an embed is framed", headers: []string{"Sec-Fetch-Dest", "embed"}, want: true},
		{name: "an object is framed", headers: []string{"Sec-Fetch-Dest", "object"}, want: true},
		{name: "a document is not framed", headers: []string{"Sec-Fetch-Dest", "document"}},
		{name: "a fetch is not framed", headers: []string{"Sec-Fetch-Dest", "empty"}},
		{name: "an image is not framed", headers: []string{"Sec-Fetch-Dest", "image"}},
	})
}

func TestNamesHTML(t *testing.T) {
	t.Parallel()
	check(t, clientkind.NamesHTML, []row{
		{name: "a missing Accept does not"},
		{name: "an empty Accept does not", headers: []string{"Accept", ""}},
		{name: "text/html does", headers: []string{"Accept", "text/html"}, want: true},
		{name: "text/html in capitals does", headers: []string{"Accept", "Text/HTML"}, want: true},
		{name: "text/html among others does", headers: []string{"Accept", "application/json, text/html;q=0.1"}, want: true},
		{name: "text/html in a second header does", headers: []string{"Accept", "application/json", "Accept", "text/html"}, want: true},
		{name: "text/html with a parameter does", headers: []string{"Accept", "text/html;level=1"}, want: true},
		{name: "text/html of weight 0 does not", headers: []string{"Accept", "text/html;q=0"}},
		{name: "text/html of weight 0.000 does not", headers: []string{"Accept", "text/html; Q=0.000"}},
		{name: "text/html of a broken weight does not", headers: []string{"Accept", "text/html;q=much"}},
		{name: "text/html of a negative weight does not", headers: []string{"Accept", "text/html;q=-1"}},
		{name: "a wildcard does not", headers: []string{"Accept", "*/*"}},
		{name: "text/* does not", headers: []string{"Accept", "text/*"}},
		{name: "text/html2 does not", headers: []string{"Accept", "text/html2"}},
		{name: "application/xhtml+xml does not", headers: []string{"Accept", "application/xhtml+xml"}},
		{name: "a parameter that says so does not", headers: []string{"Accept", "text/plain;for=text/html"}},
	})
}

func TestAcceptsJSON(t *testing.T) {
	t.Parallel()
	check(t, clientkind.AcceptsJSON, []row{
		{name: "a missing Accept does", want: true},
		{name: "anything does", headers: []string{"Accept", "*/*"}, want: true},
		{name: "application/* does", headers: []string{"Accept", "application/*"}, want: true},
		{name: "application/json does", headers: []string{"Accept", "application/json"}, want: true},
		{name: "application/problem+json does", headers: []string{"Accept", "application/problem+json"}, want: true},
		{name: "capitals do not matter", headers: []string{"Accept", "Application/JSON"}, want: true},
		{name: "JSON in a second header does", headers: []string{"Accept", "text/plain", "Accept", "application/json"}, want: true},
		{name: "JSON of a low weight does", headers: []string{"Accept", "text/html, application/json;q=0.1"}, want: true},
		{name: "HTML with anything of a low weight does", headers: []string{"Accept", "text/html,*/*;q=0.8"}, want: true},
		{name: "HTML alone does not", headers: []string{"Accept", "text/html"}},
		{name: "text/* does not", headers: []string{"Accept", "text/*"}},
		{name: "JSON of weight 0 does not", headers: []string{"Accept", "application/json;q=0"}},
		{name: "anything of weight 0 does not", headers: []string{"Accept", "*/*;q=0"}},
		{name: "anything but JSON does not", headers: []string{"Accept", "application/json;q=0, */*"}},
		{name: "anything but application does not", headers: []string{"Accept", "application/*;q=0, */*"}},
		{name: "the name outweighs a wildcard of weight 0", headers: []string{"Accept", "*/*;q=0, application/json"}, want: true},
		{name: "what looks like JSON does not", headers: []string{"Accept", "application/json5, text/json"}},
		{name: "an empty Accept does not", headers: []string{"Accept", ""}},
	})
}
