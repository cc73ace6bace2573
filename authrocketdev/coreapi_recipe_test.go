package authrocketdev_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// The functions up to TestOpenAccount are the recipes of docs/api.md and docs/testing.md.

// connect makes the client, once, at start. All goroutines share it.
func connect() (*coreapi.Client, error) {
	config := coreapi.ConfigFromEnv()
	config.UserAgent = "shop/1.4"
	config.Observer = coreapi.LogObserver(slog.Default())
	return coreapi.New(config) // the error names every problem in the configuration
}

// customer is what your own database knows about a customer.
type customer struct {
	ID, Name, Email, Invitee string
	Password                 coreapi.Secret
}

// findOrOnce looks for the record of an earlier run, and creates it only if it does not exist.
func findOrOnce[T any](ctx context.Context, find, create func(context.Context) (T, error)) (T, error) {
	found, err := find(ctx)
	if errors.Is(err, coreapi.ErrNotFound) {
		return coreapi.Once(ctx, create, find)
	}
	return found, err
}

// openAccount creates the owner and the account of a customer, and invites a colleague. After an
// error it may run again: it continues where the last run ended.
func openAccount(ctx context.Context, api *coreapi.Client, c customer) error {
	owner, err := createOwner(ctx, api, c) // first, so that a refused form leaves nothing behind
	if err != nil {
		return err
	}
	org, err := findOrOnce(ctx,
		func(ctx context.Context) (coreapi.Org, error) { return api.Orgs.ByReference(ctx, c.ID) },
		func(ctx context.Context) (coreapi.Org, error) {
			return api.Orgs.Create(ctx, coreapi.NewOrg{Name: c.Name, Reference: c.ID})
		})
	if err != nil {
		return err
	}
	_, err = findOrOnce(ctx,
		func(ctx context.Context) (coreapi.Membership, error) {
			page, err := api.Memberships.List(ctx, coreapi.MembershipQuery{UserID: owner.ID, OrgID: org.ID})
			if err != nil {
				return coreapi.Membership{}, err
			}
			if len(page.Items) == 0 {
				return coreapi.Membership{}, coreapi.ErrNotFound
			}
			return page.Items[0], nil
		},
		func(ctx context.Context) (coreapi.Membership, error) {
			return api.Memberships.Create(ctx, coreapi.NewMembership{
				UserID: owner.ID, OrgID: org.ID, Permissions: []string{"ar:owner"},
			})
		})
	if err != nil {
		return err
	}
	return invite(ctx, api, c.Invitee, org.ID)
}

// createOwner finds the user by email and Reference. A user who signed up with that email alone
// has another Reference, and does not become the owner.
func createOwner(ctx context.Context, api *coreapi.Client, c customer) (coreapi.User, error) {
	return findOrOnce(ctx,
		func(ctx context.Context) (coreapi.User, error) {
			user, err := api.Users.Get(ctx, c.Email)
			if err == nil && user.Reference != c.ID {
				return coreapi.User{}, coreapi.ErrNotFound
			}
			return user, err
		},
		func(ctx context.Context) (coreapi.User, error) {
			return api.Users.Create(ctx, coreapi.NewUser{Email: c.Email, Password: c.Password, Reference: c.ID})
		})
}

// invite creates an invitation and sends it.
func invite(ctx context.Context, api *coreapi.Client, email, orgID string) error {
	invitation, err := findOrOnce(ctx,
		func(ctx context.Context) (coreapi.Invitation, error) {
			for i, err := range api.Invitations.All(ctx, coreapi.InvitationQuery{}) {
				if err != nil || i.OrgID == orgID && strings.EqualFold(i.Email, email) {
					return i, err
				}
			}
			return coreapi.Invitation{}, coreapi.ErrNotFound
		},
		func(ctx context.Context) (coreapi.Invitation, error) {
			return api.Invitations.Create(ctx, coreapi.NewOrgInvitation(email, orgID, "widget:read"))
		})
	if err != nil {
		return err
	}
	_, err = findOrOnce(ctx,
		func(ctx context.Context) (coreapi.Invitation, error) {
			sent, err := api.Invitations.Get(ctx, invitation.ID)
			if err == nil && sent.InvitedAt.IsZero() {
				return coreapi.Invitation{}, coreapi.ErrNotFound
			}
			return sent, err
		},
		func(ctx context.Context) (coreapi.Invitation, error) {
			return api.Invitations.Invite(ctx, invitation.ID)
		})
	return err
}

// buy is the handler of the form.
func buy(w http.ResponseWriter, r *http.Request, api *coreapi.Client, c customer) {
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second) // Once may take minutes
	defer cancel()
	err := openAccount(ctx, api, c)
	switch {
	case errors.Is(err, coreapi.ErrInvalid): // the email is taken, the password is too short
		http.Error(w, strings.Join(coreapi.Messages(err), "\n"), http.StatusUnprocessableEntity)
	case errors.Is(err, coreapi.ErrUnavailable):
		http.Error(w, "Please try again later.", http.StatusServiceUnavailable)
	case err != nil:
		log.Print(err) // it contains no secret
		http.Error(w, "We could not open the account.", http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusCreated)
	}
}

// members writes the members of an account to w.
func members(ctx context.Context, api *coreapi.Client, w io.Writer, orgID string) error {
	for m, err := range api.Memberships.OfOrg(ctx, orgID, coreapi.MembershipQuery{}) {
		if err != nil {
			return err
		}
		fmt.Fprintln(w, m.ID, m.User.Name, m.Permissions)
	}
	return nil
}

// removeMember removes a member from orgID, the account of the admin who asks for it. After
// ErrUnavailable, call it again: ErrNotFound then means that the member is removed.
func removeMember(ctx context.Context, api *coreapi.Client, orgID, membershipID string) error {
	m, err := api.Memberships.Get(ctx, membershipID)
	if err != nil {
		return err
	}
	if m.OrgID != orgID { // the ID comes from a form: it may belong to another account
		return coreapi.ErrNotFound
	}
	// Before Delete: without the membership, a repeat does not know whose sessions to end.
	if _, err := api.Sessions.DeleteAllOf(ctx, m.UserID); err != nil {
		return err
	}
	if err := api.Memberships.Delete(ctx, m.ID); err != nil {
		return err
	}
	_, err = api.Sessions.DeleteAllOf(ctx, m.UserID) // those that started meanwhile
	return err
}

// TestOpenAccount needs no AuthRocket account and no port.
func TestOpenAccount(t *testing.T) {
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
	ada := customer{
		ID: "42", Name: "Widgets Inc", Email: "ada@example.com", Password: coreapi.Hide("how-now-brown-cow!"),
		Invitee: "bob@example.com",
	}
	if err := openAccount(t.Context(), api, ada); err != nil { // your code
		t.Fatal(err)
	}
	user, err := realm.UserByLogin("ada@example.com")
	if err != nil || len(realm.MembershipsOf(user.ID)) != 1 {
		t.Errorf("got %+v, %v", user, err)
	}
}

// loseAnswers is the fault at the end of docs/testing.md.
func loseAnswers(service *authrocketdev.Service) {
	service.Break(authrockettest.EveryNth(3, authrockettest.AfterWrite(authrockettest.Disconnect())))
}

func TestOpenAccountWithLostAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		service := newServiceOf(t, realm)
		loseAnswers(service)
		api := newCoreClient(t, service)
		ada := customer{ID: "42", Name: "Widgets Inc", Email: "ada@example.com", Password: coreapi.Hide("how-now-brown-cow!"), Invitee: "bob@example.com"}
		for openAccount(t.Context(), api, ada) != nil { // it continues where the last run ended
		}
		users, err := realm.ListUsers(authrockettest.UserList{})
		if err != nil || len(users.Items) != 1 || len(realm.MembershipsOf(users.Items[0].ID)) != 1 {
			t.Errorf("the users are %+v, %v", users, err)
		}
	})
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
			fault: authrockettest.Only("POST /v2/users", first(authrockettest.Status(503))), customer: taken, status: http.StatusServiceUnavailable, text: "later",
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

func TestOpenAccountGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	ada := customer{ID: "42", Name: "Widgets Inc", Email: "ada@example.com", Password: coreapi.Hide("how-now-brown-cow!"), Invitee: "bob@example.com"}
	for _, step := range []string{"POST /v2/orgs", "POST /v2/memberships", "POST /v2/invitations", "POST /v2/invitations/{id}/invite"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				service := newServiceOf(t, realm)
				api := newCoreClient(t, service)
				service.Break(authrockettest.Only(step, authrockettest.Status(503)))
				start := time.Now()
				if got := bought(t, api, ada); got != http.StatusServiceUnavailable || time.Since(start) > 21*time.Second {
					t.Errorf("the first run ends with %d after %v", got, time.Since(start))
				}
				service.Break(nil)
				for range 2 {
					if got := bought(t, api, ada); got != http.StatusCreated {
						t.Errorf("a further run ends with %d", got)
					}
				}
				users, err := realm.ListUsers(authrockettest.UserList{})
				if err != nil || len(users.Items) != 1 || len(realm.MembershipsOf(users.Items[0].ID)) != 1 {
					t.Errorf("the users are %+v, %v", users, err)
				}
				orgs, err := realm.ListOrgs(authrockettest.OrgList{})
				if err != nil || len(orgs.Items) != 1 {
					t.Errorf("the orgs are %+v, %v", orgs, err)
				}
			})
		})
	}
}

func bought(t *testing.T, api *coreapi.Client, c customer) int {
	t.Helper()
	w := httptest.NewRecorder()
	buy(w, httptest.NewRequestWithContext(t.Context(), "POST", "/buy", nil), api, c)
	return w.Code
}

func TestTakeOut(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		org       string
		fault     authrockettest.Fault // of the first call
		meanwhile bool                 // the member signs in again before the membership is deleted
		want      error
		sessions  int  // of the member, after the first call
		member    bool // after the first call
		repeat    error
	}{
		{name: "a member", org: "org_a", repeat: coreapi.ErrNotFound},
		{name: "a member of another account", org: "org_b", want: coreapi.ErrNotFound, sessions: 1, member: true, repeat: coreapi.ErrNotFound},
		{
			name: "the sessions cannot be listed", org: "org_a", fault: authrockettest.Only("GET /v2/sessions", authrockettest.Status(503)),
			want: coreapi.ErrUnavailable, sessions: 1, member: true,
		},
		{
			name: "the membership cannot be deleted", org: "org_a", fault: authrockettest.Only("DELETE /v2/memberships/{id}", authrockettest.Status(503)),
			want: coreapi.ErrUnavailable, member: true,
		},
		{name: "a session begins meanwhile", org: "org_a", meanwhile: true, repeat: coreapi.ErrNotFound},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				user := realm.AddUser(authrockettest.User{ID: "usr_1", Email: "bob@example.com"})
				m := realm.AddMembership(user, realm.AddOrg(authrockettest.Org{ID: "org_a", Name: "A"}))
				realm.AddOrg(authrockettest.Org{ID: "org_b", Name: "B"})
				signIn := func() {
					if _, err := realm.StartSession(user.ID); err != nil {
						t.Error(err)
					}
				}
				signIn()
				service := newServiceOf(t, realm)
				service.Break(row.fault)
				if row.meanwhile {
					service.Break(authrockettest.Only("DELETE /v2/memberships/{id}", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
						signIn()
						healthy.ServeHTTP(w, r)
					}))
				}
				api := newCoreClient(t, service)
				state := func() (sessions int, member bool) {
					list, err := realm.ListSessions(authrockettest.SessionList{UserID: user.ID})
					if err != nil {
						t.Fatal(err)
					}
					_, err = realm.Membership(m.ID)
					return len(list.Items), err == nil
				}
				err := removeMember(t.Context(), api, row.org, m.ID)
				if sessions, member := state(); !errors.Is(err, row.want) || sessions != row.sessions || member != row.member {
					t.Errorf("got %v, %d sessions, member %v, want %v, %d, %v", err, sessions, member, row.want, row.sessions, row.member)
				}
				service.Break(nil)
				err = removeMember(t.Context(), api, row.org, m.ID)
				if sessions, member := state(); !errors.Is(err, row.repeat) || row.org == "org_a" && (sessions != 0 || member) {
					t.Errorf("the repeat comes to %v, %d sessions, member %v, want %v", err, sessions, member, row.repeat)
				}
			})
		})
	}
}
