package members

import (
	"net/http"
	"slices"
)

// Permission is what the page lets people give to a member.
type Permission struct{ Tag, Name, Help string }

const (
	manageMembers = "members:write" // needed for the page
	owner         = "ar:owner"      // AuthRocket's own tag
)

// permissions are those of the product. A member may have others, which the page leaves alone.
var permissions = []Permission{
	{owner, "Owner", "gives and takes every permission"},
	{manageMembers, "Members", "invites, changes and removes members"},
	{"billing:write", "Billing", "pays and changes the plan"},
	{"reports:read", "Reports", "reads reports"},
}

func isOwner(permissions []string) bool { return slices.Contains(permissions, owner) }

// offered are the permissions that who acts may give and take: an owner all of them, others
// those that they have themselves.
func (t *team) offered() []Permission {
	var offered []Permission
	for _, p := range permissions {
		if t.actor.HasPermission(owner) || t.actor.HasPermission(p.Tag) {
			offered = append(offered, p)
		}
	}
	return offered
}

// mayManage refuses to let others than owners act on an owner, or on an invitation of one.
func (t *team) mayManage(of []string) error {
	if isOwner(of) && !t.actor.HasPermission(owner) {
		return errOwnersOnly
	}
	return nil
}

// replaced returns old with those of the offered permissions that are wanted, and no other of
// the offered ones.
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
		return nil, errNotOffered // the page does not have it: the form is made by hand, or old
	}
	// Not nil, even if none is left: nil leaves the permissions of a membership alone.
	return append([]string{}, next...), nil
}

// ticked are the permissions of a form.
func ticked(r *http.Request) []string { return r.PostForm["permission"] }

func containsAll(tags, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(tag string) bool { return !slices.Contains(tags, tag) })
}
