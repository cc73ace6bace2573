package sessionstate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// errOtherRealm: what the API does not find says nothing about sessions.
var errOtherRealm = errors.New("the API does not know a session, and does not show users of its realm either: API key, URL and realm do not fit the login tokens; no session is ended for that")

// realmProof is whether the API speaks of the realm of the login tokens. A session that is
// not found has ended only if it does: with a key of another realm, or a wrong URL, no
// session would be found.
type realmProof struct {
	turn     chan struct{} // one asks, the others wait for its answer
	realmID  string
	isRight  bool // by the last answer
	provenAt time.Duration
	failedAt time.Duration
	failure  error
}

func newRealmProof() realmProof { return realmProof{turn: make(chan struct{}, 1)} }

// proofDelay is how long a proof waits for the budget at most.
const proofDelay = time.Second

// proveRealm returns nil if the API has shown a user of the realm since then.
func (s *State) proveRealm(ctx context.Context, realmID string, since time.Duration) error {
	p := &s.realm
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.realmID != realmID {
		p.realmID, p.isRight, p.failure = realmID, false, nil
	}
	if !p.isRight || p.provenAt < since {
		if p.failure != nil && s.clock.at(time.Now())-p.failedAt < failurePause {
			return p.failure
		}
		if err := s.askRealm(ctx); err != nil {
			return err
		}
	}
	return nil
}

// askRealm is called by who has the turn.
func (s *State) askRealm(ctx context.Context) error {
	p := &s.realm
	// It hardly waits: the answer that it confirms gets old, and what is wrong may be mended
	// meanwhile. What comes next waits longer for that.
	if !sleep(ctx, min(s.budget.Reserve().Delay(), proofDelay)) {
		return ctx.Err()
	}
	begun := s.clock.at(time.Now())
	limited, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	shown, err := s.shownRealm(limited)
	if err == nil && shown != p.realmID {
		err, p.isRight = errOtherRealm, false
	}
	if p.failure = err; err != nil {
		p.failedAt = s.clock.at(time.Now())
		return err
	}
	p.isRight, p.provenAt = true, begun
	return nil
}

// shownRealm returns the realm of a user that the API shows, "" if there is none.
func (s *State) shownRealm(ctx context.Context) (string, error) {
	page, err := s.api.Users.List(ctx, coreapi.UserQuery{PageSize: 1})
	switch {
	case errors.Is(err, coreapi.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("asking for a user of the realm: %w", err)
	case len(page.Items) == 0:
		return "", nil
	}
	return page.Items[0].RealmID, nil
}
