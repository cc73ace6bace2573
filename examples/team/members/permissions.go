package members

import (
	"net/http"
	"slices"
)

// Permission is a permission that people can give to a member on the page.
type Permission struct{ Tag, Name, Help string }

const (
	manageMembers = "members:write" // needed for the page
	owner         = "ar:owner"      // AuthRocket's own tag
)

// permissions are the permissions of the product. A member can have other permissions,
// which the page does not change.
var permissions = []Permission{
	{owner, "Owner", "gives and takes every permission"},
	{manageMembers, "Members", "invites, changes and removes members"},
	{"billing:write", "Billing", "pays and changes the plan"},
	{"reports:read", "Reports", "reads reports"},
}

func isOwner(permissions []string) bool { return slices.Contains(permissions, owner) }

// offered returns the permissions that the actor can grant and withdraw. An owner can
// grant and withdraw all permissions. Every other actor can grant and withdraw only those
// that the actor has.
func (t *team) offered() []Permission {
	var offered []Permission
	for _, p := range permissions {
		if t.actor.HasPermission(owner) || t.actor.HasPermission(p.Tag) {
			offered = append(offered, p)
		}
	}
	return offered
}

// mayManage returns an error if a member who is not an owner tries to change an owner or
// an owner's invitation.
func (t *team) mayManage(of []string) error {
	if isOwner(of) && !t.actor.HasPermission(owner) {
		return errOwnersOnly
	}
	return nil
}

// replaced returns the permissions that result from a form. It takes the offered
// permissions from wanted, and all others from old.
func (t *team) replaced(old, wanted []string) ([]string, error) {
	if err := t.mayManage(old); err != nil {
		return nil, err
	}
	next := slices.Clone(old)
	for _, p := range t.offered() {
		next = slices.DeleteFunc(next, func(tag string) bool { return tag == p.Tag })
		if slices.Contains(wanted, p.Tag) {
			next = append(next, p.Tag)
		}
	}
	if !containsAll(next, wanted) {
		return nil, errNotOffered // the page does not offer this permission, so the form is made up or old
	}
	// The result is not nil, even if no permission is left, because nil would not change
	// the permissions of a membership.
	return append([]string{}, next...), nil
}

// ticked returns the permissions that are ticked in a form.
func ticked(r *http.Request) []string { return r.PostForm["permission"] }

func containsAll(tags, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(tag string) bool { return !slices.Contains(tags, tag) })
}
