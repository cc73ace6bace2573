package authrockettest

import (
	"io"
	"net/http"
	"time"
)

// Fault answers for the key set while it is broken; healthy is the right
// answer. Write your own, or use one of those below.
type Fault func(w http.ResponseWriter, r *http.Request, healthy http.Handler)

// Break makes /connect/jwks answer with fault until [Realm.Repair].
func (r *Realm) Break(fault Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = fault
}

// Repair ends what [Realm.Break] began. Requests that hang go on to.
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
