package loginstate_test

import (
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/internal/loginstate"
)

// FuzzDecode holds that what can be read survives being written and read again.
func FuzzDecode(f *testing.F) {
	f.Add(loginstate.State{Value: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", Attempt: 1, Started: time.Unix(1735700000, 0), Target: "/manage?tab=1"}.Encode())
	f.Add("ABCDEFGHI.1.-9223372036854775808.")
	f.Add("ABCDEFGHI.1.+007.Lx")
	for _, row := range unreadable {
		f.Add(row.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		state, ok := loginstate.Decode(text)
		if !ok {
			if state != (loginstate.State{}) {
				t.Errorf("Decode(%q) failed, but returned %+v", text, state)
			}
			return
		}
		again, ok := loginstate.Decode(state.Encode())
		if !ok || again.Param() != state.Param() || !again.Started.Equal(state.Started) || again.Target != state.Target {
			t.Errorf("Decode(%q): got %+v, after writing and reading %+v, %t", text, state, again, ok)
		}
		if id := state.ID(); id == "" || id == state.Value {
			t.Errorf("Decode(%q): got ID %q of value %q, want a true beginning", text, id, state.Value)
		}
		if now := time.Now(); state.Matches(state.Param(), now) != state.IsAlive(now) {
			t.Errorf("Decode(%q): the state's own parameter does not decide like its age", text)
		}
	})
}
