package sessionstate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Config configures [New]. The zero value of a field means its default.
type Config struct {
	// Literals must name their fields, so that a new field does not break an app.
	_ [0]func()

	// API looks up sessions. Its key must belong to the realm of the login tokens and
	// have the permission Read. It also needs the permission Write if EndOn is set.
	// Default: none. Without API, only [State.HandleEvent], [State.End], [State.EndUser]
	// and the Log end sessions.
	API *coreapi.Client

	// CheckInterval is the time between two checks of an active session. Each session has
	// its own interval, up to 20 % longer, so that the checks do not all happen at once.
	// The minimum is 1 second. With webhooks, use 1 hour, because the checks are then
	// needed only if a webhook is lost. Default: 15 minutes.
	CheckInterval time.Duration

	// MaxStale is how long sessions stay active while every check fails, counted from the
	// first check that failed. If no check fails for a period of MaxStale, the count
	// starts again with the next failure, unless MaxStale has already passed. The minimum
	// is twice CheckInterval. Default: 1 hour, or 4 times CheckInterval if that is
	// longer.
	MaxStale time.Duration

	// AfterMaxStale says what happens to sessions after MaxStale. Default: [Refuse].
	AfterMaxStale Policy

	// RequestsPerSecond is the request budget of this State. It applies in addition to
	// the budget of the API client. Bursts of up to five times this number are possible.
	// If the budget is too small for the active sessions, the State checks each session
	// less often, but refuses no session for that reason. Only one kind of call can
	// exceed the budget: if the API does not find a session, the State verifies within a
	// second that the API answers for the right realm. A negative number means no limit.
	// Default: 2.
	RequestsPerSecond float64

	// MaxSessions is the maximum number of API answers that the State keeps. When it
	// evicts an answer, it looks that session up again sooner. An answer takes about 65
	// bytes. Default: 100,000.
	MaxSessions int

	// MaxEnded is the maximum number of ended sessions and users that the State keeps.
	// When the list is full, the State removes the entries that expire first, and reports
	// the full list to Observer.Trouble. Another list of the same size holds the sessions
	// that are suspected of having ended. An entry takes about 75 bytes. Default:
	// 100,000.
	MaxEnded int

	// EndOn decides which other events end a user's sessions. If it returns true, the
	// State ends all sessions that the user had before the event. [MembershipChanged] is
	// an example. The State deletes these sessions through the API. It does not call
	// EndOn for session.deleted and user.deleted. If EndOn returns an error, HandleEvent
	// returns it. Default: none.
	EndOn func(ctx context.Context, e coreapi.Event) (bool, error)

	// Log is the list of ended sessions that the instances of the app share. Default:
	// none, so that each instance has its own list.
	Log Log

	// Observer reports checks, ended sessions and trouble. The zero Observer logs trouble
	// at level warn through [log/slog.Default].
	Observer Observer
}

// Policy says how a State treats sessions when the API has not answered for
// Config.MaxStale.
type Policy int

const (
	// Refuse refuses a session that is due for a check, with
	// [github.com/authrocket-go/authrocket.ErrSessionUnknown] and status 503.
	Refuse Policy = iota

	// Allow accepts every session that is not known to have ended.
	Allow
)

// ConfigError is one problem with a [Config]. [New] joins all of them with [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field
	Value   string // the value of the field
	Problem string // what is wrong and what to use instead
}

// Error returns the field, its value and the problem.
func (e *ConfigError) Error() string {
	return "sessionstate: Config." + e.Field + " " + strconv.Quote(e.Value) + " " + e.Problem
}

const (
	defaultCheckInterval = 15 * time.Minute
	minCheckInterval     = time.Second
	defaultMaxStale      = time.Hour
	defaultPerSecond     = 2
	burstSeconds         = 5
	defaultMaxKept       = 100_000
	maxMaxKept           = 100_000_000
)

// check returns config with defaults. If there are problems, it returns all of them,
// joined.
func (config Config) check() (Config, error) {
	var problems []error
	add := func(field string, value any, format string, args ...any) {
		problems = append(problems, &ConfigError{field, fmt.Sprint(value), fmt.Sprintf(format, args...)})
	}
	if config.CheckInterval == 0 {
		config.CheckInterval = defaultCheckInterval
	}
	if config.CheckInterval < minCheckInterval {
		add("CheckInterval", config.CheckInterval, "is shorter than %s; leave it out to get the default, %s", minCheckInterval, defaultCheckInterval)
	}
	if config.MaxStale == 0 {
		config.MaxStale = max(defaultMaxStale, 4*config.CheckInterval)
	}
	if config.MaxStale/2 < config.CheckInterval {
		add("MaxStale", config.MaxStale, "is less than twice CheckInterval, which is %s; use a longer time, or leave it out", config.CheckInterval)
	}
	if config.AfterMaxStale != Refuse && config.AfterMaxStale != Allow {
		add("AfterMaxStale", int(config.AfterMaxStale), "is unknown; use Refuse or Allow")
	}
	if config.RequestsPerSecond == 0 {
		config.RequestsPerSecond = defaultPerSecond
	}
	if math.IsNaN(config.RequestsPerSecond) || math.IsInf(config.RequestsPerSecond, 0) {
		add("RequestsPerSecond", config.RequestsPerSecond, "is not a finite number; leave it out to get the default, %d", defaultPerSecond)
	}
	for _, limit := range []struct {
		field string
		value *int
	}{{"MaxSessions", &config.MaxSessions}, {"MaxEnded", &config.MaxEnded}} {
		if *limit.value == 0 {
			*limit.value = defaultMaxKept
		}
		if *limit.value < 1 || *limit.value > maxMaxKept {
			add(limit.field, *limit.value, "is not between 1 and %d; leave it out to get the default, %d", maxMaxKept, defaultMaxKept)
		}
	}
	if config.EndOn != nil && config.API == nil {
		add("API", "", "is missing, but EndOn is set; set API too, since EndOn deletes sessions through it")
	}
	return config, errors.Join(problems...)
}
