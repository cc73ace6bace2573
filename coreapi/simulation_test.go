package coreapi_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// lateStore stores what is posted under its reference, and shows it 2 s later. Every
// third answer is a 503. Half of these come after the record was stored.
type lateStore struct {
	mu       sync.Mutex
	requests int
	made     map[string][]time.Time // by path and reference
}

func (s *lateStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	fails, writes := s.requests%3 == 0, s.requests%6 != 0
	if fails && !writes {
		answer(503, "")(w, r)
		return
	}
	root := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v2/"), "s")
	reference := r.URL.Query().Get("reference")
	found := listJSON()
	if r.Method == http.MethodPost {
		var body map[string]struct{ Reference string }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			answer(400, "")(w, r)
			return
		}
		reference = body[root].Reference
		s.made[root+reference] = append(s.made[root+reference], time.Now())
	}
	record := fmt.Sprintf(`{"id": "%s_%s", "reference": %q}`, root, reference, reference)
	if made := s.made[root+reference]; len(made) > 0 && time.Since(made[0]) >= 2*time.Second {
		found = listJSON(record)
	}
	switch {
	case fails:
		answer(503, "")(w, r)
	case r.Method == http.MethodPost:
		answer(201, record)(w, r)
	default:
		answer(200, found)(w, r)
	}
}

// 60 customers each get one account and one owner, never two, whichever answers are lost.
// Waits are random: about once in a thousand runs, a create meets a 503 four times in a
// row.
func TestOnceCreatesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &lateStore{made: map[string][]time.Time{}}
		api := clientOf(t, newAPI(store.ServeHTTP))
		lost, given := 0, 0
		count := func(err error) {
			if given++; err != nil {
				given--
				expectError(t, err, coreapi.ErrOutcomeUnknown)
			}
		}
		for n := range 60 {
			reference := fmt.Sprint(n)
			_, err := coreapi.Once(t.Context(),
				func(ctx context.Context) (coreapi.Org, error) {
					org, err := api.Orgs.Create(ctx, coreapi.NewOrg{Name: "Widgets Inc", Reference: reference})
					if err != nil {
						lost++
					}
					return org, err
				},
				func(ctx context.Context) (coreapi.Org, error) { return api.Orgs.ByReference(ctx, reference) })
			count(err)
			_, err = coreapi.Once(t.Context(),
				func(ctx context.Context) (coreapi.User, error) {
					return api.Users.Create(ctx, coreapi.NewUser{Email: reference + "@example.com", Reference: reference})
				},
				func(ctx context.Context) (coreapi.User, error) {
					page, err := api.Users.List(ctx, coreapi.UserQuery{Extra: map[string][]string{"reference": {reference}}})
					if err != nil || len(page.Items) == 0 {
						return coreapi.User{}, cmp.Or(err, coreapi.ErrNotFound)
					}
					return page.Items[0], nil
				})
			count(err)
		}
		if given < 110 || lost < 10 {
			t.Errorf("%d of 120 were given, and %d answers were lost; want nearly all, and 10 or more", given, lost)
		}
		for name, times := range store.made {
			if len(times) != 1 {
				t.Errorf("%s was made %d times", name, len(times))
			}
		}
	})
}
