package authrocket_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/internal/loginstate"
)

// siteScope is what the states of newSite are sealed in.
const siteScope = siteCookie + "\x00https://example.com/auth/callback"

func TestEveryLoginHasItsOwnState(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	one, _ := start(t, s.app(), navigate("/gate/one"))
	two, _ := start(t, s.app(), withCookie(navigate("/gate/two"), one.cookie.Name, one.cookie.Value))
	if one.cookie.Name == two.cookie.Name || one.cookie.Value == two.cookie.Value || one.state == two.state {
		t.Fatalf("two tabs share a state: %q and %q", one.cookie, two.cookie)
	}
	for _, row := range []struct {
		back, other started
		want        string
	}{{back: one, other: two, want: "/gate/one"}, {back: two, other: one, want: "/gate/two"}} {
		t.Run(row.want, func(t *testing.T) {
			r := withCookie(row.back.land(s.realm.Token(s.ada)), row.other.cookie.Name, row.other.cookie.Value)
			w := serve(s.app(), r)
			if got := w.Header().Get("Location"); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if cookieNamed(w, row.other.cookie.Name) != nil {
				t.Error("the state of the other tab was touched")
			}
			if c := cookieNamed(w, row.back.cookie.Name); c == nil || c.MaxAge >= 0 {
				t.Errorf("got %v, want the state used up", c)
			}
		})
	}
}

func TestManyTabs(t *testing.T) {
	t.Parallel()
	const atOnce, oneByOne = true, false
	for _, row := range []struct {
		tabs, query int
		atOnce      bool
	}{
		{tabs: 15, query: 500, atOnce: atOnce}, {tabs: 20, query: 250, atOnce: atOnce}, {tabs: 40, query: 100, atOnce: atOnce}, {tabs: 15, query: 980, atOnce: atOnce}, {tabs: 40, query: 980, atOnce: oneByOne}, {tabs: 48, query: 100, atOnce: oneByOne},
	} {
		t.Run(fmt.Sprintf("%d tabs, queries of %d bytes, at once %t", row.tabs, row.query, row.atOnce), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				v := s.visitor(t, "")
				var tabs []started
				target := func(i int) string { return fmt.Sprintf("/gate/%d?%s", i, strings.Repeat("q", row.query)) }
				for i := range row.tabs {
					// At once, no tab has the cookie of another when it asks.
					asking := s.visitor(t, "")
					if !row.atOnce {
						asking = v
						time.Sleep(time.Second)
					}
					w := asking.get(target(i))
					v.keep(w)
					location := w.Header().Get("Location")
					if len(location) > 4<<10 {
						t.Errorf("tab %d goes to a URL of %d bytes, want 4 KiB at most", i, len(location))
					}
					tabs = append(tabs, started{back: redirectURIOf(t, location)})
				}
				token := s.realm.Token(s.ada)
				for i, tab := range tabs {
					w := v.visit("cross-site", tab.callback(token))
					if got := w.Header().Get("Location"); w.Code != 303 || got != target(i) {
						t.Errorf("tab %d: got %d %q, want its own URL", i, w.Code, got)
					}
				}
				if v.longest > 6<<10 {
					t.Errorf("the Cookie header had %d bytes, want 6 KiB at most", v.longest)
				}
				if w := v.get("/gate/"); w.Code != 200 {
					t.Errorf("got %d, want to be signed in", w.Code)
				}
				for name := range v.jar {
					if strings.HasPrefix(name, statePrefix) {
						t.Errorf("%s is left", name)
					}
				}
			})
		})
	}
}

// oldState is a state cookie in a browser.
type oldState struct {
	age     time.Duration
	foreign bool
	broken  bool
}

func (o oldState) cookie() (name, value string) {
	secret := loginstate.NewSecret(o.foreign)
	secret.Started = time.Now().Add(-o.age)
	if o.broken {
		return statePrefix + secret.ID, "x"
	}
	return statePrefix + secret.ID, secret.Value()
}

func reversed(states []oldState) []oldState {
	slices.Reverse(states)
	return states
}

func TestWhichStatesAreEvicted(t *testing.T) {
	t.Parallel()
	// own are n states of own logins, the oldest first.
	own := func(n int) (states []oldState) {
		for i := range n {
			states = append(states, oldState{age: time.Duration(100-i) * 20 * time.Second})
		}
		return states
	}
	foreign := func(n int) []oldState {
		states := own(n)
		for i := range states {
			states[i].foreign = true
		}
		return states
	}
	dead, ahead, broken := oldState{age: time.Hour + time.Second}, oldState{age: -2 * time.Minute}, oldState{broken: true}
	for _, row := range []struct {
		name   string
		states []oldState
		site   string // Sec-Fetch-Site of the start
		other  int    // bytes of other cookies
		want   []int  // of states, evicted in this order
		kept   bool   // the new login has a state
	}{
		{name: "room for one", states: own(47), site: "same-origin", kept: true},
		{name: "48 own ones", states: own(48), site: "same-origin", want: []int{0}, kept: true},
		{name: "48 own ones, the oldest last", states: reversed(own(48)), site: "same-origin", want: []int{47}, kept: true},
		{name: "48 own ones, typed address", states: own(48), site: "none", want: []int{0}, kept: true},
		{name: "48 own ones, another site", states: own(48), site: "cross-site"},
		{name: "48 own ones, a sibling", states: own(48), site: "same-site"},
		{name: "48 own ones, who does not say", states: own(48)},
		{name: "room for one, another site", states: own(47), site: "cross-site", kept: true},
		{name: "a dead one before older ones", states: append(own(47), dead), site: "same-origin", want: []int{47}, kept: true},
		{name: "a dead one, another site", states: append(own(47), dead), site: "cross-site", want: []int{47}, kept: true},
		{name: "one of the future is dead", states: append(own(47), ahead), site: "cross-site", want: []int{47}, kept: true},
		{name: "an unreadable one is dead", states: append(own(47), broken), site: "cross-site", want: []int{47}, kept: true},
		{name: "foreign ones before older own ones", states: append(own(46), oldState{foreign: true, age: time.Minute}, oldState{foreign: true, age: 2 * time.Minute}), site: "same-origin", want: []int{47}, kept: true},
		{name: "a dead one before foreign ones", states: append(foreign(47), dead), site: "same-origin", want: []int{47}, kept: true},
		{name: "another site evicts foreign ones", states: append(own(47), oldState{foreign: true, age: time.Minute}), site: "cross-site", want: []int{47}, kept: true},
		{name: "another site evicts its oldest", states: foreign(48), site: "cross-site", want: []int{0}, kept: true},
		{name: "more than there may be, eight at a time", states: own(60), site: "same-origin", want: []int{0, 1, 2, 3, 4, 5, 6, 7}, kept: true},
		{name: "more foreign ones than there may be, eight at a time", states: foreign(60), site: "cross-site", want: []int{0, 1, 2, 3, 4, 5, 6, 7}, kept: true},
		{name: "a long header of other cookies", states: own(2), site: "same-origin", other: 6<<10 - 100, want: []int{0, 1}, kept: true},
		{name: "a long header of other cookies, another site", states: own(2), site: "cross-site", other: 6<<10 - 100},
		{name: "a long header and foreign ones", states: append(own(1), oldState{foreign: true}), site: "cross-site", other: 6<<10 - 170, want: []int{1}, kept: true},
		{name: "a header that is too long by itself", site: "same-origin", other: 7 << 10, kept: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t)
				r := navigate("/gate/")
				r.Header.Del("Sec-Fetch-Site")
				if row.site != "" {
					r.Header.Set("Sec-Fetch-Site", row.site)
				}
				if row.other > 0 {
					withCookie(r, "theirs", strings.Repeat("x", row.other))
				}
				index := map[string]int{}
				for i, o := range row.states {
					name, value := o.cookie()
					index[name] = i
					withCookie(r, name, value)
				}
				w := serve(s.app(), r)
				if w.Code != 303 {
					t.Fatalf("got %d %q, want a login in any case", w.Code, w.Body)
				}
				var evicted []int
				kept := false
				cookies := w.Result().Cookies()
				for i, c := range cookies {
					n, isOld := index[c.Name]
					switch {
					case isOld && c.MaxAge < 0 && c.Value == "":
						evicted = append(evicted, n)
					case !isOld && strings.HasPrefix(c.Name, statePrefix) && c.MaxAge > 0 && i == len(cookies)-1:
						kept = true
						if foreign := row.site != "same-origin" && row.site != "none"; strings.HasSuffix(c.Value, "~") != foreign {
							t.Errorf("got %q, marked as another site's: want %t", c.Value, foreign)
						}
					default:
						t.Errorf("got cookie %q", c.Raw)
					}
				}
				if !slices.Equal(evicted, row.want) || kept != row.kept {
					t.Errorf("evicted %d, new state last %t, want %d, %t", evicted, kept, row.want, row.kept)
				}
				state := redirectURIOf(t, w.Header().Get("Location")).Query().Get("ar_state")
				back := started{back: redirectURIOf(t, w.Header().Get("Location"))}
				if state == "" || row.kept {
					return
				}
				// Without a state, the login comes back as one that nobody here started.
				w = serve(s.app(), navigate(back.callback(s.realm.Token(s.ada))))
				if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
					t.Errorf("comes back: got %d %q, want a question", w.Code, got)
				}
			})
		})
	}
}

// A browser that starts one login after the other and never comes back.
func TestStatesDoNotGrow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		for _, site := range []string{"none", "cross-site"} {
			v := s.visitor(t, "")
			for range 100 {
				v.visit(site, "/gate/?"+strings.Repeat("x", 900))
				time.Sleep(time.Second)
			}
			v.get("/")
			if states := strings.Count(v.sent, statePrefix); states != 48 {
				t.Errorf("%s: %d states are left, want 48", site, states)
			}
			if v.longest > 6<<10 {
				t.Errorf("%s: the Cookie header had %d bytes, want 6 KiB at most", site, v.longest)
			}
		}
	})
}

// A website leads its visitor to whatever it likes, with the largest token of its
// own account. What the visitor's requests carry stays below what servers accept.
func TestAWebsiteCannotFillTheCookieHeader(t *testing.T) {
	t.Parallel()
	for _, own := range []int{0, 1_300, 2_500, chunkBytes} {
		for _, before := range []bool{true, false} {
			if own == 0 && before {
				continue
			}
			t.Run(fmt.Sprintf("own token of %d bytes, signed in before %t", own, before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t)
					var token string
					v := &visitor{t: t, app: s.app(), token: func() string { return token }}
					signIn := func() {
						if own == 0 {
							return
						}
						token = s.tokenOf(t, s.ada, own)
						if w, _ := v.follow("/gate/"); w.Code != 200 {
							t.Fatalf("got %d %q, want to be signed in", w.Code, w.Body)
						}
					}
					if before {
						signIn()
					}
					theirs := []string{}
					for _, size := range []int{4_080, chunkBytes - 7, chunkBytes - 40, 3_000, 1_300} {
						theirs = append(theirs, s.tokenOf(t, s.george, size))
					}
					attack := func() {
						for i := range 60 {
							for _, other := range theirs {
								v.visit("cross-site", "/x?token="+other)
							}
							v.visit("cross-site", "/auth/callback?ar_state=ABCDEFGH.x&token="+theirs[i%len(theirs)])
							v.visit("cross-site", fmt.Sprintf("/auth/login?account=org_%d&return_to=/%s", i, strings.Repeat("x", 990)))
							v.visit("cross-site", "/gate/"+strconv.Itoa(i))
							v.visit("cross-site", "/auth/callback")
						}
					}
					attack()
					// The count of logins is the website's work, too.
					time.Sleep(time.Minute)
					if !before {
						signIn()
					}
					attack()
					v.get("/")
					if v.longest > 8_000 {
						t.Errorf("the Cookie header had %d bytes, want less than 8 KB", v.longest)
					}
					if w := v.send(request("POST", "/auth/logout", "Sec-Fetch-Site: same-origin")); w.Code != 200 {
						t.Errorf("logout: got %d %q", w.Code, w.Body)
					}
					if w := v.get("/"); !strings.HasPrefix(w.Body.String(), "nobody") || strings.Contains(v.sent, siteCookie+"=") || strings.Contains(v.sent, confirmCookie) {
						t.Errorf("after the logout: got %q, with the cookies %.200q", w.Body, v.sent)
					}
				})
			})
		}
	}
}

func TestAStateLivesAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			age  time.Duration
			want string
		}{
			{age: time.Hour, want: "/gate/"},
			{age: time.Hour + time.Second, want: "/auth/confirm"},
		} {
			s := newSite(t)
			b, _ := start(t, s.app(), navigate("/gate/"))
			time.Sleep(row.age)
			w := serve(s.app(), b.land(s.realm.Token(s.ada)))
			if got := w.Header().Get("Location"); w.Code != 303 || got != row.want {
				t.Errorf("after %s: got %d %q, want %q", row.age, w.Code, got, row.want)
			}
		}
	})
}

// planted is a state that somebody has made for a cookie that they planted.
type planted struct {
	scope   string
	login   loginstate.Login
	started time.Duration             // after now
	cookie  string                    // its name without the ID, "" for ours
	change  func(state string) string // of ar_state
}

func (p planted) request(token string) *http.Request {
	secret := loginstate.NewSecret(false)
	secret.Started = time.Now().Add(p.started)
	state := secret.Seal(p.scope, p.login)
	if p.change != nil {
		state = p.change(state)
	}
	if p.cookie == "" {
		p.cookie = statePrefix
	}
	return withCookie(navigate("/auth/callback?ar_state="+state+"&token="+token), p.cookie+secret.ID, secret.Value())
}

// Who can plant a cookie, as any site can on plain http, chooses where a login
// leads among the pages of this app.
func TestPlantedStates(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	to := func(target string) planted {
		return planted{scope: siteScope, login: loginstate.Login{Attempt: 1, Target: target}}
	}
	with := func(change func(*planted)) planted {
		p := to("/a")
		change(&p)
		return p
	}
	for _, row := range []struct {
		name, want string
		planted    planted
	}{
		{name: "as we write it", planted: to("/a?b=c"), want: "/a?b=c"},
		{name: "another host", planted: to("//evil.example/x"), want: "/"},
		{name: "another host with a backslash", planted: to(`/\evil.example`), want: "/"},
		{name: "an empty target", planted: to(""), want: "/"},
		{name: "a login route", planted: to("/auth/logout?local=1"), want: "/"},
		{name: "the callback", planted: to("/auth/callback?token=x"), want: "/"},
		{name: "a login token of this realm", planted: to("/a?token=" + s.shortToken(s.ada) + "&b=c"), want: "/a?b=c"},
		{name: "a target of 1,000 bytes", planted: to("/" + strings.Repeat("x", 999)), want: "/" + strings.Repeat("x", 999)},
		{name: "a target of 1,001 bytes", planted: to("/" + strings.Repeat("x", 1000)), want: "/auth/confirm"},
		{name: "a start a minute ahead", planted: with(func(p *planted) { p.started = 59 * time.Second }), want: "/a"},
		{name: "a start an hour ahead", planted: with(func(p *planted) { p.started = time.Hour }), want: "/auth/confirm"},
		{name: "a start more than an hour ago", planted: with(func(p *planted) { p.started = -time.Hour - time.Minute }), want: "/auth/confirm"},
		{name: "of another cookie name", planted: with(func(p *planted) { p.scope = strings.Replace(siteScope, siteCookie, "arToken", 1) }), want: "/auth/confirm"},
		{name: "of another host", planted: with(func(p *planted) { p.scope = strings.Replace(siteScope, "example.com", "www.example.com", 1) }), want: "/auth/confirm"},
		{name: "a cookie without the prefix", planted: with(func(p *planted) { p.cookie = "arToken-state-" }), want: "/auth/confirm"},
		{name: "the cookie of another Auth", planted: with(func(p *planted) { p.cookie = "__Host-arToken~state-" }), want: "/auth/confirm"},
		{name: "a cookie in lower case", planted: with(func(p *planted) { p.cookie = strings.ToLower(statePrefix) }), want: "/auth/confirm"},
		{name: "the first letter of what is sealed is another", planted: with(func(p *planted) { p.change = func(s string) string { return flip(s, 9) } }), want: "/auth/confirm"},
		{name: "nothing", planted: with(func(p *planted) { p.change = func(string) string { return "" } }), want: "/auth/confirm"},
		{name: "twice", planted: with(func(p *planted) { p.change = func(s string) string { return s + "&ar_state=" + s } }), want: "/auth/confirm"},
		{name: "twice, the second encoded", planted: with(func(p *planted) { p.change = func(s string) string { return s + "&ar%5Fstate=x" } }), want: "/auth/confirm"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(s.app(), row.planted.request(s.realm.Token(s.ada)))
			if got := w.Header().Get("Location"); w.Code != 303 || got != row.want || !staysHere(got) {
				t.Errorf("got %d %q, want 303 %q", w.Code, got, row.want)
			}
			if got := cookieNamed(w, siteCookie) != nil; got != (row.want != "/auth/confirm") {
				t.Errorf("signed in: %t", got)
			}
		})
	}
	for _, value := range []string{"", "x"} {
		t.Run("a cookie of "+strconv.Quote(value), func(t *testing.T) {
			b, _ := start(t, s.app(), navigate("/gate/"))
			b.cookie.Value = value
			w := serve(s.app(), b.land(s.realm.Token(s.ada)))
			if got := w.Header().Get("Location"); w.Code != 303 || got != "/auth/confirm" {
				t.Errorf("got %d %q, want a question", w.Code, got)
			}
		})
	}
	t.Run("one beside the real one", func(t *testing.T) {
		b, _ := start(t, s.app(), navigate("/gate/"))
		r := navigate(b.callback(s.realm.Token(s.ada)))
		withCookie(r, b.cookie.Name, loginstate.NewSecret(false).Value())
		withCookie(r, b.cookie.Name, b.cookie.Value)
		if got := serve(s.app(), r).Header().Get("Location"); got != "/gate/" {
			t.Errorf("got %q, want the login", got)
		}
	})
}

// flip changes the letter at i.
func flip(s string, i int) string {
	c := "A"
	if s[i] == 'A' {
		c = "B"
	}
	return s[:i] + c + s[i+1:]
}

// On plain http everybody can plant cookies: a state that is planted there counts,
// as a session that is planted there does. Where it leads is checked all the same.
func TestAPlantedStateOnPlainHTTP(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) { c.AppURL, c.DangerouslyAllowHTTPAppURL = "http://example.com", true })
	p := planted{scope: "arToken\x00http://example.com/auth/callback", cookie: "arToken-state-", login: loginstate.Login{Attempt: 1, Target: "//evil.example/"}}
	if got := serve(s.app(), p.request(s.realm.Token(s.ada))).Header().Get("Location"); got != "/" {
		t.Errorf("got %q, want the start page", got)
	}
	p.cookie = statePrefix
	if got := serve(s.app(), p.request(s.realm.Token(s.ada))).Header().Get("Location"); got != "/auth/confirm" {
		t.Errorf("got %q, want a question: this name is not used on http", got)
	}
}

// Two Auths on one host, of one realm and of two.
func TestTwoAuthsOnOneHost(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name             string
		oneRealm, nested bool
		change           func(*authrocket.Config) // of the staff's Auth
	}{
		{name: "side by side, two realms", change: func(c *authrocket.Config) { c.CookieName = "__Host-staffToken" }},
		{name: "side by side, one realm", oneRealm: true, change: func(c *authrocket.Config) { c.CookieName = "__Host-staffToken" }},
		{name: "nested, two realms", nested: true, change: func(c *authrocket.Config) { c.CookieName = "__Host-staffToken" }},
		{name: "nested, one realm", oneRealm: true, nested: true, change: func(c *authrocket.Config) { c.CookieName = "__Host-staffToken" }},
		{name: "names that differ by the prefix", oneRealm: true, nested: true, change: func(c *authrocket.Config) { c.CookieName = "arToken" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			shop, office := newSite(t), newSite(t)
			if row.oneRealm {
				office = &site{realm: shop.realm, ada: shop.ada, george: shop.george}
			}
			office.auth = office.newAuth(t, row.change, func(c *authrocket.Config) { c.AuthPath = "/admin/auth" })
			inside := office.auth.Authenticate(office.auth.RequireLogin(whoami))
			outside := http.NewServeMux()
			outside.Handle("/", whoami)
			outside.Handle("/gate/", shop.auth.RequireLogin(whoami))
			app := http.NewServeMux()
			if row.nested {
				outside.Handle("/admin/", inside)
			} else {
				app.Handle("/admin/", inside)
			}
			app.Handle("/", shop.auth.Authenticate(outside))
			v := &visitor{t: t, app: app}
			for _, login := range []struct{ target, callback, token, user string }{
				{target: "/admin/x?a=b", callback: "/admin/auth/callback", token: office.realm.Token(office.george), user: "george"},
				{target: "/gate/x?a=b", callback: "/auth/callback", token: shop.realm.Token(shop.ada), user: "ada"},
			} {
				back := redirectURIOf(t, v.get(login.target).Header().Get("Location"))
				if back.Path != login.callback {
					t.Errorf("%s: comes back to %q", login.target, back.Path)
				}
				w := v.visit("cross-site", started{back: back}.callback(login.token))
				if got := w.Header().Get("Location"); w.Code != 303 || got != login.target {
					t.Errorf("%s: got %d %q %q, want a login", login.target, w.Code, got, w.Body)
				}
			}
			for target, user := range map[string]string{"/admin/x": "george", "/gate/x": "ada"} {
				if w := v.get(target); w.Code != 200 || !strings.HasPrefix(w.Body.String(), user) {
					t.Errorf("%s: got %d %q, want %s", target, w.Code, w.Body, user)
				}
			}
			// The state of one is nothing to the other.
			v = &visitor{t: t, app: app}
			back := redirectURIOf(t, v.get("/admin/y").Header().Get("Location"))
			back.Path = "/auth/callback"
			if w := v.visit("cross-site", started{back: back}.callback(shop.realm.Token(shop.ada))); w.Header().Get("Location") != "/auth/confirm" {
				t.Errorf("the state of the other Auth: got %d %q, want a question", w.Code, w.Header().Get("Location"))
			}
		})
	}
}

// A login that another site has brought waits in a cookie that fills the Cookie
// header. A person's own logins come first.
func TestALoginThatWaitsMakesRoom(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	fill := strings.Repeat("x", 2_500)
	v := &visitor{t: t, app: s.app(), jar: map[string]*http.Cookie{
		"theme":       {Value: fill, Expires: time.Now().Add(time.Hour)},
		confirmCookie: {Value: strings.Repeat("y", 3_500), Expires: time.Now().Add(time.Hour)},
	}}
	first := v.visit("same-origin", "/auth/login?return_to=%2Fone")
	second := v.visit("same-origin", "/auth/login?return_to=%2Ftwo")
	if _, waits := v.jar[confirmCookie]; waits && v.jar[confirmCookie].Value != "" {
		t.Error("the login that waits is still there")
	}
	for want, w := range map[string]string{"/one": first.Header().Get("Location"), "/two": second.Header().Get("Location")} {
		got := v.visit("cross-site", started{back: redirectURIOf(t, w)}.callback(s.realm.Token(s.ada)))
		if got.Header().Get("Location") != want {
			t.Errorf("got %q, want the login that leads to %s", got.Header().Get("Location"), want)
		}
	}
}

// What another site starts has no cookie where only its own logins could make
// room and do not suffice. Nothing is cleared for that.
func TestAForeignStartClearsNothingInVain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := &visitor{t: t, app: s.app(), jar: map[string]*http.Cookie{}}
	foreign := v.visit("cross-site", "/auth/login?return_to=%2Fmail").Header().Get("Location")
	own := v.visit("none", "/auth/login?return_to=%2Fown").Header().Get("Location")
	v.jar["theme"] = &http.Cookie{Value: strings.Repeat("x", 6<<10), Expires: time.Now().Add(time.Hour)}
	if w := v.visit("cross-site", "/gate/"); w.Code != 303 || len(w.Header()["Set-Cookie"]) != 0 {
		t.Errorf("got %d %q, want a login without a cookie, and none cleared", w.Code, w.Header()["Set-Cookie"])
	}
	delete(v.jar, "theme")
	for want, started := range map[string]started{"/mail": {back: redirectURIOf(t, foreign)}, "/own": {back: redirectURIOf(t, own)}} {
		if got := v.visit("cross-site", started.callback(s.realm.Token(s.ada))).Header().Get("Location"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
