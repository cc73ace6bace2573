package authrockettest_test

import (
	"errors"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestOrgs(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	engines, err := realm.CreateOrg(authrockettest.Org{Name: "Engines"})
	if err != nil || engines.ID == "" {
		t.Fatalf("got %+v, %v", engines, err)
	}
	if _, err := realm.CreateOrg(authrockettest.Org{ID: engines.ID}); !errors.Is(err, authrockettest.ErrIDTaken) {
		t.Errorf("an ID that is taken: got %v", err)
	}
	updated, err := realm.UpdateOrg(engines.ID, func(o *authrockettest.Org) { o.ID, o.Name = "org_other", "Analytical Engines" })
	if err != nil || updated.ID != engines.ID || updated.Name != "Analytical Engines" {
		t.Errorf("got %+v, %v", updated, err)
	}
	if got, err := realm.Org(engines.ID); err != nil || got.Name != "Analytical Engines" {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := realm.Org("org_other"); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an org that there is not: got %v", err)
	}
	if _, err := realm.UpdateOrg("org_other", func(*authrockettest.Org) { t.Error("change is called for nothing") }); !errors.Is(err, authrockettest.ErrNotFound) {
		t.Errorf("an org that there is not is updated: got %v", err)
	}
}
