package authrocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
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
		name, says string
		token      authrockettest.TokenOption
		rule       authrocket.Rule
		want       error
	}{
		{name: "Permission that is granted", token: granted("a", "b"), rule: authrocket.Permission("b")},
		{name: "Permission that is missing", token: granted("a", "b"), rule: authrocket.Permission("c"), want: denied, says: `"c"`},
		{name: "Permission wants all", token: granted("a", "b"), rule: authrocket.Permission("a", "c"), want: denied, says: `"c"`},
		{name: "Permission has all", token: granted("a", "b"), rule: authrocket.Permission("b", "a")},
		{name: "Permission without tags refuses", token: granted("a"), rule: authrocket.Permission(), want: denied, says: "no tags"},
		{name: "Permission of the empty tag refuses", token: granted(""), rule: authrocket.Permission(""), want: denied},
		{name: "Permission expands nothing", token: granted("billing:*"), rule: authrocket.Permission("billing:write"), want: denied},
		{name: "Permission compares with case", token: granted("Admin"), rule: authrocket.Permission("admin"), want: denied},
		{name: "Permission without membership", token: withoutClaim("orgs"), rule: authrocket.Permission("a"), want: denied},
		{name: "Permission of another org than the current", token: setClaim("orgs", []any{
			map[string]any{"oid": "org_1", "perm": []string{"a"}}, map[string]any{"oid": "org_2", "perm": []string{"b"}, "selected": true},
		}), rule: authrocket.Permission("a"), want: denied},

		{name: "AnyPermission that is granted", token: granted("a"), rule: authrocket.AnyPermission("x", "a")},
		{name: "AnyPermission without a match", token: granted("a"), rule: authrocket.AnyPermission("x", "y"), want: denied, says: `"x" "y"`},
		{name: "AnyPermission without tags refuses", token: granted("a"), rule: authrocket.AnyPermission(), want: denied},
		{name: "AnyPermission of the empty tag refuses", token: granted(""), rule: authrocket.AnyPermission(""), want: denied},
		{name: "AnyPermission without membership", token: withoutClaim("orgs"), rule: authrocket.AnyPermission("a"), want: denied},

		{name: "VerifiedEmail of a verified address", token: setClaim("email_verified", true), rule: authrocket.VerifiedEmail()},
		{name: "VerifiedEmail of an unverified address", token: setClaim("email_verified", false), rule: authrocket.VerifiedEmail(), want: authrocket.ErrEmailNotVerified, says: "not_verified"},
		{name: "VerifiedEmail of an unknown address refuses", token: withoutClaim("email_verified"), rule: authrocket.VerifiedEmail(), want: authrocket.ErrEmailNotVerified, says: "unknown"},

		{name: "a nil rule refuses", token: granted("a"), want: denied, says: "nil"},
		{name: "a rule that allows", token: granted(), rule: allow},
		{name: "an error of no kind is forbidden", token: granted(), rule: failWith(errOwn), want: authrocket.ErrForbidden, says: "own reason"},
		{name: "an error of no kind stays itself", token: granted(), rule: failWith(errOwn), want: errOwn},
		{name: "a rule that cannot tell is unavailable", token: granted(), rule: failWith(unavailable), want: authrocket.ErrUnavailable, says: "database"},
		{name: "a rule that finds nobody signed in", token: granted(), rule: failWith(authrocket.ErrUnauthenticated), want: authrocket.ErrUnauthenticated},
		{name: "a rule with a reason of the package", token: granted(), rule: failWith(authrocket.ErrPermissionDenied), want: denied},

		{name: "AnyOf without rules refuses", token: granted("a"), rule: authrocket.AnyOf(), want: denied, says: "no rules"},
		{name: "AnyOf takes the first that allows", token: granted("a"), rule: authrocket.AnyOf(failWith(errOwn), authrocket.Permission("a"), nil)},
		{name: "AnyOf asks no further than needed", token: granted("a"), rule: authrocket.AnyOf(allow, func(context.Context, authrocket.Session) error {
			panic("asked")
		})},
		{name: "AnyOf refuses with the last", token: granted("a"), rule: authrocket.AnyOf(failWith(authrocket.ErrEmailNotVerified), authrocket.Permission("x")), want: denied, says: `"x"`},
		{name: "AnyOf prefers the first unavailable one", token: granted("a"), rule: authrocket.AnyOf(authrocket.Permission("x"), failWith(unavailable), failWith(authrocket.ErrUnavailable), authrocket.Permission("y")), want: unavailable},
		{name: "AnyOf allows although one cannot tell", token: granted("a"), rule: authrocket.AnyOf(failWith(unavailable), allow)},
		{name: "AnyOf with a nil rule only refuses", token: granted("a"), rule: authrocket.AnyOf(nil), want: denied, says: "nil"},
		{name: "AnyOf goes on after a nil rule", token: granted("a"), rule: authrocket.AnyOf(nil, allow)},
		{name: "AnyOf gives an error of no kind a kind", token: granted("a"), rule: authrocket.AnyOf(failWith(errOwn)), want: authrocket.ErrForbidden, says: "own reason"},
		{name: "AnyOf within AnyOf", token: granted("a"), rule: authrocket.AnyOf(authrocket.AnyOf(), authrocket.AnyOf(authrocket.Permission("a")))},
	} {
		t.Run(row.name, func(t *testing.T) {
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
	for _, row := range []struct {
		name, org string
		gate      func(*authrocket.Auth) func(http.Handler) http.Handler // nil for Check
	}{
		{name: "RequireLogin", gate: func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.RequireLogin }, org: "org_1"},
		{name: "Require without rules", gate: func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.Require() }, org: "org_1"},
		{name: "Require with a rule", gate: func(a *authrocket.Auth) func(http.Handler) http.Handler { return a.Require(allow) }, org: "org_1"},
		{name: "RequireOrg, about the org of the request", gate: func(a *authrocket.Auth) func(http.Handler) http.Handler {
			return a.RequireOrg(authrocket.OrgIDFromPath("org"))
		}, org: "org_2"},
		{name: "RequireLogin behind Authenticate", gate: func(a *authrocket.Auth) func(http.Handler) http.Handler {
			return func(next http.Handler) http.Handler { return a.Authenticate(a.RequireLogin(next)) }
		}, org: "org_1"},
		{name: "Check", org: "org_1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			refusal := authrocket.ErrEmailNotVerified
			var asked string
			var refused error
			s := newSite(t, func(c *authrocket.Config) {
				c.Rules = []authrocket.Rule{func(_ context.Context, s authrocket.Session) error {
					org, _ := s.Org()
					asked += org.ID
					return refusal
				}}
				c.Deny = func(_ http.ResponseWriter, _ *http.Request, err error) bool {
					refused = err
					return true
				}
			})
			r := s.signedIn("/", twoOrgs)
			r.SetPathValue("org", "org_2")
			passes := func() bool {
				if row.gate == nil {
					_, refused = s.auth.Check(r)
					return refused == nil
				}
				return pass(row.gate(s.auth), r) != nil
			}
			if passes() || !errors.Is(refused, refusal) || asked != row.org {
				t.Errorf("a rule that refuses: got %v, asked about %q, want %v about %q", refused, asked, refusal, row.org)
			}
			if refusal = nil; !passes() {
				t.Errorf("a rule that allows: got %v", refused)
			}
		})
	}
}

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
	serve(gate(http.NotFoundHandler()), c.signedIn("/"))
	if want := []string{"selector", "config 1", "config 2", "gate"}; !slices.Equal(order, want) {
		t.Errorf("got %q, want %q", order, want)
	}
}

func TestConfigRulesAreNotAskedWithoutAGate(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *authrocket.Config) {
		c.Rules = []authrocket.Rule{func(context.Context, authrocket.Session) error {
			t.Error("the rule is asked")
			return authrocket.ErrForbidden
		}}
	})
	s.session(t)
	expectCurrent(t, pass(s.auth.Authenticate, s.signedIn("/")).Context(), s.ada.ID, s.engines.ID)
	if _, err := s.auth.Check(request(http.MethodGet, "/")); !errors.Is(err, authrocket.ErrNoToken) {
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
		name, reason string
		err          error
		status       int
	}{
		{name: "of no kind", err: errors.New("inside-information"), status: http.StatusForbidden, reason: "forbidden"},
		{name: "forbidden", err: fmt.Errorf("%w: inside-information", authrocket.ErrForbidden), status: http.StatusForbidden, reason: "forbidden"},
		{name: "a missing permission", err: fmt.Errorf("%w: inside-information", authrocket.ErrPermissionDenied), status: http.StatusForbidden, reason: "permission_denied"},
		{name: "unavailable", err: fmt.Errorf("%w: inside-information", authrocket.ErrUnavailable), status: http.StatusServiceUnavailable, reason: "unavailable"},
		{name: "not signed in", err: fmt.Errorf("%w: inside-information", authrocket.ErrUnauthenticated), status: http.StatusUnauthorized, reason: "unauthenticated"},
	} {
		for _, accept := range []string{"application/json", "text/plain"} {
			t.Run(row.name+" as "+accept, func(t *testing.T) {
				c := newSite(t)
				r := withBearer(request(http.MethodGet, "/"), c.realm.Token(c.ada))
				r.Header.Set("Accept", accept)
				w := serve(c.auth.Require(failWith(row.err))(http.NotFoundHandler()), r)
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
		name, required string
		granted        []string
		want           bool
	}{
		{name: "the same tag", granted: []string{"billing:write"}, required: "billing:write", want: true},
		{name: "another tag", granted: []string{"billing:read"}, required: "billing:write"},
		{name: "one of several", granted: []string{"x", "billing:*", "y"}, required: "billing:write", want: true},
		{name: "a star at the end", granted: []string{"billing:*"}, required: "billing:write", want: true},
		{name: "a star stands for colons", granted: []string{"billing:*"}, required: "billing:invoice:write", want: true},
		{name: "a star stands for nothing", granted: []string{"billing:*"}, required: "billing:", want: true},
		{name: "a star does not stand for the colon before it", granted: []string{"billing:*"}, required: "billing"},
		{name: "a star at the start", granted: []string{"*:write"}, required: "billing:invoice:write", want: true},
		{name: "a star at the start needs the end", granted: []string{"*:write"}, required: "billing:write:x"},
		{name: "a star in the middle", granted: []string{"billing:*:write"}, required: "billing:a:b:write", want: true},
		{name: "a star in the middle that stands for nothing", granted: []string{"a*b"}, required: "ab", want: true},
		{name: "text before a star counts", granted: []string{"billing:*"}, required: "xbilling:write"},
		{name: "two stars", granted: []string{"*:*"}, required: "a:b", want: true},
		{name: "two stars need what is between them", granted: []string{"*:*"}, required: "ab"},
		{name: "stars side by side", granted: []string{"a**b***"}, required: "ab", want: true},
		{name: "a star goes back as often as needed", granted: []string{"*ab*abc"}, required: "xababxababc", want: true},
		{name: "a star alone", granted: []string{"*"}, required: "anything:at.all", want: true},
		{name: "a star alone does not cover reserved tags", granted: []string{"*"}, required: "ar:owner"},
		{name: "nor does a star and more", granted: []string{"*:owner"}, required: "ar:owner"},
		{name: "nor does a beginning of the reserved prefix", granted: []string{"a*"}, required: "ar:owner"},
		{name: "nor does the prefix without its colon", granted: []string{"ar*"}, required: "ar:owner"},
		{name: "a reserved tag covers itself", granted: []string{"ar:owner"}, required: "ar:owner", want: true},
		{name: "a reserved star covers reserved tags", granted: []string{"ar:*"}, required: "ar:owner", want: true},
		{name: "a reserved star covers no others", granted: []string{"ar:*"}, required: "billing:write"},
		{name: "the prefix is reserved in lower case only", granted: []string{"*"}, required: "AR:owner", want: true},
		{name: "a tag that only begins alike is not reserved", granted: []string{"*"}, required: "article:write", want: true},
		{name: "a star in the required tag is literal", granted: []string{"billing:write"}, required: "billing:*"},
		{name: "nor does it stand for one character", granted: []string{"billing:w"}, required: "billing:*"},
		{name: "a star in the required tag covers nothing by itself", granted: []string{"billing:write"}, required: "*"},
		{name: "a literal star is covered by itself", granted: []string{"billing:*"}, required: "billing:*", want: true},
		{name: "a literal star is covered by a wider star", granted: []string{"*"}, required: "billing:*", want: true},
		{name: "with case", granted: []string{"Billing:*"}, required: "billing:write"},
		{name: "a question mark is literal", granted: []string{"billing:?"}, required: "billing:a"},
		{name: "a dot is literal", granted: []string{"billing.write"}, required: "billing:write"},
		{name: "the empty tag is never covered", granted: []string{"", "*"}},
		{name: "an empty granted tag covers nothing", granted: []string{""}, required: "a"},
		{name: "a longer granted tag", granted: []string{"billing:write"}, required: "billing:writ"},
		{name: "a shorter granted tag", granted: []string{"billing:writ"}, required: "billing:write"},
		{name: "nothing granted", required: "a"},
	} {
		t.Run(row.name, func(t *testing.T) {
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

// orgCheck sends r, with a token of Ada's, through RequireOrg on a route that has the
// wildcard org, and returns what the gate came to.
func orgCheck(t *testing.T, s *site, r *http.Request, selector authrocket.OrgSelector, token authrockettest.TokenOption, rules ...authrocket.Rule) (org authrocket.Org, err error) {
	t.Helper()
	auth := s.newAuth(t, func(c *authrocket.Config) {
		c.Deny = func(w http.ResponseWriter, _ *http.Request, e error) bool {
			err = e
			w.WriteHeader(authrocket.StatusCode(e))
			return true
		}
	})
	mux := http.NewServeMux()
	gated := auth.RequireOrg(selector, rules...)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		org, _ = authrocket.CurrentOrg(r.Context())
	}))
	for _, pattern := range []string{"GET /{$}", "GET /orgs/{org}", "GET /rest/{org...}"} {
		mux.Handle(pattern, gated)
	}
	serve(mux, withBearer(r, s.realm.Token(s.ada, token)))
	return org, err
}

// expectOrg checks that a gate chose the org whose ID is want, or for "" that it
// refused: for the org, or where there are rules, for a permission.
func expectOrg(t *testing.T, org authrocket.Org, err error, want, says string, rules []authrocket.Rule) {
	t.Helper()
	if org.ID != want || (err == nil) != (want != "") {
		t.Fatalf("got org %q, %v, want %q", org.ID, err, want)
	}
	refusal := authrocket.ErrWrongOrg
	if rules != nil {
		refusal = authrocket.ErrPermissionDenied
	}
	if err != nil && (!errors.Is(err, refusal) || !strings.Contains(err.Error(), says)) {
		t.Errorf("got %v, want %v that says %q", err, refusal, says)
	}
}

func TestOrgSelectors(t *testing.T) {
	t.Parallel()
	byID, byReference := authrocket.OrgIDFromPath("org"), authrocket.OrgReferenceFromPath("org")
	const missing, ambiguous, empty = "no membership in the org", "2 memberships", "no value for {org}"
	for _, row := range []struct {
		name, target, want, says string
		selector                 authrocket.OrgSelector
		rules                    []authrocket.Rule
	}{
		{name: "the selected org by ID", selector: byID, target: "/orgs/org_1", want: "org_1"},
		{name: "another org of the user by ID", selector: byID, target: "/orgs/org_2", want: "org_2"},
		{name: "an org of somebody else", selector: byID, target: "/orgs/org_9", says: missing + " whose ID is {org}"},
		{name: "IDs differ by case", selector: byID, target: "/orgs/ORG_1", says: missing},
		{name: "an ID is not a reference", selector: byID, target: "/orgs/one", says: missing},
		{name: "a reference is not an ID", selector: byReference, target: "/orgs/org_1", says: missing + " whose reference is {org}"},
		{name: "by reference", selector: byReference, target: "/orgs/two", want: "org_2"},
		{name: "an ambiguous reference", selector: byReference, target: "/orgs/twin", says: ambiguous + " in orgs whose reference is {org}"},
		{name: "an empty ID", selector: byID, target: "/rest/", says: empty},
		{name: "an empty reference", selector: byReference, target: "/rest/", says: empty},
		{name: "a missing path value", selector: byID, target: "/", says: empty},
		{name: "a wildcard of another name", selector: authrocket.OrgIDFromPath("account"), target: "/orgs/org_1", says: "no value for {account}"},
		{name: "a nil selector", target: "/orgs/org_1", says: "selector is nil"},
		{name: "the rules are about the chosen org", selector: byID, target: "/orgs/org_2", rules: []authrocket.Rule{authrocket.Permission("b")}, want: "org_2"},
		{name: "the rules are not about the selected org", selector: byID, target: "/orgs/org_2", rules: []authrocket.Rule{authrocket.Permission("a")}, says: `"a"`},
		{name: "a wildcard rule is about the chosen org too", selector: byID, target: "/orgs/org_2", rules: []authrocket.Rule{authrocket.PermissionMatching("a")}, says: `"a"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			org, err := orgCheck(t, newSite(t), request(http.MethodGet, row.target), row.selector, twoOrgs, row.rules...)
			expectOrg(t, org, err, row.want, row.says, row.rules)
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
		name, base, host, want, says string
		selector                     func(string) authrocket.OrgSelector
		rules                        []authrocket.Rule
	}{
		{name: "by reference", selector: byReference, base: "example.com", host: "acme.example.com", want: "org_1Ab"},
		{name: "by ID", selector: byID, base: "example.com", host: "org_2.example.com", want: "org_2"},
		{name: "an ID with upper case is compared without it, as a browser sends it", selector: byID, base: "example.com", host: "org_1ab.example.com", want: "org_1Ab"},
		{name: "IDs that differ by case only are ambiguous", selector: byID, base: "example.com", host: "org_6x.example.com", says: "2 memberships in orgs whose ID is the subdomain"},
		{name: "the Host has no case", selector: byReference, base: "example.com", host: "AcMe.EXAMPLE.com", want: "org_1Ab"},
		{name: "the base has no case", selector: byReference, base: "Example.COM", host: "acme.example.com", want: "org_1Ab"},
		{name: "the port does not count", selector: byReference, base: "example.com", host: "acme.example.com:8443", want: "org_1Ab"},
		{name: "a base of one label", selector: byReference, base: "localhost", host: "acme.localhost:8080", want: "org_1Ab"},
		{name: "the rules are about the chosen org", selector: byReference, base: "example.com", host: "two.example.com", rules: []authrocket.Rule{authrocket.Permission("b")}, want: "org_2"},
		{name: "the rules are not about the selected org", selector: byReference, base: "example.com", host: "two.example.com", rules: []authrocket.Rule{authrocket.Permission("a")}, says: `"a"`},
		{name: "an org of somebody else", selector: byReference, base: "example.com", host: "other.example.com", says: missing + " reference is the subdomain"},
		{name: "an ID is not a reference", selector: byReference, base: "example.com", host: "org_2.example.com", says: missing},
		{name: "a reference is not an ID", selector: byID, base: "example.com", host: "acme.example.com", says: missing},
		{name: "an ambiguous reference", selector: byReference, base: "example.com", host: "twin.example.com", says: "2 memberships in orgs whose reference is the subdomain"},
		{name: "a reference with upper case is never selected", selector: byReference, base: "example.com", host: "Upper.example.com", says: missing},
		{name: "the base itself", selector: byReference, base: "example.com", host: "example.com", says: notBelow + " example.com"},
		{name: "the base behind a dot", selector: byReference, base: "example.com", host: ".example.com", says: notBelow},
		{name: "two labels below the base", selector: byReference, base: "example.com", host: "a.b.example.com", says: notBelow},
		{name: "a host whose name only ends like the base", selector: byReference, base: "example.com", host: "acme.notexample.com", says: notBelow},
		{name: "a name that ends like the base without a dot", selector: byReference, base: "example.com", host: "acmeexample.com", says: notBelow},
		{name: "the base with more behind it", selector: byReference, base: "example.com", host: "acme.example.com.evil.example", says: notBelow},
		{name: "a final dot", selector: byReference, base: "example.com", host: "acme.example.com.", says: notBelow},
		{name: "the base in the port", selector: byReference, base: "example.com", host: "acme:.example.com", says: notBelow},
		{name: "a dot stands for no other character", selector: byReference, base: "example.com", host: "acme.exampleXcom", says: notBelow},
		{name: "another letter that becomes ASCII in lower case", selector: byReference, base: "kingdom.example", host: "acme.\u212aingdom.example", says: notBelow},
		{name: "a space", selector: byReference, base: "example.com", host: "acme .example.com", says: notBelow},
		{name: "an IPv6 address", selector: byReference, base: "example.com", host: "[::1]:8080", says: notBelow},
		{name: "no Host", selector: byReference, base: "example.com", says: notBelow},
		{name: "a base with a scheme", selector: byReference, base: "https://example.com", host: "acme.example.com", says: "is not a host name"},
		{name: "a base that begins with a dot", selector: byReference, base: ".example.com", host: "acme.example.com", says: "is not a host name"},
		{name: "a base with a port", selector: byReference, base: "example.com:8080", host: "acme.example.com:8080", says: "is not a host name"},
		{name: "no base", selector: byReference, host: "acme.", says: "is not a host name"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := request(http.MethodGet, "/")
			r.Host = row.host
			org, err := orgCheck(t, newSite(t), r, row.selector(row.base), orgs, row.rules...)
			expectOrg(t, org, err, row.want, row.says, row.rules)
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
		name, want   string
		chosen       membership
		refuses, err error
		rules        []authrocket.Rule
	}{
		{name: "by both IDs", chosen: membership{ID: "mb_2", Org: org("org_2")}, want: "org_2"},
		{name: "by the membership's ID", chosen: membership{ID: "mb_2"}, want: "org_2"},
		{name: "by the org's ID", chosen: membership{Org: org("org_2")}, want: "org_2"},
		{name: "the chosen membership has its own permissions", chosen: membership{ID: "mb_2"}, rules: []authrocket.Rule{authrocket.Permission("b")}, want: "org_2"},
		{name: "forged permissions do not count", chosen: powerful, rules: []authrocket.Rule{authrocket.Permission("ar:owner")}, err: authrocket.ErrPermissionDenied},
		{name: "a forged name and reference do not count", chosen: membership{ID: "mb_2", Org: authrocket.Org{ID: "org_2", Name: "x", Reference: "one"}}, want: "org_2"},
		{name: "an org of somebody else", chosen: membership{Org: org("org_9")}, err: authrocket.ErrWrongOrg},
		{name: "a membership of somebody else", chosen: membership{ID: "mb_9"}, err: authrocket.ErrWrongOrg},
		{name: "a membership and the org of another one", chosen: membership{ID: "mb_1", Org: org("org_2")}, err: authrocket.ErrWrongOrg},
		{name: "a membership of somebody else in the user's org", chosen: membership{ID: "mb_9", Org: org("org_1")}, err: authrocket.ErrWrongOrg},
		{name: "a reference only", chosen: membership{Org: authrocket.Org{Reference: "two"}}, err: authrocket.ErrWrongOrg},
		{name: "selected only", chosen: membership{Selected: true}, err: authrocket.ErrWrongOrg},
		{name: "nothing, and no error", chosen: membership{}, err: authrocket.ErrWrongOrg},
		{name: "an error of no kind is the wrong org", chosen: membership{}, refuses: errOwn, err: authrocket.ErrWrongOrg},
		{name: "an error of no kind stays itself", chosen: membership{}, refuses: errOwn, err: errOwn},
		{name: "an error beside a membership refuses", chosen: membership{ID: "mb_1", Org: org("org_1")}, refuses: errOwn, err: authrocket.ErrWrongOrg},
		{name: "an error of another kind keeps it", chosen: membership{}, refuses: unavailable, err: authrocket.ErrUnavailable},
		{name: "an error of another reason keeps it", chosen: membership{}, refuses: authrocket.ErrEmailNotVerified, err: authrocket.ErrEmailNotVerified},
	} {
		t.Run(row.name, func(t *testing.T) {
			selector := func(*http.Request, authrocket.Session) (authrocket.Membership, error) { return row.chosen, row.refuses }
			got, err := orgCheck(t, newSite(t), request("GET", "/"), selector, twoOrgs, row.rules...)
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

func TestSelectorsAndMemberships(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	twins := setClaim("orgs", []any{
		map[string]any{"oid": "org_1", "mid": "mb_1", "perm": []string{"a"}},
		map[string]any{"oid": "org_1", "mid": "mb_2", "perm": []string{"b"}},
	})
	choose := func(m authrocket.Membership) authrocket.OrgSelector {
		return func(*http.Request, authrocket.Session) (authrocket.Membership, error) { return m, nil }
	}
	byQuery := func(r *http.Request, s authrocket.Session) (authrocket.Membership, error) {
		for _, m := range s.Memberships() {
			if m.Org.Reference == r.URL.Query().Get("org") {
				return m, nil
			}
		}
		return authrocket.Membership{}, errors.New("no such org")
	}
	for _, row := range []struct {
		name, target, want string
		selector           authrocket.OrgSelector
		token              authrockettest.TokenOption
	}{
		{name: "a selector sees the request and the session", target: "/?org=w-1", selector: byQuery, token: authrockettest.AllOrgs(), want: s.widgets.ID},
		{name: "two memberships with the ID of the path", target: "/orgs/org_1", selector: authrocket.OrgIDFromPath("org"), token: twins},
		{name: "two memberships with the selector's org", target: "/", selector: choose(authrocket.Membership{Org: authrocket.Org{ID: "org_1"}}), token: twins},
		{name: "a selector of nothing does not choose the only membership", target: "/", selector: choose(authrocket.Membership{}), token: granted("a")},
		{name: "no membership for the ID of the path", target: "/orgs/org_1", selector: authrocket.OrgIDFromPath("org"), token: withoutClaim("orgs")},
		{name: "no membership for the selector's", target: "/", selector: choose(authrocket.Membership{ID: "mb_1"}), token: withoutClaim("orgs")},
	} {
		t.Run(row.name, func(t *testing.T) {
			org, err := orgCheck(t, s, request(http.MethodGet, row.target), row.selector, row.token)
			expectOrg(t, org, err, row.want, "", nil)
		})
	}
}
