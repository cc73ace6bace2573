package authrocket_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// isInOrg allows sessions whose current org is id.
func isInOrg(id string) authrocket.Rule {
	return func(ctx context.Context, s authrocket.Session) error {
		org, _ := s.Org()
		current, _ := authrocket.CurrentOrg(ctx)
		if org.ID != id || current.ID != id {
			return errors.New("the current org is " + org.ID + ", in the context " + current.ID)
		}
		return nil
	}
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	twins := setClaim("orgs", []any{
		map[string]any{"oid": "org_1", "mid": "mb_1", "perm": []string{"a"}}, map[string]any{"oid": "org_1", "mid": "mb_2", "perm": []string{"b"}},
	})
	for _, row := range []struct {
		name, org, inOrg string
		change           func(*authrocket.Config)
		token            authrockettest.TokenOption
		rules            []authrocket.Rule
		want             error
	}{
		{name: "a valid token is about the picked org", token: twoOrgs, rules: []authrocket.Rule{isInOrg("org_1")}, inOrg: "org_1"},
		{name: "an org of the user", token: twoOrgs, org: "org_2", rules: []authrocket.Rule{isInOrg("org_2"), authrocket.Permission("b")}, inOrg: "org_2"},
		{name: "a permission of the picked org does not count in another", token: twoOrgs, org: "org_2", rules: []authrocket.Rule{authrocket.Permission("a")}, want: authrocket.ErrPermissionDenied, inOrg: "org_2"},
		{name: "a permission of another org does not count in the picked one", token: twoOrgs, rules: []authrocket.Rule{authrocket.Permission("b")}, want: authrocket.ErrPermissionDenied, inOrg: "org_1"},
		{name: "an org of somebody else", token: twoOrgs, org: "org_9", want: authrocket.ErrWrongOrg, inOrg: "org_1"},
		{name: "two memberships in the org", token: twins, org: "org_1", want: authrocket.ErrWrongOrg, inOrg: "org_1"},
		{name: "an org, and no membership", token: withoutClaim("orgs"), org: "org_1", want: authrocket.ErrWrongOrg},
		{name: "all rules have to allow", token: twoOrgs, rules: []authrocket.Rule{allow, failWith(authrocket.ErrEmailNotVerified)}, want: authrocket.ErrEmailNotVerified, inOrg: "org_1"},
		{name: "a nil rule refuses", token: twoOrgs, rules: []authrocket.Rule{nil}, want: authrocket.ErrPermissionDenied, inOrg: "org_1"},
		{name: "Config.Rules are asked, about the org", change: func(c *authrocket.Config) { c.Rules = []authrocket.Rule{isInOrg("org_1")} }, token: twoOrgs, org: "org_2", want: authrocket.ErrForbidden, inOrg: "org_2"},
		{name: "an expired token", token: authrockettest.ExpiresIn(-time.Minute), want: authrocket.ErrTokenExpired, inOrg: "-"},
		{name: "an expired token, whatever its org", token: authrockettest.ExpiresIn(-time.Minute), org: "org_9", want: authrocket.ErrTokenExpired, inOrg: "-"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := newSite(t, row.change)
			for how, check := range map[string]func() (context.Context, error){
				"CheckToken": func() (context.Context, error) {
					return c.auth.CheckToken(t.Context(), c.realm.Token(c.ada, row.token), row.org, row.rules...)
				},
				"CheckContext behind Authenticate": func() (context.Context, error) {
					return c.auth.CheckContext(pass(c.auth.Authenticate, c.signedIn("/", row.token)).Context(), row.org, row.rules...)
				},
				"CheckContext behind CheckToken": func() (context.Context, error) {
					ctx, _ := c.auth.CheckToken(t.Context(), c.realm.Token(c.ada, row.token), "")
					return c.auth.CheckContext(ctx, row.org, row.rules...)
				},
			} {
				ctx, err := check()
				if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
					t.Errorf("%s: got %v, want %v", how, err, row.want)
				}
				expectOneKind(t, err)
				user := c.ada.ID
				if row.inOrg == "-" {
					user = ""
				}
				expectCurrent(t, ctx, user, strings.Trim(row.inOrg, "-"))
			}
		})
	}
}

func TestCheckTokenRefuses(t *testing.T) {
	t.Parallel()
	c, other := newSite(t), newSite(t)
	for _, row := range []struct {
		name, token string
		want        error
	}{
		{name: "no token", want: authrocket.ErrNoToken},
		{name: "what is no token", token: "x", want: authrocket.ErrTokenMalformed},
		{name: "a token of another realm", token: other.realm.Token(other.ada), want: authrocket.ErrWrongRealm},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx, err := c.auth.CheckToken(t.Context(), row.token, "", allow)
			if !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
			expectCurrent(t, ctx, "", "")
			if _, err := c.auth.CheckContext(ctx, ""); !errors.Is(err, row.want) {
				t.Errorf("CheckContext behind it: got %v, want %v", err, row.want)
			}
		})
	}
}

func TestCheckContextNeedsASessionOfItsAuth(t *testing.T) {
	t.Parallel()
	c, other := newSite(t), newSite(t)
	// behind returns the context that a handler behind Authenticate sees.
	behind := func(c *site, r *http.Request) context.Context { return pass(c.auth.Authenticate, r).Context() }
	anonymous := request(http.MethodGet, "/")
	foreign := c.as(c.ada, request(http.MethodPost, "/", "Sec-Fetch-Site: cross-site"))
	session := c.session(t)
	ofOther, err := other.auth.CheckToken(t.Context(), other.realm.Token(other.ada), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		ctx  context.Context
		want error
	}{
		{name: "nothing", ctx: t.Context(), want: authrocket.ErrNoToken},
		{name: "WithSession", ctx: authrocket.WithSession(t.Context(), session), want: authrocket.ErrNoToken},
		{name: "an anonymous request", ctx: behind(c, anonymous), want: authrocket.ErrNoToken},
		{name: "an anonymous request and WithSession", ctx: authrocket.WithSession(behind(c, anonymous), session), want: authrocket.ErrNoToken},
		{name: "a request with an invalid token", ctx: behind(c, c.signedIn("/", authrockettest.ExpiresIn(-time.Minute))), want: authrocket.ErrTokenExpired},
		{name: "a request of another site", ctx: behind(c, foreign), want: authrocket.ErrCrossSite},
		{name: "a request that another Auth verified", ctx: behind(other, other.signedIn("/")), want: authrocket.ErrNoToken},
		{name: "a token that another Auth verified", ctx: ofOther, want: authrocket.ErrNoToken},
		{name: "a session, and another of WithSession on top", ctx: authrocket.WithSession(behind(c, c.signedIn("/")), authrocket.Session{})},
		{name: "a session, and another Auth's on top", ctx: behind(other, other.signedIn("/").WithContext(behind(c, c.signedIn("/"))))},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked := false
			ctx, err := c.auth.CheckContext(row.ctx, "", func(context.Context, authrocket.Session) error {
				asked = true
				return nil
			})
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) || asked != (row.want == nil) {
				t.Errorf("got %v, the rule asked %t, want %v", err, asked, row.want)
			}
			if row.want == nil {
				expectCurrent(t, ctx, c.ada.ID, c.engines.ID)
			} else {
				expectCurrent(t, ctx, "", "")
			}
		})
	}
}

func TestCheckContextKeepsTheChosenOrg(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	token := c.realm.Token(c.ada, twoOrgs)
	first, err := c.auth.CheckToken(t.Context(), token, "org_2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.auth.CheckContext(first, "", isInOrg("org_2")); err != nil {
		t.Errorf("behind CheckToken: %v", err)
	}
	if _, err := c.auth.CheckContext(first, "org_1", isInOrg("org_1")); err != nil {
		t.Errorf("another org behind CheckToken: %v", err)
	}
	r := c.signedIn("/", twoOrgs)
	r.SetPathValue("org", "org_2")
	r = pass(c.auth.RequireOrg(authrocket.OrgIDFromPath("org")), r)
	if _, err := c.auth.CheckContext(r.Context(), "", isInOrg("org_2")); err != nil {
		t.Errorf("behind RequireOrg: %v", err)
	}
}

// A stream may last longer than the token that began it.
func TestCheckContextRefusesASessionThatHasExpired(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newSite(t)
		token := c.realm.Token(c.ada, authrockettest.ExpiresIn(time.Hour))
		ofToken, err := c.auth.CheckToken(t.Context(), token, "")
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.auth.Check(c.signedIn("/", authrockettest.ExpiresIn(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour + 5*time.Second)
		for _, ctx := range []context.Context{ofToken, r.Context()} {
			if _, err := c.auth.CheckContext(ctx, ""); err != nil {
				t.Errorf("five seconds late: %v", err)
			}
		}
		time.Sleep(time.Second)
		for _, ctx := range []context.Context{ofToken, r.Context()} {
			if ctx, err := c.auth.CheckContext(ctx, ""); !errors.Is(err, authrocket.ErrTokenExpired) {
				t.Errorf("six seconds late: got %v, want %v", err, authrocket.ErrTokenExpired)
			} else {
				expectCurrent(t, ctx, "", "")
			}
		}
	})
}

// TestNoGateAcceptsACheckedContext checks that gates decide about the request alone,
// whatever CheckToken, CheckContext and WithSession have put into its context.
func TestNoGateAcceptsACheckedContext(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	checked, err := c.auth.CheckToken(t.Context(), c.realm.Token(c.ada, twoOrgs), "org_2", authrocket.Permission("b"))
	if err != nil {
		t.Fatal(err)
	}
	session, _ := authrocket.CurrentSession(checked)
	for name, gate := range map[string]func(http.Handler) http.Handler{
		"RequireLogin": c.auth.RequireLogin,
		"Require":      c.auth.Require(authrocket.Permission("b")),
		"RequireOrg":   c.auth.RequireOrg(authrocket.OrgIDFromPath("org")),
		"Authenticate": func(next http.Handler) http.Handler { return c.auth.Authenticate(c.auth.RequireLogin(next)) },
		"between": func(next http.Handler) http.Handler {
			gated := c.auth.RequireLogin(next)
			return c.auth.Authenticate(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, err := c.auth.CheckToken(r.Context(), c.realm.Token(c.ada, twoOrgs), "org_2")
				if err != nil {
					t.Error(err)
				}
				gated.ServeHTTP(w, r.WithContext(ctx))
			}))
		},
		"Check": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r, err := c.auth.Check(r); err != nil {
					c.auth.Deny(w, r, err)
					return
				}
				next.ServeHTTP(w, r)
			})
		},
	} {
		for how, ctx := range map[string]context.Context{
			"CheckToken":   checked,
			"CheckContext": must(c.auth.CheckContext(checked, "org_2")),
			"WithSession":  authrocket.WithSession(t.Context(), session),
		} {
			for header, r := range map[string]*http.Request{
				"an anonymous request":       request(http.MethodGet, "/"),
				"a request without a header": {URL: request(http.MethodGet, "/").URL},
			} {
				t.Run(name+" of "+header+" behind "+how, func(t *testing.T) {
					r := r.WithContext(ctx)
					r.SetPathValue("org", "org_2")
					w := serve(gate(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the gate let it through") })), r)
					if w.Code != http.StatusUnauthorized {
						t.Errorf("got %d, want 401", w.Code)
					}
				})
			}
		}
	}

	// A request with a session of its own is about its own org.
	for name, change := range map[string]func(*http.Request) *http.Request{
		"the same request": func(r *http.Request) *http.Request { return r },
		"a clone":          func(r *http.Request) *http.Request { return r.Clone(r.Context()) },
	} {
		for how, check := range map[string]func(context.Context) (context.Context, error){
			"CheckToken": func(ctx context.Context) (context.Context, error) {
				return c.auth.CheckToken(ctx, c.realm.Token(c.ada, twoOrgs), "org_2")
			},
			"CheckContext": func(ctx context.Context) (context.Context, error) { return c.auth.CheckContext(ctx, "org_2") },
		} {
			t.Run(name+" behind "+how+" is about the picked org", func(t *testing.T) {
				r := pass(c.auth.Authenticate, c.signedIn("/", twoOrgs))
				r = change(r.WithContext(must(check(r.Context()))))
				if pass(c.auth.Require(isInOrg("org_1"), authrocket.Permission("a")), r) == nil {
					t.Error("the gate refuses")
				}
			})
		}
		t.Run(name+" behind RequireOrg and CheckContext is about RequireOrg's org", func(t *testing.T) {
			r := c.signedIn("/", twoOrgs)
			r.SetPathValue("org", "org_2")
			r = pass(c.auth.RequireOrg(authrocket.OrgIDFromPath("org")), r)
			r = change(r.WithContext(must(c.auth.CheckContext(r.Context(), "org_1"))))
			if pass(c.auth.Require(isInOrg("org_2")), r) == nil {
				t.Error("the gate refuses")
			}
		})
	}
}

func must(ctx context.Context, err error) context.Context {
	if err != nil {
		panic(err)
	}
	return ctx
}

func TestChecksAreReported(t *testing.T) {
	t.Parallel()
	c, e := newObservedSite(t)
	ctx, _ := c.auth.CheckToken(t.Context(), c.realm.Token(c.ada), "")
	c.auth.CheckContext(ctx, "", authrocket.Permission("missing"))
	c.auth.CheckToken(t.Context(), "", "")
	c.auth.CheckToken(t.Context(), "x", "")
	c.auth.CheckContext(pass(c.auth.Authenticate, c.signedIn("/")).Context(), "org_9")
	type decision struct {
		gate, allowed, hashed bool
		reason, source        string
		method                string
	}
	want := []decision{
		{gate: true, allowed: true, hashed: true, source: "bearer"},
		{gate: true, hashed: true, reason: "permission_denied", source: "bearer"},
		{gate: true, reason: "no_token", source: "none"},
		{gate: true, reason: "token_malformed", source: "bearer"},
		{gate: false, allowed: true, hashed: true, source: "cookie", method: "GET"},
		{gate: true, hashed: true, reason: "wrong_org", source: "cookie", method: "GET"},
	}
	if len(e.decisions) != len(want) {
		t.Fatalf("got %d decisions, want %d", len(e.decisions), len(want))
	}
	for i, d := range e.decisions {
		if got := (decision{gate: d.Gate, allowed: d.Allowed, hashed: d.SessionHash() != "", reason: d.Reason, source: string(d.Source), method: d.Method}); got != want[i] {
			t.Errorf("decision %d: got %+v, want %+v", i, got, want[i])
		}
		if d.Pattern != "" {
			t.Errorf("decision %d: got pattern %q", i, d.Pattern)
		}
	}
}

func TestBind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newSite(t)
		type key struct{}
		session := c.session(t, authrockettest.ExpiresIn(time.Hour))
		ctx, cancel := c.auth.Bind(context.WithValue(t.Context(), key{}, "value"), session)
		defer cancel()
		time.Sleep(time.Until(session.ExpiresAt) - 1)
		synctest.Wait()
		if ctx.Err() != nil || ctx.Value(key{}) != "value" {
			t.Errorf("before the session expires: got %v and value %v", ctx.Err(), ctx.Value(key{}))
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) || context.Cause(ctx) != authrocket.ErrTokenExpired {
			t.Errorf("when the session expires: got %v, %v, want %v, %v", ctx.Err(), context.Cause(ctx), context.DeadlineExceeded, authrocket.ErrTokenExpired)
		}

		parent, stop := context.WithCancel(t.Context())
		ofParent, cancel := c.auth.Bind(parent, c.session(t))
		defer cancel()
		stop()
		if ofParent.Err() == nil {
			t.Error("the context outlives its parent")
		}
		cancelled, cancel := c.auth.Bind(t.Context(), c.session(t))
		cancel()
		if !errors.Is(cancelled.Err(), context.Canceled) {
			t.Errorf("after the CancelFunc: got %v, want %v", cancelled.Err(), context.Canceled)
		}
		zero, cancel := c.auth.Bind(t.Context(), authrocket.Session{})
		defer cancel()
		if zero.Err() == nil {
			t.Error("a context bound to the zero session goes on")
		}
	})
}
