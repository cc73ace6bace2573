package authrocketdev_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// The functions up to TestOfTheApp are the recipes of docs/api.md, word for word.

// connect makes the client, once, at start. All goroutines share it.
func connect() (*coreapi.Client, error) {
	config := coreapi.ConfigFromEnv()
	config.UserAgent = "shop/1.4"
	config.Observer = coreapi.LogObserver(slog.Default())
	return coreapi.New(config) // its error names every problem of the configuration
}

// customer is who has bought: what your own database knows.
type customer struct {
	ID, Name, Email, Invitee string
	Password                 coreapi.Secret
}

// openAccount makes the owner and the account of a customer, and invites a colleague.
func openAccount(ctx context.Context, api *coreapi.Client, c customer) error {
	owner, err := createOwner(ctx, api, c) // first, so that a refused form leaves nothing behind
	if err != nil {
		return err
	}
	org, err := coreapi.Once(ctx,
		func(ctx context.Context) (coreapi.Org, error) {
			return api.Orgs.Create(ctx, coreapi.NewOrg{Name: c.Name, Reference: c.ID})
		},
		func(ctx context.Context) (coreapi.Org, error) { return api.Orgs.ByReference(ctx, c.ID) })
	if err != nil {
		return err
	}
	_, err = coreapi.Once(ctx,
		func(ctx context.Context) (coreapi.Membership, error) {
			return api.Memberships.Create(ctx, coreapi.NewMembership{UserID: owner.ID, OrgID: org.ID, Permissions: []string{"ar:owner"}})
		},
		func(ctx context.Context) (coreapi.Membership, error) {
			page, err := api.Memberships.List(ctx, coreapi.MembershipQuery{UserID: owner.ID, OrgID: org.ID})
			if err != nil {
				return coreapi.Membership{}, err
			}
			if len(page.Items) == 0 {
				return coreapi.Membership{}, coreapi.ErrNotFound
			}
			return page.Items[0], nil
		})
	if err != nil {
		return err
	}
	return invite(ctx, api, c.Invitee, org.ID)
}

// createOwner finds the user by email and Reference. Whoever signed up with that email on their
// own has another Reference, and does not become the owner.
func createOwner(ctx context.Context, api *coreapi.Client, c customer) (coreapi.User, error) {
	return coreapi.Once(ctx,
		func(ctx context.Context) (coreapi.User, error) {
			return api.Users.Create(ctx, coreapi.NewUser{Email: c.Email, Password: c.Password, Reference: c.ID})
		},
		func(ctx context.Context) (coreapi.User, error) {
			user, err := api.Users.Get(ctx, c.Email)
			if err == nil && user.Reference != c.ID {
				return coreapi.User{}, coreapi.ErrNotFound
			}
			return user, err
		})
}

// invite makes an invitation and sends it.
func invite(ctx context.Context, api *coreapi.Client, email, orgID string) error {
	invitation, err := coreapi.Once(ctx,
		func(ctx context.Context) (coreapi.Invitation, error) {
			return api.Invitations.Create(ctx, coreapi.NewOrgInvitation(email, orgID, "widget:read"))
		},
		func(ctx context.Context) (coreapi.Invitation, error) {
			for i, err := range api.Invitations.All(ctx, coreapi.InvitationQuery{}) {
				if err != nil || i.OrgID == orgID && strings.EqualFold(i.Email, email) {
					return i, err
				}
			}
			return coreapi.Invitation{}, coreapi.ErrNotFound
		})
	if err != nil {
		return err
	}
	_, err = coreapi.Once(ctx,
		func(ctx context.Context) (coreapi.Invitation, error) {
			return api.Invitations.Invite(ctx, invitation.ID)
		},
		func(ctx context.Context) (coreapi.Invitation, error) {
			sent, err := api.Invitations.Get(ctx, invitation.ID)
			if err == nil && sent.InvitedAt.IsZero() {
				return coreapi.Invitation{}, coreapi.ErrNotFound
			}
			return sent, err
		})
	return err
}

// buy is the handler of the form.
func buy(w http.ResponseWriter, r *http.Request, api *coreapi.Client, c customer) {
	err := openAccount(r.Context(), api, c)
	switch {
	case errors.Is(err, coreapi.ErrInvalid): // the email is taken, the password is too short
		http.Error(w, strings.Join(coreapi.Messages(err), "\n"), http.StatusUnprocessableEntity)
	case errors.Is(err, coreapi.ErrUnavailable):
		http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, "We could not open the account.", http.StatusInternalServerError) // and log err: it holds no secret
	default:
		w.WriteHeader(http.StatusCreated)
	}
}

// members writes who is in an account.
func members(ctx context.Context, api *coreapi.Client, w io.Writer, orgID string) error {
	for m, err := range api.Memberships.OfOrg(ctx, orgID, coreapi.MembershipQuery{}) {
		if err != nil {
			return err
		}
		fmt.Fprintln(w, m.ID, m.User.Name, m.Permissions)
	}
	return nil
}

// takeOut takes a member out of an account, on behalf of the admin who asked for it.
func takeOut(ctx context.Context, api *coreapi.Client, admin coreapi.Request, membershipID, userID string) error {
	acting := api.For(admin)
	if err := acting.Memberships.Delete(ctx, membershipID); err != nil {
		return err
	}
	_, err := acting.Sessions.DeleteAllOf(ctx, userID) // a token holds its permissions until it expires
	return err
}

// TestOfTheApp needs no AuthRocket and no port.
func TestOfTheApp(t *testing.T) {
	realm := authrockettest.NewRealm(t)
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	api, err := coreapi.New(service.CoreAPIConfig())
	if err != nil {
		t.Fatal(err)
	}
	ada := customer{ID: "42", Name: "Widgets Inc", Email: "ada@example.com", Password: coreapi.Hide("how-now-brown-cow!"), Invitee: "bob@example.com"}
	if err := openAccount(t.Context(), api, ada); err != nil {
		t.Fatal(err)
	}
	user, err := realm.UserByLogin("ada@example.com")
	if err != nil || len(realm.MembershipsOf(user.ID)) != 1 {
		t.Errorf("got %+v, %v", user, err)
	}
}

func TestConnect(t *testing.T) {
	service, _ := newCoreInMemory(t)
	t.Setenv("AUTHROCKET_URL", serve(t, service.CoreAPI())+"/v2")
	t.Setenv("AUTHROCKET_API_KEY", service.APIKey())
	api, err := connect()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.Orgs.List(t.Context(), coreapi.OrgQuery{}); err != nil {
		t.Error(err)
	}
}

func TestCoreAPIRecipes(t *testing.T) {
	t.Parallel()
	ada := customer{ID: "42", Name: "Widgets Inc", Email: "ada@example.com", Password: coreapi.Hide("how-now-brown-cow!"), Invitee: "bob@example.com"}
	taken, short := ada, ada
	taken.Email = "mary@example.com"
	short.Password = coreapi.Hide("x")
	for name, row := range map[string]struct {
		fault    authrockettest.Fault
		customer customer
		status   int
		text     string
		orgs     int
	}{
		"an account is opened":                       {customer: ada, status: http.StatusCreated, orgs: 1},
		"an email of somebody else makes no account": {customer: taken, status: http.StatusUnprocessableEntity, text: "already in use"},
		"nor does it when the answer is lost": {
			fault: authrockettest.Only("POST /v2/users", first(authrockettest.Status(503))), customer: taken, status: http.StatusUnprocessableEntity, text: "already in use",
		},
		"a password is too short": {customer: short, status: http.StatusUnprocessableEntity, text: "too short"},
		"AuthRocket is away":      {fault: authrockettest.Status(503), customer: ada, status: http.StatusServiceUnavailable, text: "later"},
		"the key is wrong":        {fault: authrockettest.Status(403), customer: ada, status: http.StatusInternalServerError, text: "could not"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				realm.AddUser(authrockettest.User{Email: "mary@example.com"})
				service := newServiceOf(t, realm)
				service.Break(row.fault)
				w := httptest.NewRecorder()
				buy(w, httptest.NewRequestWithContext(t.Context(), "POST", "/buy", nil), newCoreClient(t, service), row.customer)
				if w.Code != row.status || !strings.Contains(w.Body.String(), row.text) {
					t.Errorf("got %d %s, want %d %s", w.Code, w.Body, row.status, row.text)
				}
				orgs, err := realm.ListOrgs(authrockettest.OrgList{})
				if err != nil || len(orgs.Items) != row.orgs {
					t.Errorf("there are %+v, %v, want %d", orgs, err, row.orgs)
				}
			})
		})
	}
}
