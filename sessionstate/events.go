package sessionstate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// HandleEvent is for Handle of a webhook's Config. It refuses the session of a
// session.deleted and the sessions of the user of a user.deleted from now on, and does what
// Config.EndOn says about any other event. Events that are older than 3 days do nothing: a
// repeated one must not sign anybody out. After an error, the event has to come again.
func (s *State) HandleEvent(ctx context.Context, e coreapi.Event) error {
	if !e.At.IsZero() && time.Since(e.At) > oldestEvent {
		return nil
	}
	switch e.Type {
	case coreapi.EventSessionDeleted:
		return s.handleSessionDeleted(ctx, e)
	case coreapi.EventUserDeleted:
		if e.UserID == "" || e.At.IsZero() {
			s.observer.trouble(ctx, troubleEvent, fmt.Errorf("an event %s has no user or no time, and ends nothing", e.Type))
			return nil
		}
		return s.endUser(ctx, SourceWebhook, e.UserID, e.At)
	}
	if s.endOn == nil || e.UserID == "" || e.At.IsZero() {
		return nil
	}
	isEnd, err := s.endOn(ctx, e)
	if err != nil || !isEnd {
		return err
	}
	return s.endSessionsBefore(ctx, e.UserID, e.At)
}

func (s *State) handleSessionDeleted(ctx context.Context, e coreapi.Event) error {
	if e.SessionID().IsZero() {
		s.observer.trouble(ctx, troubleEvent, fmt.Errorf("an event %s has no session, and ends nothing", e.Type))
		return nil
	}
	// Nobody fills the list by logging in and out: more sessions of a user are looked up when
	// they come back. The event may be wrong about the user, so that it refuses no other
	// session.
	if e.UserID != "" && s.api != nil && s.known.endedOf(e.UserID) >= maxPerUser {
		s.Suspect(ctx, e.SessionID(), e.ExpiresAt)
		return nil
	}
	return s.endSession(ctx, SourceWebhook, e.SessionID(), e.UserID, e.ExpiresAt)
}

// errAgain: the event comes again later.
var errAgain = errors.New("sessionstate: the user's sessions were ended less than a minute ago; this event has to come again")

// endSessionsBefore refuses the login tokens that a user had before a time of AuthRocket, and
// deletes the sessions.
func (s *State) endSessionsBefore(ctx context.Context, userID string, before time.Time) error {
	now := time.Now()
	// The tokens first: a user may have more sessions than can be deleted while the webhook
	// waits. What the Log does not take now, Run sends.
	s.endUser(ctx, SourceWebhook, userID, clampTime(before, time.Time{}, now))
	s.endOnMu.Lock()
	last, wasEnded := s.endOnAt[userID]
	if wasEnded && now.Sub(last) < sweepEvery || len(s.endOnAt) >= maxUnsent {
		s.endOnMu.Unlock()
		return errAgain
	}
	s.endOnAt[userID] = now
	s.endOnMu.Unlock()
	err := s.deleteSessionsBefore(ctx, userID, before)
	if err != nil {
		s.endOnMu.Lock()
		delete(s.endOnAt, userID)
		s.endOnMu.Unlock()
	}
	return err
}

func (s *State) deleteSessionsBefore(ctx context.Context, userID string, before time.Time) error {
	if err := s.budget.Wait(ctx); err != nil {
		return err
	}
	// All are listed before one is deleted, so that no page is read that has moved.
	var sessions []coreapi.Session
	for session, err := range s.api.Sessions.OfUser(ctx, userID) {
		if err != nil {
			return err
		}
		if !session.CreatedAt.After(before) {
			sessions = append(sessions, session)
		}
	}
	for _, session := range sessions {
		if err := s.budget.Wait(ctx); err != nil {
			return err
		}
		if err := s.api.Sessions.Delete(ctx, session.ID()); err != nil && !errors.Is(err, coreapi.ErrNotFound) {
			return err
		}
		if err := s.endSession(ctx, SourceWebhook, session.ID(), userID, session.ExpiresAt); err != nil {
			return err
		}
	}
	return nil
}

func (s *State) forgetEndOn(now time.Time) {
	s.endOnMu.Lock()
	defer s.endOnMu.Unlock()
	for userID, at := range s.endOnAt {
		if now.Sub(at) >= sweepEvery {
			delete(s.endOnAt, userID)
		}
	}
}

// MembershipChanged is for Config.EndOn: each change and each end of a membership ends the
// sessions of its user, since the event does not say which permission was taken. Whoever
// has the secret of the webhook can end the sessions of any user with it: nothing is left of
// a deleted membership that says whose it was.
func MembershipChanged(_ context.Context, e coreapi.Event) (bool, error) {
	return e.Type == coreapi.EventMembershipUpdated || e.Type == coreapi.EventMembershipDeleted, nil
}

// UserInactive is for Config.EndOn: a user who may not log in any more loses the sessions. It
// reads the user when an event says that the user was changed.
func UserInactive(api *coreapi.Client) func(context.Context, coreapi.Event) (bool, error) {
	return func(ctx context.Context, e coreapi.Event) (bool, error) {
		if e.Type != coreapi.EventUserUpdated {
			return false, nil
		}
		user, err := api.Users.Get(ctx, e.UserID)
		if errors.Is(err, coreapi.ErrNotFound) {
			return false, nil // user.deleted comes, too
		}
		return err == nil && user.State != coreapi.UserActive, err
	}
}

// Replay refuses what the events of the API say has ended since a time: for the start of an
// app without a Log, where the plan at AuthRocket has a history of events. since is at most 7
// days ago; earlier events do nothing.
func (s *State) Replay(ctx context.Context, since time.Time) error {
	if s.api == nil {
		return errors.New("sessionstate: Replay needs Config.API")
	}
	now := time.Now()
	since = clampTime(since, now.Add(-maxHold), now)
	for _, kind := range []coreapi.EventType{coreapi.EventSessionDeleted, coreapi.EventUserDeleted} {
		for e, err := range s.api.Events.All(ctx, coreapi.EventQuery{Type: kind, Since: since}) {
			if err != nil {
				return err
			}
			switch {
			case e.Type == coreapi.EventSessionDeleted && !e.SessionID().IsZero():
				s.apply(ctx, SourceWebhook, Ended{Session: hashOf(e.SessionID()), UserID: e.UserID, Until: s.holdUntil(now)})
			case e.Type == coreapi.EventUserDeleted && e.UserID != "" && !e.At.IsZero():
				s.apply(ctx, SourceWebhook, Ended{UserID: e.UserID, Before: clampTime(e.At, since, now.Add(maxClockGap)), Until: s.holdUntil(now)})
			}
		}
	}
	return nil
}
