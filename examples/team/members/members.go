// Package members is a page for managing the members of an account: who is a member, who
// is invited, and what each member can do. It works without scripts.
//
// Copy the package into your product. The permissions are in permissions.go, and the page
// is page.html. The other files contain the code that uses AuthRocket.
package members

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// Members is the page and its forms.
type Members struct {
	auth  *authrocket.Auth
	api   *coreapi.Client
	state *sessionstate.State

	// ownerChange is held while an owner is removed or demoted. Otherwise, two owners who
	// demote each other at the same moment would leave the account without an owner.
	// ownerChange does not protect against changes by other instances.
	ownerChange chan struct{}
}

// New returns the page. state is the SessionState of auth. With a state, the withdrawal
// of a permission takes effect at once. If state is nil, the withdrawal takes effect when
// the member's login token expires.
func New(auth *authrocket.Auth, api *coreapi.Client, state *sessionstate.State) *Members {
	return &Members{auth: auth, api: api, state: state, ownerChange: make(chan struct{}, 1)}
}

// Register adds the routes to mux. Authenticate must wrap the mux.
func (m *Members) Register(mux *http.ServeMux) {
	mayManage := m.auth.Require(authrocket.Permission(manageMembers), inAccount)
	form := func(pattern string, do func(*team, context.Context, *http.Request) error, done string) {
		mux.Handle(pattern, mayManage(m.form(do, done)))
	}
	mux.HandleFunc("GET /members/style.css", serveStyle)
	mux.Handle("GET /members", mayManage(http.HandlerFunc(m.list)))
	form("POST /members/invite", (*team).invite, "invited")
	form("POST /members/invitations/{id}/resend", (*team).resend, "sent")
	form("POST /members/invitations/{id}/withdraw", (*team).withdraw, "withdrawn")
	form("POST /members/{id}/permissions", (*team).changePermissions, "changed")
	form("POST /members/{id}/remove", (*team).remove, "removed")
	form("POST /members/{id}/end-sessions", (*team).endSessionsOfMember, "ended")
	mux.Handle("POST /sign-out-everywhere", m.auth.RequireLogin(http.HandlerFunc(m.signOutEverywhere)))
}

// inAccount refuses a login token without the ID of an account, because AuthRocket lists
// all users if a request for members names no account.
func inAccount(_ context.Context, s authrocket.Session) error {
	if org, _ := s.Org(); org.ID == "" {
		return authrocket.ErrWrongOrg
	}
	return nil
}

// timeout limits how long a form is processed, because coreapi.Once can take minutes.
const timeout = 20 * time.Second

// team is an account, with the member who sent the request.
type team struct {
	*Members
	orgID  string                // from the verified session, never from a form
	actor  authrocket.Membership // of the member who sent the request
	userID string                // of the member who sent the request
	api    *coreapi.Client       // reports that member to AuthRocket
}

func (m *Members) teamOf(r *http.Request) *team {
	user, _ := authrocket.CurrentUser(r.Context())
	actor, _ := authrocket.CurrentMembership(r.Context())
	return &team{Members: m, orgID: actor.Org.ID, actor: actor, userID: user.ID, api: m.api.For(client(r))}
}

// client describes who sent the request, for AuthRocket's log of events. Behind a proxy,
// RemoteAddr is the address of the proxy. In that case, use a header that your proxy
// sets, and never a header that it passes on from the client.
func client(r *http.Request) coreapi.Request {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	agent := r.UserAgent()
	return coreapi.Request{IP: ip, Client: agent[:min(len(agent), 200)]}
}

// form handles a form and redirects to the list, so that a reload does not send the form
// again.
func (m *Members) form(do func(*team, context.Context, *http.Request) error, done string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		err := r.ParseForm() // an incomplete form would withdraw permissions that are ticked in the missing part
		if err == nil {
			err = do(m.teamOf(r), ctx, r)
		} else {
			err = errNoForm
		}
		if err != nil {
			m.show(w, r, r.PostFormValue("after"), err)
			return
		}
		http.Redirect(w, r, listURL(r.PostFormValue("after"), done), http.StatusSeeOther)
	})
}

// member returns a membership in this account. The ID comes from a form, so a membership
// in another account counts as not found.
func (t *team) member(ctx context.Context, id string) (coreapi.Membership, error) {
	member, err := t.api.Memberships.Get(ctx, id)
	if err == nil && member.OrgID != t.orgID {
		return coreapi.Membership{}, coreapi.ErrNotFound
	}
	return member, err
}

// changePermissions sets the permissions of a member to those that are ticked.
func (t *team) changePermissions(ctx context.Context, r *http.Request) error {
	member, err := t.member(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	next, err := t.replaced(member.Permissions, ticked(r))
	if err != nil {
		return err
	}
	update := func() error {
		_, err := t.api.Memberships.Update(ctx, member.ID, coreapi.MembershipChange{Permissions: next})
		return err
	}
	return t.keepingAnOwner(ctx, member, next, func() error {
		if containsAll(next, member.Permissions) {
			return update() // granted permissions take effect with the next login token
		}
		return t.takeAway(ctx, member.UserID, update)
	})
}

// remove removes a member from the account.
func (t *team) remove(ctx context.Context, r *http.Request) error {
	member, err := t.member(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := t.mayManage(member.Permissions); err != nil {
		return err
	}
	return t.keepingAnOwner(ctx, member, nil, func() error {
		return t.takeAway(ctx, member.UserID, func() error { return t.api.Memberships.Delete(ctx, member.ID) })
	})
}
