package loginstate_test

import (
	"testing"

	"github.com/authrocket-go/authrocket/internal/loginstate"
)

// FuzzOpen holds that a secret opens what it has sealed and nothing else, and that
// a secret that anybody could have planted opens nothing that it would not seal.
func FuzzOpen(f *testing.F) {
	const scope = "arToken\x00https://example.com/auth/callback"
	secret := loginstate.NewSecret(false)
	states := map[string]loginstate.Login{}
	for _, login := range logins {
		state := secret.Seal(scope, login)
		states[state] = login
		f.Add(secret.ID, secret.Value(), scope, state)
		f.Add(secret.ID, secret.Value()+"~", "", state)
	}
	f.Add("ABCDEFGH", "s0qw5c.AAAAAAAAAAAAAAAAAAAAAA", scope, "ABCDEFGH.AAAA")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, id, value, otherScope, state string) {
		want, isSealed := states[state]
		if got, ok := secret.Open(scope, state); ok != isSealed || got != want {
			t.Errorf("Open(%q): got %+v, %t, want %+v, %t", state, got, ok, want, isSealed)
		}
		if got, ok := secret.Open(otherScope, state); otherScope != scope && ok {
			t.Errorf("Open(%q) in scope %q: got %+v", state, otherScope, got)
		}
		if named := loginstate.ID(state); named != "" && state[:len(named)+1] != named+"." {
			t.Errorf("ID(%q): got %q", state, named)
		}
		planted, ok := loginstate.ParseSecret(id, value)
		if !ok {
			return
		}
		if again, ok := loginstate.ParseSecret(id, planted.Value()); !ok || again != planted {
			t.Errorf("ParseSecret(%q, %q): got %q, which is another one", id, value, planted.Value())
		}
		login, ok := planted.Open(otherScope, state)
		if !ok {
			return
		}
		if login.Attempt < 1 || login.Attempt > loginstate.MaxAttempt || login.MayChange > loginstate.ChangeUser || len(login.Target) > loginstate.MaxTargetBytes {
			t.Errorf("Open(%q): got %+v, which is beyond the limits", state, login)
		}
		if again := planted.Seal(otherScope, login); again != state {
			t.Errorf("Open(%q): got %+v, which is sealed as %q", state, login, again)
		}
	})
}
