package authrocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestRules(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("own reason")
	unavailable := fmt.Errorf("%w: the database is down", authrocket.ErrUnavailable)
	denied := authrocket.ErrPermissionDenied

	for _, row := range []struct {
		name  string
		token authrockettest.TokenOption
		rule  authrocket.Rule
		want  error
		says  string
	}{
		{"Permission that is granted", granted("a", "b"), authrocket.Permission("b"), nil, ""},
		{"Permission that is missing", granted("a", "b"), authrocket.Permission("c"), denied, `"c"`},
		{"Permission wants all", granted("a", "b"), authrocket.Permission("a", "c"), denied, `"c"`},
		{"Permission has all", granted("a", "b"), authrocket.Permission("b", "a"), nil, ""},
		{"Permission without tags refuses", granted("a"), authrocket.Permission(), denied, "no tags"},
		{"Permission of the empty tag refuses", granted(""), authrocket.Permission(""), denied, ""},
		{"Permission expands nothing", granted("billing:*"), authrocket.Permission("billing:write"), denied, ""},
		{"Permission compares with case", granted("Admin"), authrocket.Permission("admin"), denied, ""},
		{"Permission without membership", withoutClaim("orgs"), authrocket.Permission("a"), denied, ""},
		{"Permission of another org than the current", setClaim("orgs", []any{
			map[string]any{"oid": "org_1", "perm": []string{"a"}}, map[string]any{"oid": "org_2", "perm": []string{"b"}, "selected": true},
		}), authrocket.Permission("a"), denied, ""},

		{"AnyPermission that is granted", granted("a"), authrocket.AnyPermission("x", "a"), nil, ""},
		{"AnyPermission without a match", granted("a"), authrocket.AnyPermission("x", "y"), denied, `"x" "y"`},
		{"AnyPermission without tags refuses", granted("a"), authrocket.AnyPermission(), denied, ""},
		{"AnyPermission of the empty tag refuses", granted(""), authrocket.AnyPermission(""), denied, ""},
		{"AnyPermission without membership", withoutClaim("orgs"), authrocket.AnyPermission("a"), denied, ""},

		{"VerifiedEmail of a verified address", setClaim("email_verified", true), authrocket.VerifiedEmail(), nil, ""},
		{"VerifiedEmail of an unverified address", setClaim("email_verified", false), authrocket.VerifiedEmail(), authrocket.ErrEmailNotVerified, "not_verified"},
		{"VerifiedEmail of an unknown address refuses", withoutClaim("email_verified"), authrocket.VerifiedEmail(), authrocket.ErrEmailNotVerified, "unknown"},

		{"a nil rule refuses", granted("a"), nil, denied, "nil"},
		{"a rule that allows", granted(), allow, nil, ""},
		{"an error of no kind is forbidden", granted(), failWith(errOwn), authrocket.ErrForbidden, "own reason"},
		{"an error of no kind stays itself", granted(), failWith(errOwn), errOwn, ""},
		{"a rule that cannot tell is unavailable", granted(), failWith(unavailable), authrocket.ErrUnavailable, "database"},
		{"a rule that finds nobody signed in", granted(), failWith(authrocket.ErrUnauthenticated), authrocket.ErrUnauthenticated, ""},
		{"a rule with a reason of ours", granted(), failWith(authrocket.ErrPermissionDenied), denied, ""},

		{"AnyOf without rules refuses", granted("a"), authrocket.AnyOf(), denied, "no rules"},
		{"AnyOf takes the first that allows", granted("a"), authrocket.AnyOf(failWith(errOwn), authrocket.Permission("a"), nil), nil, ""},
		{"AnyOf asks no further than needed", granted("a"), authrocket.AnyOf(allow, func(context.Context, authrocket.Session) error {
			panic("asked")
		}), nil, ""},
		{"AnyOf refuses with the last", granted("a"), authrocket.AnyOf(failWith(authrocket.ErrEmailNotVerified), authrocket.Permission("x")), denied, `"x"`},
		{"AnyOf prefers the first unavailable one", granted("a"), authrocket.AnyOf(authrocket.Permission("x"), failWith(unavailable), failWith(authrocket.ErrUnavailable), authrocket.Permission("y")), unavailable, ""},
		{"AnyOf allows although one cannot tell", granted("a"), authrocket.AnyOf(failWith(unavailable), allow), nil, ""},
		{"AnyOf with a nil rule only refuses", granted("a"), authrocket.AnyOf(nil), denied, "nil"},
		{"AnyOf goes on after a nil rule", granted("a"), authrocket.AnyOf(nil, allow), nil, ""},
		{"AnyOf gives an error of no kind a kind", granted("a"), authrocket.AnyOf(failWith(errOwn)), authrocket.ErrForbidden, "own reason"},
		{"AnyOf within AnyOf", granted("a"), authrocket.AnyOf(authrocket.AnyOf(), authrocket.AnyOf(authrocket.Permission("a"))), nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newSite(t)
			_, err := c.auth.Check(c.signedIn("/", row.token), row.rule)
			if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %q, want it to say %q", err, row.says)
			}
			expectOneKind(t, err)
		})
	}
}

// expectOneKind checks that err is of exactly one kind.
func expectOneKind(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var kinds []error
	for _, kind := range []error{authrocket.ErrUnauthenticated, authrocket.ErrForbidden, authrocket.ErrUnavailable} {
		if errors.Is(err, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) != 1 {
		t.Errorf("%v is of the kinds %v, want one", err, kinds)
	}
}

func TestRulesAllHaveToAllow(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	asked := 0
	count := func(context.Context, authrocket.Session) error {
		asked++
		return nil
	}
	if _, err := c.auth.Check(c.signedIn("/", granted("a")), authrocket.Permission("a"), count, authrocket.Permission("b"), count); !errors.Is(err, authrocket.ErrPermissionDenied) {
		t.Errorf("got %v, want %v", err, authrocket.ErrPermissionDenied)
	}
	if asked != 1 {
		t.Errorf("got %d rules asked around the one that refuses, want the first", asked)
	}
}

func TestConfigRulesAreAskedAtEveryGate(t *testing.T) {
	t.Parallel()
	byOrg := authrocket.OrgIDFromPath("org")
	gate := func(gate func(*authrocket.Auth) func(http.Handler) http.Handler) func(*authrocket.Auth, *http.Request) error {
		return func(auth *authrocket.Auth, r *http.Request) error {
			err := errors.New("neither reached nor refused")
			r = r.WithContext(context.WithValue(r.Context(), refusedKey{}, &err))
			gate(auth)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { err = nil })).ServeHTTP(httptest.NewRecorder(), r)
			return err
		}
	}
	for _, row := range []struct {
		name string
		pass func(*authrocket.Auth, *http.Request) error
		org  string
	}{
		{"RequireLogin", gate(func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.RequireLogin }), "org_1"},
		{"Require without rules", gate(func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.Require() }), "org_1"},
		{"Require with a rule", gate(func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.Require(allow) }), "org_1"},
		{"RequireOrg, about the org of the request", gate(func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.RequireOrg(byOrg) }), "org_2"},
		{"RequireLogin behind Authenticate", gate(func(a *authrocket.Auth) func(http.Handler) http.Handler {
			return func(next http.Handler) http.Handler { return a.Authenticate(a.RequireLogin(next)) }
		}), "org_1"},
		{"Check", func(a *authrocket.Auth, r *http.Request) error {
			_, err := a.Check(r)
			return err
		}, "org_1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			refusal := authrocket.ErrEmailNotVerified
			asked := ""
			c := newSite(t, func(c *authrocket.Config) {
				c.Rules = []authrocket.Rule{func(_ context.Context, s authrocket.Session) error {
					org, _ := s.Org()
					asked += org.ID
					return refusal
				}}
				c.Deny = func(_ http.ResponseWriter, r *http.Request, err error) bool {
					*r.Context().Value(refusedKey{}).(*error) = err
					return true
				}
			})
			r := c.signedIn("/", twoOrgs)
			r.SetPathValue("org", "org_2")
			if err := row.pass(c.auth, r); !errors.Is(err, authrocket.ErrEmailNotVerified) || asked != row.org {
				t.Errorf("a rule that refuses: got %v, asked about %q, want %v about %q", err, asked, authrocket.ErrEmailNotVerified, row.org)
			}
			refusal = nil
			if err := row.pass(c.auth, r); err != nil {
				t.Errorf("a rule that allows: got %v", err)
			}
		})
	}
}

// refusedKey finds where a test keeps the error of a refused request.
type refusedKey struct{}

func TestConfigRulesAreAskedBetweenTheSelectorAndTheGatesOwn(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(name string, err error) authrocket.Rule {
		return func(context.Context, authrocket.Session) error {
			order = append(order, name)
			return err
		}
	}
	c := newSite(t, func(c *authrocket.Config) { c.Rules = []authrocket.Rule{note("config 1", nil), note("config 2", nil)} })
	gate := c.auth.RequireOrg(func(_ *http.Request, s authrocket.Session) (authrocket.Membership, error) {
		order = append(order, "selector")
		m, _ := s.Membership()
		return m, nil
	}, note("gate", authrocket.ErrForbidden), note("never", nil))
	gate(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), c.signedIn("/"))
	if want := []string{"selector", "config 1", "config 2", "gate"}; !slices.Equal(order, want) {
		t.Errorf("got %q, want %q", order, want)
	}
}

func TestConfigRulesAreNotAskedWithoutAGate(t *testing.T) {
	t.Parallel()
	c := newSite(t, func(c *authrocket.Config) {
		c.Rules = []authrocket.Rule{func(context.Context, authrocket.Session) error {
			t.Error("the rule is asked")
			return authrocket.ErrForbidden
		}}
	})
	if _, err := c.auth.Verify(t.Context(), c.realm.Token(c.ada)); err != nil {
		t.Error(err)
	}
	c.auth.Authenticate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		expectCurrent(t, r.Context(), c.ada.ID, c.engines.ID)
	})).ServeHTTP(httptest.NewRecorder(), c.signedIn("/"))
	if _, err := c.auth.Check(httptest.NewRequest(http.MethodGet, "/", nil)); !errors.Is(err, authrocket.ErrNoToken) {
		t.Errorf("an anonymous request: got %v, want %v", err, authrocket.ErrNoToken)
	}
}

func TestRuleSeesTheSessionAndItsContext(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	type key struct{}
	r := c.signedIn("/")
	r = r.WithContext(context.WithValue(r.Context(), key{}, "value"))
	_, err := c.auth.Check(r, func(ctx context.Context, s authrocket.Session) error {
		current, _ := authrocket.CurrentUser(ctx)
		if ctx.Value(key{}) != "value" || s.User.ID != c.ada.ID || current.ID != c.ada.ID {
			return errors.New("the rule sees something else")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A rule's error may hold anything: what a database said, a user's name.
func TestRuleErrorIsNotShownToTheClient(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		err    error
		status int
		reason string
	}{
		{"of no kind", errors.New("inside-information"), http.StatusForbidden, "forbidden"},
		{"forbidden", fmt.Errorf("%w: inside-information", authrocket.ErrForbidden), http.StatusForbidden, "forbidden"},
		{"a missing permission", fmt.Errorf("%w: inside-information", authrocket.ErrPermissionDenied), http.StatusForbidden, "permission_denied"},
		{"unavailable", fmt.Errorf("%w: inside-information", authrocket.ErrUnavailable), http.StatusServiceUnavailable, "unavailable"},
		{"not signed in", fmt.Errorf("%w: inside-information", authrocket.ErrUnauthenticated), http.StatusUnauthorized, "unauthenticated"},
	} {
		for _, accept := range []string{"application/json", "text/plain"} {
			t.Run(row.name+" as "+accept, func(t *testing.T) {
				t.Parallel()
				c := newSite(t)
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header.Set("Authorization", "Bearer "+c.realm.Token(c.ada))
				r.Header.Set("Accept", accept)
				w := httptest.NewRecorder()
				c.auth.Require(failWith(row.err))(http.NotFoundHandler()).ServeHTTP(w, r)
				if w.Code != row.status {
					t.Errorf("got %d, want %d", w.Code, row.status)
				}
				if shown := fmt.Sprint(w.Header(), w.Body); strings.Contains(shown, "inside-information") {
					t.Errorf("the client is shown %q", shown)
				}
				if accept != "application/json" {
					return
				}
				var body struct {
					Status int
					Reason string
				}
				if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Status != row.status || body.Reason != row.reason {
					t.Errorf("got %q, want status %d and reason %q", w.Body, row.status, row.reason)
				}
			})
		}
	}
}

func TestPermissionMatching(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		granted  []string
		required string
		want     bool
	}{
		{"the same tag", []string{"billing:write"}, "billing:write", true},
		{"another tag", []string{"billing:read"}, "billing:write", false},
		{"one of several", []string{"x", "billing:*", "y"}, "billing:write", true},
		{"a star at the end", []string{"billing:*"}, "billing:write", true},
		{"a star stands for colons", []string{"billing:*"}, "billing:invoice:write", true},
		{"a star stands for nothing", []string{"billing:*"}, "billing:", true},
		{"a star does not stand for the colon before it", []string{"billing:*"}, "billing", false},
		{"a star at the start", []string{"*:write"}, "billing:invoice:write", true},
		{"a star at the start needs the end", []string{"*:write"}, "billing:write:x", false},
		{"a star in the middle", []string{"billing:*:write"}, "billing:a:b:write", true},
		{"a star in the middle that stands for nothing", []string{"a*b"}, "ab", true},
		{"text before a star counts", []string{"billing:*"}, "xbilling:write", false},
		{"two stars", []string{"*:*"}, "a:b", true},
		{"two stars need what is between them", []string{"*:*"}, "ab", false},
		{"stars side by side", []string{"a**b***"}, "ab", true},
		{"a star goes back as often as needed", []string{"*ab*abc"}, "xababxababc", true},
		{"a star alone", []string{"*"}, "anything:at.all", true},
		{"a star alone does not cover reserved tags", []string{"*"}, "ar:owner", false},
		{"nor does a star and more", []string{"*:owner"}, "ar:owner", false},
		{"nor does a beginning of the reserved prefix", []string{"a*"}, "ar:owner", false},
		{"nor does the prefix without its colon", []string{"ar*"}, "ar:owner", false},
		{"a reserved tag covers itself", []string{"ar:owner"}, "ar:owner", true},
		{"a reserved star covers reserved tags", []string{"ar:*"}, "ar:owner", true},
		{"a reserved star covers no others", []string{"ar:*"}, "billing:write", false},
		{"the prefix is reserved in lower case only", []string{"*"}, "AR:owner", true},
		{"a tag that only begins alike is not reserved", []string{"*"}, "article:write", true},
		{"a star in the required tag is literal", []string{"billing:write"}, "billing:*", false},
		{"nor does it stand for one character", []string{"billing:w"}, "billing:*", false},
		{"a star in the required tag covers nothing by itself", []string{"billing:write"}, "*", false},
		{"a literal star is covered by itself", []string{"billing:*"}, "billing:*", true},
		{"a literal star is covered by a wider star", []string{"*"}, "billing:*", true},
		{"with case", []string{"Billing:*"}, "billing:write", false},
		{"a question mark is literal", []string{"billing:?"}, "billing:a", false},
		{"a dot is literal", []string{"billing.write"}, "billing:write", false},
		{"the empty tag is never covered", []string{"", "*"}, "", false},
		{"an empty granted tag covers nothing", []string{""}, "a", false},
		{"a longer granted tag", []string{"billing:write"}, "billing:writ", false},
		{"a shorter granted tag", []string{"billing:writ"}, "billing:write", false},
		{"nothing granted", nil, "a", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newSite(t)
			_, err := c.auth.Check(c.signedIn("/", granted(row.granted...)), authrocket.PermissionMatching(row.required))
			if got := err == nil; got != row.want || err != nil && !errors.Is(err, authrocket.ErrPermissionDenied) {
				t.Errorf("%q covers %q: got %t (%v), want %t", row.granted, row.required, got, err, row.want)
			}
		})
	}
}

func TestPermissionMatchingWithoutMembership(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	if _, err := c.auth.Check(c.signedIn("/", withoutClaim("orgs")), authrocket.PermissionMatching("a")); !errors.Is(err, authrocket.ErrPermissionDenied) {
		t.Errorf("got %v, want %v", err, authrocket.ErrPermissionDenied)
	}
}

// With a matcher that goes back to every star, this takes longer than the sun
// will burn.
func TestPermissionMatchingFinishes(t *testing.T) {
	t.Parallel()
	c := newSite(t, func(c *authrocket.Config) { c.MaxTokenBytes = 1 << 20 })
	token := c.realm.Token(c.ada, granted(strings.Repeat("*a", 2_000)+"*b", strings.Repeat("a*", 1_000), strings.Repeat("*", 2_000)+"x"))
	s, err := c.auth.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if err := authrocket.PermissionMatching(strings.Repeat("a", 3_000))(t.Context(), s); err != nil {
		t.Errorf("a pattern of letters and stars that covers: %v", err)
	}
	if err := authrocket.PermissionMatching(strings.Repeat("a", 3_000)+"c")(t.Context(), s); err != nil {
		t.Errorf("a pattern that ends with a star covers what ends otherwise: %v", err)
	}
	if err := authrocket.PermissionMatching(strings.Repeat("a", 900))(t.Context(), s); !errors.Is(err, authrocket.ErrPermissionDenied) {
		t.Errorf("no pattern covers: got %v, want %v", err, authrocket.ErrPermissionDenied)
	}
}

// orgCheck sends a request for target through RequireOrg on a route that has
// the wildcard org, and returns what the gate came to.
func orgCheck(t *testing.T, c *site, target string, selector authrocket.OrgSelector, token authrockettest.TokenOption, rules ...authrocket.Rule) (org authrocket.Org, err error) {
	t.Helper()
	config := c.realm.Config()
	config.Deny = func(w http.ResponseWriter, _ *http.Request, e error) bool {
		err = e
		w.WriteHeader(authrocket.StatusCode(e))
		return true
	}
	auth := openAuth(t, config)
	warm(t, auth)
	mux := http.NewServeMux()
	gated := auth.RequireOrg(selector, rules...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		org, _ = authrocket.CurrentOrg(r.Context())
	}))
	mux.Handle("GET /orgs/{org}", gated)
	mux.Handle("GET /none", gated)
	mux.Handle("GET /rest/{org...}", gated)
	mux.ServeHTTP(httptest.NewRecorder(), c.signedIn(target, token))
	return org, err
}

var twoOrgs = setClaim("orgs", []any{
	map[string]any{"oid": "org_1", "mid": "mb_1", "ref": "one", "perm": []string{"a"}, "selected": true},
	map[string]any{"oid": "org_2", "mid": "mb_2", "ref": "two", "perm": []string{"b"}},
	map[string]any{"oid": "org_3", "mid": "mb_3", "ref": "twin"},
	map[string]any{"oid": "org_4", "mid": "mb_4", "ref": "twin"},
	map[string]any{"oid": "org_5", "mid": "mb_5"},
	map[string]any{"mid": "mb_6"},
})

func TestOrgSelectors(t *testing.T) {
	t.Parallel()
	byID, byReference := authrocket.OrgIDFromPath("org"), authrocket.OrgReferenceFromPath("org")
	const missing, ambiguous, empty = "no membership in the org", "2 memberships", "no value for {org}"
	for _, row := range []struct {
		name     string
		selector authrocket.OrgSelector
		target   string
		rules    []authrocket.Rule
		want     string
		says     string
	}{
		{"the selected org by ID", byID, "/orgs/org_1", nil, "org_1", ""},
		{"another org of the user by ID", byID, "/orgs/org_2", nil, "org_2", ""},
		{"an org of somebody else", byID, "/orgs/org_9", nil, "", missing + " whose ID is {org}"},
		{"IDs differ by case", byID, "/orgs/ORG_1", nil, "", missing},
		{"an ID is not a reference", byID, "/orgs/one", nil, "", missing},
		{"a reference is not an ID", byReference, "/orgs/org_1", nil, "", missing + " whose reference is {org}"},
		{"by reference", byReference, "/orgs/two", nil, "org_2", ""},
		{"an ambiguous reference", byReference, "/orgs/twin", nil, "", ambiguous + " in orgs whose reference is {org}"},
		{"an empty ID", byID, "/rest/", nil, "", empty},
		{"an empty reference", byReference, "/rest/", nil, "", empty},
		{"a missing path value", byID, "/none", nil, "", empty},
		{"a wildcard of another name", authrocket.OrgIDFromPath("account"), "/orgs/org_1", nil, "", "no value for {account}"},
		{"a nil selector", nil, "/orgs/org_1", nil, "", "selector is nil"},
		{"the rules are about the chosen org", byID, "/orgs/org_2", []authrocket.Rule{authrocket.Permission("b")}, "org_2", ""},
		{"the rules are not about the selected org", byID, "/orgs/org_2", []authrocket.Rule{authrocket.Permission("a")}, "", `"a"`},
		{"a wildcard rule is about the chosen org too", byID, "/orgs/org_2", []authrocket.Rule{authrocket.PermissionMatching("a")}, "", `"a"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			org, err := orgCheck(t, newSite(t), row.target, row.selector, twoOrgs, row.rules...)
			if org.ID != row.want || (err == nil) != (row.want != "") {
				t.Fatalf("got org %q, %v, want %q", org.ID, err, row.want)
			}
			if err == nil {
				return
			}
			want := authrocket.ErrWrongOrg
			if row.rules != nil {
				want = authrocket.ErrPermissionDenied
			}
			if !errors.Is(err, want) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %v that says %q", err, want, row.says)
			}
		})
	}
}

// The Host of a request is chosen by the client; it only selects among the user's
// own orgs.
func TestOrgSelectorsBySubdomain(t *testing.T) {
	t.Parallel()
	orgs := setClaim("orgs", []any{
		map[string]any{"oid": "org_1Ab", "mid": "mb_1", "ref": "acme", "perm": []string{"a"}, "selected": true},
		map[string]any{"oid": "org_2", "mid": "mb_2", "ref": "two", "perm": []string{"b"}},
		map[string]any{"oid": "org_3", "mid": "mb_3", "ref": "twin"},
		map[string]any{"oid": "org_4", "mid": "mb_4", "ref": "twin"},
		map[string]any{"oid": "org_5", "mid": "mb_5", "ref": "Upper"},
		map[string]any{"oid": "org_6x", "mid": "mb_6", "ref": "a.b"},
		map[string]any{"oid": "org_6X", "mid": "mb_7", "ref": "acme "},
		map[string]any{"mid": "mb_8"},
	})
	byID, byReference := authrocket.OrgIDFromSubdomain, authrocket.OrgReferenceFromSubdomain
	const notBelow, missing = "is not one label below", "no membership in the org whose"
	for _, row := range []struct {
		name     string
		selector func(string) authrocket.OrgSelector
		base     string
		host     string
		rules    []authrocket.Rule
		want     string
		says     string
	}{
		{"by reference", byReference, "example.com", "acme.example.com", nil, "org_1Ab", ""},
		{"by ID", byID, "example.com", "org_2.example.com", nil, "org_2", ""},
		{"an ID with upper case is compared without it, as a browser sends it", byID, "example.com", "org_1ab.example.com", nil, "org_1Ab", ""},
		{"IDs that differ by case only are ambiguous", byID, "example.com", "org_6x.example.com", nil, "", "2 memberships in orgs whose ID is the subdomain"},
		{"the Host has no case", byReference, "example.com", "AcMe.EXAMPLE.com", nil, "org_1Ab", ""},
		{"the base has no case", byReference, "Example.COM", "acme.example.com", nil, "org_1Ab", ""},
		{"the port does not count", byReference, "example.com", "acme.example.com:8443", nil, "org_1Ab", ""},
		{"a base of one label", byReference, "localhost", "acme.localhost:8080", nil, "org_1Ab", ""},
		{"the rules are about the chosen org", byReference, "example.com", "two.example.com", []authrocket.Rule{authrocket.Permission("b")}, "org_2", ""},
		{"the rules are not about the selected org", byReference, "example.com", "two.example.com", []authrocket.Rule{authrocket.Permission("a")}, "", `"a"`},
		{"an org of somebody else", byReference, "example.com", "other.example.com", nil, "", missing + " reference is the subdomain"},
		{"an ID is not a reference", byReference, "example.com", "org_2.example.com", nil, "", missing},
		{"a reference is not an ID", byID, "example.com", "acme.example.com", nil, "", missing},
		{"an ambiguous reference", byReference, "example.com", "twin.example.com", nil, "", "2 memberships in orgs whose reference is the subdomain"},
		{"a reference with upper case is never selected", byReference, "example.com", "Upper.example.com", nil, "", missing},
		{"the base itself", byReference, "example.com", "example.com", nil, "", notBelow + " example.com"},
		{"the base behind a dot", byReference, "example.com", ".example.com", nil, "", notBelow},
		{"two labels below the base", byReference, "example.com", "a.b.example.com", nil, "", notBelow},
		{"a host whose name only ends like the base", byReference, "example.com", "acme.notexample.com", nil, "", notBelow},
		{"a name that ends like the base without a dot", byReference, "example.com", "acmeexample.com", nil, "", notBelow},
		{"the base with more behind it", byReference, "example.com", "acme.example.com.evil.example", nil, "", notBelow},
		{"a final dot", byReference, "example.com", "acme.example.com.", nil, "", notBelow},
		{"the base in the port", byReference, "example.com", "acme:.example.com", nil, "", notBelow},
		{"a dot stands for no other character", byReference, "example.com", "acme.exampleXcom", nil, "", notBelow},
		{"another letter that becomes ASCII in lower case", byReference, "kingdom.example", "acme.\u212aingdom.example", nil, "", notBelow},
		{"a space", byReference, "example.com", "acme .example.com", nil, "", notBelow},
		{"an IPv6 address", byReference, "example.com", "[::1]:8080", nil, "", notBelow},
		{"no Host", byReference, "example.com", "", nil, "", notBelow},
		{"a base with a scheme", byReference, "https://example.com", "acme.example.com", nil, "", "is not a host name"},
		{"a base that begins with a dot", byReference, ".example.com", "acme.example.com", nil, "", "is not a host name"},
		{"a base with a port", byReference, "example.com:8080", "acme.example.com:8080", nil, "", "is not a host name"},
		{"no base", byReference, "", "acme.", nil, "", "is not a host name"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newSite(t)
			var got authrocket.Org
			var refused error
			config := c.realm.Config()
			config.Deny = func(_ http.ResponseWriter, _ *http.Request, err error) bool {
				refused = err
				return true
			}
			auth := openAuth(t, config)
			warm(t, auth)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Host = row.host
			r.Header.Set("Authorization", "Bearer "+c.realm.Token(c.ada, orgs))
			auth.RequireOrg(row.selector(row.base), row.rules...)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got, _ = authrocket.CurrentOrg(r.Context())
			})).ServeHTTP(httptest.NewRecorder(), r)
			if got.ID != row.want || (refused == nil) != (row.want != "") {
				t.Fatalf("got org %q, %v, want %q", got.ID, refused, row.want)
			}
			if refused == nil {
				return
			}
			want := authrocket.ErrWrongOrg
			if row.rules != nil {
				want = authrocket.ErrPermissionDenied
			}
			if !errors.Is(refused, want) || !strings.Contains(refused.Error(), row.says) {
				t.Errorf("got %v, want %v that says %q", refused, want, row.says)
			}
		})
	}
}

// TestCustomSelectors checks that of what a selector returns only the IDs
// count: anybody can make a Membership, even one with permissions.
func TestCustomSelectors(t *testing.T) {
	t.Parallel()
	type membership = authrocket.Membership
	errOwn := errors.New("own reason")
	unavailable := fmt.Errorf("%w: the database is down", authrocket.ErrUnavailable)
	org := func(id string) authrocket.Org { return authrocket.Org{ID: id} }

	// A membership of another user, who is allowed everything in org_2.
	other := newSite(t)
	eve := other.session(t, setClaim("orgs", []any{map[string]any{"oid": "org_2", "mid": "mb_2", "perm": []string{"ar:owner"}}}))
	powerful, _ := eve.Membership()

	for _, row := range []struct {
		name    string
		chosen  membership
		refuses error
		rules   []authrocket.Rule
		want    string
		err     error
	}{
		{"by both IDs", membership{ID: "mb_2", Org: org("org_2")}, nil, nil, "org_2", nil},
		{"by the membership's ID", membership{ID: "mb_2"}, nil, nil, "org_2", nil},
		{"by the org's ID", membership{Org: org("org_2")}, nil, nil, "org_2", nil},
		{"the chosen membership has its own permissions", membership{ID: "mb_2"}, nil, []authrocket.Rule{authrocket.Permission("b")}, "org_2", nil},
		{"forged permissions do not count", powerful, nil, []authrocket.Rule{authrocket.Permission("ar:owner")}, "", authrocket.ErrPermissionDenied},
		{"a forged name and reference do not count", membership{ID: "mb_2", Org: authrocket.Org{ID: "org_2", Name: "x", Reference: "one"}}, nil, nil, "org_2", nil},
		{"an org of somebody else", membership{Org: org("org_9")}, nil, nil, "", authrocket.ErrWrongOrg},
		{"a membership of somebody else", membership{ID: "mb_9"}, nil, nil, "", authrocket.ErrWrongOrg},
		{"a membership and the org of another one", membership{ID: "mb_1", Org: org("org_2")}, nil, nil, "", authrocket.ErrWrongOrg},
		{"a membership of somebody else in the user's org", membership{ID: "mb_9", Org: org("org_1")}, nil, nil, "", authrocket.ErrWrongOrg},
		{"a reference only", membership{Org: authrocket.Org{Reference: "two"}}, nil, nil, "", authrocket.ErrWrongOrg},
		{"selected only", membership{Selected: true}, nil, nil, "", authrocket.ErrWrongOrg},
		{"nothing, and no error", membership{}, nil, nil, "", authrocket.ErrWrongOrg},
		{"an error of no kind is the wrong org", membership{}, errOwn, nil, "", authrocket.ErrWrongOrg},
		{"an error of no kind stays itself", membership{}, errOwn, nil, "", errOwn},
		{"an error beside a membership refuses", membership{ID: "mb_1", Org: org("org_1")}, errOwn, nil, "", authrocket.ErrWrongOrg},
		{"an error of another kind keeps it", membership{}, unavailable, nil, "", authrocket.ErrUnavailable},
		{"an error of another reason keeps it", membership{}, authrocket.ErrEmailNotVerified, nil, "", authrocket.ErrEmailNotVerified},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			selector := func(*http.Request, authrocket.Session) (authrocket.Membership, error) { return row.chosen, row.refuses }
			got, err := orgCheck(t, newSite(t), "/none", selector, twoOrgs, row.rules...)
			if got.ID != row.want || !errors.Is(err, row.err) || got.Name != "" {
				t.Errorf("got org %+v, %v, want %q, %v", got, err, row.want, row.err)
			}
			expectOneKind(t, err)
			if errors.Is(err, authrocket.ErrWrongOrg) && row.refuses == nil && !strings.Contains(err.Error(), "the selector chose") {
				t.Errorf("got %q, want it to say what the selector chose", err)
			}
		})
	}
}

func TestSelectorOfAmbiguousMemberships(t *testing.T) {
	t.Parallel()
	orgs := setClaim("orgs", []any{
		map[string]any{"oid": "org_1", "mid": "mb_1", "perm": []string{"a"}},
		map[string]any{"oid": "org_1", "mid": "mb_2", "perm": []string{"b"}},
	})
	c := newSite(t)
	if _, err := orgCheck(t, c, "/orgs/org_1", authrocket.OrgIDFromPath("org"), orgs); !errors.Is(err, authrocket.ErrWrongOrg) {
		t.Errorf("two memberships with the ID of the path: got %v, want %v", err, authrocket.ErrWrongOrg)
	}
	byOrg := func(*http.Request, authrocket.Session) (authrocket.Membership, error) {
		return authrocket.Membership{Org: authrocket.Org{ID: "org_1"}}, nil
	}
	if _, err := orgCheck(t, c, "/none", byOrg, orgs); !errors.Is(err, authrocket.ErrWrongOrg) {
		t.Errorf("two memberships with the selector's org: got %v, want %v", err, authrocket.ErrWrongOrg)
	}
}

func TestSelectorSeesTheRequestAndTheSession(t *testing.T) {
	t.Parallel()
	c := newSite(t)
	selector := func(r *http.Request, s authrocket.Session) (authrocket.Membership, error) {
		for _, m := range s.Memberships() {
			if m.Org.Reference == r.URL.Query().Get("org") {
				return m, nil
			}
		}
		return authrocket.Membership{}, errors.New("no such org")
	}
	if org, err := orgCheck(t, c, "/none?org=w-1", selector, authrockettest.AllOrgs()); org.ID != c.widgets.ID || err != nil {
		t.Errorf("got org %q, %v, want %q", org.ID, err, c.widgets.ID)
	}
}

// A selector that found nothing and returns no error has not chosen the only membership.
func TestSelectorOfNothingChoosesNothing(t *testing.T) {
	t.Parallel()
	selector := func(*http.Request, authrocket.Session) (authrocket.Membership, error) {
		return authrocket.Membership{}, nil
	}
	if org, err := orgCheck(t, newSite(t), "/none", selector, granted("a")); !errors.Is(err, authrocket.ErrWrongOrg) {
		t.Errorf("got org %q, %v, want %v", org.ID, err, authrocket.ErrWrongOrg)
	}
}

func TestSelectorNeedsMembership(t *testing.T) {
	t.Parallel()
	byNothing := func(*http.Request, authrocket.Session) (authrocket.Membership, error) {
		return authrocket.Membership{ID: "mb_1"}, nil
	}
	for _, selector := range []authrocket.OrgSelector{authrocket.OrgIDFromPath("org"), byNothing} {
		if _, err := orgCheck(t, newSite(t), "/orgs/org_1", selector, withoutClaim("orgs")); !errors.Is(err, authrocket.ErrWrongOrg) {
			t.Errorf("got %v, want %v", err, authrocket.ErrWrongOrg)
		}
	}
}
