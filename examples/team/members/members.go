// Package members is a page on which the members of an account are managed: who is in it, who
// is invited, and what each may do. It works without scripts.
//
// It is made to be copied into a product: the permissions are in permissions.go, the page is
// page.html, and the rest is about AuthRocket.
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

	// ownerChange is held while an owner is removed or demoted: two owners who demote each
	// other at the same moment would leave none. Other instances do not know of it.
	ownerChange chan struct{}
}

// New returns the page. The state is the SessionState of auth, which makes what is taken from
// a member count at once. It may be nil: then it counts when the member's login token expires.
func New(auth *authrocket.Auth, api *coreapi.Client, state *sessionstate.State) *Members {
	return &Members{auth: auth, api: api, state: state, ownerChange: make(chan struct{}, 1)}
}

// Register adds the routes. All of them need Authenticate around the mux.
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

// inAccount refuses a login token without the ID of an account: for AuthRocket, a list of the
// members of no account is one of all users.
func inAccount(_ context.Context, s authrocket.Session) error {
	if org, _ := s.Org(); org.ID == "" {
		return authrocket.ErrWrongOrg
	}
	return nil
}

// timeout of what a form does, since coreapi.Once may take minutes.
const timeout = 20 * time.Second

// team is an account, and the member of it who acts.
type team struct {
	*Members
	orgID  string                // from the verified session, never from a form
	actor  authrocket.Membership // of who acts
	userID string                // of who acts
	api    *coreapi.Client       // tells AuthRocket who acts
}

func (m *Members) teamOf(r *http.Request) *team {
	user, _ := authrocket.CurrentUser(r.Context())
	actor, _ := authrocket.CurrentMembership(r.Context())
	return &team{Members: m, orgID: actor.Org.ID, actor: actor, userID: user.ID, api: m.api.For(client(r))}
}

// client is who acts, for AuthRocket's log of events. Behind a proxy RemoteAddr is the proxy:
// take the address from a header that your proxy sets, and never from one that it hands on.
func client(r *http.Request) coreapi.Request {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	agent := r.UserAgent()
	return coreapi.Request{IP: ip, Client: agent[:min(len(agent), 200)]}
}

// form does what a form asks for, and leads back to the list: a reload sends nothing again.
func (m *Members) form(do func(*team, context.Context, *http.Request) error, done string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		err := r.ParseForm() // half a form would take permissions that are ticked in the other half
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

// member returns a membership of this account. The ID comes from a form: it may be that of
// another account, which is then not there.
func (t *team) member(ctx context.Context, id string) (coreapi.Membership, error) {
	member, err := t.api.Memberships.Get(ctx, id)
	if err == nil && member.OrgID != t.orgID {
		return coreapi.Membership{}, coreapi.ErrNotFound
	}
	return member, err
}

// changePermissions gives a member the permissions that are ticked.
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
			return update() // what was given counts with the next login token
		}
		return t.takeAway(ctx, member.UserID, update)
	})
}

// remove takes a member out of the account.
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
