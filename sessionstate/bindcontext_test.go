package sessionstate_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// Each row says when a bound context of kss_1 ends, and why.
func TestBind(t *testing.T) {
	t.Parallel()
	type world struct {
		api   *coreAPI
		state *sessionstate.State
	}
	down := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	for name, row := range map[string]struct {
		policy sessionstate.Policy
		do     func(context.Context, world)
		after  time.Duration // the time until it ends
		cause  error
	}{
		"with its token": {do: func(context.Context, world) {}, after: 24 * time.Hour, cause: authrocket.ErrTokenExpired},
		"with its session": {
			do:    func(ctx context.Context, w world) { w.state.End(ctx, hidden("kss_1"), time.Time{}) },
			cause: authrocket.ErrSessionEnded,
		},
		"with its user's sessions": {
			do:    func(ctx context.Context, w world) { w.state.EndUser(ctx, "usr_ada", time.Now()) },
			cause: authrocket.ErrSessionEnded,
		},
		"not with another session": {
			do:    func(ctx context.Context, w world) { w.state.End(ctx, hidden("kss_2"), time.Time{}) },
			after: 24 * time.Hour, cause: authrocket.ErrTokenExpired,
		},
		"not with an earlier login of the user": {
			do:    func(ctx context.Context, w world) { w.state.EndUser(ctx, "usr_ada", time.Now().Add(-time.Second)) },
			after: 24 * time.Hour, cause: authrocket.ErrTokenExpired,
		},
		"when a check finds that its session has ended": {
			do: func(_ context.Context, w world) { w.api.delete("kss_1") }, after: 72 * time.Minute, cause: authrocket.ErrSessionEnded,
		},
		"when a suspicion is confirmed": {
			do: func(ctx context.Context, w world) {
				w.api.delete("kss_1")
				w.state.Suspect(ctx, hidden("kss_1"), time.Time{})
			},
			cause: authrocket.ErrSessionEnded,
		},
		"not when a suspicion is wrong": {
			do:    func(ctx context.Context, w world) { w.state.Suspect(ctx, hidden("kss_1"), time.Time{}) },
			after: 24 * time.Hour, cause: authrocket.ErrTokenExpired,
		},
		"when the API has been silent for MaxStale": {
			do: func(_ context.Context, w world) { w.api.breakWith(down) }, after: 6 * time.Hour, cause: authrocket.ErrSessionUnknown,
		},
		"not for a silent API if the policy is Allow": {
			policy: sessionstate.Allow, do: func(_ context.Context, w world) { w.api.breakWith(down) },
			after: 24 * time.Hour, cause: authrocket.ErrTokenExpired,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := newCoreAPI()
				api.add("kss_1")
				state := newState(t, sessionstate.Config{
					API: api.client(t), CheckInterval: time.Hour, AfterMaxStale: row.policy, Observer: new(reports).observer(),
				})
				begun := time.Now()
				ctx, cancel := state.Bind(t.Context(), newUsers(t).session("kss_1"))
				defer cancel()
				row.do(ctx, world{api, state})
				<-ctx.Done()
				if took := time.Since(begun); took > row.after+row.after/5 || took < row.after-row.after/5 {
					t.Errorf("it ended after %s, want about %s", took, row.after)
				}
				if cause := context.Cause(ctx); !errors.Is(cause, row.cause) {
					t.Errorf("got cause %v, want %v", cause, row.cause)
				}
			})
		})
	}
}

func TestBindOfAnEndedSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newState(t, sessionstate.Config{})
		session := newUsers(t).session("kss_1")
		state.End(t.Context(), hidden("kss_1"), time.Time{})
		ctx, cancel := state.Bind(t.Context(), session)
		defer cancel()
		if !errors.Is(context.Cause(ctx), authrocket.ErrSessionEnded) {
			t.Errorf("got %v", context.Cause(ctx))
		}
		ctx, cancel = state.Bind(t.Context(), authrocket.Session{})
		defer cancel()
		if ctx.Err() == nil {
			t.Error("the context of the zero Session has not ended")
		}
	})
}

func TestBindIsReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newState(t, sessionstate.Config{})
		ctx, cancel := state.Bind(t.Context(), newUsers(t).session("kss_1"))
		cancel()
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			t.Errorf("got %v", cause)
		}
		parent, end := context.WithCancelCause(t.Context())
		own := errors.New("the connection was lost")
		ctx, cancel = state.Bind(parent, newUsers(t).session("kss_1"))
		defer cancel()
		end(own)
		if cause := context.Cause(ctx); cause != own {
			t.Errorf("got %v, want that of the parent", cause)
		}
		// The bubble would wait for a timer that never stops.
	})
}
