package authrocketdev_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// first breaks only the first request.
func first(fault authrockettest.Fault) authrockettest.Fault {
	var broken atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if broken.Swap(true) {
			healthy.ServeHTTP(w, r)
			return
		}
		fault(w, r, healthy)
	}
}

// refusals counts the answers that a fault has lost.
type refusals struct{ writes, before, after atomic.Int64 }

// fault answers every third request with a 503. It carries out every second one of
// these writes first.
func (f *refusals) fault() authrockettest.Fault {
	refuse := authrockettest.Status(http.StatusServiceUnavailable)
	return authrockettest.EveryNth(3, func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		switch {
		case r.Method == http.MethodGet:
			refuse(w, r, healthy)
		case f.writes.Add(1)%2 == 0:
			f.after.Add(1)
			authrockettest.AfterWrite(refuse)(w, r, healthy)
		default:
			f.before.Add(1)
			refuse(w, r, healthy)
		}
	})
}

// eventCounts counts the events of a realm.
type eventCounts struct {
	mu     sync.Mutex
	counts map[string]int // by type and by the record
}

func (c *eventCounts) count(e authrockettest.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[e.Type]++
}

func (c *eventCounts) since(before map[string]int) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := map[string]int{}
	for kind, n := range c.counts {
		if n -= before[kind]; n != 0 {
			since[kind] = n
		}
	}
	return since
}

// crew is a user with two sessions who is a member of every account; each run has
// another one.
type crew struct {
	membership authrockettest.Membership
	sessions   []authrockettest.HostedSession
}

func addCrew(t testing.TB, realm *authrockettest.Realm, org authrockettest.Org, i int) crew {
	t.Helper()
	user := realm.AddUser(authrockettest.User{Email: fmt.Sprintf("member-%d@example.com", i)})
	c := crew{membership: realm.AddMembership(user, org, "widget:read")}
	for range 2 {
		session, err := realm.StartSession(user.ID)
		if err != nil {
			t.Fatal(err)
		}
		c.sessions = append(c.sessions, session)
	}
	return c
}

func customerOf(i int) customer {
	return customer{
		ID: fmt.Sprint(i), Name: fmt.Sprintf("Customer %d", i), Password: coreapi.Hide("how-now-brown-cow!"),
		Email: fmt.Sprintf("Owner-%d@example.com", i), Invitee: fmt.Sprintf("Invitee-%d@example.com", i),
	}
}

// Writes show 2 s late, and every third answer is a 503, half of them after the
// write. No task fails, and each write is done exactly once.
func TestTasksAreDoneOnce(t *testing.T) {
	t.Parallel()
	const runs = 60
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		service := newServiceOf(t, realm, func(c *authrocketdev.ServiceConfig) { c.VisibleAfter = 2 * time.Second })
		api := newCoreClient(t, service)
		org := realm.AddOrg(authrockettest.Org{Name: "Engines"})
		var crews []crew
		for i := range runs {
			crews = append(crews, addCrew(t, realm, org, i))
		}
		time.Sleep(2 * time.Second)
		var events eventCounts
		realm.OnEvent(events.count)
		var lost refusals
		service.Break(lost.fault())
		for i := range runs {
			if err := openAccount(t.Context(), api, customerOf(i)); err != nil {
				t.Errorf("run %d of task 1: %v", i, err)
			}
			var page bytes.Buffer
			if err := members(t.Context(), api, &page, org.ID); err != nil || page.Len() == 0 {
				t.Errorf("run %d of task 2: %q, %v", i, page.String(), err)
			}
			admin := coreapi.Request{IP: "192.0.2.1", Client: "Firefox/3141.5"}
			if err := removeMember(t.Context(), api.For(admin), org.ID, crews[i].membership.ID); err != nil {
				t.Errorf("run %d of task 2: %v", i, err)
			}
		}
		t.Logf("of writes %d answers were lost after the write, and %d requests before it", lost.after.Load(), lost.before.Load())
		if lost.after.Load() < runs || lost.before.Load() < runs {
			t.Errorf("of writes only %d answers were lost after the write, and %d requests before it", lost.after.Load(), lost.before.Load())
		}
		want := map[string]int{
			"org.created": runs, "user.created": runs, "membership.created": runs, "membership.deleted": runs, "session.deleted": 2 * runs,
			"invitation.org.created": runs, "invitation.org.invited": runs,
		}
		if got := events.since(nil); !maps.Equal(got, want) {
			t.Errorf("got the events %v, want %v", got, want)
		}
		for i := range runs {
			wantOpened(t, realm, customerOf(i))
		}
		if left := realm.Members(org.ID); len(left) != 0 {
			t.Errorf("%d members are left", len(left))
		}
	})
}

// wantOpened fails the test unless the customer has one account with one owner, and
// one invitation.
func wantOpened(t testing.TB, realm *authrockettest.Realm, c customer) {
	t.Helper()
	orgs, err1 := realm.ListOrgs(authrockettest.OrgList{Reference: c.ID})
	owner, err2 := realm.UserByLogin(c.Email)
	invitations, err3 := realm.ListInvitations(authrockettest.InvitationList{Email: c.Invitee})
	if err := errors.Join(err1, err2, err3); err != nil || len(orgs.Items) != 1 || len(invitations.Items) != 1 {
		t.Errorf("customer %s: %d orgs, %d invitations, %v", c.ID, len(orgs.Items), len(invitations.Items), err)
		return
	}
	members := realm.Members(orgs.Items[0].ID)
	if len(members) != 1 || members[0].UserID != owner.ID || owner.Reference != c.ID || invitations.Items[0].InvitedAt.IsZero() {
		t.Errorf("customer %s: the members are %+v, the owner %+v, the invitation %+v", c.ID, members, owner, invitations.Items[0])
	}
}

// With parallel calls, one call may get a 503 for all its attempts. Its task may then
// fail with an error, but nothing is done twice.
func TestTasksAtOnceDoNothingTwice(t *testing.T) {
	t.Parallel()
	const runs = 60
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		service := newServiceOf(t, realm, func(c *authrocketdev.ServiceConfig) { c.VisibleAfter = 2 * time.Second })
		api := newCoreClient(t, service)
		var lost refusals
		service.Break(lost.fault())
		var group sync.WaitGroup
		var failed atomic.Int64
		for i := range runs {
			group.Go(func() {
				switch err := openAccount(t.Context(), api, customerOf(i)); {
				case err == nil:
					wantOpened(t, realm, customerOf(i))
				case errors.Is(err, coreapi.ErrUnavailable):
					failed.Add(1)
				default:
					t.Errorf("run %d: got %v, want ErrUnavailable", i, err)
				}
			})
		}
		group.Wait()
		t.Logf("%d of %d tasks failed", failed.Load(), runs)
		if failed.Load() > runs/2 {
			t.Errorf("%d of %d tasks failed", failed.Load(), runs)
		}
		for i := range runs {
			orgs, err1 := realm.ListOrgs(authrockettest.OrgList{Reference: customerOf(i).ID})
			invitations, err2 := realm.ListInvitations(authrockettest.InvitationList{Email: customerOf(i).Invitee})
			if err := errors.Join(err1, err2); err != nil || len(orgs.Items) > 1 || len(invitations.Items) > 1 {
				t.Errorf("run %d: %d orgs, %d invitations, %v", i, len(orgs.Items), len(invitations.Items), err)
			}
		}
	})
}
