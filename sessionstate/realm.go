package sessionstate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// errOtherRealm means that a "not found" of the API proves nothing about a session.
var errOtherRealm = errors.New("the API finds neither the session nor any user of its realm: check that the API key, the URL and the realm ID belong to the realm of the login tokens; until then, a missing session does not count as ended")

// realmProof records whether the API answers for the realm of the login tokens. Only then
// does "not found" mean that a session has ended, because with a key of another realm, or
// a wrong URL, the API would find no session.
type realmProof struct {
	turn     chan struct{} // one caller sends the request, and the others wait for the answer
	realmID  string
	isRight  bool // according to the last answer
	provenAt time.Duration
	failedAt time.Duration
	failure  error
}

func newRealmProof() realmProof { return realmProof{turn: make(chan struct{}, 1)} }

// proofDelay is the longest time for which askRealm waits for the budget.
const proofDelay = time.Second

// proveRealm returns nil if the API has returned a user of the realm since the given
// time.
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

// askRealm requests a user of the realm from the API. The caller must hold the turn.
func (s *State) askRealm(ctx context.Context) error {
	p := &s.realm
	// Wait only briefly, because the "not found" that this request confirms must be
	// recent: somebody may correct the configuration in the meantime. Later calls wait
	// longer instead.
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

// shownRealm returns the realm of any user that the API returns, or "" if the API returns
// no user.
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
