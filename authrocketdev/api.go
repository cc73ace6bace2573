package authrocketdev

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/rs/cors"
)

// endpoint carries out one call of the API and returns the JSON of the answer.
// asRefusal converts the endpoint's error for the client.
type endpoint func(*Server, parameters) (any, error)

// newAPI builds the LoginRocket API. The API reads no cookies, because the parameter
// session identifies the user. Requests from a refused origin get no CORS headers, so
// scripts there cannot read the answer. The API also refuses to carry out these
// requests, because a form can send them without a preflight. Programs other than
// browsers need not send an Origin header.
func (s *Server) newAPI() http.Handler {
	isAllowed := func(origin string) bool { return slices.Contains(s.config.AllowedOrigins, origin) }
	crossOrigin := cors.New(cors.Options{
		// The option AllowedOrigins would permit every origin if it were empty, and
		// it does not compare origins exactly.
		AllowOriginFunc: isAllowed,
		AllowedMethods:  []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders:  []string{"accept", "accept-language", "content-type", "lr-agent"},
		MaxAge:          int((10 * time.Minute).Seconds()),
	})
	counted := s.limitRequests(s.serveEndpoints())
	onlyAllowed := http.NewCrossOriginProtection()
	onlyAllowed.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAllowed(r.Header.Get("Origin")) {
			counted.ServeHTTP(w, r)
			return
		}
		writeRefusal(w, r, errOrigin)
	}))
	// crossOrigin answers preflights itself. Preflights and refused requests do not
	// count towards the limit.
	return withAPIHeaders(crossOrigin.Handler(onlyAllowed.Handler(counted)))
}

var errOrigin = refuse(http.StatusForbidden, "This origin is not allowed.")

func withAPIHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Request-ID", "rq_"+rand.Text()[:22])
		next.ServeHTTP(w, r)
	})
}

var errTooMany = refuse(http.StatusTooManyRequests, "Too many requests. Try again in a minute.")

// limitRequests counts the requests from each IP address, and refuses those over the
// limit.
func (s *Server) limitRequests(next http.Handler) http.Handler {
	perMinute := s.config.RequestsPerMinute
	if perMinute < 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		left, end := s.apiRequests.add(authrockettest.RequestOf(r).IP)
		// An HTTP date has whole seconds. The end is rounded up, because a request
		// before the end would still be refused.
		end = end.Add(time.Second - 1).Truncate(time.Second)
		h := w.Header()
		h.Set("Ratelimit-Limit", strconv.Itoa(perMinute))
		h.Set("Ratelimit-Remaining", strconv.Itoa(max(left, 0)))
		h.Set("Ratelimit-Reset", end.UTC().Format(http.TimeFormat))
		if left < 0 {
			wait := (time.Until(end) + time.Second - 1) / time.Second
			h.Set("Retry-After", strconv.Itoa(int(max(wait, 1))))
			writeRefusal(w, r, errTooMany)
			return
		}
		next.ServeHTTP(w, r)
	})
}

var errMethod = refuse(http.StatusMethodNotAllowed, "This method is not allowed. The header Allow lists the allowed methods.")

// serveEndpoints serves endpoints by path and method.
func (s *Server) serveEndpoints() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		methods, ok := endpoints[r.URL.Path]
		if !ok {
			writeRefusal(w, r, errNotFound)
			return
		}
		do, ok := methods[r.Method]
		if !ok {
			w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
			writeRefusal(w, r, errMethod)
			return
		}
		p, err := readParameters(w, r)
		if err != nil {
			writeRefusal(w, r, err)
			return
		}
		answer, err := do(s.by(authrockettest.RequestOf(r)), p)
		if err != nil {
			writeRefusal(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	})
}

// errorResult is the answer to a call that was not carried out.
type errorResult struct {
	Result string   `json:"result"`
	Error  string   `json:"error"`
	Errors []string `json:"errors"`
}

func writeRefusal(w http.ResponseWriter, r *http.Request, err error) {
	refusal := asRefusal(err)
	texts := translate(refusal.texts, r.Header.Get("Accept-Language"))
	writeJSON(w, refusal.status, errorResult{"error", strings.Join(texts, " "), texts})
}

func writeJSON(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}
