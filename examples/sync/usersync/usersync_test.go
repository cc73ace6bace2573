package usersync_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/sync/usersync"
)

var modes = map[string]bool{"complete": false, "by events": true}

func TestChangesBetweenRuns(t *testing.T) {
	t.Parallel()
	type realm = authrockettest.Realm
	for name, row := range map[string]struct {
		change  func(*realm) error
		again   func(*realm) error // after a second run
		deleted []string
		// What makes no event is noticed by a complete run only.
		hasNoEvent bool
	}{
		"nothing happens": {change: func(*realm) error { return nil }},
		"a user is created": {change: func(r *realm) error {
			_, err := r.CreateUser(authrockettest.User{Email: "fay@example.com"})
			return err
		}},
		"a user is created and deleted": {change: func(r *realm) error {
			u, err := r.CreateUser(authrockettest.User{Email: "fay@example.com"})
			return errors.Join(err, r.DeleteUser(u.ID))
		}},
		"a user is renamed": {change: func(r *realm) error { return rename(r, "usr_bob", "Robert") }},
		"a user is made inactive, and active again": {
			change: func(r *realm) error { return setState(r, authrockettest.UserInactive) },
			again:  func(r *realm) error { return setState(r, authrockettest.UserActive) },
		},
		"an email is verified": {change: func(r *realm) error {
			_, err := r.UpdateUser("usr_bob", func(u *authrockettest.User) { u.EmailVerification = authrocket.EmailVerified })
			return err
		}},
		"two users swap emails": {change: func(r *realm) error {
			return errors.Join(setEmail(r, "usr_ada", "x@example.com"), setEmail(r, "usr_emil", "ada@example.com"), setEmail(r, "usr_ada", "emil@example.com"))
		}},
		"a user is deleted": {change: func(r *realm) error { return r.DeleteUser("usr_bob") }, deleted: []string{"usr_bob"}},
		"the email of a deleted user is taken": {change: func(r *realm) error {
			return errors.Join(r.DeleteUser("usr_bob"), setEmail(r, "usr_ada", "bob@example.com"))
		}, deleted: []string{"usr_bob"}},
		"many users are deleted": {change: func(r *realm) error {
			return errors.Join(r.DeleteUser("usr_ada"), r.DeleteUser("usr_bob"), r.DeleteUser("usr_cleo"), r.DeleteUser("usr_dora"))
		}, deleted: []string{"usr_ada", "usr_bob", "usr_cleo", "usr_dora"}},
		"all users are deleted, not all orgs": {change: func(r *realm) error {
			return errors.Join(r.DeleteUser("usr_ada"), r.DeleteUser("usr_bob"), r.DeleteUser("usr_cleo"), r.DeleteUser("usr_dora"), r.DeleteUser("usr_emil"))
		}, deleted: []string{"usr_ada", "usr_bob", "usr_cleo", "usr_dora", "usr_emil"}},
		"a deleted user is there again": {
			change: func(r *realm) error { return r.DeleteUser("usr_emil") },
			again: func(r *realm) error {
				_, err := r.CreateUser(authrockettest.User{ID: "usr_emil", Email: "emil@example.com"})
				return err
			},
		},
		"an org is created, with a member": {change: func(r *realm) error {
			o, err := r.CreateOrg(authrockettest.Org{Name: "paints"})
			_, memberErr := r.CreateMembership("usr_emil", o.ID)
			return errors.Join(err, memberErr)
		}},
		"an org is renamed": {change: func(r *realm) error {
			_, err := r.UpdateOrg("org_oils", func(o *authrockettest.Org) { o.Name = "aaa" })
			return err
		}},
		"an org is closed":                    {change: func(r *realm) error { return closeOrg(r, "org_oils") }},
		"an org is deleted, with its members": {change: func(r *realm) error { return r.DeleteOrg("org_oils") }, deleted: []string{"org_oils"}},
		"a closed org is deleted": {
			change: func(r *realm) error { return closeOrg(r, "org_oils") },
			again:  func(r *realm) error { return r.DeleteOrg("org_oils") }, deleted: []string{"org_oils"}, hasNoEvent: true,
		},
		"permissions change": {change: func(r *realm) error {
			return r.SetPermissions(r.MembershipsOf("usr_bob")[0].ID, "oil:read", "oil:write")
		}},
		"permissions are taken": {change: func(r *realm) error { return r.SetPermissions(r.MembershipsOf("usr_bob")[0].ID) }},
		"a membership ends":     {change: func(r *realm) error { return r.DeleteMembership(r.MembershipsOf("usr_bob")[0].ID) }},
		"a member leaves and comes back": {change: func(r *realm) error {
			err := r.DeleteMembership(r.MembershipsOf("usr_bob")[0].ID)
			_, backErr := r.CreateMembership("usr_bob", "org_oils")
			return errors.Join(err, backErr)
		}},
	} {
		for mode, byEvents := range modes {
			if byEvents && row.hasNoEvent {
				continue
			}
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					c := newCopied(t, 2)
					defer c.db.Close()
					time.Sleep(time.Hour) // the events that made the realm are read no more
					c.realm.Emit(authrockettest.Event{Type: "user.login.succeeded", UserID: "usr_ada"})
					c.run(t, false)
					c.check(t)
					for _, change := range []func(*realm) error{row.change, row.again} {
						if change == nil {
							continue
						}
						if err := change(c.realm); err != nil {
							t.Fatal(err)
						}
						if result := c.run(t, byEvents); result.Complete == byEvents {
							t.Errorf("got the run %v", result)
						}
						c.check(t)
					}
					if got := c.deleted(t); !slices.Equal(got, row.deleted) {
						t.Errorf("deleted are %q, want %q", got, row.deleted)
					}
				})
			})
		}
	}
}

func rename(r *authrockettest.Realm, id, name string) error {
	_, err := r.UpdateUser(id, func(u *authrockettest.User) { u.Name = name })
	return err
}

func setEmail(r *authrockettest.Realm, id, email string) error {
	_, err := r.UpdateUser(id, func(u *authrockettest.User) { u.Email = email })
	return err
}

func setState(r *authrockettest.Realm, state authrockettest.UserState) error {
	_, err := r.UpdateUser("usr_bob", func(u *authrockettest.User) { u.State = state })
	return err
}

func closeOrg(r *authrockettest.Realm, id string) error {
	_, err := r.UpdateOrg(id, func(o *authrockettest.Org) { o.State = authrockettest.OrgClosed })
	return err
}

// Wherever a run is cut off, it has marked nothing as deleted that is there, and the next one
// ends with the same result.
func TestRunsAreCutOffAnywhere(t *testing.T) {
	t.Parallel()
	for mode, byEvents := range modes {
		for nextMode, nextByEvents := range modes {
			for faultName, row := range map[string]struct {
				fault authrockettest.Fault
				want  error
			}{
				"the API is down":     {authrockettest.Status(http.StatusServiceUnavailable), coreapi.ErrUnavailable},
				"answers are garbage": {authrockettest.Garbage(), coreapi.ErrUnexpected},
			} {
				t.Run(mode+", then "+nextMode+": "+faultName, func(t *testing.T) {
					t.Parallel()
					isOver := false
					for n := 1; !isOver; n++ {
						if n > 100 {
							t.Fatal("the run does not end")
						}
						c := newCopied(t, 2)
						c.run(t, false)
						if err := errors.Join(rename(c.realm, "usr_ada", "Augusta"), c.realm.DeleteUser("usr_bob"), c.realm.DeleteOrg("org_widgets"),
							c.realm.SetPermissions(c.realm.MembershipsOf("usr_cleo")[0].ID, "oil:write")); err != nil {
							t.Fatal(err)
						}
						c.service.Break(fromRequest(n, row.fault))
						_, err := c.try(t, byEvents)
						if isOver = err == nil; !isOver && !errors.Is(err, row.want) {
							t.Fatalf("cut off at request %d: got %v, want %v", n, err, row.want)
						}
						for _, id := range c.deleted(t) {
							if id != "usr_bob" && id != "org_widgets" {
								t.Errorf("cut off at request %d: %s is marked as deleted", n, id)
							}
						}
						c.service.Repair()
						if result := c.run(t, nextByEvents); result.Complete == nextByEvents {
							t.Errorf("cut off at request %d: the next run is %v", n, result)
						}
						c.check(t)
						if got, want := c.deleted(t), []string{"org_widgets", "usr_bob"}; !slices.Equal(got, want) {
							t.Errorf("cut off at request %d: deleted are %q, want %q", n, got, want)
						}
					}
				})
			}
		}
	}
}

// The first run of all is cut off: there is no event to go on from.
func TestFirstRunIsCutOff(t *testing.T) {
	t.Parallel()
	for mode, byEvents := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := newCopied(t, 2)
			c.service.Break(fromRequest(4, authrockettest.Status(http.StatusServiceUnavailable)))
			if _, err := c.try(t, byEvents); !errors.Is(err, coreapi.ErrUnavailable) {
				t.Fatalf("got %v, want ErrUnavailable", err)
			}
			if got := len(c.rows(t)); got == 0 || got == len(rowsOf(t, c.realm)) {
				t.Errorf("the first run has copied %d rows, want some of them", got)
			}
			c.service.Repair()
			if result := c.run(t, true); !result.Complete {
				t.Errorf("got the run %v, want a complete one", result)
			}
			c.check(t)
		})
	}
}

// No run against another realm changes a row, whether the API answers for it from the first request
// or from a later one on.
func TestOtherRealm(t *testing.T) {
	t.Parallel()
	for name, users := range map[string][]string{
		"with other users":               {"usr_b0", "usr_b1", "usr_b2"},
		"with some users of the same ID": {"usr_ada", "usr_bob"}, // as two realms from one seed file
		"that is empty":                  nil,
	} {
		for mode, byEvents := range modes {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					if n > 100 {
						t.Fatal("the run does not end")
					}
					c := newCopied(t, 2)
					c.run(t, false)
					if err := rename(c.realm, "usr_ada", "Augusta"); err != nil {
						t.Fatal(err)
					}
					other := authrockettest.NewRealm(t)
					for _, id := range users {
						other.AddUser(authrockettest.User{ID: id, Email: id + "@example.com"})
					}
					requests := 0
					answer := answeredBy(serviceOf(t, other, 0))
					c.service.Break(fromRequest(n, func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
						requests++
						answer(w, r, healthy)
					}))
					_, err := c.try(t, byEvents)
					if requests == 0 {
						return // the run was over before
					}
					var names []string
					for _, row := range c.rows(t) {
						names = append(names, strings.Fields(row)[0])
					}
					var want []string
					for _, row := range rowsOf(t, c.realm) {
						want = append(want, strings.Fields(row)[0])
					}
					if !slices.Equal(names, want) {
						t.Errorf("from request %d on: the copy has %q, want %q (%v)", n, names, want, err)
					}
					isKnown := errors.Is(err, usersync.ErrOtherRealm) || errors.Is(err, usersync.ErrNothingLeft) || errors.Is(err, coreapi.ErrInvalid)
					if n == 1 && !isKnown {
						t.Errorf("got %v, want an error that names the cause", err)
					}
				}
			})
		}
	}
}

// A page is written as a whole, or not at all.
func TestPageWithARecordOfAnotherRealm(t *testing.T) {
	t.Parallel()
	for name, realmID := range map[string]any{"another realm": "rl_other", "no realm": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopied(t, 10)
			c.run(t, false)
			c.service.Break(authrockettest.Only("GET /v2/users", edited(func(collection []any) []any {
				collection[0].(map[string]any)["name"] = "Mallory"
				collection[3].(map[string]any)["realm_id"] = realmID
				return collection
			})))
			if _, err := c.try(t, false); !errors.Is(err, usersync.ErrOtherRealm) {
				t.Errorf("got %v, want ErrOtherRealm", err)
			}
			c.check(t)
		})
	}
}

// A membership without permissions has an empty array, also when the API leaves it out.
func TestNoPermissions(t *testing.T) {
	t.Parallel()
	c := newCopied(t, 10)
	c.service.Break(authrockettest.Only("GET /v2/memberships", edited(func(collection []any) []any {
		for _, m := range collection {
			delete(m.(map[string]any), "permissions")
		}
		return collection
	})))
	c.run(t, false)
	if got := texts(t, c.db, `SELECT DISTINCT permissions FROM memberships`); !slices.Equal(got, []string{"[]"}) {
		t.Errorf("got %q, want []", got)
	}
}

// A list that leaves out records says nothing about them.
func TestListIsShort(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		list string
		keep int
	}{
		"no user":           {"GET /v2/users", 0},
		"one user":          {"GET /v2/users", 1},
		"no org":            {"GET /v2/orgs", 0},
		"one org":           {"GET /v2/orgs", 1},
		"no membership":     {"GET /v2/memberships", 0},
		"users and no orgs": {"GET /v2/orgs", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopied(t, 10)
			c.run(t, false)
			if err := c.realm.DeleteUser("usr_bob"); err != nil {
				t.Fatal(err)
			}
			c.service.Break(authrockettest.Only(row.list, edited(func(collection []any) []any { return collection[:min(row.keep, len(collection))] })))
			c.run(t, false)
			c.check(t)
			if got, want := c.deleted(t), []string{"usr_bob"}; !slices.Equal(got, want) {
				t.Errorf("deleted are %q, want %q", got, want)
			}
		})
	}
}

// When nothing is left, it cannot be told from another realm.
func TestAllRecordsAreDeleted(t *testing.T) {
	t.Parallel()
	c := newCopied(t, 2)
	c.run(t, false)
	before := c.rows(t)
	for _, u := range c.realm.Users() {
		if err := c.realm.DeleteUser(u.ID); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"org_engines", "org_oils", "org_widgets"} {
		if err := c.realm.DeleteOrg(id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.try(t, false); !errors.Is(err, usersync.ErrNothingLeft) {
		t.Errorf("got %v, want ErrNothingLeft", err)
	}
	if got := c.rows(t); !slices.Equal(got, before) {
		t.Errorf("the copy has\n%q\nwant\n%q", got, before)
	}
}

// Records that are still there are found among many that are gone.
func TestMostAreDeleted(t *testing.T) {
	t.Parallel()
	for mode, byEvents := range modes {
		for _, pageSize := range []int{2, 100} {
			t.Run(fmt.Sprintf("%s, pages of %d", mode, pageSize), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					realm := authrockettest.NewRealm(t)
					for i := range 40 {
						realm.AddUser(authrockettest.User{ID: fmt.Sprintf("usr_%02d", i), Email: fmt.Sprintf("%d@example.com", i)})
					}
					c := copiedOf(t, realm, pageSize)
					defer c.db.Close()
					time.Sleep(time.Hour) // the users have no events that are read
					realm.Emit(authrockettest.Event{Type: "user.login.succeeded", UserID: "usr_00"})
					c.run(t, false)
					for i := range 38 {
						if err := realm.DeleteUser(fmt.Sprintf("usr_%02d", i)); err != nil {
							t.Fatal(err)
						}
					}
					// The first that is asked for is deleted just then.
					c.service.Break(authrockettest.Only("GET /v2/users/usr_38", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
						realm.DeleteUser("usr_38")
						healthy.ServeHTTP(w, r)
					}))
					c.run(t, byEvents)
					c.service.Repair()
					c.run(t, byEvents)
					c.check(t)
				})
			})
		}
	}
}

func TestEmptyRealm(t *testing.T) {
	t.Parallel()
	c := copiedOf(t, authrockettest.NewRealm(t), 2)
	if result := c.run(t, false); result != (usersync.Result{Complete: true}) {
		t.Errorf("got %+v", result)
	}
	if result := c.run(t, true); result.Why == "" {
		t.Errorf("got %+v, want a complete run", result)
	}
}

// Events come twice and in any order. Each record is read once, as it is now.
func TestEventsOutOfOrderAndTwice(t *testing.T) {
	t.Parallel()
	c := newCopied(t, 100)
	c.run(t, false)
	for _, name := range []string{"B", "Bo", "Rob"} {
		if err := rename(c.realm, "usr_bob", name); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.realm.DeleteUser("usr_emil"), rename(c.realm, "usr_cleo", "Cleopatra")); err != nil {
		t.Fatal(err)
	}
	var reads atomic.Int64
	c.service.Break(authrockettest.Chain(
		authrockettest.Only("GET /v2/users/{id}", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			if r.URL.Path == "/v2/users/usr_bob" {
				reads.Add(1)
			}
			healthy.ServeHTTP(w, r)
		}),
		authrockettest.Only("GET /v2/events", edited(func(collection []any) []any {
			slices.Reverse(collection)
			return append(collection, collection...)
		})),
	))
	for range 2 {
		if result := c.run(t, true); result.Complete {
			t.Errorf("got the run %v", result)
		}
		c.check(t)
		if got := reads.Swap(0); got != 1 {
			t.Errorf("bob was read %d times, want once", got)
		}
	}
}

// A run by events that is cut off forgets no event, also not one that is long ago.
func TestRunByEventsIsCutOff(t *testing.T) {
	t.Parallel()
	isOver := false
	for n := 1; !isOver && n < 100; n++ {
		synctest.Test(t, func(t *testing.T) {
			c := newCopied(t, 1)
			defer c.db.Close()
			c.run(t, false)
			for _, id := range []string{"usr_ada", "usr_bob", "usr_cleo"} {
				time.Sleep(time.Hour)
				if err := rename(c.realm, id, "Renamed"); err != nil {
					t.Fatal(err)
				}
			}
			c.service.Break(fromRequest(n, authrockettest.Status(http.StatusServiceUnavailable)))
			_, err := c.try(t, true)
			isOver = err == nil
			c.service.Repair()
			if result := c.run(t, true); result.Complete {
				t.Errorf("cut off at request %d: got the run %v", n, result)
			}
			c.check(t)
		})
	}
}

// The latest event is the one to go on from, wherever it stands in the list.
func TestRunByEventsGoesOnFromTheLatest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCopied(t, 100)
		defer c.db.Close()
		c.run(t, false)
		for _, id := range []string{"usr_ada", "usr_bob", "usr_cleo"} {
			time.Sleep(time.Hour)
			if err := rename(c.realm, id, "Renamed"); err != nil {
				t.Fatal(err)
			}
		}
		c.service.Break(authrockettest.Only("GET /v2/events", edited(func(collection []any) []any {
			slices.Reverse(collection)
			return collection
		})))
		c.run(t, true)
		c.check(t)
		if got, want := c.run(t, true), (usersync.Result{Events: 1, Users: 1}); got != want {
			t.Errorf("got %+v, want the last event again and no other", got)
		}
	})
}

// A rename between two pages of a list hides no record.
func TestRenameDuringAList(t *testing.T) {
	t.Parallel()
	c := newCopied(t, 2)
	c.service.Break(authrockettest.Only("GET /v2/orgs", func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if r.URL.Query().Get("after") != "" {
			if _, err := c.realm.UpdateOrg("org_oils", func(o *authrockettest.Org) { o.Name = "zzz" }); err != nil {
				t.Error(err)
			}
		}
		healthy.ServeHTTP(w, r)
	}))
	c.run(t, false)
	if got, want := texts(t, c.db, `SELECT id FROM orgs ORDER BY id`), []string{"org_engines", "org_oils", "org_widgets"}; !slices.Equal(got, want) {
		t.Errorf("the copy has the orgs %q, want %q", got, want)
	}
	c.run(t, true)
	c.check(t)
}

// Logins are many, and lead to nothing.
func TestLoginsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCopied(t, 100)
		defer c.db.Close()
		time.Sleep(time.Hour) // what made the realm is beyond the overlap
		c.realm.Emit(authrockettest.Event{Type: "user.login.succeeded", UserID: "usr_ada"})
		c.run(t, false)
		for _, kind := range []string{"user.login.succeeded", "user.login.failed", "user.password.updated", "session.deleted", "invitation.org.created", "news.of.tomorrow"} {
			c.realm.Emit(authrockettest.Event{Type: kind, UserID: "usr_ada", OrgID: "org_oils"})
		}
		c.realm.Emit(authrockettest.Event{Type: "user.news.of.tomorrow", UserID: "usr_bob"})
		if got := c.run(t, true); got != (usersync.Result{Events: 8, Users: 1}) {
			t.Errorf("got %+v, want bob alone", got)
		}
	})
}

// Events whose history has a gap say nothing about what is missing.
func TestGapInTheHistory(t *testing.T) {
	t.Parallel()
	c := newCopied(t, 100)
	c.run(t, false)
	if err := errors.Join(rename(c.realm, "usr_ada", "Augusta"), c.realm.DeleteUser("usr_bob")); err != nil {
		t.Fatal(err)
	}
	for range 10_000 { // as many as the realm remembers
		c.realm.Emit(authrockettest.Event{Type: "user.login.succeeded", UserID: "usr_emil"})
	}
	result := c.run(t, true)
	if !result.Complete || !strings.Contains(result.String(), "does not reach back") {
		t.Errorf("got the run %v, want a complete one", result)
	}
	c.check(t)
	if result := c.run(t, true); result.Complete {
		t.Errorf("got the run %v, want one by events again", result)
	}
}

// An event shows before the change that it is about: a later run reads the record again.
func TestRecordsShowLate(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*authrockettest.Realm) error{
		"a new name": func(r *authrockettest.Realm) error { return rename(r, "usr_ada", "Augusta") },
		"a deletion": func(r *authrockettest.Realm) error { return r.DeleteUser("usr_ada") },
		"a new user": func(r *authrockettest.Realm) error {
			_, err := r.CreateUser(authrockettest.User{Email: "fay@example.com"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCopied(t, 2)
				defer c.db.Close()
				late := serviceOf(t, c.realm, time.Minute)
				c.run(t, false)
				if err := change(c.realm); err != nil {
					t.Fatal(err)
				}
				time.Sleep(30 * time.Second)
				if err := rename(c.realm, "usr_emil", "Émile"); err != nil { // a later event
					t.Fatal(err)
				}
				c.service.Break(authrockettest.Only("GET /v2/users/{id}", answeredBy(late)))
				c.run(t, true)
				time.Sleep(5 * time.Minute)
				c.run(t, true)
				c.check(t)
			})
		})
	}
}

// All of the API shows writes late: what a run has not seen, the next one has.
func TestWritesShowLate(t *testing.T) {
	t.Parallel()
	for mode, byEvents := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newCopied(t, 2)
				defer c.db.Close()
				c.run(t, false)
				c.service.Break(answeredBy(serviceOf(t, c.realm, 2*time.Second)))
				for i := range 6 {
					if _, err := c.realm.CreateUser(authrockettest.User{Email: fmt.Sprintf("late-%d@example.com", i)}); err != nil {
						t.Fatal(err)
					}
					if err := rename(c.realm, "usr_ada", fmt.Sprint("Ada ", i)); err != nil {
						t.Fatal(err)
					}
					if i == 3 {
						if err := c.realm.DeleteUser("usr_bob"); err != nil {
							t.Fatal(err)
						}
					}
					c.run(t, byEvents)
					time.Sleep(time.Second)
				}
				time.Sleep(time.Second)
				c.run(t, byEvents)
				c.check(t)
			})
		})
	}
}

// What happens during a long run is for the next run by events, however late that comes.
func TestChangesDuringALongRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCopied(t, 100)
		defer c.db.Close()
		for i := range 200 {
			c.realm.AddOrg(authrockettest.Org{Name: fmt.Sprint("customer ", i)})
		}
		change := func(id string) authrockettest.Fault {
			return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
				if err := rename(c.realm, id, "Renamed"); err != nil {
					t.Error(err)
				}
				healthy.ServeHTTP(w, r)
			}
		}
		start := time.Now()
		c.service.Break(authrockettest.Chain(
			authrockettest.Slow(8*time.Second), // as many requests as orgs
			authrockettest.Only("GET /v2/orgs", change("usr_ada")),
			authrockettest.Only("GET /v2/memberships", change("usr_emil")), // the latest event is one of the end
		))
		c.run(t, false)
		if time.Since(start) < 20*time.Minute {
			t.Errorf("the run took %v, which is not long", time.Since(start))
		}
		c.service.Repair()
		if result := c.run(t, true); result.Complete {
			t.Errorf("got the run %v", result)
		}
		c.check(t)
	})
}

func TestThousandUsers(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	org := realm.AddOrg(authrockettest.Org{Name: "Engines"})
	var created []authrockettest.User
	for i := range 1000 {
		u := realm.AddUser(authrockettest.User{Email: fmt.Sprintf("user-%d@example.com", i)})
		realm.AddMembership(u, org)
		created = append(created, u)
	}
	c := copiedOf(t, realm, 100)
	if got, want := c.run(t, false), (usersync.Result{Complete: true, Users: 1000, Orgs: 1, Memberships: 1000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	c.check(t)
	for i, u := range created {
		var err error
		switch i % 10 {
		case 0, 1, 2:
			err = realm.DeleteUser(u.ID)
		case 3:
			err = rename(realm, u.ID, "Renamed")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, want := c.run(t, false), (usersync.Result{Complete: true, Users: 700, Orgs: 1, Memberships: 700, Deleted: 600}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	c.check(t)
}

func TestFileIsForItsOwner(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "with ? and %41.db")
	for range 2 {
		db, err := usersync.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		isTerminal bool
		want       string
	}{
		"a terminal: one line":              {true, "\r\x1b[Kusers: 0\r\x1b[Kusers: 2\r\x1b[K\r\x1b[Korgs: 1\r\x1b[K"},
		"no terminal: a line for each step": {false, "users: 2\norgs: 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			p := usersync.NewProgress(&out, row.isTerminal)
			p.End()
			p.Report("users", 0)
			p.Report("users", 2)
			p.Report("orgs", 1)
			p.End()
			p.End()
			if out.String() != row.want {
				t.Errorf("got %q, want %q", out.String(), row.want)
			}
		})
	}
}
