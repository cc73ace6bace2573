package authrocketdev

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"slices"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// domain is an address at which the LoginRocket of a realm is served.
type domain struct {
	Object  string `json:"object"`
	ID      string `json:"id"`
	RealmID string `json:"realm_id"`
	Type    string `json:"domain_type"`
	FQDN    string `json:"fqdn"`
	URI     string `json:"uri"`
	State   string `json:"state"`

	listener io.Closer
}

// close closes the domain's listener, if there is one.
func (d *domain) close() {
	if d != nil {
		d.listener.Close()
	}
}

func listDomains(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	var domains []domain
	if h.domain != nil {
		domains = append(domains, *h.domain)
	}
	page, err := pageOf(domains, func(d domain) string { return d.ID }, list)
	return okayWith(collectionOf(page, func(d domain) domain { return d })), err
}

func getDomain(c *coreCall) (coreAnswer, error) {
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	if h.domain == nil || h.domain.ID != c.id {
		return coreAnswer{}, authrockettest.ErrNotFound
	}
	return okayWith(*h.domain), nil
}

var errNoDomain = invalid("This program cannot serve a LoginRocket at another loopback address.")

// createDomain serves the LoginRocket of a realm at its own address.
func createDomain(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("domain")
	attributes.oneOf("domain_type", "loginrocket")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	s := c.service
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case h == s.first || h.domain != nil:
		return coreAnswer{}, invalid("The realm already has a domain.")
	case s.config.Listen == nil || !slices.Contains(s.realms, h):
		return coreAnswer{}, errNoDomain
	}
	listener, err := s.config.Listen(net.JoinHostPort(h.address, cmp.Or(s.origin.Port(), s.origin.Scheme)))
	if err != nil {
		return coreAnswer{}, errNoDomain
	}
	h.domain = &domain{
		Object: "domain", ID: newConfigurationID("dom_"), RealmID: c.realm.ID(), Type: "loginrocket", FQDN: h.address,
		URI: h.server.origin, State: "active", listener: listener,
	}
	return createdAs(*h.domain), nil
}

func deleteDomain(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	opened := h.domain
	isNamed := opened != nil && opened.ID == c.id
	if isNamed {
		h.domain = nil
	}
	c.service.mu.Unlock()
	if !isNamed {
		return coreAnswer{}, authrockettest.ErrNotFound
	}
	opened.close()
	return noContent, nil
}

// LoginRocket returns the handler of the LoginRockets of all realms. It selects a
// realm by the host of its domain. For any other host, it selects the realm of
// [ServiceConfig.Server].
func (s *Service) LoginRocket() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.loginRocketAt(r.Host).ServeHTTP(w, r)
	})
}

func (s *Service) loginRocketAt(host string) *Server {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.realms {
		if h.domain != nil && h.address == host {
			return h.server
		}
	}
	return s.first.server
}
