package authrocketdev

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Config configures a [Server]. Only Realm is required.
type Config struct {
	// Realm holds users, orgs, sessions and keys. Its URL must be the URL of the
	// Server, with scheme, host and port only. The caller may still use and change
	// the realm.
	Realm *authrockettest.Realm

	// AllowedOrigins are the origins whose scripts may use the LoginRocket API, for
	// example http://localhost:3000. Default: none.
	AllowedOrigins []string

	// RequestsPerMinute limits the LoginRocket API requests from one IP address. A
	// negative number means no limit. Default: 120.
	RequestsPerMinute int

	// ShowDemoUsers lists users and their passwords on the login page. It lists only
	// users whose [authrockettest.User] contains a password. Anyone who opens the
	// page can then log in as any of these users. [Seed.Open] sets it. Default:
	// false.
	ShowDemoUsers bool
}

const defaultRequestsPerMinute = 120

// Server is the local LoginRocket of one realm. It is an [http.Handler] and safe for
// concurrent use. It need not be closed.
type Server struct {
	config   Config
	realm    *authrockettest.Realm
	origin   string // the origin of the pages
	handler  http.Handler
	csrfKey  []byte
	maxUsers int

	outbox      *outbox
	changes     *sync.Mutex // held while an account or invitation is checked and then changed
	apiRequests *limit      // by IP address
	wrongLogins *limit      // by user
	wrongCodes  *limit      // by user
}

// New returns a Server, or an error that joins all problems of config.
func New(config Config) (*Server, error) {
	config.RequestsPerMinute = cmp.Or(config.RequestsPerMinute, defaultRequestsPerMinute)
	config.AllowedOrigins = slices.Clone(config.AllowedOrigins)

	var problems []error
	if config.Realm == nil {
		problems = append(problems, errors.New("authrocketdev: Realm is missing; create one with authrockettest.Open or NewRealm"))
	} else if err := CheckOrigin(config.Realm.URL()); err != nil {
		problems = append(problems, fmt.Errorf("authrocketdev: Realm has the URL %q, which is %w", config.Realm.URL(), err))
	}
	for _, origin := range config.AllowedOrigins {
		if err := CheckOrigin(origin); err != nil {
			problems = append(problems, fmt.Errorf("authrocketdev: AllowedOrigins: %q is %w", origin, err))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	s := &Server{
		config:      config,
		realm:       config.Realm,
		csrfKey:     make([]byte, 32),
		maxUsers:    maxUsers,
		outbox:      &outbox{},
		changes:     &sync.Mutex{},
		apiRequests: newLimit(config.RequestsPerMinute),
		wrongLogins: newLimit(wrongLoginsPerMinute),
		wrongCodes:  newLimit(wrongLoginsPerMinute),
	}
	rand.Read(s.csrfKey)
	s.handler = s.newHandler()
	return s, nil
}

// Realm returns the realm that this LoginRocket serves.
func (s *Server) Realm() *authrockettest.Realm { return s.realm }

var errNotOrigin = errors.New("not an origin; use scheme, host and port only, for example http://localhost:8081, without the default ports 80 and 443")

// CheckOrigin returns an error unless text is an origin in the form that browsers
// use. A realm's URL and [Config.AllowedOrigins] must be such origins. The error does
// not contain text, because text may contain a password.
func CheckOrigin(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443" ||
		text != u.Scheme+"://"+u.Host || text != strings.ToLower(text) {
		return errNotOrigin
	}
	return nil
}

const (
	// maxUsers prevents strangers from filling the memory by signing up.
	maxUsers = 10_000

	// wrongLoginsPerMinute is the maximum number of wrong passwords that a user may
	// enter in a minute. The same maximum applies to wrong codes.
	wrongLoginsPerMinute = 10
)
