package usersync_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/sync/usersync"
)

// copied is a realm, and a job that copies it.
type copied struct {
	realm   *authrockettest.Realm
	service *authrocketdev.Service
	db      *sql.DB
	job     *usersync.Job
}

// newCopied returns a realm with five users, three orgs and three memberships, which nobody has copied.
func newCopied(t *testing.T, pageSize int) copied {
	t.Helper()
	realm := authrockettest.NewRealm(t)
	for _, name := range []string{"ada", "bob", "cleo", "dora", "emil"} {
		realm.AddUser(authrockettest.User{ID: "usr_" + name, Email: name + "@example.com", Name: name})
	}
	for _, name := range []string{"engines", "oils", "widgets"} {
		realm.AddOrg(authrockettest.Org{ID: "org_" + name, Name: name})
	}
	for user, org := range map[string]string{"usr_ada": "org_engines", "usr_bob": "org_oils", "usr_cleo": "org_oils"} {
		if _, err := realm.CreateMembership(user, org, "oil:read"); err != nil {
			t.Fatal(err)
		}
	}
	return copiedOf(t, realm, pageSize)
}

func copiedOf(t *testing.T, realm *authrockettest.Realm, pageSize int) copied {
	t.Helper()
	c := copied{realm: realm, service: serviceOf(t, realm, 0)}
	config := c.service.CoreAPIConfig()
	config.Retries = -1 // a fault is there at once
	api, err := coreapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	c.db, err = usersync.Open(t.Context(), filepath.Join(t.TempDir(), "users.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.db.Close() })
	if _, err := c.db.ExecContext(t.Context(), `PRAGMA synchronous = OFF`); err != nil { // no test waits for the disk
		t.Fatal(err)
	}
	c.job = &usersync.Job{API: api, DB: c.db, PageSize: pageSize}
	return c
}

// serviceOf returns a Core API of a realm. All of them have the same key.
func serviceOf(t *testing.T, realm *authrockettest.Realm, visibleAfter time.Duration) *authrocketdev.Service {
	t.Helper()
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{
		Server: server, APIKey: "ks_0123456789abcdef", RequestsPerMinute: -1, VisibleAfter: visibleAfter,
	})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// run is a run that has to succeed.
func (c copied) run(t *testing.T, byEvents bool) usersync.Result {
	t.Helper()
	result, err := c.try(t, byEvents)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (c copied) try(t *testing.T, byEvents bool) (usersync.Result, error) {
	t.Helper()
	if byEvents {
		return c.job.Events(t.Context())
	}
	return c.job.Full(t.Context())
}

// check compares the database with the realm.
func (c copied) check(t *testing.T) {
	t.Helper()
	if got, want := c.rows(t), rowsOf(t, c.realm); !slices.Equal(got, want) {
		t.Errorf("the copy has\n%q\nwant\n%q", got, want)
	}
}

// rows returns the rows that are not marked as deleted.
func (c copied) rows(t *testing.T) []string {
	return texts(t, c.db, `SELECT id || ' ' || email || ' ' || name || ' ' || state || ' ' || email_verified FROM users WHERE deleted_at IS NULL
UNION ALL SELECT id || ' ' || name || ' ' || state FROM orgs WHERE deleted_at IS NULL
UNION ALL SELECT id || ' ' || user_id || ' ' || org_id || ' ' || permissions FROM memberships WHERE deleted_at IS NULL ORDER BY 1`)
}

// deleted returns the users and orgs that are marked as deleted.
func (c copied) deleted(t *testing.T) []string {
	return texts(t, c.db, `SELECT id FROM users WHERE deleted_at IS NOT NULL UNION ALL SELECT id FROM orgs WHERE deleted_at IS NOT NULL ORDER BY 1`)
}

func texts(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		found = append(found, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// rowsOf returns what rows should return.
func rowsOf(t *testing.T, realm *authrockettest.Realm) []string {
	t.Helper()
	var want []string
	for _, u := range realm.Users() {
		verified := 0
		if u.EmailVerification == authrocket.EmailVerified {
			verified = 1
		}
		want = append(want, fmt.Sprintf("%s %s %s %s %d", u.ID, u.Email, u.Name, u.State, verified))
	}
	orgs, err := realm.ListOrgs(authrockettest.OrgList{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orgs.Items {
		want = append(want, fmt.Sprintf("%s %s %s", o.ID, o.Name, o.State))
	}
	memberships, err := realm.ListMemberships(authrockettest.MembershipList{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range memberships.Items {
		permissions, err := json.Marshal(append([]string{}, m.Permissions...))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%s %s %s %s", m.ID, m.UserID, m.OrgID, permissions))
	}
	slices.Sort(want)
	return want
}

// fromRequest breaks the nth request and all after it.
func fromRequest(n int, fault authrockettest.Fault) authrockettest.Fault {
	var requests atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if requests.Add(1) >= int64(n) {
			fault(w, r, healthy)
			return
		}
		healthy.ServeHTTP(w, r)
	}
}

// answeredBy lets another service answer.
func answeredBy(other *authrocketdev.Service) authrockettest.Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) { other.CoreAPI().ServeHTTP(w, r) }
}

// edited changes the collection of a list.
func edited(edit func(collection []any) []any) authrockettest.Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		answer := httptest.NewRecorder()
		healthy.ServeHTTP(answer, r)
		var list map[string]any
		if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil {
			panic(err)
		}
		list["collection"] = edit(list["collection"].([]any))
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		json.NewEncoder(w).Encode(list)
	}
}
