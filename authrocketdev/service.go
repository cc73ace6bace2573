package authrocketdev

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// ServiceConfig configures a [Service]. Only Server is required.
type ServiceConfig struct {
	// Server is the LoginRocket of the realm that the Core API manages.
	Server *Server

	// APIKey is the key of the Core API, ks_ and 16 characters or more.
	// Default: a new one, see [Service.APIKey].
	APIKey string

	// ReadOnlyAPIKey is a key that can only read: every write is refused, and
	// events come without their tokens. It is a credential all the same: it reads
	// the IDs of sessions, for which LoginRocket makes login tokens. Default: none.
	ReadOnlyAPIKey string

	// Host is the host and port by which programs reach the Core API, besides
	// those on loopback. Default: none.
	Host string

	// VisibleAfter is how late a write shows in later reads of the Core API, as
	// it may with the service. Default: 0, at once.
	VisibleAfter time.Duration

	// RequestsPerMinute is how many requests of the Core API a key may make in a
	// minute; a negative number means no limit. Default: 1,200, with
	// ConfigurationAPI no limit.
	RequestsPerMinute int

	// ConfigurationAPI serves realms, client_apps and domains too, and the writes
	// of auth_providers. A request is then about the realm that it names, else
	// about that of Server. Default: false.
	ConfigurationAPI bool

	// Listen serves [Service.LoginRocket] at an address of loopback, the one of a
	// new domain, until it is closed: when the domain or its realm is deleted. It
	// must not use the Service. What is open at the end of the program is the
	// caller's to close. Default: none, a realm that was made by the Configuration
	// API gets no domain.
	Listen func(address string) (io.Closer, error)

	// Webhooks are the URLs that get the events of the realm, for example
	// http://localhost:8082/hooks/authrocket: http on loopback only, since no event
	// leaves the machine. A user and a password in a URL are sent as HTTP Basic.
	// Events wait for [Service.Deliver] or [Service.RunWebhooks]. Default: none.
	Webhooks []string
}

const defaultCoreRequestsPerMinute = 1_200

// Service is a local AuthRocket: the Core API of a realm, next to the LoginRocket
// of it, which is a [Server]; with the Configuration API it has several realms.
// Safe for concurrent use. It needs no Close.
type Service struct {
	config   ServiceConfig
	origin   *url.URL     // of the LoginRocket of config.Server
	first    *hostedRealm // that of config.Server
	limit    *limit       // of requests, by key
	stateKey []byte
	fault    atomic.Pointer[authrockettest.Fault]
	webhooks []*webhookTarget
	handler  http.Handler

	mu          sync.Mutex
	realms      []*hostedRealm // the oldest first
	lastAddress int            // of a realm: 127.0.1.lastAddress
}

// NewService returns a Service, or an error that joins all problems of config. No
// error has a key or a URL of a webhook in it.
func NewService(config ServiceConfig) (*Service, error) {
	if config.ConfigurationAPI {
		config.RequestsPerMinute = cmp.Or(config.RequestsPerMinute, -1)
	}
	config.RequestsPerMinute = cmp.Or(config.RequestsPerMinute, defaultCoreRequestsPerMinute)
	config.APIKey = cmp.Or(config.APIKey, "ks_"+rand.Text())
	var problems []error
	if config.Server == nil {
		problems = append(problems, errors.New("authrocketdev: Server is missing: make one with New or Seed.Open"))
	}
	if err := CheckAPIKey(config.APIKey); err != nil {
		problems = append(problems, fmt.Errorf("authrocketdev: APIKey is %w", err))
	}
	if config.ReadOnlyAPIKey != "" {
		if err := CheckAPIKey(config.ReadOnlyAPIKey); err != nil {
			problems = append(problems, fmt.Errorf("authrocketdev: ReadOnlyAPIKey is %w", err))
		}
	}
	if config.ReadOnlyAPIKey == config.APIKey {
		problems = append(problems, errors.New("authrocketdev: ReadOnlyAPIKey is the APIKey, which can write"))
	}
	if config.VisibleAfter < 0 {
		problems = append(problems, fmt.Errorf("authrocketdev: VisibleAfter %s is negative", config.VisibleAfter))
	}
	webhooks, err := newWebhookTargets(config.Webhooks)
	if err != nil {
		problems = append(problems, err)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	origin, err := url.Parse(config.Server.origin)
	if err != nil {
		return nil, err
	}
	s := &Service{config: config, origin: origin, limit: newLimit(config.RequestsPerMinute), stateKey: make([]byte, 32), webhooks: webhooks}
	rand.Read(s.stateKey)
	s.first = s.host(config.Server)
	s.realms = []*hostedRealm{s.first}
	s.handler = s.breakable(s.newCoreAPI())
	return s, nil
}

func (s *Service) host(server *Server) *hostedRealm {
	view := server.realm.View
	if s.config.VisibleAfter > 0 {
		view = server.realm.Behind(s.config.VisibleAfter)
	}
	s.queueEventsOf(server.realm)
	return &hostedRealm{server: server, view: view}
}

var errNotAPIKey = errors.New("not ks_ and 16 characters or more out of A-Z a-z 0-9 _ -")

// CheckAPIKey returns an error unless key has the form of the keys of a
// [ServiceConfig]. The error does not repeat it.
func CheckAPIKey(key string) error {
	secret, ok := strings.CutPrefix(key, "ks_")
	if !ok || len(secret) < 16 || !plainKey.MatchString(secret) {
		return errNotAPIKey
	}
	return nil
}

// APIKey returns the key of the Core API. It is a credential.
func (s *Service) APIKey() string { return s.config.APIKey }

// CoreAPI returns the handler of the Core API, whose paths begin with /v2/. Serve
// it on a port of its own: it is for programs that have the key, not for browsers.
func (s *Service) CoreAPI() http.Handler { return s.handler }
