package authrocketdev_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestAPIRequestsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(300 * time.Millisecond) // the window ends within a second
		end := time.Now().Add(time.Minute)
		reset := end.Add(time.Second).Truncate(time.Second).UTC().Format(http.TimeFormat)
		handler := newAPIHandler(t, authrocketdev.Config{
			Realm: authrockettest.NewRealm(t), RequestsPerMinute: 3, AllowedOrigins: []string{appOrigin},
		})
		want := func(got apiAnswer, status int, remaining, retryAfter, resetAt string) {
			t.Helper()
			for name, value := range map[string]string{
				"Ratelimit-Limit": "3", "Ratelimit-Remaining": remaining, "Ratelimit-Reset": resetAt, "Retry-After": retryAfter,
				"Access-Control-Allow-Origin": appOrigin,
			} {
				if got.header.Get(name) != value {
					t.Errorf("%s is %q, want %q", name, got.header.Get(name), value)
				}
			}
			if got.status != status {
				t.Errorf("status is %d, want %d", got.status, status)
			}
		}
		get := func(address, target string, header ...string) apiAnswer {
			return serveAPIFrom(t, handler, address, "GET", target, append(header, "Origin", appOrigin)...)
		}
		for range 10 { // preflights are not counted
			req := httptest.NewRequest(http.MethodOptions, "/v2/session", nil)
			req.Host = "localhost"
			req.Header.Set("Origin", appOrigin)
			req.Header.Set("Access-Control-Request-Method", "GET")
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, req)
			if recorder.Code != 204 {
				t.Errorf("a preflight had %d", recorder.Code)
			}
		}
		want(get("192.0.2.1:1", "/v2/session"), 403, "2", "", reset)
		want(get("192.0.2.1:2", "/v2/nothing"), 404, "1", "", reset)
		want(get("192.0.2.1:3", "/v2/login"), 405, "0", "", reset)
		// Another port is still the same address, and headers do not change it.
		over := get("192.0.2.1:4", "/v2/session", "X-Forwarded-For", "192.0.2.9", "Forwarded", "for=192.0.2.9", "X-Real-IP", "192.0.2.9")
		want(over, 429, "0", "61", reset)
		if over.Error != "Too many requests. Try again in a minute." {
			t.Errorf("the error is %q", over.Error)
		}
		want(get("[2001:db8::1]:1", "/v2/session"), 403, "2", "", reset)

		time.Sleep(59 * time.Second)
		want(get("192.0.2.1:5", "/v2/session"), 429, "0", "2", reset)
		time.Sleep(time.Until(end.Add(time.Second).Truncate(time.Second))) // the time that the headers say
		next := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
		want(get("192.0.2.1:6", "/v2/session"), 403, "2", "", next)
	})
}

func TestAPIDefaultLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := newAPIHandler(t, authrocketdev.Config{Realm: authrockettest.NewRealm(t)})
		for i := range 121 {
			got := serveAPI(t, handler, "GET", "/v2/session")
			if isOver := got.status == 429; isOver != (i == 120) {
				t.Fatalf("request %d had %d", i, got.status)
			}
		}
	})
}

// If there are too many addresses to count, further ones are refused.
func TestAPICountsSoManyAddresses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := newAPIHandler(t, authrocketdev.Config{Realm: authrockettest.NewRealm(t), RequestsPerMinute: 3})
		for i := range 10_000 {
			if got := serveAPIFrom(t, handler, fmt.Sprintf("10.0.%d.%d:1", i/256, i%256), "GET", "/v2/session"); got.status != 403 {
				t.Fatalf("address %d had %d", i, got.status)
			}
		}
		if got := serveAPIFrom(t, handler, "10.1.0.0:1", "GET", "/v2/session"); got.status != 429 {
			t.Errorf("one address more had %d", got.status)
		}
		if got := serveAPIFrom(t, handler, "10.0.0.0:1", "GET", "/v2/session"); got.status != 403 {
			t.Errorf("the first address had %d", got.status)
		}
	})
}

func TestAPIWithoutLimit(t *testing.T) {
	t.Parallel()
	handler := newAPIHandler(t, authrocketdev.Config{Realm: authrockettest.NewRealm(t), RequestsPerMinute: -1})
	for range 500 {
		got := serveAPI(t, handler, "GET", "/v2/session")
		if got.status != 403 || got.header.Get("Ratelimit-Limit")+got.header.Get("Ratelimit-Remaining")+got.header.Get("Ratelimit-Reset") != "" {
			t.Fatalf("%d with %v", got.status, got.header)
		}
	}
}

func TestAPIWrongLoginsAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const tooMany = "Too many wrong passwords. Try again in a minute."
		a := newAPIInMemory(t)
		for range 15 {
			a.wantFullLogin(a.login(a.ada), a.ada, a.engines.ID) // correct passwords are not counted
		}
		wrong := func(login string) apiAnswer {
			return a.call("POST", "/v2/login", apiParams{"email": login, "password": "difference engine"})
		}
		// Parallel attempts count like sequential ones.
		statuses := make([]int, 40)
		var wait sync.WaitGroup
		for i := range statuses {
			wait.Go(func() { statuses[i] = wrong([]string{"ada@example.com", "ada"}[i%2]).status })
		}
		wait.Wait()
		if got := len(a.events(t, "user.login.failed")); got != 10 || count(statuses, 422) != 40 {
			t.Errorf("40 wrong logins of a user had %v, and %d passwords were compared, want 10", statuses, got)
		}
		a.wantError(a.login(a.ada), 422, tooMany)
		a.wantFullLogin(a.login(a.alan), a.alan, a.engines.ID)
		// The limit does not reveal which users exist, either.
		for _, login := range []string{"eve@example.com", "EVE@example.com", " eve@example.com", "eve@example.com\t", "Eve@Example.com "} {
			wrong(login)
			wrong(login)
		}
		a.wantError(wrong("\neve@example.com "), 422, tooMany)
	})
}

func TestAPIUpdatePasswordIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAPIInMemory(t)
		session := a.login(a.ada).Session
		update := func(current string) apiAnswer {
			return a.call("POST", "/v2/profile/password", apiParams{"session": session, "current_password": current, "password": "difference engine"})
		}
		for range 10 {
			a.wantError(update("x"), 422, "Current password does not match.")
		}
		a.wantError(update(secretPassword), 422, "Too many wrong passwords. Try again in a minute.")
		a.wantError(a.login(a.ada), 422, "Too many wrong passwords. Try again in a minute.")
	})
}
