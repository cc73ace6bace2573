package authrocketdev_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// BenchmarkCoreAPI reads from a realm of 10,000 users and 50,000 memberships over
// loopback, and reports how long half of the requests and 99 of 100 take.
func BenchmarkCoreAPI(b *testing.B) {
	const users, orgs, each = 10_000, 1_000, 5
	c := newCore(b)
	var orgIDs, userIDs []string
	for i := range orgs {
		org := c.realm.AddOrg(authrockettest.Org{Name: fmt.Sprintf("Org %d", i*7919%orgs), Reference: fmt.Sprint(i)})
		orgIDs = append(orgIDs, org.ID)
	}
	for i := range users {
		user := c.realm.AddUser(authrockettest.User{Email: fmt.Sprintf("user-%d@example.com", i), FirstName: "User", LastName: fmt.Sprint(i), Reference: fmt.Sprint(i)})
		userIDs = append(userIDs, user.ID)
		for j := range each {
			if _, err := c.realm.CreateMembership(user.ID, orgIDs[(i+j*101)%orgs], "read"); err != nil {
				b.Fatal(err)
			}
		}
	}
	session, err := c.realm.StartSession(userIDs[users/2])
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		target func(i int) string
	}{
		{"get a user", func(i int) string { return "/users/" + userIDs[i*7919%users] }},
		{"get a user by email", func(i int) string { return fmt.Sprintf("/users/user-%d@example.com", i*7919%users) }},
		{"get a user with memberships", func(i int) string { return "/users/" + userIDs[i*7919%users] + "?expand=memberships" }},
		{"get a session", func(int) string { return "/sessions/" + session.ID }},
		{"list users", func(i int) string { return "/users?after=" + userIDs[i*7919%users] }},
		{"list users by reference", func(i int) string { return fmt.Sprintf("/users?reference=%d", i*7919%users) }},
		{"list orgs by name", func(i int) string { return "/orgs?after=" + orgIDs[i*7919%orgs] }},
		{"list memberships of a user", func(i int) string { return "/memberships?user_id=" + userIDs[i*7919%users] }},
		{"list memberships of an org", func(i int) string { return "/memberships?org_id=" + orgIDs[i*7919%orgs] }},
		{"list memberships", func(int) string { return "/memberships" }},
		{"list events", func(int) string { return "/events" }},
		{"list events of a user", func(i int) string { return "/events?user_id=" + userIDs[i*7919%users] }},
	} {
		b.Run(row.name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				if a := c.ask(b, http.MethodGet, row.target(i), ""); a.status != http.StatusOK {
					b.Fatalf("got %d %s", a.status, a.body)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
