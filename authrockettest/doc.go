// Package authrockettest is an in-memory AuthRocket realm for tests and local
// programs. It creates login tokens, publishes the keys that verify them, serves a
// simple hosted login, and fails on demand. For example:
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
//		authrockettest.Warm(t, auth) // fetches the keys, so that no request waits for them
//		app := auth.Authenticate(auth.Require(authrocket.Permission("billing:write"))(billing))
//
//		r := httptest.NewRequest("GET", "/billing", nil)
//		realm.SignIn(r, ada)
//		w := httptest.NewRecorder()
//		app.ServeHTTP(w, r)
//		...
//	}
//
// If the request in such a test has no session, the gate answers it with 401, because
// the request looks like one from a script. With the header Accept: text/html, the
// request counts as a browser's navigation, and the gate redirects it to the login;
// see authrocket.IsNavigation.
//
// As with LoginRocket Web, tokens, sign-ins and hosted logins contain one org only:
// the user's first, or the one that [InOrg] picks. RequireOrg refuses the pages of
// other orgs, in tests as in production. To see such a page, a user signs in to its
// org; a test uses InOrg. [AllOrgs] is for apps that get tokens of the Core API,
// which can contain several orgs.
//
// Tests of a handler without a gate need no realm. [Session] creates a session in one
// line:
//
//	s := authrockettest.Session(authrockettest.User{Name: "Ada"}, authrockettest.Org{}, "billing:write")
//	profile(w, r.WithContext(authrocket.WithSession(r.Context(), s)))
//
// A realm holds everything that AuthRocket stores: users, orgs, memberships,
// sessions, invitations, credentials (including second factors), auth providers,
// one-time tokens, settings and events. Most kinds of records have methods to create,
// read, update, delete and list them. Further methods:
//
//   - [Realm.OnEvent] reports each event.
//   - [Realm.By] makes changes on behalf of a client.
//   - [Realm.Behind] returns a view that shows changes with a delay.
//   - [Realm.Save] writes the realm; [RealmConfig.Saved] opens it again.
//
// The package authrocketdev serves such a realm as a LoginRocket and a Core API.
//
// The realm opens no port unless you call [Realm.Start]. It therefore also works in a
// testing/synctest bubble.
package authrockettest
