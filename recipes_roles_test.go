package authrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The recipes of docs/roles.md.

func orgRoutes(auth *authrocket.Auth) http.Handler {
	mayBill := auth.Require(authrocket.Permission("billing:write"))
	ofOrg := auth.RequireOrg(authrocket.OrgIDFromPath("org"))
	orgAdmin := auth.RequireOrg(authrocket.OrgIDFromPath("org"), authrocket.Permission("admin"))

	mux := http.NewServeMux()
	mux.Handle("POST /billing", mayBill(text("billing")))            // about the picked account
	mux.Handle("GET /orgs/{org}/files", ofOrg(text("files")))        // about the account in the path
	mux.Handle("DELETE /orgs/{org}/files", orgAdmin(text("delete"))) // the same, for its admins
	return auth.Authenticate(mux)
}

type findSuspension func(ctx context.Context, userID string) (isSuspended bool, err error)

// notSuspended is a rule that asks the app's own database.
func notSuspended(find findSuspension) authrocket.Rule {
	return func(ctx context.Context, s authrocket.Session) error {
		isSuspended, err := find(ctx, s.User.ID)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", authrocket.ErrUnavailable, err)
		case isSuspended:
			return errors.New("the user is suspended")
		}
		return nil
	}
}

func onlyVerified(config authrocket.Config) (*authrocket.Auth, error) {
	config.Rules = []authrocket.Rule{authrocket.VerifiedEmail()}
	return authrocket.New(config)
}

func TestRecipesOfRoles(t *testing.T) {
	t.Parallel()
	realm := newSecretRealm(t)
	own, other := realm.AddOrg(authrockettest.Org{ID: "org_own"}), realm.AddOrg(authrockettest.Org{ID: "org_other"})
	boss := realm.AddUser(authrockettest.User{Email: "boss@example.com", EmailVerification: authrocket.EmailVerified})
	realm.AddMembership(boss, own, "admin", "billing:write")
	realm.AddMembership(boss, other)
	member := realm.AddUser(authrockettest.User{Email: "member@example.com"})
	realm.AddMembership(member, own)
	auth := openAuth(t, realm.Config())
	verified, err := onlyVerified(realm.Config())
	if err != nil {
		t.Fatal(err)
	}
	suspended := func(isSuspended bool, err error) http.Handler {
		rule := notSuspended(func(context.Context, string) (bool, error) { return isSuspended, err })
		return auth.Require(rule)(text("in"))
	}

	for _, row := range []struct {
		name, method, target string
		handler              http.Handler
		user                 authrockettest.User
		status               int
	}{
		{name: "the permission", handler: orgRoutes(auth), method: "POST", target: "/billing", user: boss, status: 200},
		{name: "without the permission", handler: orgRoutes(auth), method: "POST", target: "/billing", user: member, status: 403},
		{name: "the own org", handler: orgRoutes(auth), method: "GET", target: "/orgs/org_own/files", user: member, status: 200},
		{name: "another org", handler: orgRoutes(auth), method: "GET", target: "/orgs/org_other/files", user: member, status: 403},
		{name: "an org that is not picked", handler: orgRoutes(auth), method: "GET", target: "/orgs/org_other/files", user: boss, status: 403},
		{name: "an admin of the org", handler: orgRoutes(auth), method: "DELETE", target: "/orgs/org_own/files", user: boss, status: 200},
		{name: "a member of the org", handler: orgRoutes(auth), method: "DELETE", target: "/orgs/org_own/files", user: member, status: 403},
		{name: "a user who is not suspended", handler: suspended(false, nil), method: "GET", target: "/", user: member, status: 200},
		{name: "a suspended user", handler: suspended(true, nil), method: "GET", target: "/", user: member, status: 403},
		{name: "a database that is down", handler: suspended(false, errors.New("down")), method: "GET", target: "/", user: member, status: 503},
		{name: "a verified email", handler: verified.RequireLogin(text("in")), method: "GET", target: "/", user: boss, status: 200},
		{name: "an email that is not verified", handler: verified.RequireLogin(text("in")), method: "GET", target: "/", user: member, status: 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := request(row.method, row.target)
			w := serve(row.handler, withBearer(r, realm.Token(row.user)))
			if w.Code != row.status {
				t.Errorf("got %d %q, want %d", w.Code, w.Body, row.status)
			}
		})
	}
}
