package authrocket

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Observer is a set of functions that an Auth calls to report events. Each may be nil.
// They are called synchronously, by many goroutines at once, so they must return quickly
// and must not panic. No event contains a token, a session ID, a key or an email address,
// unless an error from your own Config.OnLogin, Config.SessionState, [Rule] or
// [OrgSelector] contains one.
//
// With the zero Observer, an Auth logs refused logins, logins that wait for a
// confirmation, failed fetches of keys, and warnings. They go to [slog.Default] at level
// warn. Each reason is logged at most once every 10 seconds. [SilentObserver] logs
// nothing.
type Observer struct {
	// Decision reports that a request was authenticated, or that a gate accepted or
	// refused it. A login route reports its refusals as a gate does.
	Decision func(context.Context, Decision)

	// KeyRefresh reports a fetch of the realm's keys. Its context does not come from a
	// request.
	KeyRefresh func(context.Context, KeyRefresh)

	// Login reports that a browser came back from LoginRocket, or that the user confirmed
	// a login. An event with [ErrLoginLoop] means that no further login was started.
	Login func(context.Context, Login)

	// Logout reports a sign-out through the logout route.
	Logout func(context.Context, Logout)

	// Warning reports a problem that an operator should fix. It reports a login that
	// starts at a host other than Config.AppURL's (once an hour for each host, and at
	// most 20 hosts). It reports a return target whose query was cut because it is too
	// long (at most once every 10 seconds). It also reports each of these problems at
	// most once an hour: an https AppURL that is served over http; login routes that are
	// missing, shadowed or at another path; logins that do not come back; and tokens that
	// may be too large for a proxy. Later versions may add other warnings.
	Warning func(context.Context, error)
}

func (o Observer) isZero() bool {
	return o.Decision == nil && o.KeyRefresh == nil && o.Login == nil && o.Logout == nil && o.Warning == nil
}

// SilentObserver returns an Observer that does nothing. Use it to turn off the log lines
// of the zero Observer.
func SilentObserver() Observer { return Observer{Warning: func(context.Context, error) {}} }

// WarningObserver returns an Observer that logs what the zero Observer logs. Call its
// functions from your own Observer to keep these log lines.
func WarningObserver() Observer {
	var limit warningLimit
	warn := func(ctx context.Context, message, reason string, err error) {
		if limit.isDue(reason, time.Now()) {
			slog.Default().LogAttrs(ctx, slog.LevelWarn, message, slog.String("reason", reason), slog.String("error", err.Error()))
		}
	}
	return Observer{
		KeyRefresh: func(ctx context.Context, k KeyRefresh) {
			if k.Err != nil {
				warn(ctx, "authrocket key refresh", "key_refresh", k.Err)
			}
			if len(k.Skipped) > 0 {
				warn(ctx, "authrocket key refresh", "key_skipped", errors.Join(k.Skipped...))
			}
		},
		Login: func(ctx context.Context, l Login) {
			if l.Err != nil {
				warn(ctx, "authrocket login", l.Reason, l.Err)
			}
		},
		Warning: func(ctx context.Context, err error) {
			// Auth limits warnings itself.
			slog.Default().LogAttrs(ctx, slog.LevelWarn, "authrocket warning", slog.String("error", err.Error()))
		},
	}
}

const warningInterval = 10 * time.Second

// warningLimit permits each reason once per warningInterval. The number of reasons is
// bounded, because each is the label of an error or empty.
type warningLimit struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (l *warningLimit) isDue(reason string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.last, func(_ string, at time.Time) bool { return now.Sub(at) >= warningInterval })
	if _, logged := l.last[reason]; logged {
		return false
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	l.last[reason] = now
	return true
}

// Decision is the outcome of authenticating a request, or of a gate.
type Decision struct {
	Gate    bool   // true for a gate, Check, CheckToken and CheckContext; false for Authenticate, which refuses no request
	Allowed bool   // there is a valid session and, at a gate, all rules allow the request
	Reason  string // [Reason] of Err, "" when allowed
	Err     error  // nil when allowed
	Source  Source // where the token comes from
	Method  string // the method of the request; "" for CheckToken
	Pattern string // the pattern of the route, such as "GET /orgs/{org}/"; "" if no router has matched yet

	session hashedSession
}

// SessionHash returns a salted hash of the session ID, or "" without a session. Each Auth
// has a random salt, so the hash only shows which events of this Auth belong together.
// SessionHash computes the hash on each call. For a key that stays the same after a
// restart, use [Session.IDHash].
func (d Decision) SessionHash() string { return d.session.hash() }

// KeyRefresh is the outcome of one fetch of the realm's keys.
type KeyRefresh struct {
	Err     error         // nil if the keys were replaced
	Keys    int           // the number of keys in use now
	Skipped []error       // one error for each entry of the fetched set that cannot be used
	Age     time.Duration // the age of the keys in use, 0 without keys
}

// Login is the outcome of a login that came back from LoginRocket. If Err is
// [ErrLoginLoop], no further login was started.
type Login struct {
	Started bool   // this browser started the login
	Reason  string // [Reason] of Err, "" when signed in
	Err     error  // nil when signed in

	session hashedSession
}

// SessionHash returns what [Decision.SessionHash] returns, or "" if the login failed.
func (l Login) SessionHash() string { return l.session.hash() }

// Logout is a sign-out through the logout route.
type Logout struct {
	Local bool // the user signed out of this app only: the LoginRocket session stays

	session hashedSession
}

// SessionHash returns what [Decision.SessionHash] returns, or "" if nobody was signed in.
func (l Logout) SessionHash() string { return l.session.hash() }

// LogObserver returns an Observer that writes to logger. It logs requests that gates
// refuse, logins and logouts at level info, other decisions and key refreshes at debug,
// and warnings and problems with keys at warn. Events below the level of logger cost
// almost nothing. A nil logger means [slog.Default].
func LogObserver(logger *slog.Logger) Observer {
	if logger == nil {
		logger = slog.Default()
	}
	return Observer{
		Decision: func(ctx context.Context, d Decision) {
			level := slog.LevelDebug
			if d.Gate && !d.Allowed {
				level = slog.LevelInfo
			}
			if logger.Enabled(ctx, level) {
				logger.LogAttrs(ctx, level, "authrocket decision", append(outcomeAttrs(d.Reason, d.Err, d.SessionHash()),
					slog.Bool("gate", d.Gate), slog.Bool("allowed", d.Allowed), slog.String("source", string(d.Source)),
					slog.String("method", d.Method), slog.String("pattern", d.Pattern))...)
			}
		},
		KeyRefresh: func(ctx context.Context, k KeyRefresh) {
			level := slog.LevelDebug
			if k.Err != nil || len(k.Skipped) > 0 {
				level = slog.LevelWarn
			}
			attrs := []slog.Attr{slog.Int("keys", k.Keys), slog.Duration("age", k.Age)}
			if k.Err != nil {
				attrs = append(attrs, slog.String("error", k.Err.Error()))
			}
			for _, skipped := range k.Skipped {
				attrs = append(attrs, slog.String("skipped", skipped.Error()))
			}
			logger.LogAttrs(ctx, level, "authrocket key refresh", attrs...)
		},
		Login: func(ctx context.Context, l Login) {
			logger.LogAttrs(ctx, slog.LevelInfo, "authrocket login", append(outcomeAttrs(l.Reason, l.Err, l.SessionHash()),
				slog.Bool("started", l.Started))...)
		},
		Logout: func(ctx context.Context, l Logout) {
			logger.LogAttrs(ctx, slog.LevelInfo, "authrocket logout",
				slog.String("session_hash", l.SessionHash()), slog.Bool("local", l.Local))
		},
		Warning: func(ctx context.Context, err error) {
			logger.LogAttrs(ctx, slog.LevelWarn, "authrocket warning", slog.String("error", err.Error()))
		},
	}
}

func outcomeAttrs(reason string, err error, sessionHash string) []slog.Attr {
	attrs := []slog.Attr{slog.String("session_hash", sessionHash)}
	if err != nil {
		attrs = append(attrs, slog.String("reason", reason), slog.String("error", err.Error()))
	}
	return attrs
}

// hashedSession lets an operator see which events belong to one session without seeing
// the session ID, which is a credential. Both fields are pointers, so that events are
// small and printers do not follow them into a session.
type hashedSession struct {
	salt    *[32]byte
	session *Session
}

func (s hashedSession) hash() string {
	if s.session == nil || s.session.ID() == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.salt[:])
	mac.Write([]byte(s.session.ID()))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

func (a *Auth) observeDecision(ctx context.Context, method, pattern string, gate bool, source Source, s *Session, err error) {
	if a.config.Observer.Decision == nil {
		return
	}
	a.config.Observer.Decision(ctx, Decision{
		Gate:    gate,
		Allowed: err == nil,
		Reason:  Reason(err),
		Err:     err,
		Source:  source,
		Method:  method,
		Pattern: pattern,
		session: hashedSession{&a.sessionHashSalt, s},
	})
}

func (a *Auth) observeLogin(ctx context.Context, started bool, s Session, err error) {
	if a.config.Observer.Login == nil {
		return
	}
	l := Login{Started: started, Reason: Reason(err), Err: err}
	if err == nil {
		l.session = hashedSession{&a.sessionHashSalt, &s}
	}
	a.config.Observer.Login(ctx, l)
}

func (a *Auth) warn(r *http.Request, err error) {
	if a.config.Observer.Warning != nil {
		a.config.Observer.Warning(r.Context(), err)
	}
}
