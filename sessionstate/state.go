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

// State knows which sessions have ended: it is the SessionState of an
// [authrocket.Config]. Make one with [New] at start, and keep it. It is safe for concurrent
// use, and has no goroutines but those of [State.Run] and of timers of [State.Bind]. Auths of
// one realm may share it; another realm needs another one.
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

	longestLife atomic.Int64 // of a login token that was seen, in seconds
	toldAt      atomic.Int64 // by the clock, when the API was asked that has last said something about a session
	failedAt    atomic.Int64 // by the clock, when it last did not; less than 0: it did since
	failingFrom atomic.Int64 // by the clock, when it was asked that did not first; less than 0: it did since
	waiting     atomic.Int64 // requests that wait for a check
	isRunning   atomic.Bool

	endOnMu sync.Mutex
	endOnAt map[string]time.Time // user ID: when its sessions were last ended by EndOn
}

// settings of State that nobody needs to change.
const (
	// minHold is how long an end is remembered at least, holdLeeway how much longer than the
	// longest life of a token, and maxHold how long at most, so that nobody can fill a Log
	// for ever.
	minHold    = 24 * time.Hour
	holdLeeway = 5 * time.Minute
	maxHold    = 7 * 24 * time.Hour

	// Of a suspicion, which rests on the word of a webhook.
	minSuspicion = time.Hour

	// settleTime is how long the API may take to show an end that a webhook has reported.
	// Until then an answer that a suspect session goes on counts for recheckSuspect only.
	settleTime     = 15 * time.Second
	recheckSuspect = time.Second
	sameReport     = 5 * time.Second // what comes again within it says nothing new

	maxWaiting   = 256             // requests that wait for a check
	failurePause = 5 * time.Second // after a failed check, nobody waits for the next one
	maxPerUser   = 100             // ended sessions of a user that webhooks add to the list
	maxClockGap  = 5 * time.Minute // of an event or an entry that is from the future
	oldestEvent  = 3 * 24 * time.Hour
	sweepEvery   = time.Minute
	keepAnswers  = 24 * time.Hour // at least; where the budget is small, who was looked up last comes last
	maxAge       = 1 << 33        // seconds, so that a token without a time does not overflow
	spread       = 5              // a fifth of CheckInterval
)

// New returns a State, or all problems of the config at once: errors.Join of *[ConfigError].
// It uses no network. Sessions are looked up while [State.Run] runs.
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

// Format writes what a State is: a printer that walks through it would show users.
func (s *State) Format(f fmt.State, _ rune) { io.WriteString(f, "authrocket session state") }

// CheckSession implements [authrocket.SessionState]. It waits only for a session that is
// said to have ended, and for one that is due when the API has said nothing for
// Config.MaxStale. The error matches [authrocket.ErrSessionEnded] or
// [authrocket.ErrSessionUnknown].
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
	// Its own check may have brought nothing, and others something.
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

// whenStale is what Config.AfterMaxStale says.
func (s *State) whenStale() error {
	if s.afterMaxStale == Allow {
		return nil
	}
	return fmt.Errorf("%w: the API has said nothing about any session for %s", authrocket.ErrSessionUnknown, s.maxStale)
}

var (
	errSuspect   = fmt.Errorf("%w: it is said to have ended, and the API has not answered yet", authrocket.ErrSessionUnknown)
	errNoSession = fmt.Errorf("%w: the session has no ID", authrocket.ErrSessionUnknown)
)

// verdict is what is known about a session now.
type verdict int

const (
	goesOn verdict = iota
	hasEnded
	isDue     // it goes on, and has to be looked up
	isSuspect // it is said to have ended
	isVouched // and the API has just said that it goes on
	isStale   // it has to be looked up, but the API has not answered for Config.MaxStale
)

// precision is how exactly judge knows the time.
type precision bool

const (
	lately  precision = false // as it was up to a second ago
	exactly precision = true
)

// judge says what is known about a session, and since when it has not been confirmed.
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
		return goesOn, 0 // nobody can be asked, about a suspicion neither
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

// isSilent reports whether the API was asked again and again for Config.MaxStale and has said
// nothing. When nobody was there who had to be looked up, nothing is wrong.
func (s *State) isSilent() bool {
	from, last := s.failingFrom.Load(), s.failedAt.Load()
	return from >= 0 && time.Duration(last-from) > s.maxStale
}

// confirmedAt is when it was last known that a session goes on. A token is issued while its
// session does, which was age ago. What was so at the start of this process is not
// known, but a restart must not make all sessions due at once.
func confirmedAt(found knowledge, ran time.Duration, age time.Duration) time.Duration {
	return max(0, ran-max(0, age), found.confirmed)
}

// intervalOf is Config.CheckInterval and up to a fifth more, which depends on the session.
func (s *State) intervalOf(hash *idHash) time.Duration {
	return s.checkInterval + s.checkInterval/spread*time.Duration(hash[31])/256
}

// noteLife remembers how many seconds login tokens live.
func (s *State) noteLife(ctx context.Context, life int64) {
	for longest := s.longestLife.Load(); life > longest; longest = s.longestLife.Load() {
		if s.longestLife.CompareAndSwap(longest, life) && life > int64(maxHold/time.Second) {
			s.observer.trouble(ctx, troubleLife, errors.New("login tokens live longer than the 7 days for which ended sessions are remembered; shorten their life at AuthRocket"))
		}
	}
}

// holdUntil is until when an end has to be remembered.
func (s *State) holdUntil(now time.Time) time.Time {
	life := max(minHold, time.Duration(min(s.longestLife.Load(), int64(maxHold/time.Second)))*time.Second) + holdLeeway
	return now.Add(min(life, maxHold))
}

// Age returns how long ago the newest answer of the API came, or the newest reading of the
// Log, if that is later; without either, how long the State has existed. It is for metrics.
func (s *State) Age() time.Duration {
	newest := max(s.toldAt.Load(), s.reading.at.Load())
	return s.clock.at(time.Now()) - time.Duration(newest)
}

// End refuses a session from now on, here and by the Log on all instances: one that your
// app has ended through the API, for example. until is when its tokens have expired; zero
// means as long as the tokens live that this State has seen, 7 days if it has seen none. If
// the Log cannot be written, End returns the error; [State.Run] goes on trying.
func (s *State) End(ctx context.Context, sessionID coreapi.Secret, until time.Time) error {
	return s.endSession(ctx, SourceApp, sessionID, "", until)
}

// EndUser refuses all login tokens of a user that were issued at before or earlier, here and
// by the Log on all instances. before is a time of AuthRocket, in whole seconds, such as
// [coreapi.Deleted.At] or the time of an event: by the clock of this machine, a login that
// follows could be refused. The error is that of [State.End].
func (s *State) EndUser(ctx context.Context, userID string, before time.Time) error {
	return s.endUser(ctx, SourceApp, userID, before)
}

// Suspect marks a session that is said to have ended, here and by the Log on all instances:
// its next request waits until the API was asked. It is for Suspect of a webhook's Config.
// Without Config.API it does nothing. until is when the tokens of the session expire; it
// counts within an hour and 7 days from now.
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
		until = now.Add(maxHold) // how long tokens live is not known where none comes
	}
	until = clampTime(until, s.holdUntil(now), now.Add(maxHold))
	return s.report(ctx, source, Ended{Session: hashOf(sessionID), UserID: userID, Until: until})
}

func (s *State) endUser(ctx context.Context, source Source, userID string, before time.Time) error {
	if userID == "" || before.IsZero() {
		return errors.New("sessionstate: the ID of the user or the time is missing")
	}
	now := time.Now()
	before = clampTime(before, time.Time{}, now.Add(maxClockGap)).Truncate(time.Second)
	// How long tokens live is not known where only webhooks come.
	return s.report(ctx, source, Ended{UserID: userID, Before: before, Until: now.Add(maxHold)})
}

// report applies an end here, and appends it to the Log. What cannot be appended now is kept
// for Run.
func (s *State) report(ctx context.Context, source Source, e Ended) error {
	s.apply(ctx, source, e)
	if s.log == nil {
		return nil
	}
	if err := s.append(ctx, e); err != nil {
		s.unsent.add(e)
		err = fmt.Errorf("sessionstate: other instances do not know of an end yet: %w", err)
		s.observer.trouble(ctx, troubleLog, err)
		return err
	}
	return nil
}

// reportLater is report for who does not wait for the Log: Run appends to it.
func (s *State) reportLater(ctx context.Context, source Source, e Ended) {
	// The same suspicion again and again would fill the Log.
	if isNew := s.apply(ctx, source, e); s.log != nil && (isNew || !e.Suspect) {
		s.unsent.add(e)
	}
}

func (s *State) append(ctx context.Context, e Ended) error {
	ctx, cancel := context.WithTimeout(ctx, appendTimeout)
	defer cancel()
	return s.log.Append(ctx, e)
}

// apply notes an end, and ends what is bound to it. It returns whether that is news.
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
		s.observer.trouble(ctx, troubleFull, errors.New("the list of ended sessions is full: what expires first is forgotten, and sessions that had ended go on; raise Config.MaxEnded"))
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
