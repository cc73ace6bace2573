package authrocket_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The realm has withdrawn a key, and users come with cookies of that key while others
// ask for keys that the realm does not have.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name      string
		config    func(*authrocket.Config)
		users     int  // a second
		strangers int  // a second, each with a key that is made up
		repeat    bool // or with one token of another realm
	}{
		{name: "who repeat a token of another realm", users: 1, strangers: 1, repeat: true},
		{name: "who repeat a token of another realm, RealmID not being set", config: func(c *authrocket.Config) { c.RealmID = "" }, users: 1, strangers: 1, repeat: true},
		{name: "who make up a key a second", users: 1, strangers: 1},
		{name: "who make up 20 keys a second", users: 1, strangers: 20},
		{name: "who make up 200 keys a second", users: 10, strangers: 200},
	} {
		for _, state := range []struct {
			name    string
			seconds int
			// enter returns the cookies of the users; withdrawn is the ID of the key.
			enter func(k *keyed, withdrawn string, cookies []string) []string
		}{
			{seconds: 300, enter: func(_ *keyed, _ string, cookies []string) []string { return cookies }},
			{name: ", right after a restart", seconds: 30, enter: func(k *keyed, _ string, cookies []string) []string {
				k.restart(row.config)
				return cookies
			}},
			{name: ", right after the key was withdrawn", seconds: 30, enter: func(k *keyed, _ string, _ []string) []string {
				withdrawn, cookies := k.realm.KeyID(), []string{k.token(), k.token()}
				k.realm.RotateKeys()
				k.realm.WithdrawKey(withdrawn)
				k.warm()
				return cookies
			}},
			{name: ", the users' tokens having expired", seconds: 30, enter: func(k *keyed, withdrawn string, _ []string) []string {
				expired := k.token(authrockettest.SignedBy(withdrawn), authrockettest.ExpiresIn(time.Minute))
				time.Sleep(30 * 24 * time.Hour)
				k.warm()
				return []string{expired}
			}},
		} {
			keyedRowWith(t, row.name+state.name, row.config, func(k *keyed) {
				withdrawn, cookies := k.realm.KeyID(), []string{k.token(), k.token(), k.token()}
				time.Sleep(time.Hour)
				k.warm()
				k.realm.RotateKeys()
				k.realm.WithdrawKey(withdrawn)
				k.warm()
				time.Sleep(time.Minute) // the budget is full again
				cookies = state.enter(k, withdrawn, cookies)
				token := func(i int) string { return k.madeUp(fmt.Sprintf("made up %d", i)) }
				if row.repeat {
					other := authrockettest.NewRealm(k.t)
					repeated := other.Token(other.AddUser(authrockettest.User{Email: "eve@example.com"}), authrockettest.ExpiresIn(24*time.Hour))
					token = func(int) string { return repeated }
				}
				before, visits := k.fetches(), 0
				for i := range state.seconds * row.strangers {
					k.bearer("/gate", token(i))
					if i%row.strangers < row.users {
						if w := k.navigate(cookies[visits%len(cookies)]); !isLogin(w) {
							k.t.Fatalf("user %d got %d %v, want the login", visits, w.Code, w.Header())
						}
						visits++
					}
					time.Sleep(time.Second / time.Duration(row.strangers))
				}
				if got, most := k.fetches()-before, 3+state.seconds/10; got > most {
					k.t.Errorf("the key set was fetched %d times, want %d at most", got, most)
				}
			})
		}
	}
}

func TestARotationAmongStrangersIsFound(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	// arrive sends the token of a new key until it is accepted, which it has to be
	// within a cool-down; until then each answer has to be one that is right meanwhile.
	arrive := func(k *keyed, send func(token string) *httptest.ResponseRecorder, isAccepted, isMeanwhile func(*httptest.ResponseRecorder) bool) {
		k.t.Helper()
		token := ""
		var rotatedAt time.Time
		meanwhile := 0
		for i := range 200 * 60 {
			k.bearer("/gate", k.madeUp(fmt.Sprintf("made up %d", i)))
			if i == 200*30 {
				k.realm.RotateKeys()
				token, rotatedAt = k.token(), time.Now()
			}
			if i%20 == 0 && token != "" {
				w := send(token)
				switch waited := time.Since(rotatedAt); {
				case isAccepted(w):
					if meanwhile == 0 {
						k.t.Error("the token was accepted at once, so that nothing is known about the time until it is")
					}
					return
				case !isMeanwhile(w):
					k.t.Fatalf("after %s: got %d %v %s", waited, w.Code, w.Header(), w.Body)
				case waited > keyCoolDown:
					k.t.Fatalf("the rotation is not found after %s", waited)
				}
				meanwhile++
			}
			time.Sleep(5 * time.Millisecond)
		}
		k.t.Error("the rotation is not found")
	}
	keyedRowWith(t, "at a gate, whose users get the login until then", nil, func(k *keyed) {
		k.warm()
		arrive(k, k.navigate, func(w *httptest.ResponseRecorder) bool { return w.Code == http.StatusOK }, isLogin)
	})
	keyedRowWith(t, "at a callback, whose users get a page that reloads itself until then", nil, func(k *keyed) {
		arrive(k, k.startLogin(), isSignedIn, isReloadingPage)
	})
}
