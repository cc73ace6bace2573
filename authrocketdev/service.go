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

	// APIKey is the key of the Core API: ks_ followed by at least 16 characters.
	// Default: a new key, see [Service.APIKey].
	APIKey string

	// ReadOnlyAPIKey is a key that can only read. The Core API refuses writes with
	// this key, and shows events without their tokens. The key is still a credential:
	// it can read the IDs of sessions, for which LoginRocket issues login tokens.
	// Default: none.
	ReadOnlyAPIKey string

	// Host is the host and port under which programs call the Core API, in addition
	// to loopback hosts. Default: none.
	Host string

	// VisibleAfter is the delay after which reads of the Core API show a write. The
	// real service can also have such a delay. Default: 0, so reads show a write at
	// once.
	VisibleAfter time.Duration

	// RequestsPerMinute limits the Core API requests with one key. A negative number
	// means no limit. Default: 1,200; with ConfigurationAPI, no limit.
	RequestsPerMinute int

	// ConfigurationAPI enables the Core API's routes for realms, client_apps and
	// domains, and its routes that write auth_providers. A request then applies to
	// the realm that it names, or to the realm of Server if it names none. Default:
	// false.
	ConfigurationAPI bool

	// Listen serves [Service.LoginRocket] at a loopback address, for a new domain.
	// The Service closes the returned Closer when the domain or its realm is deleted.
	// At the end of the program, the caller must close the Closers that are still
	// open. Listen must not use the Service. Default: none; realms that the
	// Configuration API creates then get no domain.
	Listen func(address string) (io.Closer, error)

	// Webhooks are the URLs that get the events of the realm, for example
	// http://localhost:8082/hooks/authrocket. Only http on loopback is allowed, so
	// that no event leaves the machine. A user and a password in a URL are sent with
	// HTTP Basic authentication. Events wait until [Service.Deliver] or
	// [Service.RunWebhooks] sends them. Default: none.
	Webhooks []string
}

const defaultCoreRequestsPerMinute = 1_200

// Service is a local AuthRocket. It serves the Core API of a realm, in addition to
// the realm's LoginRocket, which is a [Server]. With the Configuration API it has
// several realms. It is safe for concurrent use, and need not be closed.
type Service struct {
	config   ServiceConfig
	origin   *url.URL     // of the LoginRocket of config.Server
	first    *hostedRealm // the realm of config.Server
	limit    *limit       // counts requests by key
	stateKey []byte
	fault    atomic.Pointer[authrockettest.Fault]
	webhooks []*webhookTarget
	handler  http.Handler

	mu          sync.Mutex
	realms      []*hostedRealm // the oldest first
	lastAddress int            // a realm's address is 127.0.1.lastAddress
}

// NewService returns a Service, or an error that joins all problems of config. The
// error contains no key and no webhook URL.
func NewService(config ServiceConfig) (*Service, error) {
	if config.ConfigurationAPI {
		config.RequestsPerMinute = cmp.Or(config.RequestsPerMinute, -1)
	}
	config.RequestsPerMinute = cmp.Or(config.RequestsPerMinute, defaultCoreRequestsPerMinute)
	config.APIKey = cmp.Or(config.APIKey, "ks_"+rand.Text())
	var problems []error
	if config.Server == nil {
		problems = append(problems, errors.New("authrocketdev: Server is missing; create one with New or Seed.Open"))
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
		problems = append(problems, errors.New("authrocketdev: ReadOnlyAPIKey equals APIKey, which can write; use another key"))
	}
	if config.VisibleAfter < 0 {
		problems = append(problems, fmt.Errorf("authrocketdev: VisibleAfter %s is negative; use a positive time or 0", config.VisibleAfter))
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

var errNotAPIKey = errors.New("not an API key; use ks_ and at least 16 characters out of A-Z a-z 0-9 _ -")

// CheckAPIKey returns an error unless key has the form of an API key of
// [ServiceConfig]. The error does not contain the key.
func CheckAPIKey(key string) error {
	secret, ok := strings.CutPrefix(key, "ks_")
	if !ok || len(secret) < 16 || !plainKey.MatchString(secret) {
		return errNotAPIKey
	}
	return nil
}

// APIKey returns the key of the Core API. It is a credential.
func (s *Service) APIKey() string { return s.config.APIKey }

// CoreAPI returns the handler of the Core API, whose paths start with /v2/. Serve it
// on a separate port, because it is for programs that have the key, not for browsers.
func (s *Service) CoreAPI() http.Handler { return s.handler }
