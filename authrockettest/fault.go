package authrockettest

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"time"
)

// Fault simulates a broken service. It answers requests in place of the correct
// handler, either of the key set (see [Realm.Break]) or of a local AuthRocket's Core
// API. healthy is the correct handler. Write your own faults, or combine the faults
// of this package, which are safe for concurrent use.
type Fault func(w http.ResponseWriter, r *http.Request, healthy http.Handler)

// Break makes /connect/jwks answer with fault until [Realm.Repair] is called.
func (r *Realm) Break(fault Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = fault
}

// Repair ends the fault that [Realm.Break] set. Requests that already hang continue
// to hang.
func (r *Realm) Repair() { r.Break(nil) }

// Status returns a Fault that answers with a status and no body.
func Status(code int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(code) }
}

// Body returns a Fault that answers 200 with the given body.
func Body(contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}
}

// Garbage returns a Fault that answers 200 with bytes that are not valid JSON.
func Garbage() Fault { return Body("application/json", "\x00\xff{[,") }

// Redirect returns a Fault that answers with a 302 redirect to location.
func Redirect(location string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusFound)
	}
}

// Hang returns a Fault that never answers. It ends when the client gives up.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }
}

// Slow returns a Fault that gives the correct answer after d.
func Slow(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			healthy.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// Disconnect returns a Fault that closes the connection without an answer.
func Disconnect() Fault {
	return func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }
}

// TooMany returns a Fault that answers 429, as the Core API does after too many
// requests. Its Ratelimit-Reset is the current time plus reset.
func TooMany(reset time.Duration) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		end := time.Now().Add(reset + time.Second - 1).Truncate(time.Second) // an HTTP date has whole seconds
		w.Header().Set("Ratelimit-Reset", end.UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"errors":["Too many requests."]}`)
	}
}

// EveryNth returns a Fault that breaks every nth request with fault. If n is 1, it
// breaks all requests. If n is 0, it breaks none.
func EveryNth(n int, fault Fault) Fault {
	var requests atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if n >= 1 && requests.Add(1)%int64(n) == 0 {
			fault(w, r, healthy)
			return
		}
		healthy.ServeHTTP(w, r)
	}
}

// Only returns a Fault that breaks only the requests that match a pattern of
// [http.ServeMux], for example "POST /v2/users" or "GET /v2/users/{id}". Like a
// ServeMux, Only panics if the pattern is invalid.
func Only(pattern string, fault Fault) Fault {
	mux := http.NewServeMux()
	mux.Handle(pattern, matched{})
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		// A path that the ServeMux would redirect also has a handler, but is not a
		// match.
		if handler, _ := mux.Handler(r); handler == (matched{}) {
			fault(w, r, healthy)
			return
		}
		healthy.ServeHTTP(w, r)
	}
}

// matched is the handler that marks a match.
type matched struct{}

func (matched) ServeHTTP(http.ResponseWriter, *http.Request) {}

// AfterWrite returns a Fault that carries out a write, and then calls fault to
// answer. The write takes effect, but its answer is lost (with [Disconnect]) or late
// (with [Slow]). GET, HEAD and OPTIONS get the correct answer.
func AfterWrite(fault Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		if slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, r.Method) {
			healthy.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		healthy.ServeHTTP(answer, r)
		fault(w, r, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { replay(w, answer, answer.Result().Header) }))
	}
}

// ClockOff returns a Fault that gives the correct answer, but with the Date and
// Ratelimit-Reset headers of a server whose clock is d ahead. The clock of the realm
// does not change.
func ClockOff(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		answer := httptest.NewRecorder()
		healthy.ServeHTTP(answer, r)
		header := answer.Result().Header
		if reset, err := http.ParseTime(header.Get("Ratelimit-Reset")); err == nil {
			header.Set("Ratelimit-Reset", reset.Add(d).UTC().Format(http.TimeFormat))
		}
		header.Set("Date", time.Now().Add(d).UTC().Format(http.TimeFormat))
		replay(w, answer, header)
	}
}

// Chain returns a Fault that combines faults. Each fault gets the next fault as its
// healthy handler. For example, Chain(ClockOff(time.Hour), TooMany(time.Minute))
// answers 429 with a wrong clock. Chain can also combine faults for several routes.
func Chain(faults ...Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		for _, fault := range slices.Backward(faults) {
			next := healthy
			healthy = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fault(w, r, next) })
		}
		healthy.ServeHTTP(w, r)
	}
}

// replay writes a recorded answer with another header.
func replay(w http.ResponseWriter, answer *httptest.ResponseRecorder, header http.Header) {
	maps.Copy(w.Header(), header)
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}
