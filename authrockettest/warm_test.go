package authrockettest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestWarm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		slow  int // fetches that take a minute, before others are answered at once
		fault authrockettest.Fault
		want  string // what the test fails with
	}{
		{"the keys are there", 0, nil, ""},
		{"the keys come with the fourth fetch", 3, nil, ""},
		{"LoginRocket is down", 0, authrockettest.Status(http.StatusBadGateway), "authrockettest: the realm's keys cannot be fetched now: https://loginrocket.example/connect/jwks answered 502"},
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
				tb := &failingTB{TB: t}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					authrockettest.Warm(tb, auth)
				}()
				<-ended
				if !strings.HasPrefix(tb.message, row.want) || (row.want == "") != (tb.message == "") {
					t.Errorf("the test fails with %q, want %q", tb.message, row.want)
				}
				asked := realm.Requests("/connect/jwks")
				if got := verify(t, auth, realm.Token(ada)); row.want == "" && (got != "" || realm.Requests("/connect/jwks") != asked) {
					t.Errorf("got %q after Warm, want a good token without another fetch", got)
				}
			})
		})
	}
}
