package webhook

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Seen remembers which events were handled, by their IDs, and which are being handled. It must
// be safe for concurrent use.
//
// The default is enough for most apps with many instances, too: an event that AuthRocket
// repeats may come to another instance and be handled there once more, which Handle has to
// bear anyway. A Seen that the instances share, such as SET NX PX in Valkey, is worth it
// where handling an event twice costs much, as a mail does.
type Seen interface {
	// Begin says that an event is about to be handled, for 30 seconds at most. The error
	// matches [ErrHandled] if it was handled before, and [ErrBusy] if it is being handled.
	// After another error AuthRocket sends it again.
	Begin(ctx context.Context, id string) error

	// Done says that an event was handled. It should be remembered for 3 days.
	Done(ctx context.Context, id string) error

	// Forget says that an event was not handled, and may begin again. An event that is
	// done stays so.
	Forget(ctx context.Context, id string) error
}

var (
	// ErrHandled: the event was handled before. Returned by [Seen].
	ErrHandled = errors.New("the event was handled before")

	// ErrBusy: the event is being handled. Returned by [Seen].
	ErrBusy = errors.New("the event is being handled")
)

const (
	maxRemembered = 10_000
	lease         = 30 * time.Second
)

// memory is the default Seen.
type memory struct {
	mu     sync.Mutex
	leases map[string]time.Time // when the lease of an event ends that is being handled
	done   map[string]bool
	order  []string // the keys of done, in a ring
	oldest int      // in order, once that is full
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
