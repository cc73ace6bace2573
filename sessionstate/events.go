package sessionstate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// HandleEvent ends the sessions that an event affects. Use it as the Handle function of a
// webhook.Config. After session.deleted, the State refuses the session. After
// user.deleted, it refuses all sessions of the user. For other events, Config.EndOn
// decides. Events older than 3 days have no effect, so that replaying an old event signs
// nobody out. If HandleEvent returns an error, AuthRocket must send the event again, so
// package webhook answers 503.
func (s *State) HandleEvent(ctx context.Context, e coreapi.Event) error {
	if !e.At.IsZero() && time.Since(e.At) > oldestEvent {
		return nil
	}
	switch e.Type {
	case coreapi.EventSessionDeleted:
		return s.handleSessionDeleted(ctx, e)
	case coreapi.EventUserDeleted:
		if e.UserID == "" || e.At.IsZero() {
			s.observer.trouble(ctx, troubleEvent, fmt.Errorf("an event %s lacks its user or its time, so it ends no session", e.Type))
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
		s.observer.trouble(ctx, troubleEvent, fmt.Errorf("an event %s lacks its session, so it ends no session", e.Type))
		return nil
	}
	// This limit prevents a user from filling the list with repeated logins and logouts.
	// Further sessions of the user only become suspect, so the State looks up each
	// session at its next request. The State does not end all sessions of the user
	// instead, because the event may name the wrong user.
	if e.UserID != "" && s.api != nil && s.known.endedOf(e.UserID) >= maxPerUser {
		s.Suspect(ctx, e.SessionID(), e.ExpiresAt)
		return nil
	}
	return s.endSession(ctx, SourceWebhook, e.SessionID(), e.UserID, e.ExpiresAt)
}

// HandleEvent returns errAgain so that AuthRocket sends the event again later.
var errAgain = errors.New("sessionstate: the user's sessions were ended less than a minute ago; AuthRocket must send this event again")

// endSessionsBefore refuses the login tokens that were issued to a user no later than the
// time given by before. It also deletes the user's sessions from that period. before is a
// time from AuthRocket's clock.
func (s *State) endSessionsBefore(ctx context.Context, userID string, before time.Time) error {
	now := time.Now()
	// Refuse the tokens first, because deleting all sessions of a user may take longer
	// than a webhook can wait. Run later appends the entries that the Log does not accept
	// now.
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
	// List all sessions before deleting any, because deletions would shift the pages.
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

// MembershipChanged is a function for Config.EndOn. It ends a user's sessions whenever a
// membership of the user changes or ends, because the event does not say which permission
// was taken away.
//
// With this function, anyone who has the secret of the webhook can end the sessions of
// any user. The API no longer has a deleted membership, so it cannot confirm which user
// the membership belonged to.
func MembershipChanged(_ context.Context, e coreapi.Event) (bool, error) {
	return e.Type == coreapi.EventMembershipUpdated || e.Type == coreapi.EventMembershipDeleted, nil
}

// UserInactive returns a function for Config.EndOn that ends the sessions of a user who
// may no longer log in. When an event reports that a user has changed, the function reads
// the user through the API.
func UserInactive(api *coreapi.Client) func(context.Context, coreapi.Event) (bool, error) {
	return func(ctx context.Context, e coreapi.Event) (bool, error) {
		if e.Type != coreapi.EventUserUpdated {
			return false, nil
		}
		user, err := api.Users.Get(ctx, e.UserID)
		if errors.Is(err, coreapi.ErrNotFound) {
			return false, nil // AuthRocket also sends user.deleted
		}
		return err == nil && user.State != coreapi.UserActive, err
	}
}

// Replay reads the events since the given time from the API, and refuses the sessions
// that have ended according to these events. Call it when an app without a Log starts. It
// needs an AuthRocket plan with an event history. Events older than 7 days have no
// effect.
func (s *State) Replay(ctx context.Context, since time.Time) error {
	if s.api == nil {
		return errors.New("sessionstate: Replay reads events from the API; set Config.API")
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
