package authrocketdev

import (
	"sync"
	"time"
)

// expiring keeps values for a while, and a limited number of them: when it is
// full, the one that would end first makes room.
type expiring[T any] struct {
	mu      sync.Mutex
	entries map[string]expiringEntry[T]
}

type expiringEntry[T any] struct {
	value T
	end   time.Time
}

const maxEntries = 1_000

func newExpiring[T any]() *expiring[T] {
	return &expiring[T]{entries: make(map[string]expiringEntry[T])}
}

func (e *expiring[T]) put(key string, value T, lifetime time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.entries) >= maxEntries {
		first := ""
		for k, entry := range e.entries {
			if first == "" || entry.end.Before(e.entries[first].end) {
				first = k
			}
		}
		delete(e.entries, first)
	}
	e.entries[key] = expiringEntry[T]{value, time.Now().Add(lifetime)}
}

func (e *expiring[T]) get(key string) (T, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.live(key)
}

// take returns a value and removes it, so that it serves once.
func (e *expiring[T]) take(key string) (T, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	value, ok := e.live(key)
	delete(e.entries, key)
	return value, ok
}

func (e *expiring[T]) live(key string) (T, bool) {
	entry, ok := e.entries[key]
	if !ok || !time.Now().Before(entry.end) {
		var none T
		return none, false
	}
	return entry.value, true
}

// find returns the live entries that keep wants.
func (e *expiring[T]) find(keep func(T) bool) map[string]T {
	e.mu.Lock()
	defer e.mu.Unlock()
	found := make(map[string]T)
	for key := range e.entries {
		if value, ok := e.live(key); ok && keep(value) {
			found[key] = value
		}
	}
	return found
}

// drop removes the entries that unwanted names.
func (e *expiring[T]) drop(unwanted func(T) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for key, entry := range e.entries {
		if unwanted(entry.value) {
			delete(e.entries, key)
		}
	}
}
