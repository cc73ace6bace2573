package authrockettest

import (
	"crypto/rand"
	"slices"
	"time"
)

// OneTime is a token that works once: in an email, or between two steps of a login.
type OneTime struct {
	Token     string // a credential
	Kind      OneTimeKind
	UserID    string
	Email     string // the email address to verify
	ExpiresAt time.Time
}

// OneTimeKind says what a [OneTime] is for. The token starts with its kind.
type OneTimeKind string

// The kinds of [OneTime].
const (
	OneTimePassword    OneTimeKind = "tpw:" // sets a new password
	OneTimeVerifyEmail OneTimeKind = "tve:" // verifies the email of a user
	OneTimeUpdateEmail OneTimeKind = "tue:" // verifies the new email of a user
	OneTimeLogin       OneTimeKind = "tmf:" // completes a login that waits for a code
)

// NewOneTime makes a token. It replaces the user's earlier token of the same kind,
// but a user can have several logins that wait for a code. If the realm has too many
// one-time tokens, the oldest becomes invalid. A token for a user who does not exist
// is never valid.
func (r *Realm) NewOneTime(kind OneTimeKind, userID, email string, lifetime time.Duration) OneTime {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	start := now()
	o := OneTime{Token: string(kind) + rand.Text(), Kind: kind, UserID: userID, Email: email, ExpiresAt: start.Add(lifetime)}
	if !records.users.has(userID) {
		return o
	}
	r.commit(func(s *store) {
		for len(s.oneTimes.added) > 0 && !start.Before(s.oneTimes.rows[s.oneTimes.added[0]].ExpiresAt) {
			s.oneTimes.delete(s.oneTimes.added[0])
		}
		if kind != OneTimeLogin {
			s.deleteOneTimes(userID, kind)
		}
		for len(s.oneTimes.added) >= r.limit {
			s.oneTimes.delete(s.oneTimes.added[0])
		}
		s.oneTimes.put(o.Token, o)
	})
	return o
}

// OneTime returns the record of a token. If there is no such token, or if it has
// expired, OneTime returns [ErrNotFound].
func (v *View) OneTime(token string) (OneTime, error) {
	records, unlock := v.lock()
	defer unlock()
	return records.oneTime(token)
}

func (s *store) oneTime(token string) (OneTime, error) {
	o, ok := s.oneTimes.rows[token]
	if !ok || !time.Now().Before(o.ExpiresAt) {
		return OneTime{}, ErrNotFound
	}
	return o, nil
}

// TakeOneTime returns the record of a token, and makes the token invalid. If there is
// no such token, or if it has expired, TakeOneTime returns [ErrNotFound].
func (r *Realm) TakeOneTime(token string) (OneTime, error) {
	defer r.report()
	records, unlock := r.lock()
	defer unlock()
	o, err := records.oneTime(token)
	if err == nil {
		r.commit(func(s *store) { s.oneTimes.delete(token) })
	}
	return o, err
}

// DropOneTimes makes the user's tokens of the given kinds invalid.
func (r *Realm) DropOneTimes(userID string, kinds ...OneTimeKind) {
	defer r.report()
	_, unlock := r.lock()
	defer unlock()
	kinds = slices.Clone(kinds)
	r.commit(func(s *store) { s.deleteOneTimes(userID, kinds...) })
}

func (s *store) deleteOneTimes(userID string, kinds ...OneTimeKind) {
	for _, token := range s.oneTimes.in("user", userID) {
		if slices.Contains(kinds, s.oneTimes.rows[token].Kind) {
			s.oneTimes.delete(token)
		}
	}
}
