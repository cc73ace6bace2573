package sessionstate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

func forbid(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprint(w, `{"errors": ["Not authorized"]}`)
}

// lockedBuffer is a buffer to which several goroutines can write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// No event, log line, error or printed State contains a session ID, a token or the key.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var shown lockedBuffer
		logger := slog.New(slog.NewJSONHandler(&shown, &slog.HandlerOptions{Level: slog.LevelDebug}))
		api, log := newCoreAPI(), newMemoryLog()
		observer := sessionstate.LogObserver(logger)
		print := func(v any) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
				fmt.Fprintf(&shown, verb+"\n", v)
			}
			if data, err := json.Marshal(v); err == nil {
				shown.Write(data)
			}
		}
		state := newState(t, sessionstate.Config{API: api.client(t), Log: log, CheckInterval: time.Hour, Observer: observer})
		session := newUsers(t).session("kss_secret1")
		bound, cancel := state.Bind(t.Context(), session)
		defer cancel()
		print(bound)
		api.add("kss_secret1")
		time.Sleep(2 * time.Hour) // in the bubble: no real time passes
		for _, fault := range []http.HandlerFunc{forbid, nil} {
			api.breakWith(fault)
			state.Suspect(t.Context(), hidden("kss_secret1"), time.Time{})
			print(state.CheckSession(t.Context(), session, gate))
			time.Sleep(10 * time.Second) // in the bubble: no real time passes
		}
		log.breakWith(errors.New("down"))
		print(state.End(t.Context(), hidden("kss_secret1"), time.Time{}))
		print(state.CheckSession(t.Context(), session, gate))
		print(state)
		synctest.Wait()
		for _, secret := range []string{"kss_secret1", "ks_0123456789abcdef", session.Token(), "usr_ada"} {
			if i := strings.Index(shown.String(), secret); i >= 0 {
				t.Errorf("%q is shown: ...%s", secret, shown.String()[max(0, i-200):i+20])
			}
		}
		for _, want := range []string{`"outcome":"unknown"`, `"source":"app"`, `"level":"WARN"`} {
			if !strings.Contains(shown.String(), want) {
				t.Errorf("the log has no %s", want)
			}
		}
	})
}

// Repeated trouble does not flood the log.
func TestTroubleIsLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen reports
		state := newState(t, sessionstate.Config{Observer: seen.observer()})
		for range 100 {
			if err := state.HandleEvent(context.Background(), event(t, coreapi.EventSessionDeleted, 0, nil)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second) // in the bubble: no real time passes
		if err := state.HandleEvent(context.Background(), event(t, coreapi.EventSessionDeleted, 0, nil)); err != nil {
			t.Fatal(err)
		}
		if len(seen.trouble) != 2 {
			t.Errorf("got %d reports, want 2: %q", len(seen.trouble), seen.trouble)
		}
	})
}
