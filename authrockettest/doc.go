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
// A request without a session is a script's, and gets 401. With the header Accept:
// text/html it is a browser's, and is sent to the login; see authrocket.IsNavigation.
//
// Tokens, sign-ins and hosted logins hold the picked org only, as those of
// LoginRocket Web do: the user's first one, or that of [InOrg]. RequireOrg refuses
// a page of another org, in tests as in production; a user who wants to see it
// signs in to that org, which a test does by InOrg. [AllOrgs] is for apps that get
// tokens of the Core API, which can hold several orgs.
//
// A handler without a gate needs no realm. [Session] makes a session in one line:
//
//	s := authrockettest.Session(authrockettest.User{Name: "Ada"}, authrockettest.Org{}, "billing:write")
//	profile(w, r.WithContext(authrocket.WithSession(r.Context(), s)))
//
// A realm has all that AuthRocket keeps: users, orgs, memberships, sessions,
// invitations, credentials with second factors, auth providers, one-time tokens,
// settings and events. Each kind has methods that create, read, update, delete and
// list it. [Realm.OnEvent] reports what happens, [Realm.By] says for whom,
// [Realm.Behind] is the realm as a reader sees it that is late, and [Realm.Save]
// writes it all, for [RealmConfig.Saved] to open it again. authrocketdev serves
// such a realm as a LoginRocket and a Core API.
//
// No port is opened unless [Realm.Start] is called, so that a realm also works
// inside a testing/synctest bubble.
package authrockettest
