package sessionstate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	entriesPerRead  = 1000
	appendsPerTurn  = 500
	appendTimeout   = 2 * time.Second
	readTimeout     = 10 * time.Second
	firstLogPause   = 250 * time.Millisecond
	longestLogPause = 5 * time.Second
	maxRebuildDelay = 2 * time.Second // a random delay, so that not all instances append the same entries at once
	maxUnsent       = 10_000
)

// logReading is the position up to which this instance has read the Log.
type logReading struct {
	mu       *sync.Mutex // held during a read
	position string
	at       *atomic.Int64 // when the last read ended, by the clock
}

func newLogReading() logReading { return logReading{mu: new(sync.Mutex), at: new(atomic.Int64)} }

// followLog reads new entries of the Log until ctx ends.
func (s *State) followLog(ctx context.Context) {
	pause, isLost := firstLogPause, false
	for ctx.Err() == nil {
		var err error
		if isLost = isLost || s.unsent.hasLost.Swap(false); isLost {
			err = s.restoreLog(ctx)
		} else {
			begun, page := time.Now(), page{}
			if page, err = s.readOn(ctx); err == nil && !page.isClean && time.Since(begun) < firstLogPause {
				sleep(ctx, firstLogPause) // the Log does not wait for new entries, or somebody floods it with entries
			}
		}
		switch {
		case err == nil:
			pause, isLost = firstLogPause, false
			continue
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrLogRestarted):
			isLost = true
			s.observer.trouble(ctx, troubleLog, fmt.Errorf("%w; this instance reads the whole log again and adds the entries that it lacks", err))
		default:
			s.observer.trouble(ctx, troubleLog, fmt.Errorf("reading the log of ended sessions: %w", err))
		}
		sleep(ctx, pause/2+rand.N(pause/2))
		pause = min(2*pause, longestLogPause)
	}
}

// page is the result of one read.
type page struct {
	entries []Ended // the valid entries
	isClean bool    // there are valid entries, and the Log had no invalid ones
	isLast  bool    // the next read would wait for new entries
}

var errNoAdvance = errors.New("the Log returned entries, but not a new position")

// readOn reads the next entries, applies them, and returns them.
func (s *State) readOn(ctx context.Context) (page, error) {
	r := &s.reading
	r.mu.Lock()
	defer r.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	entries, next, err := s.log.After(limited, r.position, entriesPerRead)
	if err != nil && !errors.Is(err, ErrBadEntry) {
		return page{}, err
	}
	if err != nil {
		s.observer.trouble(ctx, troubleLog, err)
	}
	switch {
	case next == "":
		return page{}, errors.New("the Log returned no position for the next read")
	case next == r.position && len(entries) > 0:
		return page{}, errNoAdvance
	}
	isSame := next == r.position
	read := len(entries)
	entries = slices.DeleteFunc(entries, func(e Ended) bool { return !s.applyEntry(ctx, e) })
	r.position = next
	r.at.Store(int64(s.clock.at(time.Now())))
	return page{
		entries: entries,
		isClean: err == nil && len(entries) > 0,
		// If the Log left out entries that it could not decode, more entries may follow
		// this page.
		isLast: read < entriesPerRead && (err == nil || isSame),
	}, nil
}

// readAll reads the Log from beginning to end, and calls found with each valid entry.
func (s *State) readAll(ctx context.Context, found func(Ended)) error {
	s.reading.mu.Lock()
	s.reading.position = ""
	s.reading.mu.Unlock()
	for {
		page, err := s.readOn(ctx)
		if err != nil {
			return err
		}
		for _, e := range page.entries {
			found(e)
		}
		if page.isLast {
			return nil
		}
	}
}

// essence returns e without the fields in which entries with the same meaning can differ.
func essence(e Ended) Ended {
	if (e.Session != idHash{}) {
		return Ended{Session: e.Session, Suspect: e.Suspect}
	}
	return Ended{UserID: e.UserID, Before: e.Before.Truncate(time.Second).UTC()}
}

// restoreLog adds this instance's entries to a Log that lacks them because the Log was
// emptied or recreated. Other instances do the same at about the same time. Each instance
// therefore waits for a random time, and reads the Log again before it appends more.
func (s *State) restoreLog(ctx context.Context) error {
	if err := s.readAll(ctx, func(Ended) {}); err != nil {
		return err
	}
	if !sleep(ctx, rand.N(maxRebuildDelay)) {
		return ctx.Err()
	}
	lacking := map[Ended]Ended{}
	for _, e := range s.known.all() {
		lacking[essence(e)] = e
	}
	for len(lacking) > 0 {
		err := s.readAll(ctx, func(e Ended) {
			// An entry in the Log does not replace this instance's own entry if it
			// expires sooner.
			if own, ok := lacking[essence(e)]; ok && !e.Until.Before(own.Until) {
				delete(lacking, essence(e))
			}
		})
		if err != nil {
			return err
		}
		appended := 0
		for _, e := range lacking {
			if appended++; appended > appendsPerTurn {
				break
			}
			// If the Log never accepts an entry, trying again is pointless.
			if err := s.append(ctx, e); err != nil && !errors.Is(err, ErrBadEntry) {
				return err
			}
			delete(lacking, essence(e))
		}
	}
	return nil
}

// applyEntry applies an entry of the Log and reports whether it is valid. Anyone who can
// write to the Log may have forged it.
func (s *State) applyEntry(ctx context.Context, e Ended) bool {
	now := time.Now()
	switch {
	case e.Session == idHash{} && (e.UserID == "" || e.Before.IsZero() || e.Suspect),
		e.Before.After(now.Add(maxClockGap)), e.Until.After(now.Add(maxHold + maxClockGap)):
		s.observer.trouble(ctx, troubleLog, fmt.Errorf("%w: its times or its subject are impossible; check who else can write to the log", ErrBadEntry))
		return false
	case e.Until.Before(now), e.Suspect && s.api == nil:
		return false
	}
	s.apply(ctx, SourceLog, e)
	return true
}

// unsent holds entries that could not be appended to the Log yet.
type unsent struct {
	mu      *sync.Mutex
	entries *[]Ended
	arrived chan struct{}
	hasLost *atomic.Bool // entries were dropped, so the complete list must be compared with the Log
}

func newUnsent() unsent {
	return unsent{mu: new(sync.Mutex), entries: new([]Ended), arrived: make(chan struct{}, 1), hasLost: new(atomic.Bool)}
}

// add keeps e for a later attempt. If there are too many entries, it drops the oldest. If
// it drops an entry, the State compares its complete list with the Log as soon as the Log
// works again.
func (u *unsent) add(e Ended) {
	u.mu.Lock()
	if len(*u.entries) >= maxUnsent {
		*u.entries = (*u.entries)[1:]
		u.hasLost.Store(true)
	}
	*u.entries = append(*u.entries, e)
	u.mu.Unlock()
	select {
	case u.arrived <- struct{}{}:
	default:
	}
}

// take removes and returns the oldest entry.
func (u *unsent) take() (Ended, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(*u.entries) == 0 {
		return Ended{}, false
	}
	e := (*u.entries)[0]
	*u.entries = (*u.entries)[1:]
	return e, true
}

// sendUnsent appends the entries of unsent to the Log until ctx ends.
func (s *State) sendUnsent(ctx context.Context) {
	pause := firstLogPause
	for ctx.Err() == nil {
		e, ok := s.unsent.take()
		if !ok {
			select {
			case <-s.unsent.arrived:
			case <-ctx.Done():
			}
			continue
		}
		if err := s.append(ctx, e); err != nil {
			if ctx.Err() != nil {
				return
			}
			s.observer.trouble(ctx, troubleLog, fmt.Errorf("adding to the log of ended sessions: %w", err))
			if !errors.Is(err, ErrBadEntry) {
				s.unsent.add(e) // added at the end, so that this entry does not delay the others
			}
			sleep(ctx, pause/2+rand.N(pause/2))
			pause = min(2*pause, longestLogPause)
			continue
		}
		pause = firstLogPause
	}
}
