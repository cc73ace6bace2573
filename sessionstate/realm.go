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
	provenAt time.Duration
	isProven bool
	failedAt time.Duration
	failure  error
}

func newRealmProof() realmProof { return realmProof{turn: make(chan struct{}, 1)} }

// proofLife is how long a proof counts for sessions that a webhook has announced.
const proofLife = time.Minute

// proveRealm returns nil if the API has shown a user of the realm since then.
func (s *State) proveRealm(ctx context.Context, realmID string, since time.Duration) error {
	p := &s.realm
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.realmID == realmID {
		if p.isProven && p.provenAt >= since {
			return nil
		}
		if p.failure != nil && s.clock.at(time.Now())-p.failedAt < failurePause {
			return p.failure
		}
	}
	if err := s.budget.Wait(ctx); err != nil {
		return err
	}
	begun := s.clock.at(time.Now())
	shown, err := s.shownRealm(ctx)
	if err == nil && (shown == "" || shown != realmID) {
		err = errOtherRealm
	}
	p.realmID, p.failure = realmID, err
	if err != nil {
		p.failedAt = s.clock.at(time.Now())
		return err
	}
	p.isProven, p.provenAt = true, begun
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
