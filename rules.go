package authrocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Rule decides whether a signed-in user may pass: nil allows. An error refuses
// with the status of its kind; an error of no kind counts as [ErrForbidden],
// and its text is not shown to the client. A Rule that cannot decide, because a
// database is down for instance, returns an error that wraps [ErrUnavailable].
// A Rule is called by many goroutines at once. A nil Rule refuses everyone with
// [ErrPermissionDenied]. Config.Rules are asked at every gate.
//
// At [Auth.RequireOrg], and at [Auth.CheckToken] with an orgID, the session's current
// membership is that of the org the request is about; elsewhere it is the account
// that the user picked.
type Rule func(ctx context.Context, s Session) error

func (rule Rule) check(ctx context.Context, s Session) error {
	if rule == nil {
		return refuse(ErrPermissionDenied, "the rule is nil")
	}
	if err := rule(ctx, s); err != nil {
		return withKind(err, ErrForbidden)
	}
	return nil
}

// missingPermissions refuses since the tags are not granted. All of them are needed, or any.
func missingPermissions(isAnyEnough bool, tags ...string) error {
	isAnyEnough = isAnyEnough && len(tags) > 1
	detail := fmt.Sprintf("%q", tags)
	switch {
	case isAnyEnough:
		detail = "one of " + detail
	case len(tags) == 1:
		detail = strconv.Quote(tags[0])
	}
	return &refusal{reason: ErrPermissionDenied, detail: detail, permissions: tags, isAnyEnough: isAnyEnough}
}

// Permission allows users whose current membership has all the permission tags,
// compared exactly. Without tags it refuses everyone. It refuses with
// [ErrPermissionDenied].
//
// A role is a permission tag in AuthRocket: Permission("admin") is the gate of
// the role admin.
func Permission(tags ...string) Rule {
	return func(_ context.Context, s Session) error {
		if len(tags) == 0 {
			return refuse(ErrPermissionDenied, "Permission was given no tags")
		}
		var missing []string
		for _, tag := range tags {
			if !s.HasPermission(tag) {
				missing = append(missing, tag)
			}
		}
		if len(missing) > 0 {
			return missingPermissions(false, missing...)
		}
		return nil
	}
}

// AnyPermission allows users whose current membership has at least one of the
// permission tags, compared exactly. Without tags it refuses everyone. It
// refuses with [ErrPermissionDenied].
func AnyPermission(tags ...string) Rule {
	return func(_ context.Context, s Session) error {
		for _, tag := range tags {
			if s.HasPermission(tag) {
				return nil
			}
		}
		return missingPermissions(true, tags...)
	}
}

// PermissionMatching allows users whose current membership has a permission tag that
// covers tag: a * in the granted tag stands for any run of characters, colons
// included. A * in tag itself is an ordinary character. A tag that starts with
// ar:, which AuthRocket reserves, is only covered by a granted tag that starts
// with ar: too. The empty tag refuses everyone. It refuses with
// [ErrPermissionDenied].
func PermissionMatching(tag string) Rule {
	return func(_ context.Context, s Session) error {
		if m, ok := s.Membership(); ok && tag != "" {
			for _, granted := range m.permissions {
				if covers(granted, tag) {
					return nil
				}
			}
		}
		return missingPermissions(false, tag)
	}
}

const reservedPrefix = "ar:"

// covers reports whether granted, in which * stands for any run of characters,
// matches the whole of tag. It goes back to the last * only, so that it takes no more
// than len(granted) * len(tag) steps: an admin of the realm may write any granted tag,
// and a recursive match of many * would take exponential time.
func covers(granted, tag string) bool {
	if strings.HasPrefix(tag, reservedPrefix) && !strings.HasPrefix(granted, reservedPrefix) {
		return false
	}
	g, t, star, resume := 0, 0, -1, 0
	for t < len(tag) {
		switch {
		case g < len(granted) && granted[g] == '*':
			star, resume = g, t
			g++
		case g < len(granted) && granted[g] == tag[t]:
			g++
			t++
		case star >= 0:
			resume++
			g, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(granted[g:], "*") == ""
}

// VerifiedEmail allows users whose token says that their email address is
// verified. Some realms leave email_verified out of their tokens: there it
// refuses everyone. It refuses with [ErrEmailNotVerified].
func VerifiedEmail() Rule {
	return func(_ context.Context, s Session) error {
		if s.User.EmailVerification != EmailVerified {
			return refuse(ErrEmailNotVerified, "the token says %s", s.User.EmailVerification)
		}
		return nil
	}
}

// AnyOf allows what at least one of the rules allows; they are asked in order.
// If none does, it refuses with the first error of kind [ErrUnavailable], since
// that rule might have allowed it, else with the last. Without rules it refuses
// everyone.
func AnyOf(rules ...Rule) Rule {
	return func(ctx context.Context, s Session) error {
		var unavailable, last error
		for _, rule := range rules {
			if last = rule.check(ctx, s); last == nil {
				return nil
			}
			if unavailable == nil && errors.Is(last, ErrUnavailable) {
				unavailable = last
			}
		}
		switch {
		case unavailable != nil:
			return unavailable
		case last != nil:
			return last
		}
		return refuse(ErrPermissionDenied, "AnyOf was given no rules")
	}
}

// OrgSelector says which of the session's memberships a request is about, for
// [Auth.RequireOrg]. Of the Membership only its ID and its Org.ID count, and one of
// them is enough: the session's own membership with them is used, and a membership
// that the session does not have refuses with [ErrWrongOrg]. An error refuses with
// the status of its kind; an error of no kind counts as [ErrWrongOrg], and its text
// is not shown to the client. An OrgSelector is called by many goroutines at once.
// One that reads a header:
//
//	func(r *http.Request, _ authrocket.Session) (authrocket.Membership, error) {
//		return authrocket.Membership{Org: authrocket.Org{ID: r.Header.Get("Org-ID")}}, nil
//	}
type OrgSelector func(*http.Request, Session) (Membership, error)

// OrgIDFromPath selects the org whose ID is the value of the path wildcard
// name, as in "/orgs/{org}/": see [http.Request.PathValue]. The gate must be behind the
// router that sets the value: an empty one selects no org, which is [ErrWrongOrg].
func OrgIDFromPath(name string) OrgSelector {
	return orgFromPath(name, "ID", func(o Org) string { return o.ID })
}

// OrgReferenceFromPath selects the org whose Reference is the value of the path
// wildcard name, as [OrgIDFromPath] does. References need not be unique: a value that
// two of the user's orgs have selects none.
func OrgReferenceFromPath(name string) OrgSelector {
	return orgFromPath(name, "reference", func(o Org) string { return o.Reference })
}

func orgFromPath(name, attributeName string, attribute func(Org) string) OrgSelector {
	return func(r *http.Request, s Session) (Membership, error) {
		value := r.PathValue(name)
		if value == "" {
			return Membership{}, refuse(ErrWrongOrg, "the path has no value for {%s}; the gate belongs behind the router that knows it", name)
		}
		return onlyMembership(s, attribute, value, attributeName+" is {"+name+"}")
	}
}

// OrgIDFromSubdomain selects the org whose ID is the subdomain of the request's Host
// below base: with base example.com, the Host org_1.example.com selects the org
// org_1. Host names have no case: the ID is compared without it. Everything else is
// as with [OrgReferenceFromSubdomain].
func OrgIDFromSubdomain(base string) OrgSelector {
	return orgFromSubdomain(base, "ID", func(o Org) string { return strings.ToLower(o.ID) })
}

// OrgReferenceFromSubdomain selects the org whose Reference is the subdomain of the
// request's Host below base: with base example.com, the Host acme.example.com
// selects the org with the Reference acme. The subdomain is one label, in lower case
// and without the port: a Reference in upper case is never selected. A Host that is
// base itself, that has two labels below it or that is not below it selects none.
// Neither does a Reference that two of the user's orgs have.
//
// For bearer tokens one Auth is enough. For browsers, make one Auth for each subdomain,
// with that AppURL, and choose it by the request's Host before Authenticate: a cookie
// of this package belongs to one host, and every login comes back to Config.AppURL.
// Each Auth fetches the keys itself, and each AppURL must match a Login URL of the
// realm. Where orgs come and go, [OrgReferenceFromPath] is easier.
//
// The client chooses the Host, so that it says nothing about who sends the request.
// It only selects among the session's own memberships. Act on the org of
// [CurrentOrg], not on the Host. A proxy must hand on the Host of the browser.
func OrgReferenceFromSubdomain(base string) OrgSelector {
	return orgFromSubdomain(base, "reference", func(o Org) string { return o.Reference })
}

// hostChars are those of host names. Other letters may become ASCII in lower case.
var hostChars = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func orgFromSubdomain(base, attributeName string, attribute func(Org) string) OrgSelector {
	isValid := hostChars.MatchString(base)
	suffix := "." + strings.ToLower(base)
	return func(r *http.Request, s Session) (Membership, error) {
		if !isValid {
			return Membership{}, refuse(ErrWrongOrg, "the base %q of the selector is not a host name; write one, for example example.com", base)
		}
		host, _, _ := strings.Cut(r.Host, ":")
		label, isBelow := strings.CutSuffix(strings.ToLower(host), suffix)
		if !hostChars.MatchString(host) || !isBelow || strings.Contains(label, ".") {
			return Membership{}, refuse(ErrWrongOrg, "the Host %.100q is not one label below %s", r.Host, base)
		}
		return onlyMembership(s, attribute, label, attributeName+" is the subdomain")
	}
}

// onlyMembership returns the membership in the org whose attribute is value, if there
// is exactly one: to pick one of two would be a guess about whose data is meant.
func onlyMembership(s Session, attribute func(Org) string, value, criterion string) (Membership, error) {
	var found []Membership
	for _, m := range s.Memberships() {
		if attribute(m.Org) == value {
			found = append(found, m)
		}
	}
	switch len(found) {
	case 0:
		return Membership{}, refuse(ErrWrongOrg, "no membership in the org whose %s", criterion)
	case 1:
		return found[0], nil
	}
	return Membership{}, refuse(ErrWrongOrg, "%d memberships in orgs whose %s", len(found), criterion)
}
