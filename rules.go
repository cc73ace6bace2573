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

// Rule decides whether a signed-in user is allowed to continue. It returns nil to allow
// the user, or an error to refuse the request. The error's kind determines the status; an
// error without a kind counts as [ErrForbidden], and its text is not shown to the client.
// If a Rule cannot decide, for example because a database is down, it returns an error
// that wraps [ErrUnavailable]. A Rule is called by many goroutines at once. A nil Rule
// refuses everyone with [ErrPermissionDenied]. To check rules at every gate, set
// Config.Rules.
//
// At [Auth.RequireOrg], and at [Auth.CheckToken] with an orgID, the session's current
// membership is the user's membership in the org that the request is about. Elsewhere it
// is the membership in the account that the user picked.
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

// missingPermissions returns the error for a user who lacks permission tags. The user
// needs all of the tags or, with isAnyEnough, one of them.
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

// Permission allows users whose current membership has all the permission tags, compared
// exactly. Without tags it refuses everyone. Its error is [ErrPermissionDenied].
//
// In AuthRocket a role is a permission tag: Permission("admin") allows users with the
// role admin.
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

// AnyPermission allows users whose current membership has at least one of the permission
// tags, compared exactly. Without tags it refuses everyone. Its error is
// [ErrPermissionDenied].
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
// covers tag, such as "billing:*" for tag "billing:write". In the granted tag, a * stands
// for any sequence of characters, including colons. A * in tag itself is an ordinary
// character. AuthRocket reserves tags that start with ar:, so only a granted tag that
// starts with ar: covers such a tag. If tag is empty, PermissionMatching refuses
// everyone. Its error is [ErrPermissionDenied].
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

// covers reports whether granted, in which * stands for any sequence of characters,
// matches all of tag. It backtracks only to the last *, so it takes at most len(granted)
// * len(tag) steps. An admin of the realm can grant any tag, and a recursive match of a
// tag with many * would take exponential time.
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

// VerifiedEmail allows users whose token says that their email address is verified. In a
// realm whose tokens have no email_verified, it refuses everyone. Its error is
// [ErrEmailNotVerified].
func VerifiedEmail() Rule {
	return func(_ context.Context, s Session) error {
		if s.User.EmailVerification != EmailVerified {
			return refuse(ErrEmailNotVerified, "the token says %s", s.User.EmailVerification)
		}
		return nil
	}
}

// AnyOf allows users whom at least one of the rules allows. It checks them in order. If
// none allows the user, its error is the first rule error of kind [ErrUnavailable],
// because that rule might have allowed the user. If no rule error is of that kind, it is
// the last rule error. Without rules, AnyOf refuses everyone.
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

// OrgSelector returns which of the session's memberships a request is about, for
// [Auth.RequireOrg]. The gate uses only the ID and the Org.ID of the returned Membership
// to select one of the session's own memberships. One of these IDs is enough. If the
// session does not have that membership, the request is refused with [ErrWrongOrg]. An
// error also refuses the request. The error's kind determines the status; an error
// without a kind counts as [ErrWrongOrg], and its text is not shown to the client. An
// OrgSelector is called by many goroutines at once. For example, this OrgSelector reads a
// header:
//
//	func(r *http.Request, _ authrocket.Session) (authrocket.Membership, error) {
//		return authrocket.Membership{Org: authrocket.Org{ID: r.Header.Get("Org-ID")}}, nil
//	}
type OrgSelector func(*http.Request, Session) (Membership, error)

// OrgIDFromPath selects the org whose ID is the value of the path wildcard called name,
// such as "org" in "/orgs/{org}/": see [http.Request.PathValue]. The gate must be behind
// the router that sets the value. An empty value selects no org, and the error is then
// [ErrWrongOrg].
func OrgIDFromPath(name string) OrgSelector {
	return orgFromPath(name, "ID", func(o Org) string { return o.ID })
}

// OrgReferenceFromPath is [OrgIDFromPath] for the org's Reference. References need not be
// unique. If two of the user's orgs have the same Reference, OrgReferenceFromPath selects
// neither of them.
func OrgReferenceFromPath(name string) OrgSelector {
	return orgFromPath(name, "reference", func(o Org) string { return o.Reference })
}

func orgFromPath(name, attributeName string, attribute func(Org) string) OrgSelector {
	return func(r *http.Request, s Session) (Membership, error) {
		value := r.PathValue(name)
		if value == "" {
			return Membership{}, refuse(ErrWrongOrg, "the path has no value for {%s}; put the gate behind the router that sets it", name)
		}
		return onlyMembership(s, attribute, value, attributeName+" is {"+name+"}")
	}
}

// OrgIDFromSubdomain selects the org whose ID is the subdomain of the request's Host
// below base: with base example.com, the Host org_1.example.com selects the org org_1.
// The comparison ignores case, because host names ignore case. Otherwise,
// OrgIDFromSubdomain works like [OrgReferenceFromSubdomain].
func OrgIDFromSubdomain(base string) OrgSelector {
	return orgFromSubdomain(base, "ID", func(o Org) string { return strings.ToLower(o.ID) })
}

// OrgReferenceFromSubdomain selects the org whose Reference is the subdomain of the
// request's Host below base: with base example.com, the Host acme.example.com selects the
// org with the Reference acme. The subdomain is one label, in lower case, so a Reference
// with upper-case letters is never selected. The Host selects no org if it is base
// itself, if it has more than one label below base, or if it is not below base. It also
// selects no org if two of the user's orgs have that Reference.
//
// For bearer tokens, one Auth is enough. For browsers, each subdomain needs an Auth with
// its own AppURL, because a cookie of this package belongs to one host, and every login
// comes back to Config.AppURL. Choose the Auth by the request's Host before you call
// Authenticate. Each Auth fetches the keys itself, and each AppURL must match a Login URL
// of the realm. If orgs are added often, [OrgReferenceFromPath] is easier.
//
// The client chooses the Host, so the Host does not prove who sends the request. It only
// selects one of the session's own memberships. Act on the org of [CurrentOrg], not on
// the Host. A proxy must pass on the Host of the browser.
func OrgReferenceFromSubdomain(base string) OrgSelector {
	return orgFromSubdomain(base, "reference", func(o Org) string { return o.Reference })
}

// hostChars matches host names. Other characters are refused, because conversion to lower
// case could turn them into ASCII letters.
var hostChars = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func orgFromSubdomain(base, attributeName string, attribute func(Org) string) OrgSelector {
	isValid := hostChars.MatchString(base)
	suffix := "." + strings.ToLower(base)
	return func(r *http.Request, s Session) (Membership, error) {
		if !isValid {
			return Membership{}, refuse(ErrWrongOrg, "the base %q of the selector is not a host name; use, for example, example.com", base)
		}
		host, _, _ := strings.Cut(r.Host, ":")
		label, isBelow := strings.CutSuffix(strings.ToLower(host), suffix)
		if !hostChars.MatchString(host) || !isBelow || strings.Contains(label, ".") {
			return Membership{}, refuse(ErrWrongOrg, "the Host %.100q is not one label below %s", r.Host, base)
		}
		return onlyMembership(s, attribute, label, attributeName+" is the subdomain")
	}
}

// onlyMembership returns the membership in the org whose attribute is value, if there is
// exactly one. With two, it is unclear which org is meant.
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
