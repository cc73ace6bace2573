package authrocketdev_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

// hookedApp is an app that receives webhooks of a Service with the package webhook,
// without sockets, for use in bubbles.
type hookedApp struct {
	*hooked
	api      *coreapi.Client
	requests atomic.Int64 // the receiver's requests to the Core API

	mu       sync.Mutex
	events   []coreapi.Event
	outcomes []webhook.Outcome
}

func newHookedApp(t *testing.T, configure ...func(*authrocketdev.ServiceConfig)) *hookedApp {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	config := authrocketdev.ServiceConfig{Server: server, Webhooks: []string{"http://authrocket:" + webhookToken + "@localhost/hooks"}}
	for _, f := range configure {
		f(&config)
	}
	service, err := authrocketdev.NewService(config)
	if err != nil {
		t.Fatal(err)
	}
	app := &hookedApp{hooked: &hooked{service, realm}}
	ofReceiver := service.CoreAPIConfig()
	ofReceiver.Observer.Request = func(_ context.Context, e coreapi.RequestEvent) { app.requests.Add(int64(e.Attempts)) }
	api, err := coreapi.New(ofReceiver)
	if err != nil {
		t.Fatal(err)
	}
	if app.api, err = coreapi.New(service.CoreAPIConfig()); err != nil {
		t.Fatal(err)
	}
	hook, err := webhook.New(webhook.Config{
		API:     api,
		Secrets: []coreapi.Secret{coreapi.Hide(webhookToken)},
		Handle: func(_ context.Context, event coreapi.Event) error {
			app.mu.Lock()
			defer app.mu.Unlock()
			app.events = append(app.events, event)
			return nil
		},
		Observer: webhook.Observer{Event: func(_ context.Context, o webhook.Outcome) {
			app.mu.Lock()
			defer app.mu.Unlock()
			app.outcomes = append(app.outcomes, o)
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/hooks", hook)
	app.serveInMemory(t, map[string]http.Handler{"localhost:80": mux})
	return app
}

// webhookToken is the secret of the URL.
const webhookToken = "mVq7Z2xkT9bRfW4cNd8sLh3p"

func (a *hookedApp) user(t testing.TB, email string) authrockettest.User {
	t.Helper()
	user, err := a.realm.CreateUser(authrockettest.User{Email: email})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func (a *hookedApp) session(t testing.TB, user authrockettest.User) authrockettest.HostedSession {
	t.Helper()
	session, err := a.realm.StartSession(user.ID)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// handled returns how often each event was handled.
func (a *hookedApp) handled() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	handled := map[string]int{}
	for _, event := range a.events {
		handled[event.ID]++
	}
	return handled
}

// reasons returns the reasons of all webhooks, in order.
func (a *hookedApp) reasons() (reasons []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.outcomes {
		reasons = append(reasons, o.Reason)
	}
	return reasons
}

// happened returns the events of the realm.
func (a *hookedApp) happened(t testing.TB) []authrockettest.Event {
	t.Helper()
	page, err := a.realm.ListEvents(authrockettest.EventList{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

// Each type of event that happens in a realm comes, is read back, and is handled once.
func TestReceiverHandlesEveryType(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := newHookedApp(t)
		ada, bob := app.user(t, "ada@example.com"), app.user(t, "bob@example.com")
		org, err := app.realm.CreateOrg(authrockettest.Org{Name: "Widgets Inc"})
		if err != nil {
			t.Fatal(err)
		}
		member, err := app.realm.CreateMembership(ada.ID, org.ID)
		if err != nil {
			t.Fatal(err)
		}
		ended := app.session(t, bob)
		_, err = app.realm.UpdateUser(ada.ID, func(u *authrockettest.User) { u.FirstName = "Ada" })
		_, err2 := app.realm.UpdateOrg(org.ID, func(o *authrockettest.Org) { o.Name = "Widgets" })
		err = errors.Join(err, err2, app.realm.SetPermissions(member.ID, "read"), app.realm.DeleteMembership(member.ID),
			app.realm.DeleteOrg(org.ID), app.realm.DeleteUser(ada.ID), app.api.Sessions.Delete(t.Context(), coreapi.Hide(ended.ID)))
		if err != nil {
			t.Fatal(err)
		}
		// What the pages of a login emit, and what nobody knows yet.
		for _, kind := range []coreapi.EventType{
			coreapi.EventUserLoginSucceeded, coreapi.EventUserLoginFailed, coreapi.EventUserLoginInitiated, coreapi.EventUserEmailUpdating,
			coreapi.EventUserEmailVerifying, coreapi.EventUserEmailVerified, coreapi.EventUserPasswordResetting, coreapi.EventUserPasswordUpdated,
			coreapi.EventUserProfileUpdated, coreapi.EventInvitationOrgCreated, coreapi.EventInvitationReferralExpired, "passkey.added",
		} {
			app.realm.Emit(authrockettest.Event{Type: string(kind), UserID: bob.ID, Token: "tok_1"})
		}
		happened := app.happened(t)
		app.wantDelivered(t, len(happened), nil)
		if err := app.Ping(t.Context()); err != nil {
			t.Error(err)
		}

		want := map[string]int{}
		types := map[string]bool{}
		for _, event := range happened {
			want[event.ID], types[event.Type] = 1, true
		}
		if got := app.handled(); !maps.Equal(got, want) {
			t.Errorf("handled %v, want %v", got, want)
		}
		for _, kind := range []string{"user.created", "user.updated", "user.deleted", "org.created", "org.updated", "org.closed",
			"membership.created", "membership.updated", "membership.deleted", "session.deleted"} {
			if !types[kind] {
				t.Errorf("no %s happened", kind)
			}
		}
		for i, event := range app.events {
			if e := happened[i]; string(event.Type) != e.Type || event.UserID != e.UserID || event.MembershipID != e.MembershipID ||
				event.RealmID != app.realm.ID() || event.At.Sub(e.At).Abs() > time.Millisecond {
				t.Errorf("got %+v, want %+v", event, e)
			}
			if event.Type == coreapi.EventSessionDeleted && (event.SessionID().Reveal() != ended.ID || event.ExpiresAt.Unix() != ended.ExpiresAt.Unix()) {
				t.Errorf("got the session %s, which expires at %s", event.SessionID().Reveal(), event.ExpiresAt)
			}
		}
		if reasons := app.reasons(); reasons[len(reasons)-1] != "ping" {
			t.Errorf("got %q", reasons)
		}
	})
}

// Webhooks that are lost, doubled or out of order.
func TestReceiverBearsFaultsOfDelivery(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		faults authrocketdev.WebhookFaults
		want   int // events handled, of 10
	}{
		{name: "none", want: 10},
		{name: "every second one is lost", faults: authrocketdev.WebhookFaults{LoseEvery: 2}, want: 5},
		{name: "each comes twice", faults: authrocketdev.WebhookFaults{Twice: true}, want: 10},
		{name: "in reverse order", faults: authrocketdev.WebhookFaults{Reverse: true}, want: 10},
		{name: "twice, in reverse order, and some are lost", faults: authrocketdev.WebhookFaults{LoseEvery: 5, Twice: true, Reverse: true}, want: 8},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				app := newHookedApp(t)
				var users []authrockettest.User
				for i := range 10 {
					users = append(users, app.user(t, fmt.Sprintf("user%d@example.com", i)))
				}
				app.wantDelivered(t, 10, nil)
				app.events = nil

				app.BreakWebhooks(row.faults)
				for _, user := range users {
					app.realm.EndSession(app.session(t, user).ID, authrockettest.EndedByLogout)
				}
				app.wantDelivered(t, 10, nil)
				handled := app.handled()
				for id, times := range handled {
					if times != 1 {
						t.Errorf("%s was handled %d times", id, times)
					}
				}
				if len(handled) != row.want {
					t.Errorf("%d events were handled, want %d", len(handled), row.want)
				}
			})
		})
	}
}

// A change that the API shows late is waited for, or confirmed by AuthRocket's next try.
func TestReceiverWaitsForWhatShowsLate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		after time.Duration
		first int // acknowledged at the first try
	}{
		{name: "a second", after: time.Second, first: 2},
		{name: "10 seconds", after: 10 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				app := newHookedApp(t, func(c *authrocketdev.ServiceConfig) { c.VisibleAfter = row.after })
				ada := app.user(t, "ada@example.com")
				session := app.session(t, ada)
				time.Sleep(time.Minute)
				if _, err := app.Deliver(t.Context()); err != nil {
					t.Fatal(err)
				}
				app.events = nil

				if _, err := app.realm.UpdateUser(ada.ID, func(u *authrockettest.User) { u.FirstName = "Ada" }); err != nil {
					t.Fatal(err)
				}
				app.realm.EndSession(session.ID, authrockettest.EndedByLogout)
				got, err := app.Deliver(t.Context())
				if got != row.first || errors.Is(err, authrocketdev.ErrNotAcknowledged) != (row.first < 2) {
					t.Errorf("the first try: got %d, %v", got, err)
				}
				time.Sleep(row.after)
				app.wantDelivered(t, 2-row.first, nil)
				if got := app.handled(); len(got) != 2 || len(app.events) != 2 {
					t.Errorf("handled %v", got)
				}
			})
		})
	}
}

// A plan without event history: the three deletions need none.
func TestReceiverWithoutHistory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := newHookedApp(t)
		ada, bob := app.user(t, "ada@example.com"), app.user(t, "bob@example.com")
		org := app.realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"})
		member := app.realm.AddMembership(bob, org)
		session := app.session(t, bob)
		if _, err := app.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		app.events = nil

		app.Break(authrockettest.Only("GET /v2/events/{id}", authrockettest.Status(http.StatusNotFound)))
		app.realm.EndSession(session.ID, authrockettest.EndedByAPI)
		if err := errors.Join(app.realm.DeleteMembership(member.ID), app.realm.DeleteUser(ada.ID)); err != nil {
			t.Fatal(err)
		}
		app.happen("user.password.updated")
		app.wantDelivered(t, 3, authrocketdev.ErrNotAcknowledged)
		var types []string
		for _, event := range app.events {
			types = append(types, string(event.Type))
		}
		if want := []string{"session.deleted", "membership.deleted", "user.deleted"}; !slices.Equal(types, want) {
			t.Errorf("handled %q, want %q", types, want)
		}
	})
}

// What happens in another realm does not count, since the API key says nothing about it.
func TestReceiverConfirmsNothingOfAnotherRealm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := newHookedApp(t)
		app.user(t, "ada@example.com")
		app.wantDelivered(t, 1, nil)
		app.events, app.outcomes = nil, nil

		other := &hookedApp{hooked: &hooked{app.Service, authrockettest.NewRealm(t)}}
		app.QueueEventsOf(other.realm)
		eve := other.user(t, "eve@example.com")
		other.realm.EndSession(other.session(t, eve).ID, authrockettest.EndedByLogout)
		if err := other.realm.DeleteUser(eve.ID); err != nil {
			t.Fatal(err)
		}
		app.wantDelivered(t, 0, authrocketdev.ErrNotAcknowledged)
		if got := app.reasons(); !slices.Equal(got, []string{"not_confirmed", "not_confirmed", "not_confirmed"}) {
			t.Errorf("got %q", got)
		}
		if len(app.events) > 0 {
			t.Errorf("handled %+v", app.events)
		}
	})
}

// A receiver whose secret is another one does not exist for AuthRocket.
func TestReceiverWithAnotherSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := newHookedApp(t, func(c *authrocketdev.ServiceConfig) { c.Webhooks = []string{"http://authrocket:wrong@localhost/hooks"} })
		id := app.happen("user.created")[0]
		app.wantDelivered(t, 0, authrocketdev.ErrNotAcknowledged)
		if n := app.notifications(t, id)[0]; n.LastResult != "404 Not Found" {
			t.Errorf("got %+v", n)
		}
	})
}

// A thousand sessions that end at once: all are handled, once each, and the API gets no more
// requests than the budget allows.
func TestReceiverOfThousandWebhooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := newHookedApp(t)
		ada := app.user(t, "ada@example.com")
		var ids []string
		for range 1000 {
			// Not more of a user than a realm keeps.
			session := app.session(t, ada)
			app.realm.EndSession(session.ID, authrockettest.EndedByLogout)
			ids = append(ids, session.ID)
		}
		start := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { app.RunWebhooks(ctx) })
		time.Sleep(time.Hour)
		cancel()
		running.Wait()

		if n := app.PendingWebhooks(); n != 0 {
			t.Errorf("%d webhooks are pending", n)
		}
		ended := map[string]int{}
		for _, event := range app.events {
			if event.Type == coreapi.EventSessionDeleted {
				ended[event.SessionID().Reveal()]++
			}
		}
		for _, id := range ids {
			if ended[id] != 1 {
				t.Fatalf("the end of a session was handled %d times", ended[id])
			}
		}
		// Each event once, the realm once a minute.
		if most := int64(1001 + time.Since(start).Minutes() + 1); app.requests.Load() > most {
			t.Errorf("the API got %d requests, at most %d are due", app.requests.Load(), most)
		}
	})
}
