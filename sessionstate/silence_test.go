package sessionstate_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// Two checks that fail hours apart, without a session to check in between, do not mean
// that the API has been silent for hours.
func TestFailuresFarApartAreNoSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, users := newCoreAPI(), newUsers(t)
		api.add("kss_1", "kss_2", "kss_3")
		state := newState(t, sessionstate.Config{API: api.client(t), Observer: new(reports).observer()})
		evening, morning, next := users.session("kss_1"), users.session("kss_2"), users.session("kss_3")
		time.Sleep(20 * time.Minute) // in the bubble: no real time passes
		api.breakWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		state.CheckSession(t.Context(), evening, gate)
		synctest.Wait()
		time.Sleep(8 * time.Hour) // in the bubble: no real time passes
		state.CheckSession(t.Context(), morning, gate)
		synctest.Wait()
		if err := state.CheckSession(t.Context(), next, gate); err != nil {
			t.Errorf("after two failures: got %v", err)
		}
	})
}

// After the API has been silent for MaxStale, only an answer ends the refusals. A pause
// without checks does not.
func TestAPauseEndsNoSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newCoreAPI()
		api.add("kss_1")
		state := newState(t, sessionstate.Config{API: api.client(t), CheckInterval: time.Minute, MaxStale: time.Hour, Observer: new(reports).observer()})
		session := newUsers(t).session("kss_1")
		api.breakWith(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		for range 70 {
			time.Sleep(time.Minute) // in the bubble: no real time passes
			state.CheckSession(t.Context(), session, gate)
			synctest.Wait()
		}
		time.Sleep(8 * time.Hour) // in the bubble: no real time passes
		for range 3 {
			if err := state.CheckSession(t.Context(), session, gate); !errors.Is(err, authrocket.ErrSessionUnknown) {
				t.Errorf("while the API is still silent: got %v", err)
			}
			time.Sleep(time.Minute) // in the bubble: no real time passes
		}
		api.breakWith(nil)
		if err := state.CheckSession(t.Context(), session, gate); err != nil {
			t.Errorf("when the API answers: got %v", err)
		}
	})
}
