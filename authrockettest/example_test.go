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

// openRealm is for examples, which have no t: a test calls NewRealm(t).
func openRealm(algorithm string) *authrockettest.Realm {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{Algorithm: algorithm})
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
	// the realm's keys cannot be fetched now: https://loginrocket.example/connect/jwks answered 503
}
