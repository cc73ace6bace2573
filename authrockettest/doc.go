// Package authrockettest is an AuthRocket realm in memory, for tests and for
// local programs. It mints login tokens, publishes the keys to check them with,
// serves a plain hosted login, and breaks on demand:
//
//	func TestBilling(t *testing.T) {
//		realm := authrockettest.NewRealm(t)
//		org := realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"})
//		ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
//		realm.AddMembership(ada, org, "billing:write")
//
//		auth, err := authrocket.New(realm.Config())
//		if err != nil {
//			t.Fatal(err)
//		}
//		authrockettest.Warm(t, auth) // no request has to wait for keys
//		app := auth.Authenticate(auth.Require(authrocket.Permission("billing:write"))(billing))
//
//		r := httptest.NewRequest("GET", "/billing", nil)
//		realm.SignIn(r, ada)
//		w := httptest.NewRecorder()
//		app.ServeHTTP(w, r)
//		...
//	}
//
// No port is opened unless [Realm.Start] is called, so that a realm also works
// inside a testing/synctest bubble. A handler that only reads the session can be
// tested without any middleware: authrocket.WithSession(ctx, realm.Session(ada)).
package authrockettest
