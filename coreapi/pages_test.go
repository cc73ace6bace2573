package coreapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
)

func pageOf(more bool, ids ...string) string {
	var records []string
	for _, id := range ids {
		records = append(records, fmt.Sprintf(`{"id": %q}`, id))
	}
	return fmt.Sprintf(`{"collection": [%s], "more_results": %t}`, strings.Join(records, ","), more)
}

func TestLists(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		pages []string
		want  string // the IDs that the list yields
		err   error
		count int
	}{
		{name: "no record", pages: []string{pageOf(false)}, count: 1},
		{name: "one page", pages: []string{pageOf(false, "a", "b")}, want: "a b", count: 1},
		{name: "three pages", pages: []string{pageOf(true, "a", "b"), pageOf(true, "c"), pageOf(false, "d")}, want: "a b c d", count: 3},
		{name: "the last page is empty", pages: []string{pageOf(true, "a"), pageOf(false)}, want: "a", count: 2},
		{name: "a page that is given again", pages: []string{pageOf(true, "a", "b")}, want: "a b", err: coreapi.ErrUnexpected, count: 2},
		{name: "a page that ends where the one before ended", pages: []string{pageOf(true, "a", "b"), pageOf(true, "c", "b")}, want: "a b", err: coreapi.ErrUnexpected, count: 2},
		{name: "an empty page with more", pages: []string{pageOf(true, "a"), pageOf(true)}, want: "a", err: coreapi.ErrUnexpected, count: 2},
		{name: "a page without IDs", pages: []string{pageOf(true, "a"), pageOf(true, "")}, want: "a", err: coreapi.ErrUnexpected, count: 2},
		{name: "an error after a page", pages: []string{pageOf(true, "a"), `{"errors": ["No."]}`}, want: "a", err: coreapi.ErrInvalid, count: 2},
		{name: "a bad record spoils its page", pages: []string{pageOf(true, "a"), `{"collection": [{"id": "b"}, {"id": 5}]}`}, want: "a", err: coreapi.ErrUnexpected, count: 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var answers []answerFunc
			for _, page := range row.pages {
				answers = append(answers, answer(200, page))
			}
			server := newAPI(answers...)
			var ids []string
			errs := 0
			for user, err := range clientOf(t, server).Users.All(t.Context(), coreapi.UserQuery{PageSize: 2, Sort: "id"}) {
				if err != nil {
					errs++
					expectError(t, err, row.err)
					continue
				}
				ids = append(ids, user.ID)
			}
			if got := strings.Join(ids, " "); got != row.want || (errs == 1) != (row.err != nil) {
				t.Errorf("got %q and %d errors, want %q", got, errs, row.want)
			}
			expectCount(t, server, row.count)
			for i, r := range server.requests() {
				query, _ := url.ParseQuery(r.query)
				if i == 0 && query.Has("after") || i > 0 && query.Get("after") == "" || query.Get("max_results") != "2" || query.Get("sort") != "id" {
					t.Errorf("request %d has query %q", i+1, r.query)
				}
			}
		})
	}
}

// Every list of pages ends, whatever the server answers.
func TestPagesThatGoRound(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 2, 3, 7, 100} {
		for _, lead := range []int{0, 1, 5, 50} {
			t.Run(fmt.Sprintf("%d pages again and again, after %d others", length, lead), func(t *testing.T) {
				t.Parallel()
				requests := 0
				config := testConfig(roundTripper(func(r *http.Request) (*http.Response, error) {
					n := requests
					if n >= lead {
						n = lead + (n-lead)%length
					}
					requests++
					return inMemory(r, 200, pageOf(true, "usr_"+strconv.Itoa(n)))
				}))
				config.RequestsPerSecond = -1
				err := firstError(newClient(t, config).Users.All(t.Context(), coreapi.UserQuery{}))
				expectError(t, err, coreapi.ErrUnexpected)
				if most := 2*(length+lead) + 2*max(length, lead); requests > most+4 {
					t.Errorf("took %d requests, want %d at most", requests, most)
				}
			})
		}
	}
}

func TestListsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	requests := 0
	config := testConfig(roundTripper(func(r *http.Request) (*http.Response, error) {
		requests++
		return inMemory(r, 200, `{"collection":[{"id":"`+strconv.Itoa(requests)+`"}],"more_results":true}`)
	}))
	config.RequestsPerSecond = -1
	client := newClient(t, config)
	if before := coreapi.LimitPages(client, 1000); before != 100_000 {
		t.Errorf("a list may have %d pages, want 100,000", before)
	}
	expectError(t, firstError(client.Users.All(t.Context(), coreapi.UserQuery{})), coreapi.ErrUnexpected)
	if requests != 1000 {
		t.Errorf("took %d requests, want 1,000", requests)
	}
}

// A loop that stops early requests no further page, and the list can be read again.
func TestListsAreLazy(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, pageOf(true, "a", "b")))
	list := clientOf(t, server).Users.All(t.Context(), coreapi.UserQuery{})
	expectCount(t, server, 0)
	for range 2 {
		for user, err := range list {
			expectError(t, err, nil)
			if user.ID == "b" {
				break
			}
		}
	}
	expectCount(t, server, 2)
	if query := server.requests()[1].query; query != "" {
		t.Errorf("the second time begins with %q", query)
	}
}

func TestOnePage(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, pageOf(true, "a", "b")), answer(200, pageOf(false, "c")))
	client := clientOf(t, server)
	page, err := client.Orgs.List(t.Context(), coreapi.OrgQuery{
		Reference: "42", State: coreapi.OrgActive, PageSize: 2, Sort: "id", Direction: coreapi.Descending, ExpandCustom: true, Extra: url.Values{"x": {"1", "2"}},
	})
	expectError(t, err, nil)
	if len(page.Items) != 2 || !page.More || page.After != "b" {
		t.Errorf("got %+v", page)
	}
	if got, want := server.requests()[0].query, "direction=desc&expand=custom&max_results=2&reference=42&sort=id&state=active&x=1&x=2"; got != want {
		t.Errorf("got query %q, want %q", got, want)
	}
	page, err = client.Orgs.List(t.Context(), coreapi.OrgQuery{After: page.After})
	expectError(t, err, nil)
	if len(page.Items) != 1 || page.More || page.After != "" || server.requests()[1].query != "after=b" {
		t.Errorf("got %+v by %q", page, server.requests()[1].query)
	}
}

func TestQueriesThatAreInvalid(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, pageOf(false)))
	client := clientOf(t, server)
	for _, q := range []coreapi.UserQuery{{PageSize: -1}, {PageSize: 1001}, {After: "a", Extra: url.Values{"after": {"b"}}}} {
		_, err := client.Users.List(t.Context(), q)
		expectError(t, err, coreapi.ErrInvalid)
		expectError(t, firstError(client.Users.All(t.Context(), q)), coreapi.ErrInvalid)
	}
	expectCount(t, server, 0)
	if _, err := client.Users.List(t.Context(), coreapi.UserQuery{PageSize: 1000}); err != nil {
		t.Error(err)
	}
}

// Listing 100,000 users takes no more memory than listing 10,000.
func TestAListTakesConstantMemory(t *testing.T) {
	const users, pageSize = 100_000, 500
	config := testConfig(roundTripper(func(r *http.Request) (*http.Response, error) {
		first, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("after"), "usr_"))
		var body strings.Builder
		body.WriteString(`{"collection":[`)
		for n := first + 1; n <= first+pageSize; n++ {
			fmt.Fprintf(&body, `{"object":"user","id":"usr_%d","email":"user%d@example.com","custom":{"plan":"pro"},"created_at":1735689600.125},`, n, n)
		}
		list := strings.TrimSuffix(body.String(), ",") + fmt.Sprintf(`],"more_results":%t}`, first+pageSize < users)
		return inMemory(r, 200, list)
	}))
	config.RequestsPerSecond = -1
	client := newClient(t, config)
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	n := 0
	var early, highest uint64
	for user, err := range client.Users.All(t.Context(), coreapi.UserQuery{PageSize: pageSize}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if user.Email != "user"+strconv.Itoa(n)+"@example.com" {
			t.Fatalf("user %d is %s", n, user.Email)
		}
		switch {
		case n == 10_000:
			early = heap()
		case n > 10_000 && n%10_000 == 0:
			highest = max(highest, heap())
		}
	}
	if n != users {
		t.Errorf("got %d users", n)
	}
	const slack = 2 << 20 // a page takes half of it; 90,000 users would take 60 MB
	if highest > early+slack {
		t.Errorf("the heap grew from %d to %d bytes", early, highest)
	}
}

// inMemory returns an answer without a server.
func inMemory(r *http.Request, status int, body string) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, ContentLength: int64(len(body)),
		Body: readCloser{strings.NewReader(body)}, Request: r,
	}, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
