package authrocket_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// floodedApp is an app whose realm has withdrawn a key, and whose users come with
// cookies of that key while others ask for keys that the realm does not have.
type floodedApp struct {
	*keyed
	app       http.Handler
	withdrawn string // the ID of a key
	cookies   []string
	answers   map[string]int // to the users' requests, by what they are
}

// floodedRow runs f in fake time.
func floodedRow(t *testing.T, name string, config func(*authrocket.Config), f func(b *floodedApp)) {
	t.Helper()
	keyedRowWith(t, name, config, func(k *keyed) {
		b := &floodedApp{keyed: k, withdrawn: k.realm.KeyID(), answers: map[string]int{}}
		for range 5 {
			b.cookies = append(b.cookies, k.token())
		}
		time.Sleep(time.Hour)
		k.warm()
		k.realm.RotateKeys()
		k.realm.WithdrawKey(b.withdrawn)
		k.warm()
		// The budget is full again when it begins.
		time.Sleep(time.Minute)
		b.app = k.app()
		f(b)
	})
}

// navigateWith is a browser that goes to a gate.
func (b *floodedApp) navigateWith(cookie string) *httptest.ResponseRecorder {
	r := navigate("/gate")
	r.AddCookie(&http.Cookie{Name: "__Host-arToken", Value: cookie})
	return serve(b.app, r)
}

func isLogin(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Location"), "https://loginrocket.example/login?")
}

func (b *floodedApp) visit(i int) {
	w := b.navigateWith(b.cookies[i%len(b.cookies)])
	what := fmt.Sprintf("status %d", w.Code)
	if isLogin(w) {
		what = "login"
	}
	b.answers[what]++
}

// last lasts for so many seconds, with so many users a second, and so many tokens
// a second of those who ask for other keys.
func (b *floodedApp) last(seconds, users, tokens int, token func(i int) string) {
	b.app = b.keyed.app()
	for second := range seconds {
		for i := range max(users, tokens) {
			if i < tokens {
				b.stranger(token(second*tokens + i))
			}
			if i < users {
				b.visit(second*users + i)
			}
			time.Sleep(time.Second / time.Duration(max(users, tokens)))
		}
	}
}

// stranger is a program that sends token.
func (b *floodedApp) stranger(token string) {
	serve(b.app, request(http.MethodGet, "/gate", "Authorization: Bearer "+token))
}

func (b *floodedApp) wantLoginsOnly(users int) {
	b.t.Helper()
	b.t.Logf("answers: %v", b.answers)
	for what, n := range b.answers {
		if what != "login" {
			b.t.Errorf("%d of the users got %s, want the login", n, what)
		}
	}
	if got := b.answers["login"]; got != users {
		b.t.Errorf("%d of the users got the login, want %d", got, users)
	}
}

// fromStrangers are the tokens that anybody can send, without being anybody here.
func (b *floodedApp) fromStrangers(tokens int) func(i int) string {
	if tokens == 0 {
		other := authrockettest.NewRealm(b.t)
		token := other.Token(other.AddUser(authrockettest.User{Email: "eve@example.com"}), authrockettest.ExpiresIn(24*time.Hour))
		return func(int) string { return token }
	}
	return func(i int) string { return b.madeUp(fmt.Sprintf("made up %d", i)) }
}

func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	anyConfig := func(*authrocket.Config) {}
	anyRealm := func(c *authrocket.Config) { c.RealmID = "" }
	for _, row := range []struct {
		name   string
		config func(*authrocket.Config)
		users  int
		tokens int // made-up keys a second, 0: one token of another realm
	}{
		{"who repeat a token of another realm", anyConfig, 1, 0},
		{"who repeat a token of another realm, RealmID not being set", anyRealm, 1, 0},
		{"who make up a key a second", anyConfig, 1, 1},
		{"who make up 20 keys a second", anyConfig, 1, 20},
		{"who make up 200 keys a second", anyConfig, 10, 200},
	} {
		run := func(b *floodedApp, seconds int) {
			before := b.fetches()
			b.last(seconds, row.users, max(row.tokens, 1), b.fromStrangers(row.tokens))
			b.wantLoginsOnly(seconds * row.users)
			if got, most := b.fetches()-before, 3+seconds/10; got > most {
				b.t.Errorf("the key set was fetched %d times, want %d at most", got, most)
			}
		}
		floodedRow(t, row.name, row.config, func(b *floodedApp) { run(b, 300) })
		floodedRow(t, row.name+", right after a restart", row.config, func(b *floodedApp) {
			b.restart(row.config)
			run(b, 30)
		})
		floodedRow(t, row.name+", right after the key was withdrawn", row.config, func(b *floodedApp) {
			withdrawn := b.realm.KeyID()
			b.cookies = []string{b.token(), b.token()}
			b.realm.RotateKeys()
			b.realm.WithdrawKey(withdrawn)
			b.warm()
			run(b, 30)
		})
		floodedRow(t, row.name+", the users' tokens having expired", row.config, func(b *floodedApp) {
			b.cookies = []string{b.token(authrockettest.SignedBy(b.withdrawn), authrockettest.ExpiresIn(time.Minute))}
			time.Sleep(30 * 24 * time.Hour)
			b.warm()
			run(b, 30)
		})
	}
}

func TestARotationAmongStrangersIsFound(t *testing.T) {
	t.Parallel()
	// arrive sends the token of a new key until it is accepted, which it has to be
	// within a cool-down; until then each answer has to be one that is right meanwhile.
	arrive := func(b *floodedApp, send func(token string) *httptest.ResponseRecorder, isAccepted, isMeanwhile func(*httptest.ResponseRecorder) bool) {
		b.t.Helper()
		token := ""
		var rotatedAt time.Time
		meanwhile := 0
		for i := range 200 * 60 {
			b.stranger(b.madeUp(fmt.Sprintf("made up %d", i)))
			if i == 200*30 {
				b.realm.RotateKeys()
				token, rotatedAt = b.token(), time.Now()
			}
			if i%20 == 0 && token != "" {
				w := send(token)
				switch waited := time.Since(rotatedAt); {
				case isAccepted(w):
					if meanwhile == 0 {
						b.t.Error("the token was accepted at once, so that nothing is known about the time until it is")
					}
					return
				case !isMeanwhile(w):
					b.t.Fatalf("after %s: got %d %v %s", waited, w.Code, w.Header(), w.Body)
				case waited > keyCoolDown:
					b.t.Fatalf("the rotation is not found after %s", waited)
				}
				meanwhile++
			}
			time.Sleep(5 * time.Millisecond)
		}
		b.t.Error("the rotation is not found")
	}
	unchanged := func(*authrocket.Config) {}
	floodedRow(t, "at a gate, whose users get the login until then", unchanged, func(b *floodedApp) {
		arrive(b, b.navigateWith, func(w *httptest.ResponseRecorder) bool { return w.Code == http.StatusOK }, isLogin)
	})
	floodedRow(t, "at a callback, whose users get a page that reloads itself until then", unchanged, func(b *floodedApp) {
		comeBack := b.startLogin()
		arrive(b, comeBack, isSignedIn, isReloadingPage)
	})
}

// startLogin starts a login and returns how the browser comes back from it.
func (k *keyed) startLogin() func(token string) *httptest.ResponseRecorder {
	k.t.Helper()
	app := k.app()
	start := serve(app, navigate("/gate"))
	back := redirectURIOf(k.t, start.Header().Get("Location"))
	return func(token string) *httptest.ResponseRecorder {
		r := navigate(back.RequestURI() + "&token=" + token)
		for _, c := range start.Result().Cookies() {
			r.AddCookie(c)
		}
		return serve(app, r)
	}
}

func isSignedIn(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusSeeOther && strings.Contains(strings.Join(w.Header()["Set-Cookie"], "\n"), "arToken=ey")
}

// isReloadingPage tells a page that comes again by itself, and that has used
// nothing up.
func isReloadingPage(w *httptest.ResponseRecorder) bool {
	h := w.Header()
	return isUnavailablePage(w) && h.Get("Refresh") != "" && h.Get("Refresh") == h.Get("Retry-After")
}

// isUnavailablePage tells a page that its visitor may have to reload.
func isUnavailablePage(w *httptest.ResponseRecorder) bool {
	for _, c := range w.Result().Cookies() {
		if c.Name != siteCookie+"-reload" {
			return false
		}
	}
	return w.Code == http.StatusServiceUnavailable && strings.HasPrefix(w.Body.String(), "<!doctype html>")
}
