package authrocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Rule decides whether a signed-in user may pass: nil allows. An error refuses
// with the status of its kind; an error of no kind counts as [ErrForbidden],
// and its text is not shown to the client. A Rule that cannot tell, because a
// database is down for instance, returns an error that wraps [ErrUnavailable].
// A Rule is called by many goroutines at once. A nil Rule refuses everyone.
//
// Behind [Auth.RequireOrg] the session's current membership is that of the
// org the request is about; elsewhere it is the account the user picked.
type Rule func(ctx context.Context, s Session) error

func (rule Rule) check(ctx context.Context, s Session) error {
	if rule == nil {
		return because(ErrPermissionDenied, "the rule is nil")
	}
	if err := rule(ctx, s); err != nil {
		return withKind(err)
	}
	return nil
}

// lacks refuses for the want of a permission; one of the tags would do.
func lacks(tags ...string) error {
	detail := fmt.Sprintf("one of %q", tags)
	if len(tags) == 1 {
		detail = strconv.Quote(tags[0])
	}
	return &refusal{reason: ErrPermissionDenied, detail: detail, permissions: tags}
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
			return because(ErrPermissionDenied, "Permission was given no tags")
		}
		for _, tag := range tags {
			if !s.HasPermission(tag) {
				return lacks(tag)
			}
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
		return lacks(tags...)
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
		return lacks(tag)
	}
}

const reservedPrefix = "ar:"

// covers reports whether granted, in which * stands for any run of characters,
// matches the whole of tag. It goes back to the last * only, so that it takes
// no more than len(granted) * len(tag) steps.
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
			return because(ErrEmailNotVerified, "the token says %s", s.User.EmailVerification)
		}
		return nil
	}
}

// Any allows what at least one of the rules allows; they are asked in order.
// If none does, it refuses with the first error of kind [ErrUnavailable], since
// that rule might have allowed it, else with the last. Without rules it refuses
// everyone.
func Any(rules ...Rule) Rule {
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
		return because(ErrPermissionDenied, "Any was given no rules")
	}
}

// OrgSelector says which of the session's memberships a request is about, for
// [Auth.RequireOrg]; false refuses. Of the Membership only its ID and its
// Org.ID count, and one of them is enough: the session's own membership with
// them is used.
type OrgSelector func(*http.Request, Session) (Membership, bool)

// OrgIDFromPath selects the org whose ID is the value of the path wildcard
// name, as in "/orgs/{org}/": see [http.Request.PathValue]. An empty value
// selects none.
func OrgIDFromPath(name string) OrgSelector {
	return fromPath(name, "ID", func(o Org) string { return o.ID })
}

// OrgReferenceFromPath selects the org whose Reference is the value of the path
// wildcard name. References need not be unique: a value that two of the user's
// orgs have selects none, and neither does an empty one.
func OrgReferenceFromPath(name string) OrgSelector {
	return fromPath(name, "reference", func(o Org) string { return o.Reference })
}

func fromPath(name, what string, attribute func(Org) string) OrgSelector {
	return func(r *http.Request, s Session) (Membership, bool) {
		value := r.PathValue(name)
		if value == "" {
			return Membership{mismatch: fmt.Sprintf("the path has no value for {%s}; the gate belongs behind the router that knows it", name)}, false
		}
		var found []Membership
		for _, m := range s.Memberships() {
			if attribute(m.Org) == value {
				found = append(found, m)
			}
		}
		switch len(found) {
		case 0:
			return Membership{mismatch: fmt.Sprintf("no membership in the org whose %s is {%s}", what, name)}, false
		case 1:
			return found[0], true
		}
		return Membership{mismatch: fmt.Sprintf("%d memberships in orgs whose %s is {%s}", len(found), what, name)}, false
	}
}
