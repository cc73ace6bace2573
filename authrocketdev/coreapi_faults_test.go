package authrocketdev_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// A client that reaches the rate limit waits as long as AuthRocket says, whatever its
// clock.
func TestClientWaitsForTheLimit(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]authrockettest.Fault{
		"with the right clock":       nil,
		"with a clock an hour ahead": authrockettest.ClockOff(time.Hour),
		"with a clock a day behind":  authrockettest.ClockOff(-24 * time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				service := newServiceOf(t, realm, func(c *authrocketdev.ServiceConfig) { c.RequestsPerMinute = 5 })
				service.Break(fault)
				api, start := newCoreClient(t, service), time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				for range 12 {
					if err := createOrg(ctx, api); err != nil {
						t.Fatal(err)
					}
				}
				// 5 at once, 5 after a minute, 2 after another minute.
				if took := time.Since(start); took < 2*time.Minute-2*time.Second || took > 2*time.Minute+10*time.Second {
					t.Errorf("12 calls took %s with 5 a minute", took)
				}
				if orgs, err := realm.ListOrgs(authrockettest.OrgList{}); err != nil || len(orgs.Items) != 12 {
					t.Errorf("there are %d orgs, %v", len(orgs.Items), err)
				}
				if rate := api.Rate(); fault == nil && (rate.Limit != 5 || rate.Reset.Before(time.Now())) {
					t.Errorf("got %+v", rate)
				}
			})
		})
	}
}

// Reads show a write late. Until and UntilGone wait for it.
func TestClientWaitsForWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := newServiceOf(t, authrockettest.NewRealm(t), func(c *authrocketdev.ServiceConfig) { c.VisibleAfter = 2 * time.Second })
		api := newCoreClient(t, service)
		org, err := api.Orgs.Create(t.Context(), coreapi.NewOrg{Name: "One", Reference: "42"})
		if err != nil {
			t.Fatal(err)
		}
		byReference := func(ctx context.Context) (coreapi.Org, error) { return api.Orgs.ByReference(ctx, "42") }
		if _, err := byReference(t.Context()); !errors.Is(err, coreapi.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		start := time.Now()
		if found, err := coreapi.Until(t.Context(), byReference, nil); err != nil || found.ID != org.ID || time.Since(start) < time.Second {
			t.Errorf("got %+v, %v after %s", found, err, time.Since(start))
		}
		if _, err := api.Orgs.Update(t.Context(), org.ID, coreapi.OrgChange{Name: new("Two")}); err != nil {
			t.Fatal(err)
		}
		renamed := func(o coreapi.Org) bool { return o.Name == "Two" }
		if found, err := coreapi.Until(t.Context(), byReference, renamed); err != nil || !renamed(found) {
			t.Errorf("got %+v, %v", found, err)
		}
		if err := api.Orgs.Delete(t.Context(), org.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := byReference(t.Context()); err != nil {
			t.Errorf("it is gone at once: %v", err)
		}
		if err := coreapi.UntilGone(t.Context(), byReference); err != nil {
			t.Error(err)
		}
	})
}

// A call that is repeated after a lost answer has the same result as a call without a
// fault.
func TestLostAnswersOfTheService(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		call func(context.Context, *coreapi.Client, coreapi.Org) error
		name string           // the name of the org at the end
		in   coreapi.OrgState // "" if the org is deleted
	}{
		"a change is made": {
			call: func(ctx context.Context, c *coreapi.Client, org coreapi.Org) error {
				changed, err := c.Orgs.Update(ctx, org.ID, coreapi.OrgChange{Name: new("Two")})
				if err == nil && changed.Name != "Two" {
					err = errors.New("the answer has another name: " + changed.Name)
				}
				return err
			},
			name: "Two", in: coreapi.OrgActive,
		},
		"an org is closed, and returned": {
			call: func(ctx context.Context, c *coreapi.Client, org coreapi.Org) error {
				closed, err := c.Orgs.Close(ctx, org.ID)
				if err == nil && (closed.ID != org.ID || closed.State != coreapi.OrgClosed) {
					err = errors.New("the answer is not the closed org")
				}
				return err
			},
			name: "One", in: coreapi.OrgClosed,
		},
		"an org is deleted": {call: func(ctx context.Context, c *coreapi.Client, org coreapi.Org) error { return c.Orgs.Delete(ctx, org.ID) }},
	} {
		for kind, fault := range map[string]authrockettest.Fault{
			"the answer is lost": authrockettest.Disconnect(), "the answer is 503": authrockettest.Status(503), "the answer is late": authrockettest.Slow(15 * time.Second),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					service := newServiceOf(t, authrockettest.NewRealm(t))
					api := newCoreClient(t, service)
					org, err := api.Orgs.Create(t.Context(), coreapi.NewOrg{Name: "One"})
					if err != nil {
						t.Fatal(err)
					}
					service.Break(first(authrockettest.AfterWrite(fault)))
					if err := row.call(t.Context(), api, org); err != nil {
						t.Error(err)
					}
					after, err := api.Orgs.Get(t.Context(), org.ID)
					if row.in == "" && !errors.Is(err, coreapi.ErrNotFound) || row.in != "" && (err != nil || after.State != row.in || after.Name != row.name) {
						t.Errorf("the org is %+v, %v", after, err)
					}
				})
			})
		}
	}
}

// A read-only key reads everything except tokens, and writes nothing.
func TestClientWithAKeyThatCanOnlyRead(t *testing.T) {
	t.Parallel()
	service := newServiceOf(t, authrockettest.NewRealm(t), func(c *authrocketdev.ServiceConfig) { c.ReadOnlyAPIKey = coreReadKey })
	api := newCoreClient(t, service)
	reader := newCoreClient(t, service, func(c *coreapi.Config) { c.APIKey = coreapi.Hide(coreReadKey) })
	stranger := newCoreClient(t, service, func(c *coreapi.Config) { c.APIKey = coreapi.Hide("ks_of_nobody_00000001") })
	user := must(api.Users.Create(t.Context(), coreapi.NewUser{Email: "a@example.com", Password: coreapi.Hide(anotherPassword)}))
	must(api.Users.PasswordToken(t.Context(), user.ID))
	if events := must(reader.Events.List(t.Context(), coreapi.EventQuery{PageSize: 1})).Items; len(events) != 1 || !events[0].Token().IsZero() {
		t.Errorf("got %+v", events)
	}
	if err := createOrg(t.Context(), reader); !errors.Is(err, coreapi.ErrKeyRefused) {
		t.Errorf("got %v, want ErrKeyRefused", err)
	}
	if err := readOrg(t.Context(), stranger); !errors.Is(err, coreapi.ErrKeyRefused) {
		t.Errorf("got %v, want ErrKeyRefused", err)
	}
}
