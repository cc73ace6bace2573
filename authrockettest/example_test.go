package authrockettest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// openRealm is for examples, which have no t. A test calls NewRealm(t).
func openRealm(algorithm string) *authrockettest.Realm {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: algorithm}})
	if err != nil {
		log.Fatal(err)
	}
	return realm
}

func Example() {
	realm := openRealm("HS256")
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com", Name: "Ada Lovelace"})
	realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"}), "billing:write")

	auth, err := authrocket.New(realm.Config())
	if err != nil {
		log.Fatal(err)
	}
	billing := auth.Require(authrocket.Permission("billing:write"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		org, _ := authrocket.CurrentOrg(r.Context())
		fmt.Fprintln(w, "billing of", org.Name)
	}))

	r := httptest.NewRequest("GET", "/billing", nil)
	realm.SignIn(r, ada)
	w := httptest.NewRecorder()
	billing.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)

	// Nobody is signed in here.
	w = httptest.NewRecorder()
	billing.ServeHTTP(w, httptest.NewRequest("GET", "/billing", nil))
	fmt.Println(w.Code)
	// Output:
	// 200 billing of Analytical Engines
	// 401
}

// Tokens of LoginRocket Web contain the picked org only, so a page of another org is
// refused. AllOrgs is for apps that get tokens of the Core API.
func ExampleAllOrgs() {
	realm := openRealm("HS256")
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	realm.AddMembership(ada, realm.AddOrg(authrockettest.Org{Name: "Analytical Engines"}))
	widgets := realm.AddOrg(authrockettest.Org{Name: "Widgets Inc"})
	realm.AddMembership(ada, widgets)
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/orgs/{org}", auth.RequireOrg(authrocket.OrgIDFromPath("org"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		org, _ := authrocket.CurrentOrg(r.Context())
		fmt.Fprintln(w, "the page of", org.Name)
	})))

	ask := func(options ...authrockettest.TokenOption) {
		r := httptest.NewRequest("GET", "/orgs/"+widgets.ID, nil)
		realm.SignIn(r, ada, options...)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	ask()
	ask(authrockettest.InOrg(widgets))
	ask(authrockettest.AllOrgs())
	// Output:
	// 403 {"title":"Forbidden","status":403,"detail":"the user is not signed in to this account","reason":"wrong_org"}
	// 200 the page of Widgets Inc
	// 200 the page of Widgets Inc
}

// A handler that only reads the session needs neither a realm nor an Auth.
func ExampleSession() {
	greet := func(w http.ResponseWriter, r *http.Request) {
		session, _ := authrocket.CurrentSession(r.Context())
		fmt.Fprintln(w, session.User.Name, "may bill:", session.HasPermission("billing:write"))
	}

	ada := authrockettest.Session(authrockettest.User{Name: "Ada"}, authrockettest.Org{}, "billing:write")
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	greet(w, r.WithContext(authrocket.WithSession(r.Context(), ada)))
	fmt.Print(w.Body)
	// Output:
	// Ada may bill: true
}

func ExampleRealm_Token() {
	realm := openRealm("HS256")
	ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		log.Fatal(err)
	}
	for _, token := range []string{
		realm.Token(ada),
		realm.Token(ada, authrockettest.Claim("iss", "https://example.com")),
		realm.Token(ada, authrockettest.Header("alg", "none")),
	} {
		_, err := auth.Verify(context.Background(), token)
		fmt.Printf("%q\n", authrocket.Reason(err))
	}
	// Output:
	// ""
	// "wrong_issuer"
	// "wrong_algorithm"
}

func ExampleRealm_Break() {
	realm := openRealm("RS256")
	auth, err := authrocket.New(realm.Config())
	if err != nil {
		log.Fatal(err)
	}
	realm.Break(authrockettest.Status(503))
	fmt.Println(auth.Warm(context.Background()))
	// Output:
	// the realm's keys cannot be fetched now: https://loginrocket.example/connect/jwks answered 503; if this error continues, check Config.LoginRocketURL (LOGINROCKET_URL)
}
