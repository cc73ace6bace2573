package authrocketdev_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
)

// After several clients have used all endpoints at the same time, the records of the
// realm are consistent. TestMain checks that no goroutine is left.
func TestCoreSoak(t *testing.T) {
	t.Parallel()
	c := newCore(t, withConfiguration)
	endpoints := slices.DeleteFunc(authrocketdev.CoreEndpoints(), func(endpoint string) bool {
		return strings.HasPrefix(endpoint, "POST /realms") || strings.Contains(endpoint, "/domains") // there is only a limited number of these
	})
	const clients, requests = 6, 400
	var all sync.WaitGroup
	var mu sync.Mutex
	answered := map[string]int{}
	for client := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(client)))
			known := []string{"totp", "password", "user-1@example.com"}
			pick := func(of []string) string { return of[random.IntN(len(of))] }
			for range requests {
				endpoint := pick(endpoints)
				method, path, _ := strings.Cut(endpoint, " ")
				resource, _, _ := strings.Cut(path[1:], "/")
				id := pick(known)
				if own := withPrefix(known, idPrefixes[resource]); len(own) > 0 && random.IntN(4) > 0 {
					id = pick(own)
				}
				user, org := pick(append(withPrefix(known, "usr_"), "usr_none")), pick(append(withPrefix(known, "org_"), "org_none"))
				email := fmt.Sprintf("user-%d@example.com", random.IntN(20))
				body := ""
				if method != http.MethodGet {
					bodies := []string{
						`{"user":{"email":"` + email + `","password":"how-now-brown-cow!"}}`, `{"user":{"password":"how-now-brown-cow!"}}`, `{"user":{"first_name":"x"}}`, `{"user":{"token":"` + pick(known) + `"}}`, `{}`,
						`{"org":{"name":"x"}}`, `{"membership":{"user_id":"` + user + `","org_id":"` + org + `"}}`, `{"membership":{"permissions":["a"]}}`, `{"session":{"user_id":"` + user + `"}}`,
						`{"invitation":{"email":"` + email + `","invitation_type":"org","org_id":"` + org + `"}}`, `{"invitation":{"email":"` + email + `","invitation_type":"request"}}`,
						`{"auth_provider":{"provider_type":"dummy"}}`, `{"auth_provider":{"state":"active"}}`, `{"access_token":"abcdefgh"}`, `{"credential":{"user_id":"` + user + `","credential_type":"totp","name":"x"}}`,
						`{"credential":{"code":"123456"}}`, `{"credential":{"password":"how-now-brown-cow!"}}`, `{"client_app":{"name":"x"}}`,
					}
					if own := withPrefix(bodies, `{"`+strings.TrimSuffix(resource, "s")+`"`); len(own) > 0 && random.IntN(8) > 0 {
						bodies = own
					}
					body = pick(bodies)
				}
				a := c.ask(t, method, strings.ReplaceAll(path, "{id}", id)+"?max_results=5&expand=memberships,token&redirect_uri=https://local.dev/&user_id="+id, body)
				if a.status >= 500 {
					t.Errorf("%s %s: got %d %s", endpoint, body, a.status, a.body)
				}
				for _, at := range []string{"id", "token", "collection.0.id"} {
					if text := a.text(at); text != "" && len(text) < 60 && len(known) < 200 {
						known = append(known, text)
					}
				}
				mu.Lock()
				answered[endpoint]++
				if a.status < 300 {
					answered["done"]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	checkModel(t, c.realm)
	for _, endpoint := range endpoints {
		if answered[endpoint] == 0 {
			t.Errorf("%s was not asked", endpoint)
		}
	}
	if answered["done"] < clients*requests/5 {
		t.Errorf("%d of %d requests did something: they prove little", answered["done"], clients*requests)
	}
}

var idPrefixes = map[string]string{
	"users": "usr_", "orgs": "org_", "memberships": "mb_", "sessions": "kss_", "invitations": "nvt_", "credentials": "crd_", "events": "ev_", "client_apps": "ca_", "realms": "rl_",
}

func withPrefix(texts []string, prefix string) (found []string) {
	for _, text := range texts {
		if strings.HasPrefix(text, prefix) {
			found = append(found, text)
		}
	}
	return found
}
