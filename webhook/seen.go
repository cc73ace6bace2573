package webhook

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Seen records, by event ID, which events were handled and which are being handled. It
// must be safe for concurrent use.
//
// The default is enough for most apps, even with many instances. If AuthRocket repeats an
// event, another instance may handle the event again, which Handle must permit anyway. If
// an event must not be handled twice, for example because Handle sends an email, use a
// Seen that all instances share. It can use SET NX PX in Valkey.
type Seen interface {
	// Begin reserves an event for the caller, which is about to handle the event, for up
	// to 30 seconds. The error must match [ErrHandled] if the event was handled before,
	// and [ErrBusy] if another caller is handling the event. After ErrBusy and after any
	// other error, AuthRocket sends the event again.
	Begin(ctx context.Context, id string) error

	// Done records that an event was handled. Keep this record for at least 3 days.
	Done(ctx context.Context, id string) error

	// Forget records that an event was not handled, so that Begin accepts it again. It
	// must not change an event for which Done was called.
	Forget(ctx context.Context, id string) error
}

var (
	// ErrHandled is the error that Begin of a [Seen] returns for an event that was
	// handled before. The webhook is then answered with 204, and Handle is not called.
	ErrHandled = errors.New("the event was handled before")

	// ErrBusy is the error that Begin of a [Seen] returns while another webhook for the
	// same event is being handled. This webhook is then answered with 503, and AuthRocket
	// sends it again.
	ErrBusy = errors.New("the event is being handled")
)

const (
	maxRemembered = 10_000
	lease         = 30 * time.Second
)

// memory is the default Seen.
type memory struct {
	mu     sync.Mutex
	leases map[string]time.Time // when the lease of each event that is being handled ends
	done   map[string]bool
	order  []string // the keys of done, as a ring buffer
	oldest int      // the index of the oldest key in order, once order is full
}

func newMemory() *memory { return &memory{leases: map[string]time.Time{}, done: map[string]bool{}} }

func (m *memory) Begin(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	end, isLeased := m.leases[id]
	switch {
	case m.done[id]:
		return ErrHandled
	case isLeased && now.Before(end), !isLeased && len(m.leases) >= maxRemembered:
		return ErrBusy
	}
	m.leases[id] = now.Add(lease)
	return nil
}

func (m *memory) Done(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.leases, id)
	if m.done[id] {
		return nil
	}
	m.done[id] = true
	if len(m.order) < maxRemembered {
		m.order = append(m.order, id)
		return nil
	}
	delete(m.done, m.order[m.oldest])
	m.order[m.oldest] = id
	m.oldest = (m.oldest + 1) % maxRemembered
	return nil
}

func (m *memory) Forget(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.leases, id)
	return nil
}
