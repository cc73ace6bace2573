package browsertest_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// gated is an app whose every page needs a login and says where it is.
func gated(auth *authrocket.Auth) http.Handler {
	return auth.RequireLogin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _ := authrocket.CurrentUser(r.Context())
		fmt.Fprintf(w, "%s for %s", r.RequestURI, user.Email)
	}))
}

// tab is a page that a visitor has opened.
type tab struct {
	url      string
	callback string // where LoginRocket leads back to
}

// openTabs makes n URLs of gated pages with a query of that many bytes.
func (f *front) openTabs(n, queryBytes int) []*tab {
	tabs := make([]*tab, n)
	for i := range tabs {
		query := fmt.Sprintf("tab=%d&q=", i)
		tabs[i] = &tab{url: f.url + "/manage?" + query + strings.Repeat("x", queryBytes-len(query))}
	}
	return tabs
}

// start opens the page, which leads to LoginRocket, and that back.
func (tab *tab) start(v *visitor) {
	v.t.Helper()
	tab.callback = v.lead(v.lead(tab.url, byUser), byUser)
}

// finish goes on to the callback, and wants to see the page.
func (tab *tab) finish(v *visitor) {
	v.t.Helper()
	end, a := v.browse(tab.callback, byStranger)
	want := strings.TrimPrefix(tab.url, v.front.url) + " for ada@example.com"
	if end != tab.url || a.status != http.StatusOK || a.body != want {
		v.t.Errorf("the tab of %s ends at %s with %d %q", tab.url, brief(end), a.status, a.body)
	}
}

// maxHeaderLine is how long a line of a request's headers may be: nginx's
// large_client_header_buffers are 8 KB by default.
const maxHeaderLine = 8 << 10

func TestNginxManyTabs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name        string
		tabs, query int
		areAtOnce   bool
	}{
		{name: "15 at once with 500 bytes each", tabs: 15, query: 500, areAtOnce: true},
		{name: "20 at once with 250 bytes each", tabs: 20, query: 250, areAtOnce: true},
		{name: "40 at once with 100 bytes each", tabs: 40, query: 100, areAtOnce: true},
		{name: "48 at once with 900 bytes each", tabs: 48, query: 900, areAtOnce: true},
		{name: "40 one after the other", tabs: 40, query: 100},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f := startFront(t, nginxPlain, gated)
			v := f.newVisitor(t)
			v.logInElsewhere("ada@example.com")
			tabs := f.openTabs(row.tabs, row.query)
			var all sync.WaitGroup
			for _, tab := range tabs {
				if row.areAtOnce {
					all.Go(func() { tab.start(v) })
				} else {
					tab.start(v)
				}
			}
			all.Wait()
			longest := len(v.cookieLine())
			for _, tab := range tabs {
				tab.finish(v)
				longest = max(longest, len(v.cookieLine()))
			}
			t.Logf("the longest Cookie line has %d bytes", longest)
			if longest > maxHeaderLine {
				t.Errorf("the Cookie line had %d bytes, want at most %d", longest, maxHeaderLine)
			}
			if strings.Contains(v.cookieLine(), "state-") {
				t.Error("states of logins stay behind")
			}
		})
	}
}

// TestNginxHostileWebsite is about a website that drives a visitor through links
// to the login and callbacks with the largest token that its own user can have.
func TestNginxHostileWebsite(t *testing.T) {
	t.Parallel()
	type attack struct {
		name string
		run  func(f *front, v *visitor)
	}
	links := attack{"links to the login", func(f *front, v *visitor) {
		for range 50 {
			v.get(f.url+"/auth/login?return_to=/"+strings.Repeat("x", 900), byStranger)
		}
	}}
	callback := attack{"a callback", func(f *front, v *visitor) {
		f.withLargestToken(v, func() {
			v.get(f.url+"/"+strings.Repeat("x", 150)+"?token="+f.realm.Token(f.mallory), byStranger)
		})
	}}
	login := attack{"a login of its own user", func(f *front, v *visitor) {
		v.logInElsewhere("mallory@example.com")
		f.withLargestToken(v, func() {
			v.browse(f.url+"/auth/login?return_to=/", byStranger)
		})
	}}
	for _, attacks := range [][]attack{
		{links, callback, login},
		{callback, links, login},
		{login, callback, links},
		{callback, links, login, links, callback, links},
	} {
		var names []string
		for _, attack := range attacks {
			names = append(names, attack.name)
		}
		for _, victim := range []struct {
			name  string
			token int
		}{
			{name: "nobody is signed in"},
			{name: "a token of 1,300 bytes", token: 1_300},
			{name: "a token of 2,600 bytes", token: 2_600},
			{name: "a token of 3,500 bytes", token: 3_500},
		} {
			t.Run(victim.name+", "+strings.Join(names, ", "), func(t *testing.T) {
				t.Parallel()
				f := startFront(t, nginxPlain, gated)
				v := f.newVisitor(t)
				if victim.token > 0 {
					f.tokensOf(t, f.ada, victim.token)
					v.logInElsewhere("ada@example.com")
					v.browse(f.url+"/", byUser)
				}
				longest := 0
				for _, attack := range attacks {
					attack.run(f, v)
					longest = max(longest, len(v.cookieLine()))
				}
				t.Logf("the Cookie line has up to %d bytes", longest)
				if longest > maxHeaderLine {
					t.Errorf("the Cookie line had %d bytes, want at most %d", longest, maxHeaderLine)
				}
				v.wantLogout(f)
			})
		}
	}
}

// withLargestToken tries a callback with tokens that get smaller, until the
// browser keeps one.
func (f *front) withLargestToken(v *visitor, try func()) {
	v.t.Helper()
	before := len(v.cookieLine())
	for n := 3_550; n > 1_000 && len(v.cookieLine()) < before+1_000; n -= 100 {
		f.tokensOf(v.t, f.mallory, n)
		try()
	}
}

var docsNumber = regexp.MustCompile(`together\s+are\s+at\s+most\s+([0-9,]+)\s+bytes`)

// maxTokenAndTarget is what docs/deploy.md says passes nginx's default buffers.
func maxTokenAndTarget(t *testing.T) int {
	t.Helper()
	found := docsNumber.FindStringSubmatch(docsNginx(t))
	if found == nil {
		t.Fatal("docs/deploy.md does not say how large a token may be")
	}
	n, err := strconv.Atoi(strings.ReplaceAll(found[1], ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNginxTokenSizes(t *testing.T) {
	t.Parallel()
	limit := maxTokenAndTarget(t)
	byDefault := startFront(t, nginxPlain, gated)
	enlarged := startFront(t, nginxBuffers+nginxPlain, gated)
	// Not in parallel: the tokens of a realm have one size at a time.
	for _, row := range []struct {
		name          string
		front         *front
		token, target int
		passes        bool
	}{
		{name: "1,300 bytes", front: byDefault, token: 1_300, target: 1_000, passes: true},
		{name: "2,500 bytes", front: byDefault, token: 2_500, target: 1_000, passes: true},
		{name: "3,490 bytes", front: byDefault, token: 3_490, target: 50, passes: true},
		{name: "the largest token with the shortest target", front: byDefault, token: limit - 1, target: 1, passes: true},
		{name: "the largest token with a target of 200 bytes", front: byDefault, token: limit - 200, target: 200, passes: true},
		{name: "the largest token with the longest target", front: byDefault, token: limit - 1_000, target: 1_000, passes: true},
		{name: "a byte more with the shortest target", front: byDefault, token: limit, target: 1},
		{name: "a byte more with a target of 200 bytes", front: byDefault, token: limit - 199, target: 200},
		{name: "a byte more with the longest target", front: byDefault, token: limit - 999, target: 1_000},
		{name: "3,800 bytes, the most for one cookie", front: byDefault, token: 3_800, target: 1},
		{name: "3,800 bytes in enlarged buffers", front: enlarged, token: 3_800, target: 1_000, passes: true},
		{name: "3,801 bytes in enlarged buffers", front: enlarged, token: 3_801, target: 1_000, passes: true},
		{name: "7,600 bytes in enlarged buffers", front: enlarged, token: 7_600, target: 1_000, passes: true},
		{name: "12,000 bytes in enlarged buffers", front: enlarged, token: 12_000, target: 1_000, passes: true},
		{name: "16 KiB in enlarged buffers", front: enlarged, token: 16 << 10, target: 1_000, passes: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := row.front
			f.tokensOf(t, f.ada, row.token)
			v := f.newVisitor(t)
			v.logInElsewhere("ada@example.com")
			target := "/" + strings.Repeat("x", row.target-1)
			end, a := v.browse(f.url+target, byUser)
			token := mustParse(t, end).Query().Get("token")
			if !row.passes {
				if a.status != http.StatusBadGateway || len(token) != row.token {
					t.Errorf("the login ends at %s with %d, want 502 at the callback: docs/deploy.md names a smaller token than passes", brief(end), a.status)
				}
				return
			}
			if end != f.url+target || a.body != target+" for ada@example.com" {
				t.Fatalf("the login ends at %s with %d, want the page", brief(end), a.status)
			}
			v.wantLogout(f)
		})
	}
}

// wantLogout signs out.
func (v *visitor) wantLogout(f *front) {
	v.t.Helper()
	v.send(http.MethodPost, f.url+"/auth/logout", nil, "Sec-Fetch-Site", bySelf, "Origin", f.url)
	a := v.send(http.MethodGet, f.url+"/auth/logout/end", nil, "Sec-Fetch-Site", bySelf)
	if !strings.HasPrefix(a.location, f.realm.URL()+"/logout") {
		v.t.Fatalf("the logout: got %d to %q, want LoginRocket's logout", a.status, a.location)
	}
	if strings.Contains(v.cookieLine(), "__Host-arToken=") || strings.Contains(v.cookieLine(), "__Host-arToken.") {
		v.t.Error("the session is still there after the logout")
	}
}

// tokensOf makes the realm's tokens exactly n bytes long.
func (f *front) tokensOf(t *testing.T, user authrockettest.User, n int) {
	t.Helper()
	sized := func(payload, header int) []authrockettest.TokenOption {
		return []authrockettest.TokenOption{
			authrockettest.Claim("cs", map[string]any{"note": strings.Repeat("x", payload)}),
			authrockettest.Header("x", strings.Repeat("x", header)),
		}
	}
	bytes := func(options []authrockettest.TokenOption) int {
		return len(f.realm.Token(user, options...))
	}
	f.realm.ChangeTokens()
	// Base64 of a text of any length has not just any length, of two texts it has.
	for header := range 3 {
		payload := (n - bytes(sized(0, header))) * 3 / 4
		for p := max(payload-2, 0); p <= payload+2; p++ {
			if options := sized(p, header); bytes(options) == n {
				f.realm.ChangeTokens(options...)
				return
			}
		}
	}
	t.Fatalf("the realm has no token of %d bytes", n)
}
