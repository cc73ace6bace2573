package authrockettest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/authrocket-go/authrocket"
)

// BenchmarkAdapter measures a request from a signed-in user to a gated route, through
// net/http and through the app that build makes. It also measures both apps without
// any middleware. The cost of an adapter is the difference between its times with and
// without middleware, minus the same difference for net/http. The request comes from
// [authrocket.Auth.Check], so its token is not verified again. The verification would
// take longer than everything else.
func BenchmarkAdapter(b *testing.B, build func(App) http.Handler) {
	realm := NewRealm(b)
	ada := realm.AddUser(User{Email: "ada@example.com"})
	realm.AddMembership(ada, realm.AddOrg(Org{Name: "Analytical Engines"}))
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		b.Fatal(err)
	}
	Warm(b, auth)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	bare := App{Auth: auth, Routes: []Route{{Method: http.MethodGet, Path: "/orgs/{org}", Handler: handler}}}
	guarded := App{Auth: auth, Middleware: []Middleware{{kind: authenticate}}, Routes: []Route{bare.Routes[0]}}
	guarded.Routes[0].Middleware = []Middleware{{kind: requireLogin}}

	for _, row := range []struct {
		name string
		h    http.Handler
	}{
		{name: "net/http without middleware", h: buildNetHTTP(bare)},
		{name: "net/http", h: buildNetHTTP(guarded)},
		{name: "adapter without middleware", h: build(bare)},
		{name: "adapter", h: build(guarded)},
	} {
		b.Run(row.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/orgs/org_1", nil)
			r.Header.Set("Authorization", "Bearer "+realm.Token(ada))
			r, err := auth.Check(r)
			if err != nil {
				b.Fatal(err)
			}
			w := httptest.NewRecorder()
			if row.h.ServeHTTP(w, r); w.Code != http.StatusNoContent {
				b.Fatalf("got status %d, want 204", w.Code)
			}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.Header())
				row.h.ServeHTTP(w, r)
			}
		})
	}
}
