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

// Fault answers in place of a handler that is broken: of the key set, see
// [Realm.Break], or of the Core API of a local AuthRocket. healthy gives the right
// answer. Write your own, or combine those below. They are safe for concurrent use.
type Fault func(w http.ResponseWriter, r *http.Request, healthy http.Handler)

// Break makes /connect/jwks answer with fault until [Realm.Repair].
func (r *Realm) Break(fault Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = fault
}

// Repair ends what [Realm.Break] began. Requests that already hang keep hanging.
func (r *Realm) Repair() { r.Break(nil) }

// Status answers with a status and no body.
func Status(code int) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(code) }
}

// Body answers 200 with the given body.
func Body(contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", contentType)
		io.WriteString(w, body)
	}
}

// Garbage answers 200 with bytes that mean nothing.
func Garbage() Fault { return Body("application/json", "\x00\xff{[,") }

// Redirect answers 302 to location.
func Redirect(location string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusFound)
	}
}

// Hang never answers; it ends when the client gives up.
func Hang() Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }
}

// Slow gives the right answer after d.
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

// Disconnect closes the connection without an answer.
func Disconnect() Fault {
	return func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }
}

// TooMany answers 429, as the Core API does to too many requests, with a
// Ratelimit-Reset that lies reset ahead.
func TooMany(reset time.Duration) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		end := time.Now().Add(reset + time.Second - 1).Truncate(time.Second) // an HTTP date has whole seconds
		w.Header().Set("Ratelimit-Reset", end.UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, `{"errors":["Too many requests."]}`)
	}
}

// EveryNth breaks one request in n, the nth first. 1 breaks all, 0 none.
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

// Only breaks the requests that match a pattern of [http.ServeMux], for example
// "POST /v2/users" or "GET /v2/users/{id}". Like a ServeMux it panics when the
// pattern is not valid.
func Only(pattern string, fault Fault) Fault {
	mux := http.NewServeMux()
	mux.Handle(pattern, matched{})
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		// A path that the ServeMux would redirect has a handler too, and is no match.
		if handler, _ := mux.Handler(r); handler == (matched{}) {
			fault(w, r, healthy)
			return
		}
		healthy.ServeHTTP(w, r)
	}
}

// matched is the handler of what matches.
type matched struct{}

func (matched) ServeHTTP(http.ResponseWriter, *http.Request) {}

// AfterWrite does what a request asks for, and then lets fault answer: the write
// is done, and its answer is lost with [Disconnect], late with [Slow]. GET, HEAD
// and OPTIONS are answered as they should be.
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

// ClockOff gives the right answer by a clock that is d ahead: its headers Date and
// Ratelimit-Reset are. The clock of the realm is not.
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

// Chain puts faults one in front of the other: the right answer of each is that
// of the next. So Chain(ClockOff(time.Hour), TooMany(time.Minute)) is a 429 by a
// clock that is off, and faults of several routes can be there at once.
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
