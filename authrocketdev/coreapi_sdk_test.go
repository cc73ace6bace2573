package authrocketdev_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

// These rows list the requests that AuthRocket's own SDKs send to the Core API and
// the LoginRocket API, and the answers that they expect. Here this module's clients
// send them.

// sdk is a realm of a row. The tests of the SDKs also use one realm for each case.
type sdk struct {
	*testing.T
	ctx    context.Context
	server *core
	top    *coreapi.Client // for no realm
	api    *coreapi.Client // for the realm
	realm  configuredRealm
	made   map[string]bool // the requests so far, for example GET /users/{id}
}

// configuredRealm is a record of the Configuration API, for which coreapi has no
// types.
type configuredRealm struct {
	Object string `json:"object"`
	ID     string `json:"id"`
	Name   string `json:"name"`
	JWTKey string `json:"jwt_key"`
}

type provider struct {
	Object    string `json:"object"`
	ID        string `json:"id"`
	Type      string `json:"provider_type"`
	State     string `json:"state"`
	MinLength int    `json:"min_length"`
}

type attributes = map[string]any

// must returns the value, or ends the row.
func must[T any](value T, err error) T {
	done(err)
	return value
}

func done(err error) {
	if err != nil {
		panic(rowFailed{err})
	}
}

// rowFailed ends a row.
type rowFailed struct{ err error }

func (f rowFailed) Error() string { return f.err.Error() }

func collected[T any](list iter.Seq2[T, error]) (all []T) {
	for value, err := range list {
		all = append(all, must(value, err))
	}
	return all
}

func (s *sdk) want(ok bool, format string, args ...any) {
	s.Helper()
	if !ok {
		s.Errorf(format, args...)
	}
}

// wantObject fails the test unless the answer has the expected member object.
func (s *sdk) wantObject(record interface{ Decode(any) error }, object string) {
	s.Helper()
	var is struct{ Object string }
	if err := record.Decode(&is); err != nil || is.Object != object {
		s.Errorf("got the object %q, %v, want %q", is.Object, err, object)
	}
}

// wantRefused fails the test unless the error has the reason and the text.
func (s *sdk) wantRefused(err, reason error, text string) {
	s.Helper()
	if !errors.Is(err, reason) || !strings.Contains(strings.Join(coreapi.Messages(err), " "), text) {
		s.Errorf("got %v, want %v: %s", err, reason, text)
	}
}

func (s *sdk) configure(set attributes) configuredRealm {
	return must(coreapi.Send[configuredRealm](s.ctx, s.top, http.MethodPut, "/realms/"+s.realm.ID, "realm", set))
}

const (
	georgesPassword = "quick-fox-jumped-over-the-moon"
	anotherPassword = "how-now-brown-cow!"
)

func (s *sdk) user() coreapi.User {
	return must(s.api.Users.Create(s.ctx, coreapi.NewUser{Email: "user-1@example.com", Password: coreapi.Hide(georgesPassword), FirstName: "george"}))
}

func (s *sdk) org(name string) coreapi.Org {
	return must(s.api.Orgs.Create(s.ctx, coreapi.NewOrg{Name: name}))
}

func (s *sdk) join(user coreapi.User, org coreapi.Org) coreapi.Membership {
	return must(s.api.Memberships.Create(s.ctx, coreapi.NewMembership{UserID: user.ID, OrgID: org.ID}))
}

func (s *sdk) session(user coreapi.User) coreapi.Session {
	return must(s.api.Sessions.Create(s.ctx, user.ID))
}

func (s *sdk) request() coreapi.Invitation {
	return must(s.api.Invitations.Create(s.ctx, coreapi.NewRequest("invitee-1@example.com")))
}

func (s *sdk) provider(kind string) provider {
	return must(coreapi.Send[provider](s.ctx, s.api, http.MethodPost, "/auth_providers", "auth_provider",
		attributes{"provider_type": kind, "client_id": "id-1", "client_secret": "secret-1"}))
}

func (s *sdk) device(user coreapi.User) coreapi.Credential {
	totp := must(s.api.AuthProviders.Get(s.ctx, "totp"))
	must(coreapi.Send[provider](s.ctx, s.api, http.MethodPut, "/auth_providers/"+totp.ID, "auth_provider", attributes{"state": "active"}))
	return must(s.api.Credentials.CreateTOTP(s.ctx, user.ID, totp.ID, "Test"))
}

// dummy returns the state in which a provider for tests sends a user back.
func (s *sdk) dummy() (state string) {
	s.provider("dummy")
	authorize := must(s.api.AuthProviders.AuthorizeURL(s.ctx, "dummy", "https://local.dev/", ""))
	return must(url.Parse(authorize.URL)).Query().Get("state")
}

// verify verifies a login token as an app does.
func (s *sdk) verify(token, key string) (authrocket.Session, error) {
	auth := must(authrocket.New(authrocket.Config{LoginRocketURL: "http://localhost:1", RealmID: s.realm.ID, JWTKey: key}))
	return auth.Verify(s.ctx, token)
}

// onCoreAPI runs each row in its own realm, over a port and in memory. It fails the
// row unless the row sends the request with which its name starts.
func onCoreAPI(t *testing.T, rows map[string]func(*sdk)) {
	for transport, config := range map[string]func(*core) coreapi.Config{
		"in memory": func(c *core) coreapi.Config { return c.service.CoreAPIConfig() },
		"over a port": func(c *core) coreapi.Config {
			return coreapi.Config{URL: c.url, APIKey: coreapi.Hide(coreKey), RequestsPerSecond: -1}
		},
	} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			c := newCore(t, withConfiguration)
			for name, row := range rows {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s := &sdk{T: t, ctx: t.Context(), server: c, made: map[string]bool{}}
					own := config(c)
					own.Observer.Request = func(_ context.Context, e coreapi.RequestEvent) { s.note(e.Method, e.Path) }
					var err error
					if s.top, err = coreapi.New(own); err != nil {
						t.Fatal(err)
					}
					s.run(name, row)
				})
			}
		})
	}
}

func (s *sdk) note(method, path string) { s.made[method+" "+path] = true }

func (s *sdk) run(name string, row func(*sdk)) {
	defer func() {
		if p := recover(); p != nil {
			failed, ok := p.(rowFailed)
			if !ok {
				panic(p)
			}
			s.Error(failed.err)
		}
	}()
	s.realm = must(coreapi.Send[configuredRealm](s.ctx, s.top, http.MethodPost, "/realms", "realm", attributes{"name": "AR-go 1-1"}))
	s.api = s.top.InRealm(s.realm.ID)
	clear(s.made)
	row(s)
	request, _, _ := strings.Cut(name, ": ")
	s.want(s.made[request], "the row did not make the request %s, but %v", request, s.made)
	must(coreapi.Send[configuredRealm](s.ctx, s.top, http.MethodDelete, "/realms/"+s.realm.ID, "", nil))
}
