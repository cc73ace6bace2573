package authrocket_test

import (
	"testing"
)

// The keys of every fetch are new values. A token that is known would be checked
// in full after each if they were compared by where they are.
func TestKnownTokenStaysKnownAfterRefresh(t *testing.T) {
	c := newCast(t, nil)
	token := c.realm.Token(c.ada)
	for range 3 {
		if err := c.auth.Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		verify := func() {
			if _, err := c.auth.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		}
		verify()
		if got := testing.AllocsPerRun(100, verify); got > 0 {
			t.Errorf("got %v allocations for a known token, want none", got)
		}
	}
}
