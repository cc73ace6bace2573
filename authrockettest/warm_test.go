package authrockettest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestWarm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		slow  int // how many fetches take a minute before the others are answered at once
		fault authrockettest.Fault
		want  string // the message with which the test fails
	}{
		{name: "the keys are there"},
		{name: "the keys come with the fourth fetch", slow: 3},
		{
			name:  "LoginRocket is down",
			fault: authrockettest.Status(http.StatusBadGateway),
			want:  "the realm's keys cannot be fetched now: https://loginrocket.example/connect/jwks answered 502",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm, ada := withAda(t)
				realm.Break(func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
					switch {
					case realm.Requests("/connect/jwks") <= row.slow:
						authrockettest.Slow(time.Minute)(w, r, healthy)
					case row.fault != nil:
						row.fault(w, r, healthy)
					default:
						healthy.ServeHTTP(w, r)
					}
				})
				auth := newColdAuth(t, realm.Config())
				warm := func(tb testing.TB) { authrockettest.Warm(tb, auth) }
				tb := failure(t, warm)
				switch {
				case row.want != "":
					tb.wants(row.want, warm)
				case tb.message != "":
					t.Errorf("the test fails with %q, want that it goes on", tb.message)
				}
				asked := realm.Requests("/connect/jwks")
				if got := verify(t, auth, realm.Token(ada)); row.want == "" && (got != "" || realm.Requests("/connect/jwks") != asked) {
					t.Errorf("got %q after Warm, want a good token without another fetch", got)
				}
			})
		})
	}
}
