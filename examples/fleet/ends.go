package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate"
)

// ends holds the latest ends of sessions that were reported to this instance, for its
// view.
type ends struct {
	mu   sync.Mutex
	last []end // the newest end comes first
}

type end struct {
	At     time.Time
	Source sessionstate.Source
}

const maxEnds = 4

func newEnds() *ends { return &ends{} }

// observe returns an Observer that reports to o, and adds each end to e.
func (e *ends) observe(o sessionstate.Observer) sessionstate.Observer {
	report := o.Ended
	o.Ended = func(ctx context.Context, ended sessionstate.EndedEvent) {
		report(ctx, ended)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.last = slices.Insert(e.last, 0, end{time.Now(), ended.Source})
		e.last = e.last[:min(len(e.last), maxEnds)]
	}
	return o
}

func (e *ends) list() []end {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.last)
}
