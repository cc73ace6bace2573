package sessionstate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// hangingLog never answers, like a server that is paused.
type hangingLog struct{}

func (hangingLog) Append(ctx context.Context, _ sessionstate.Ended) error {
	<-ctx.Done()
	return ctx.Err()
}

func (hangingLog) After(ctx context.Context, position string, _ int) ([]sessionstate.Ended, string, error) {
	<-ctx.Done()
	return nil, position, ctx.Err()
}

// A check releases the requests that wait for it before it writes to the Log.
func TestNoRequestWaitsForTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newCoreAPI()
		state := newState(t, sessionstate.Config{API: api.client(t), Log: hangingLog{}, Observer: new(reports).observer()})
		session := newUsers(t).session("kss_1")
		state.Suspect(t.Context(), hidden("kss_1"), time.Time{})
		begun := time.Now()
		if err := state.CheckSession(t.Context(), session, gate); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begun); took > 0 {
			t.Errorf("the request took %s", took)
		}
	})
}

func TestTheEndOfRunIsNoTrouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := new(reports)
		state, err := sessionstate.New(sessionstate.Config{API: newCoreAPI().client(t), Log: hangingLog{}, Observer: seen.observer()})
		if err != nil {
			t.Fatal(err)
		}
		state.Suspect(t.Context(), hidden("kss_1"), time.Time{}) // Run appends it
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := state.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run returned %v", err)
		}
		if len(seen.trouble) > 0 {
			t.Errorf("got trouble %q", seen.trouble)
		}
	})
}
