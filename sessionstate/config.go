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

// Config is what [New] needs to know. The zero value of a field is its default.
type Config struct {
	// A literal must name the fields, so that a new one breaks no app.
	_ [0]func()

	// API looks sessions up. Its key has to be of the realm of the login tokens, with the
	// permission Read, and Write if EndOn is set. Default: none; then only what
	// [State.HandleEvent], [State.End] and the Log say has ended.
	API *coreapi.Client

	// CheckInterval is how long a session goes on before it is looked up again; each session
	// takes up to 20 % longer, so that they do not come together. At least 1 second. Take 1
	// hour when webhooks come, too: then it is for those that were lost. Default: 15
	// minutes.
	CheckInterval time.Duration

	// MaxStale is how long sessions go on while the API answers about none of them, counted
	// from the first check that fails. Until it has passed, it is counted anew after a pause
	// of MaxStale without checks. At least twice CheckInterval. Default: 1 hour, or 4 times CheckInterval if that
	// is longer.
	MaxStale time.Duration

	// AfterMaxStale says what is then. Default: [Refuse].
	AfterMaxStale Policy

	// RequestsPerSecond is the budget of this State for calls of the API, beside the
	// Client's own; five times as many may be sent at once. The call that makes sure of the
	// realm when a session was not found may come before its turn; later ones wait for it. If there are more sessions to
	// look up than it allows, each is looked up less often; none is refused for that.
	// Negative means none. Default: 2.
	RequestsPerSecond float64

	// MaxSessions is how many answers of the API are kept at most. A session whose answer
	// was evicted is looked up again sooner. One takes about 65 bytes of memory. Default:
	// 100,000.
	MaxSessions int

	// MaxEnded is how many ended sessions and users are kept at most. Of more, those that
	// expire first are forgotten, and Observer.Trouble says so. As many that are only said to
	// have ended are kept beside them. One takes about 75 bytes of memory. Default: 100,000.
	MaxEnded int

	// EndOn says which further events end the sessions that their user had before, such as
	// [MembershipChanged]. It is not asked about session.deleted and user.deleted. If it
	// returns true, the sessions are deleted through the API; an error is that of
	// HandleEvent. Default: none.
	EndOn func(ctx context.Context, e coreapi.Event) (bool, error)

	// Log is the list of ended sessions that the instances of the app share. Default: this
	// process alone.
	Log Log

	// Observer reports what happens. The zero Observer logs trouble at level warn through
	// [log/slog.Default].
	Observer Observer
}

// Policy says what happens to sessions when the API has not answered for Config.MaxStale.
type Policy int

const (
	// Refuse refuses a session that is due to be looked up:
	// [github.com/authrocket-go/authrocket.ErrSessionUnknown], 503.
	Refuse Policy = iota

	// Allow lets all sessions go on that are not known to have ended.
	Allow
)

// ConfigError is one problem of a [Config]. [New] returns all of them at once, by
// [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field
	Value   string // its value
	Problem string // what is wrong and what to write instead
}

// Error names the field, its value and the problem.
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

// check returns config with defaults, or all of its problems.
func (config Config) check() (Config, error) {
	var problems []error
	add := func(field string, value any, format string, args ...any) {
		problems = append(problems, &ConfigError{field, fmt.Sprint(value), fmt.Sprintf(format, args...)})
	}
	if config.CheckInterval == 0 {
		config.CheckInterval = defaultCheckInterval
	}
	if config.CheckInterval < minCheckInterval {
		add("CheckInterval", config.CheckInterval, "is shorter than %s; leave it out for %s", minCheckInterval, defaultCheckInterval)
	}
	if config.MaxStale == 0 {
		config.MaxStale = max(defaultMaxStale, 4*config.CheckInterval)
	}
	if config.MaxStale/2 < config.CheckInterval {
		add("MaxStale", config.MaxStale, "is less than twice CheckInterval, which is %s; write a longer one, or leave it out", config.CheckInterval)
	}
	if config.AfterMaxStale != Refuse && config.AfterMaxStale != Allow {
		add("AfterMaxStale", int(config.AfterMaxStale), "is neither Refuse nor Allow")
	}
	if config.RequestsPerSecond == 0 {
		config.RequestsPerSecond = defaultPerSecond
	}
	if math.IsNaN(config.RequestsPerSecond) || math.IsInf(config.RequestsPerSecond, 0) {
		add("RequestsPerSecond", config.RequestsPerSecond, "is not a number; leave it out for %d", defaultPerSecond)
	}
	for _, limit := range []struct {
		field string
		value *int
	}{{"MaxSessions", &config.MaxSessions}, {"MaxEnded", &config.MaxEnded}} {
		if *limit.value == 0 {
			*limit.value = defaultMaxKept
		}
		if *limit.value < 1 || *limit.value > maxMaxKept {
			add(limit.field, *limit.value, "is not within 1 and %d; leave it out for %d", maxMaxKept, defaultMaxKept)
		}
	}
	if config.EndOn != nil && config.API == nil {
		add("API", "", "is missing, but EndOn is set, which ends sessions through it")
	}
	return config, errors.Join(problems...)
}
