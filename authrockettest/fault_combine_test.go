package authrockettest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// book is a handler that counts its writes. Its answers have the header
// Ratelimit-Reset, set to a minute from now.
type book struct {
	mu     sync.Mutex
	writes int
}

func (b *book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.Header().Set("Ratelimit-Reset", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
	if r.Method != http.MethodPost {
		io.WriteString(w, "read")
		return
	}
	b.writes++
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, "written")
}

// broken is a handler behind a fault.
func broken(fault authrockettest.Fault, healthy http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fault(w, r, healthy) })
}

// ask returns the status of the answer, or 0 if the connection ends without an
// answer.
func ask(h http.Handler, method, target string) (w *httptest.ResponseRecorder, status int) {
	w = httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			status = 0
		}
	}()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w, w.Code
}

func TestWhichRequestsAreBroken(t *testing.T) {
	t.Parallel()
	broke := authrockettest.Status(503)
	const (
		read    = "GET /v2/users"
		write   = "POST /v2/users"
		destroy = "DELETE /v2/users/usr_1"
	)
	for _, row := range []struct {
		name     string
		fault    authrockettest.Fault
		requests []string
		want     []int
		writes   int
	}{
		{name: "every third", fault: authrockettest.EveryNth(3, broke), requests: slices.Repeat([]string{write}, 7), want: []int{201, 201, 503, 201, 201, 503, 201}, writes: 5},
		{name: "each one", fault: authrockettest.EveryNth(1, broke), requests: []string{read, read}, want: []int{503, 503}},
		{name: "none by zero", fault: authrockettest.EveryNth(0, broke), requests: []string{read, read}, want: []int{200, 200}},
		{name: "none by a negative number", fault: authrockettest.EveryNth(-1, broke), requests: []string{read, read}, want: []int{200, 200}},
		{name: "one route", fault: authrockettest.Only(write, broke), requests: []string{write, read, "POST /v2/users/usr_1", "POST /v2/orgs"}, want: []int{503, 200, 201, 201}, writes: 2},
		{
			name: "a route with a wildcard", fault: authrockettest.Only("GET /v2/users/{id}", broke),
			requests: []string{"GET /v2/users/usr_1", "GET /v2/users/a%2Fb", "GET /v2/users", "GET /v2/users/usr_1/x", "PUT /v2/users/usr_1"},
			want:     []int{503, 503, 200, 200, 200},
		},
		{name: "not a path that a ServeMux redirects", fault: authrockettest.Only(read, broke), requests: []string{"GET /v2//users", "GET /v2/./users", "GET /v2/users/"}, want: []int{200, 200, 200}},
		{name: "not a path beside one that a ServeMux redirects", fault: authrockettest.Only("GET /v2/users/", broke), requests: []string{read, "GET /v2/users/usr_1"}, want: []int{200, 503}},
		{name: "every second of one route", fault: authrockettest.Only(write, authrockettest.EveryNth(2, broke)), requests: []string{write, read, write, read, write}, want: []int{201, 200, 503, 200, 201}, writes: 2},
		{name: "one route, counted with the others", fault: authrockettest.EveryNth(2, authrockettest.Only(write, broke)), requests: []string{write, read, read, write}, want: []int{201, 200, 200, 503}, writes: 1},
		{name: "answers of writes", fault: authrockettest.AfterWrite(broke), requests: []string{write, read, "HEAD /v2/users", "OPTIONS /v2/users", destroy}, want: []int{503, 200, 200, 200, 503}, writes: 1},
		{name: "answers of writes, lost", fault: authrockettest.AfterWrite(authrockettest.Disconnect()), requests: []string{write, read}, want: []int{0, 200}, writes: 1},
		{name: "answers of writes, late", fault: authrockettest.AfterWrite(authrockettest.Slow(time.Millisecond)), requests: []string{write}, want: []int{201}, writes: 1},
		{name: "every second write, after it is done", fault: authrockettest.AfterWrite(authrockettest.EveryNth(2, broke)), requests: []string{write, read, write}, want: []int{201, 200, 503}, writes: 2},
		{
			name:     "two routes in two ways",
			fault:    authrockettest.Chain(authrockettest.Only(read, authrockettest.Status(500)), authrockettest.Only(write, broke)),
			requests: []string{read, write, destroy}, want: []int{500, 503, 200},
		},
		{name: "none by an empty chain", fault: authrockettest.Chain(), requests: []string{write}, want: []int{201}, writes: 1},
		{name: "the first of a chain decides", fault: authrockettest.Chain(authrockettest.Status(500), broke), requests: []string{read}, want: []int{500}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := &book{}
			h := broken(row.fault, b)
			var got []int
			for _, request := range row.requests {
				method, target, _ := strings.Cut(request, " ")
				_, status := ask(h, method, target)
				got = append(got, status)
			}
			if !slices.Equal(got, row.want) || b.writes != row.writes {
				t.Errorf("got %d and %d writes, want %d and %d", got, b.writes, row.want, row.writes)
			}
		})
	}
}

// Each row says which times an answer contains, and according to which clock.
func TestAnswersOfFaults(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) string {
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d).Format(http.TimeFormat) // the start of time in a bubble
	}
	for _, row := range []struct {
		name   string
		fault  authrockettest.Fault
		after  time.Duration // the start of a whole second
		status int
		date   string
		reset  string
		body   string
	}{
		{name: "too many requests", fault: authrockettest.TooMany(30 * time.Second), status: 429, reset: at(30 * time.Second), body: `{"errors":["Too many requests."]}`},
		{name: "too many requests within a second, up to a whole one", fault: authrockettest.TooMany(30 * time.Second), after: time.Millisecond, status: 429, reset: at(31 * time.Second), body: `{"errors":["Too many requests."]}`},
		{name: "a clock ahead", fault: authrockettest.ClockOff(time.Hour), status: 201, date: at(time.Hour), reset: at(time.Hour + time.Minute), body: "written"},
		{name: "a clock behind", fault: authrockettest.ClockOff(-time.Hour), status: 201, date: at(-time.Hour), reset: at(-time.Hour + time.Minute), body: "written"},
		{
			name: "too many requests by a clock ahead", fault: authrockettest.Chain(authrockettest.ClockOff(time.Hour), authrockettest.TooMany(30*time.Second)),
			status: 429, date: at(time.Hour), reset: at(time.Hour + 30*time.Second), body: `{"errors":["Too many requests."]}`,
		},
		{name: "a clock ahead without a reset", fault: authrockettest.Chain(authrockettest.ClockOff(time.Hour), authrockettest.Status(503)), status: 503, date: at(time.Hour)},
		{name: "a written answer, late", fault: authrockettest.AfterWrite(authrockettest.Slow(time.Second)), status: 201, reset: at(time.Minute), body: "written"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(row.after)
				w, status := ask(broken(row.fault, &book{}), "POST", "/v2/users")
				got := []string{strconv.Itoa(status), w.Header().Get("Date"), w.Header().Get("Ratelimit-Reset"), w.Body.String()}
				if want := []string{strconv.Itoa(row.status), row.date, row.reset, row.body}; !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		})
	}
}

// EveryNth also counts requests that arrive at the same time.
func TestEveryNthOfManyAtOnce(t *testing.T) {
	t.Parallel()
	b := &book{}
	h := broken(authrockettest.EveryNth(4, authrockettest.Status(503)), b)
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() { ask(h, "POST", "/v2/users") })
	}
	group.Wait()
	if b.writes != 75 {
		t.Errorf("got %d writes, want 75 of 100", b.writes)
	}
}

func TestOnlyPanicsOnABadPattern(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("the pattern is taken")
		}
	}()
	authrockettest.Only("POST users", authrockettest.Status(503))
}
