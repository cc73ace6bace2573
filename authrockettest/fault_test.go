package authrockettest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// keysClient returns a client for the realm's keys that follows no redirects.
func keysClient(t *testing.T, realm *authrockettest.Realm) *http.Client {
	t.Helper()
	client := &http.Client{}
	if own := realm.Config().HTTPClient; own != nil {
		client.Transport = own.Transport
	} else {
		transport := &http.Transport{DisableKeepAlives: true}
		client.Transport = transport
		t.Cleanup(transport.CloseIdleConnections)
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client
}

type answer struct {
	status   int
	kind     string
	location string
	body     string
}

func fetch(ctx context.Context, client *http.Client, realm *authrockettest.Realm) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, realm.URL()+"/connect/jwks", nil)
	if err != nil {
		return answer{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Location"), string(body)}, err
}

func TestFaults(t *testing.T) {
	t.Parallel()
	ownFault := func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		w.Header().Set("Cache-Control", "max-age=60")
		healthy.ServeHTTP(w, r)
	}
	healthy := `{"keys":[{"kty":"RSA"`
	for _, row := range []struct {
		name  string
		fault authrockettest.Fault
		want  answer // for the body: its beginning
		err   error
	}{
		{name: "status", fault: authrockettest.Status(503), want: answer{status: 503}},
		{name: "body", fault: authrockettest.Body("text/html", "<p>"), want: answer{status: 200, kind: "text/html", body: "<p>"}},
		{name: "garbage", fault: authrockettest.Garbage(), want: answer{status: 200, kind: "application/json", body: "\x00\xff{[,"}},
		{name: "redirect", fault: authrockettest.Redirect("https://elsewhere.example/jwks"), want: answer{status: 302, location: "https://elsewhere.example/jwks"}},
		{name: "disconnect", fault: authrockettest.Disconnect(), want: answer{}, err: io.EOF},
		{name: "slow", fault: authrockettest.Slow(time.Millisecond), want: answer{status: 200, kind: "application/json", body: healthy}},
		{name: "one's own", fault: ownFault, want: answer{status: 200, kind: "application/json", body: healthy}},
		{name: "none", want: answer{status: 200, kind: "application/json", body: healthy}},
	} {
		for _, place := range []string{"in memory", "over a socket"} {
			t.Run(row.name+" "+place, func(t *testing.T) {
				t.Parallel()
				realm := authrockettest.NewRealm(t)
				if place == "over a socket" {
					realm.Start()
				}
				realm.Break(row.fault)
				client := keysClient(t, realm)
				got, err := fetch(t.Context(), client, realm)
				if row.err != nil {
					if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
						t.Errorf("got %+v, %v, want a broken connection", got, err)
					}
				} else if err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(got.body, row.want.body) || (row.want.body == "") != (got.body == "") {
					t.Errorf("got body %q, want %q", got.body, row.want.body)
				}
				if got.body = row.want.body; got != row.want {
					t.Errorf("got %+v, want %+v", got, row.want)
				}

				realm.Repair()
				if got, err := fetch(t.Context(), client, realm); err != nil || !strings.HasPrefix(got.body, healthy) {
					t.Errorf("after the repair: got %+v, %v", got, err)
				}
				if got := realm.Requests("/connect/jwks"); got != 2 {
					t.Errorf("got %d requests, want 2", got)
				}
			})
		}
	}
}

// hangUntil returns a fault like Hang that reports when it begins and ends.
func hangUntil(begun, ended chan<- struct{}) authrockettest.Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		close(begun)
		authrockettest.Hang()(w, r, healthy)
		close(ended)
	}
}

// atTheEnd is a context whose end is visible only after the handler has ended, so
// that both are visible at the same time.
type atTheEnd struct {
	context.Context
	ended <-chan struct{}
}

func (c atTheEnd) Done() <-chan struct{} {
	<-c.ended
	return c.Context.Done()
}

func TestHang(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"in memory", "over a socket"} {
		t.Run("ends when the client gives up, "+place, func(t *testing.T) {
			t.Parallel()
			realm := authrockettest.NewRealm(t)
			if place == "over a socket" {
				realm.Start()
			}
			begun, ended := make(chan struct{}), make(chan struct{})
			realm.Break(hangUntil(begun, ended))
			ctx, giveUp := context.WithCancel(t.Context())
			go func() {
				<-begun
				giveUp()
			}()
			if got, err := fetch(ctx, keysClient(t, realm), realm); !errors.Is(err, context.Canceled) {
				t.Errorf("got %+v, %v, want that the client gave up", got, err)
			}
			<-ended
		})
	}

	// The client and the handler end at the same time. Either may be seen first, so
	// this runs many times.
	t.Run("no answer for a client that gave up, in memory", func(t *testing.T) {
		t.Parallel()
		realm := authrockettest.NewRealm(t)
		for range 64 {
			ctx, giveUp := context.WithCancel(t.Context())
			ended := make(chan struct{})
			realm.Break(func(http.ResponseWriter, *http.Request, http.Handler) { giveUp(); close(ended) })
			if got, err := fetch(atTheEnd{ctx, ended}, keysClient(t, realm), realm); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %+v, %v, want that the client gave up", got, err)
			}
		}
	})

	t.Run("ends when the realm is closed", func(t *testing.T) {
		t.Parallel()
		realm := authrockettest.NewRealm(t)
		realm.Start()
		begun, ended := make(chan struct{}), make(chan struct{})
		realm.Break(hangUntil(begun, ended))
		client := keysClient(t, realm)
		failed := make(chan error, 1)
		go func() {
			_, err := fetch(context.Background(), client, realm)
			failed <- err
		}()
		<-begun
		realm.Close()
		<-ended
		if err := <-failed; err == nil {
			t.Error("the fetch succeeded, want an error")
		}
	})

	t.Run("goes on after a repair, while others are answered", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			realm := authrockettest.NewRealm(t)
			client := keysClient(t, realm)
			realm.Break(authrockettest.Hang())
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start, hung := time.Now(), make(chan time.Duration)
			go func() {
				fetch(ctx, client, realm)
				hung <- time.Since(start)
			}()
			synctest.Wait()
			realm.Repair()
			if got, err := fetch(t.Context(), client, realm); err != nil || got.status != 200 {
				t.Errorf("got %+v, %v", got, err)
			}
			if got := <-hung; got != time.Hour {
				t.Errorf("it hung for %s, want an hour", got)
			}
		})
	})
}

func TestSlow(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		patient time.Duration
		took    time.Duration
		err     error
	}{
		{name: "answers after the time", patient: time.Minute, took: 10 * time.Second},
		{name: "ends early when the client gives up", patient: 3 * time.Second, took: 3 * time.Second, err: context.DeadlineExceeded},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				realm.Break(authrockettest.Slow(10 * time.Second))
				ctx, cancel := context.WithTimeout(t.Context(), row.patient)
				defer cancel()
				start := time.Now()
				_, err := fetch(ctx, keysClient(t, realm), realm)
				if !errors.Is(err, row.err) {
					t.Errorf("got %v, want %v", err, row.err)
				}
				if got := time.Since(start); got != row.took {
					t.Errorf("it took %s, want %s", got, row.took)
				}
			})
		})
	}
}
