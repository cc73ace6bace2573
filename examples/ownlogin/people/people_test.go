package people_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/ownlogin/people"
)

func open(t *testing.T, file string) *people.Store {
	t.Helper()
	store, err := people.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// newStore returns a store with Ada, whose email is confirmed, and Bob, whose is not.
func newStore(t *testing.T) (store *people.Store, ada, bob people.Person) {
	t.Helper()
	return newStoreIn(t, filepath.Join(t.TempDir(), "people.db"))
}

func newStoreIn(t *testing.T, file string) (store *people.Store, ada, bob people.Person) {
	t.Helper()
	if err := os.WriteFile(file, withTwoPeople(), 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, file), people.Person{ID: 1, Name: "Own Ada"}, people.Person{ID: 2, Name: "Own Bob"}
}

// withTwoPeople returns a database. It is made once, since hashes of passwords take their time.
var withTwoPeople = sync.OnceValue(func() []byte {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	ctx, file := context.Background(), filepath.Join(folder, "people.db")
	store, err := people.Open(ctx, file)
	if err != nil {
		panic(err)
	}
	_, adaErr := store.Add(ctx, "Ada@example.com", "Own Ada", "own-engine", true)
	_, bobErr := store.Add(ctx, "bob@example.com", "Own Bob", "own-oil", false)
	data, readErr := os.ReadFile(file)
	if err := errors.Join(adaErr, bobErr, store.Close(), readErr); err != nil {
		panic(err)
	}
	return data
})

func verified(id, email string) authrocket.User {
	return authrocket.User{ID: id, Email: email, Name: "AuthRocket's " + id, EmailVerification: authrocket.EmailVerified}
}

func with(u authrocket.User, v authrocket.EmailVerification) authrocket.User {
	u.EmailVerification = v
	return u
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before []authrocket.User // who signed in before
		user   authrocket.User
		person int64 // 1 is Ada, 2 is Bob, the others are made by logins
		want   error
	}{
		"a verified email links":                            {user: verified("usr_1", "ada@example.com"), person: 1},
		"in any case":                                       {user: verified("usr_1", "ADA@example.com"), person: 1},
		"an email that is not verified does not":            {user: with(verified("usr_1", "ada@example.com"), authrocket.EmailNotVerified), want: authrocket.ErrEmailNotVerified},
		"nor does one of which nothing is known":            {user: with(verified("usr_1", "ada@example.com"), authrocket.EmailUnknown), want: authrocket.ErrEmailNotVerified},
		"an email that the person never confirmed does not": {user: verified("usr_1", "bob@example.com"), want: people.ErrNotConfirmed},
		"an email of nobody makes a person":                 {user: verified("usr_1", "cleo@example.com"), person: 3},
		"also one that is not verified":                     {user: with(verified("usr_1", "cleo@example.com"), authrocket.EmailNotVerified), person: 3},
		"the user of before is the same person":             {before: []authrocket.User{verified("usr_1", "ada@example.com")}, user: verified("usr_1", "ada@example.com"), person: 1},
		"also with another email": {
			before: []authrocket.User{verified("usr_1", "ada@example.com")}, user: verified("usr_1", "bob@example.com"), person: 1,
		},
		"also when the email is not verified any more": {
			before: []authrocket.User{verified("usr_1", "ada@example.com")}, user: with(verified("usr_1", "ada@example.com"), authrocket.EmailNotVerified), person: 1,
		},
		"a person who is linked is not taken over": {
			before: []authrocket.User{verified("usr_1", "ada@example.com")}, user: verified("usr_2", "ada@example.com"), person: 3,
		},
		"nor is a person whom a login made": {
			before: []authrocket.User{verified("usr_1", "cleo@example.com")}, user: verified("usr_2", "cleo@example.com"), person: 4,
		},
		"a user who is a person already gets no second one": {
			before: []authrocket.User{verified("usr_1", "cleo@example.com")}, user: verified("usr_1", "ada@example.com"), person: 3,
		},
		"a user without an email is nobody's": {user: authrocket.User{ID: "usr_1"}, person: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, _, _ := newStore(t)
			for _, user := range row.before {
				if _, err := store.SignIn(t.Context(), user); err != nil {
					t.Fatal(err)
				}
			}
			got, err := store.SignIn(t.Context(), row.user)
			if !errors.Is(err, row.want) || row.want == nil && err != nil {
				t.Fatalf("got %v, %v, want %v", got, err, row.want)
			}
			linked, linkedErr := store.ByAuthRocketID(t.Context(), row.user.ID)
			if row.want != nil {
				if !errors.Is(err, authrocket.ErrForbidden) || !errors.Is(linkedErr, people.ErrNobody) {
					t.Errorf("refused by %v, and now the user is %v, %v", err, linked, linkedErr)
				}
				return
			}
			if linkedErr != nil || linked != got {
				t.Errorf("the user is %v, %v, want %v", linked, linkedErr, got)
			}
			if got.ID != row.person {
				t.Errorf("got %v, want the person %d", got, row.person)
			}
			for _, before := range row.before {
				if p, err := store.ByAuthRocketID(t.Context(), before.ID); err != nil || before.ID != row.user.ID && p.ID == got.ID {
					t.Errorf("%s is %v, %v now", before.ID, p, err)
				}
			}
		})
	}
}

// Somebody else can have these addresses, and verify them: they are other mailboxes or hosts.
func TestAddressesThatOnlyUnicodeTakesForTheSame(t *testing.T) {
	t.Parallel()
	store, _, _ := newStore(t)
	mike, err := store.Add(t.Context(), "Mike@example.com", "Own Mike", "own-steam", true)
	if err != nil {
		t.Fatal(err)
	}
	for i, email := range []string{"m\u0130ke@example.com", "mi\u212Ae@example.com"} {
		if _, err := store.CheckPassword(t.Context(), email, "own-steam"); !errors.Is(err, people.ErrNobody) {
			t.Errorf("the password of %s is taken for %+q: %v", "mike@example.com", email, err)
		}
		if got, err := store.SignIn(t.Context(), verified(fmt.Sprintf("usr_%d", i), email)); err != nil || got.ID == mike.ID {
			t.Errorf("a login with %+q leads to %v, %v", email, got, err)
		}
	}
}

// Config.OnLogin may be called more than once for a login, at once, and by several processes.
func TestSignInAtOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "people.db")
	store, ada, _ := newStoreIn(t, file)
	stores := []*people.Store{store, open(t, file), open(t, file), open(t, file)}
	var group sync.WaitGroup
	var wasAda, failed atomic.Int64
	for i := range 40 {
		group.Go(func() {
			p, err := stores[i%len(stores)].SignIn(t.Context(), verified(fmt.Sprintf("usr_%d", i/2), "ada@example.com"))
			if err != nil {
				failed.Add(1)
			}
			if p.ID == ada.ID {
				wasAda.Add(1)
			}
		})
	}
	group.Wait()
	if wasAda.Load() != 2 || failed.Load() != 0 {
		t.Errorf("%d logins are Ada, and %d fail, want the 2 of one user", wasAda.Load(), failed.Load())
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	store, ada, _ := newStore(t)
	if _, err := store.SignIn(t.Context(), verified("usr_1", "ada@example.com")); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SignIn(t.Context(), verified("usr_2", "cleo@example.com")); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		email, password string
		want            error
	}{
		"the password of a person who is linked": {"ADA@example.com", "own-engine", nil},
		"a wrong one":                            {"ada@example.com", "own-oil", people.ErrNobody},
		"none":                                   {"ada@example.com", "", people.ErrNobody},
		"an unknown email":                       {"nobody@example.com", "own-engine", people.ErrNobody},
		"a person without a password":            {"cleo@example.com", "", people.ErrNobody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := store.CheckPassword(t.Context(), row.email, row.password); !errors.Is(err, row.want) || err == nil && got != ada {
				t.Errorf("got %v, %v, want %v", got, err, row.want)
			}
		})
	}
}

func TestSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, ada, bob := newStore(t)
		defer store.Close()
		ofAda, adaErr := store.StartSession(t.Context(), ada.ID)
		ofBob, bobErr := store.StartSession(t.Context(), bob.ID)
		if err := errors.Join(adaErr, bobErr, store.EndSession(t.Context(), ofBob)); err != nil {
			t.Fatal(err)
		}
		if _, err := store.BySession(t.Context(), ofBob); !errors.Is(err, people.ErrNobody) {
			t.Errorf("a session that ended: got %v", err)
		}
		time.Sleep(people.SessionLifetime - time.Second)
		if got, err := store.BySession(t.Context(), ofAda); err != nil || got != ada {
			t.Errorf("got %v, %v", got, err)
		}
		time.Sleep(time.Second)
		if _, err := store.BySession(t.Context(), ofAda); !errors.Is(err, people.ErrNobody) {
			t.Errorf("a session that is over: got %v", err)
		}
	})
}

// newAPI returns a realm, its Core API, and a client of it.
func newAPI(t *testing.T) (*authrockettest.Realm, *authrocketdev.Service, *coreapi.Client) {
	t.Helper()
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
	return realm, service, api
}

func TestImport(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		user    authrockettest.User // who is at AuthRocket before
		signsIn bool                // and has signed in here
		fault   authrockettest.Fault
		first   error // of a first run, with the fault
		linked  bool  // Ada, in the end
		refused []int64
		users   []string // emails at AuthRocket in the end
	}{
		"nobody is there": {linked: true, users: []string{"ada@example.com"}},
		"an answer is lost": {
			fault: authrockettest.Only("POST /v2/users", once(authrockettest.AfterWrite(authrockettest.Disconnect()))), linked: true, users: []string{"ada@example.com"},
		},
		"AuthRocket is away for a while": {fault: authrockettest.Status(http.StatusServiceUnavailable), first: coreapi.ErrUnavailable, linked: true, users: []string{"ada@example.com"}},
		"an earlier run was cut off": {
			user: authrockettest.User{Email: "ada@example.com", Reference: "1"}, linked: true, users: []string{"ada@example.com"},
		},
		"a user signed up with that email": {
			user: authrockettest.User{Email: "ada@example.com"}, refused: []int64{1}, users: []string{"ada@example.com"},
		},
		"the user is another person": {
			user: authrockettest.User{Email: "ada@example.com", Reference: "2"}, refused: []int64{1}, users: []string{"ada@example.com"},
		},
		"a user has signed in and is linked": {
			user: authrockettest.User{Email: "ada@example.com"}, signsIn: true, linked: true, users: []string{"ada@example.com"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store, ada, bob := newStore(t)
				defer store.Close()
				realm, service, api := newAPI(t)
				if row.user.Email != "" {
					row.user = realm.AddUser(row.user)
				}
				if row.signsIn {
					if _, err := store.SignIn(t.Context(), verified(row.user.ID, row.user.Email)); err != nil {
						t.Fatal(err)
					}
				}
				service.Break(row.fault)
				if _, err := store.Import(t.Context(), api); !errors.Is(err, row.first) {
					t.Fatalf("the first run: got %v, want %v", err, row.first)
				}
				service.Repair()
				done, err := store.Import(t.Context(), api)
				if err != nil || !slices.Equal(done.Refused, row.refused) {
					t.Errorf("the second run: got %v, %v, want %v refused", done, err, row.refused)
				}
				var emails []string
				for _, user := range realm.Users() {
					emails = append(emails, user.Email)
				}
				if !slices.Equal(emails, row.users) {
					t.Errorf("the users are %q, want %q", emails, row.users)
				}
				id, err := store.AuthRocketID(t.Context(), ada.ID)
				if err != nil || (id != "") != row.linked {
					t.Fatalf("Ada is %q, %v, want linked %v", id, err, row.linked)
				}
				if row.linked {
					user, err := realm.User(id)
					isOfImport := row.user.ID == ""
					if err != nil || isOfImport && (user.Reference != "1" || user.EmailVerification != authrocket.EmailVerified || user.Name != "Own Ada") {
						t.Errorf("got %+v, %v", user, err)
					}
				}
				if id, err := store.AuthRocketID(t.Context(), bob.ID); err != nil || id != "" {
					t.Errorf("Bob, who has not confirmed his email, is %q, %v", id, err)
				}
			})
		})
	}
}

// A person who signs in during the import stays who that was.
func TestImportAndSignInAtOnce(t *testing.T) {
	t.Parallel()
	store, ada, _ := newStore(t)
	_, service, api := newAPI(t)
	service.Break(authrockettest.Only("POST /v2/users", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if _, err := store.SignIn(r.Context(), verified("usr_1", "ada@example.com")); err != nil {
			t.Error(err)
		}
		healthy.ServeHTTP(w, r)
	}))
	if _, err := store.Import(t.Context(), api); err != nil {
		t.Fatal(err)
	}
	if id, err := store.AuthRocketID(t.Context(), ada.ID); err != nil || id != "usr_1" {
		t.Errorf("Ada is %q, %v, want usr_1", id, err)
	}
}

// A user who is a person already does not become a second one.
func TestImportOfAUserWhoIsAPerson(t *testing.T) {
	t.Parallel()
	store, ada, _ := newStore(t)
	realm, _, api := newAPI(t)
	user := realm.AddUser(authrockettest.User{Email: "ada@example.com", Reference: "1"})
	cleo, err := store.SignIn(t.Context(), verified(user.ID, "cleo@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Import(t.Context(), api); err == nil {
		t.Error("the import does not say so")
	}
	id, err := store.AuthRocketID(t.Context(), ada.ID)
	if p, cleoErr := store.ByAuthRocketID(t.Context(), user.ID); err != nil || id != "" || cleoErr != nil || p != cleo {
		t.Errorf("Ada is %q, %v, and the user is %v, %v", id, err, p, cleoErr)
	}
}

// once breaks the first request, and no other.
func once(fault authrockettest.Fault) authrockettest.Fault {
	var isBroken atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if isBroken.Swap(true) {
			healthy.ServeHTTP(w, r)
			return
		}
		fault(w, r, healthy)
	}
}
