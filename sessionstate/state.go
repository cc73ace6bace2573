package sessionstate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

// State records which sessions have ended. Set it as the SessionState of an
// [authrocket.Config]. Create one with [New] when your app starts, and keep it. It is
// safe for concurrent use. Its only goroutines are those of [State.Run] and of the timers
// of [State.Bind]. Several Auths of one realm may share a State. Each realm needs its own
// State.
type State struct {
	api           *coreapi.Client
	checkInterval time.Duration
	maxStale      time.Duration
	afterMaxStale Policy
	endOn         func(context.Context, coreapi.Event) (bool, error)
	log           Log
	observer      *observer

	clock   clock
	known   *known
	queue   *queue
	budget  *rate.Limiter
	realm   realmProof
	bound   bound
	unsent  unsent
	reading logReading

	longestLife atomic.Int64 // the longest life of a login token so far, in seconds
	toldAt      atomic.Int64 // when the request for the API's latest answer about a session was sent, by the clock
	failedAt    atomic.Int64 // when the latest check failed, by the clock; negative if a later one succeeded
	failingFrom atomic.Int64 // when the first of the failed checks began, by the clock; negative if a later one succeeded
	waiting     atomic.Int64 // the number of requests that wait for a check
	isRunning   atomic.Bool

	endOnMu sync.Mutex
	endOnAt map[string]time.Time // by user ID: when EndOn last ended the user's sessions
}

// Settings of State that cannot be configured.
const (
	// The State remembers an ended session for the longest life of a token plus
	// holdLeeway, but at least for minHold and at most for maxHold. The upper limit
	// prevents anyone from filling a Log permanently.
	minHold    = 24 * time.Hour
	holdLeeway = 5 * time.Minute
	maxHold    = 7 * 24 * time.Hour

	// A suspicion is based only on an unconfirmed webhook, so it may be forgotten sooner.
	minSuspicion = time.Hour

	// settleTime is the longest time that the API may need to show an end that a webhook
	// has reported. During that time, a confirmation of a suspect session is valid only
	// for recheckSuspect.
	settleTime     = 15 * time.Second
	recheckSuspect = time.Second
	sameReport     = 5 * time.Second // a repeated report within this time counts as the same report

	maxWaiting   = 256             // the maximum number of requests that wait for a check
	failurePause = 5 * time.Second // after a failed check, no request waits for the next one during this time
	maxPerUser   = 100             // the maximum number of ended sessions of one user that webhooks add to the list
	maxClockGap  = 5 * time.Minute // how far in the future the time of an event or an entry may be
	oldestEvent  = 3 * 24 * time.Hour
	sweepEvery   = time.Minute
	keepAnswers  = 24 * time.Hour // the minimum; with a small budget, a session may wait a long time for its next check
	maxAge       = 1 << 33        // in seconds, so that a token without a time causes no overflow
	spread       = 5              // the interval varies by a fifth of CheckInterval
)

// New returns a State. If the config has problems, New returns all of them as
// *[ConfigError] values, joined with errors.Join. New does not use the network.
// [State.Run] looks up the sessions.
func New(config Config) (*State, error) {
	config, err := config.check()
	if err != nil {
		return nil, err
	}
	perSecond := rate.Limit(config.RequestsPerSecond)
	if perSecond < 0 {
		perSecond = rate.Inf
	}
	s := &State{
		api: config.API, checkInterval: config.CheckInterval, maxStale: config.MaxStale, afterMaxStale: config.AfterMaxStale,
		endOn: config.EndOn, log: config.Log, observer: newObserver(config.Observer),
		clock:   clock{start: time.Now()},
		known:   newKnown(config.MaxEnded, config.MaxSessions),
		queue:   newQueue(),
		budget:  rate.NewLimiter(perSecond, max(1, int(burstSeconds*config.RequestsPerSecond))),
		realm:   newRealmProof(),
		bound:   newBound(),
		unsent:  newUnsent(),
		reading: newLogReading(),
		endOnAt: map[string]time.Time{},
	}
	s.failedAt.Store(-1)
	s.failingFrom.Store(-1)
	return s, nil
}

// Format writes a fixed text, so that printing a State does not print the user IDs in it.
func (s *State) Format(f fmt.State, _ rune) { io.WriteString(f, "authrocket session state") }

// CheckSession implements [authrocket.SessionState]. It waits only if the session is
// suspected of having ended, or if the session is due for a check and the API has not
// answered for Config.MaxStale. It waits no longer than patience. The error matches
// [authrocket.ErrSessionEnded] or [authrocket.ErrSessionUnknown].
func (s *State) CheckSession(ctx context.Context, session authrocket.Session, patience time.Duration) error {
	v, since := s.judge(ctx, &session, lately)
	switch v {
	case goesOn, isVouched:
		return nil
	case hasEnded:
		return authrocket.ErrSessionEnded
	case isDue:
		s.enqueue(ctx, &session, v, since)
		return nil
	}
	isVouchedFor := false
	if c := s.enqueue(ctx, &session, v, since); c != nil && patience > 0 {
		isVouchedFor = s.await(ctx, c, patience, since)
	}
	// The check of this session may have failed while checks of other sessions succeeded.
	switch v, _ = s.judge(ctx, &session, exactly); {
	case v == hasEnded:
		return authrocket.ErrSessionEnded
	case v == goesOn, v == isDue, v == isVouched, isVouchedFor:
		return nil
	case v == isSuspect:
		return errSuspect
	}
	return s.whenStale()
}

// whenStale returns the decision of Config.AfterMaxStale.
func (s *State) whenStale() error {
	if s.afterMaxStale == Allow {
		return nil
	}
	return fmt.Errorf("%w: the API has not answered about any session for %s", authrocket.ErrSessionUnknown, s.maxStale)
}

var (
	errSuspect   = fmt.Errorf("%w: it is reported to have ended, and the API has not yet confirmed or denied that", authrocket.ErrSessionUnknown)
	errNoSession = fmt.Errorf("%w: the session has no ID", authrocket.ErrSessionUnknown)
)

// verdict is the current state of a session.
type verdict int

const (
	goesOn verdict = iota
	hasEnded
	isDue     // it is active, but due for a check
	isSuspect // it is suspected of having ended
	isVouched // it is suspect, but the API has just confirmed it
	isStale   // it is due for a check, but the API has not answered for Config.MaxStale
)

// precision selects which time judge uses as the current time.
type precision bool

const (
	lately  precision = false // as of the latest tick, up to a second ago
	exactly precision = true
)

// judge returns the current state of a session, and when the session was last confirmed.
func (s *State) judge(ctx context.Context, session *authrocket.Session, when precision) (verdict, time.Duration) {
	hash, issuedAt := session.IDHash(), session.IssuedAt.Unix()
	if !session.IssuedAt.IsZero() {
		s.noteLife(ctx, session.ExpiresAt.Unix()-issuedAt)
	}
	found := s.known.about(&hash, session.User.ID, issuedAt)
	if found.ended {
		return hasEnded, 0
	}
	if s.api == nil {
		return goesOn, 0 // without an API, a suspicion cannot be verified either
	}
	interval := s.intervalOf(&hash)
	if ran, unix, isKnown := s.clock.lately(); isKnown && !found.suspect && when == lately {
		if since := confirmedAt(found, ran, time.Duration(min(unix-issuedAt, maxAge))*time.Second); ran-since < interval {
			return goesOn, since
		}
	}
	now := time.Now()
	ran := s.clock.at(now)
	if found.suspect {
		if found.hasAnswer && found.confirmed >= found.suspectFrom && ran-found.confirmed < recheckSuspect {
			return isVouched, found.confirmed
		}
		return isSuspect, found.suspectFrom
	}
	since := confirmedAt(found, ran, now.Sub(session.IssuedAt))
	switch {
	case ran-since < interval:
		return goesOn, since
	case s.isSilent():
		return isStale, since
	}
	return isDue, since
}

// isSilent reports whether checks have failed for Config.MaxStale without any answer from
// the API. A period without checks does not count as silence.
func (s *State) isSilent() bool {
	from, last := s.failingFrom.Load(), s.failedAt.Load()
	return from >= 0 && time.Duration(last-from) > s.maxStale
}

// confirmedAt returns when the session was last known to be active. age is the time since
// AuthRocket issued the token, because the session was active at that time. This process
// does not know what happened before its start. It treats each session as confirmed at
// the start, because a restart must not make all sessions due at once.
func confirmedAt(found knowledge, ran time.Duration, age time.Duration) time.Duration {
	return max(0, ran-max(0, age), found.confirmed)
}

// intervalOf returns Config.CheckInterval plus up to a fifth, depending on the session.
func (s *State) intervalOf(hash *idHash) time.Duration {
	return s.checkInterval + s.checkInterval/spread*time.Duration(hash[31])/256
}

// noteLife records the life of a login token, in seconds, if it is the longest so far.
func (s *State) noteLife(ctx context.Context, life int64) {
	for longest := s.longestLife.Load(); life > longest; longest = s.longestLife.Load() {
		if s.longestLife.CompareAndSwap(longest, life) && life > int64(maxHold/time.Second) {
			s.observer.trouble(ctx, troubleLife, errors.New("login tokens live longer than the 7 days for which ended sessions are remembered; set a shorter lifetime at AuthRocket"))
		}
	}
}

// holdUntil returns the time until which an end must be remembered.
func (s *State) holdUntil(now time.Time) time.Time {
	life := max(minHold, time.Duration(min(s.longestLife.Load(), int64(maxHold/time.Second)))*time.Second) + holdLeeway
	return now.Add(min(life, maxHold))
}

// Age returns the time since the latest answer of the API or the latest read of the Log,
// whichever is later. Without either, it returns how long the State has existed. Use it
// for metrics.
func (s *State) Age() time.Duration {
	newest := max(s.toldAt.Load(), s.reading.at.Load())
	return s.clock.at(time.Now()) - time.Duration(newest)
}

// Entries returns the number of entries in the list of ended sessions. The list contains
// ended sessions, users whose sessions have ended, and sessions that are only suspect.
// While [State.Run] runs, expired entries are removed within a minute. Use Entries for
// metrics.
func (s *State) Entries() int { return s.known.entries() }

// End refuses a session from now on, on this instance and, through the Log, on all
// instances. For example, call it when your app has ended a session through the API.
// until is when the session's tokens expire. If it is zero, the State uses the longest
// token life that it has seen, or 7 days if it has seen no token. If the State cannot
// write to the Log, End returns the error, and [State.Run] keeps trying.
func (s *State) End(ctx context.Context, sessionID coreapi.Secret, until time.Time) error {
	return s.endSession(ctx, SourceApp, sessionID, "", until)
}

// EndUser refuses all login tokens of a user that were issued no later than the time
// given by before. The tokens are refused on this instance and, through the Log, on all
// instances. before must be a time from AuthRocket's clock, in whole seconds:
// [coreapi.Deleted.At] or the time of an event. If before were a time from this machine's
// clock, the user's next login could be refused. EndUser returns the same errors as
// [State.End].
func (s *State) EndUser(ctx context.Context, userID string, before time.Time) error {
	return s.endUser(ctx, SourceApp, userID, before)
}

// Suspect marks a session that may have ended, on this instance and, through the Log, on
// all instances. The session's next request waits until the API has answered whether the
// session is active. Use it as the Suspect function of a webhook.Config. Without
// Config.API it does nothing. until is when the tokens of the session expire. Suspect
// limits it to between 1 hour and 7 days from now.
func (s *State) Suspect(ctx context.Context, sessionID coreapi.Secret, until time.Time) {
	if sessionID.IsZero() || s.api == nil {
		return
	}
	now := time.Now()
	until = clampTime(until, now.Add(minSuspicion), now.Add(maxHold))
	s.reportLater(ctx, SourceWebhook, Ended{Session: hashOf(sessionID), Until: until, Suspect: true})
}

func (s *State) endSession(ctx context.Context, source Source, sessionID coreapi.Secret, userID string, until time.Time) error {
	if sessionID.IsZero() {
		return errNoSession
	}
	now := time.Now()
	if until.IsZero() && s.longestLife.Load() == 0 {
		until = now.Add(maxHold) // no token has been seen, so the lifetime of tokens is not known
	}
	until = clampTime(until, s.holdUntil(now), now.Add(maxHold))
	return s.report(ctx, source, Ended{Session: hashOf(sessionID), UserID: userID, Until: until})
}

func (s *State) endUser(ctx context.Context, source Source, userID string, before time.Time) error {
	if userID == "" || before.IsZero() {
		return errors.New("sessionstate: the user ID or the time is missing; pass both")
	}
	now := time.Now()
	before = clampTime(before, time.Time{}, now.Add(maxClockGap)).Truncate(time.Second)
	// If this instance gets webhooks but no tokens, the lifetime of tokens is not known.
	return s.report(ctx, source, Ended{UserID: userID, Before: before, Until: now.Add(maxHold)})
}

// report applies an end on this instance and appends the end to the Log. If the Log does
// not accept it, Run tries again later.
func (s *State) report(ctx context.Context, source Source, e Ended) error {
	s.apply(ctx, source, e)
	if s.log == nil {
		return nil
	}
	if err := s.append(ctx, e); err != nil {
		s.unsent.add(e)
		err = fmt.Errorf("sessionstate: could not share an end with the other instances, will try again: %w", err)
		s.observer.trouble(ctx, troubleLog, err)
		return err
	}
	return nil
}

// reportLater is like report, but does not wait for the Log, because Run appends the
// entry.
func (s *State) reportLater(ctx context.Context, source Source, e Ended) {
	// Do not append repeated suspicions of the same session, which would fill the Log.
	if isNew := s.apply(ctx, source, e); s.log != nil && (isNew || !e.Suspect) {
		s.unsent.add(e)
	}
}

func (s *State) append(ctx context.Context, e Ended) error {
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	return s.log.Append(ctx, e)
}

// apply records an end, and ends the contexts that are bound to the ended session or
// user. It reports whether the end is new.
func (s *State) apply(ctx context.Context, source Source, e Ended) (isNew bool) {
	var forgot bool
	until := e.Until.Unix()
	switch {
	case e.Session == idHash{}:
		isNew, forgot = s.known.endUser(e.UserID, e.Before.Unix(), until)
		s.bound.endUser(e.UserID, e.Before.Unix())
	case e.Suspect:
		isNew, forgot = s.known.suspect(e.Session, s.clock.at(time.Now()), until)
		s.recheckBound(ctx, e.Session)
	default:
		isNew, forgot = s.known.end(e.Session, e.UserID, until)
		s.bound.end(e.Session, authrocket.ErrSessionEnded)
	}
	if forgot {
		s.observer.trouble(ctx, troubleFull, errors.New("the list of ended sessions is full, so the oldest entries are forgotten and those sessions are accepted again; raise Config.MaxEnded"))
	}
	if isNew && !e.Suspect {
		s.observer.ended(ctx, source, s.known.entries())
	}
	return isNew
}

func clampTime(t, earliest, latest time.Time) time.Time {
	switch {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}
