package coreapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// Client calls the Core API of AuthRocket. Make one with [New], at start, and share it: it
// is immutable and safe for concurrent use. It needs no Close: it starts no goroutine, and
// connections that nobody uses close after 15 seconds.
type Client struct {
	Users         Users
	Orgs          Orgs
	Memberships   Memberships
	Sessions      Sessions
	Invitations   Invitations
	Credentials   Credentials
	AuthProviders AuthProviders
	Events        Events

	scope handle
}

// handle leads to a scope. It is a function so that no printer finds the API key, or
// a connection that has sent it, in a Client.
type handle func() *scope

// scope is what a Client and its resources know.
type scope struct {
	*connection
	realm   string
	locale  string
	request Request
	invalid error // what makes every call an ErrInvalid, such as InRealm("")
}

// connection is what all copies of a Client share.
type connection struct {
	config    Config
	http      *http.Client
	userAgent string
	budget    *budget
	maxPages  int
	rate      atomic.Pointer[Rate]
}

// New returns a Client, or all problems of the config at once: [errors.Join] of
// [*ConfigError], none of which holds a secret. It sends nothing.
func New(config Config) (*Client, error) {
	config, err := checkConfig(config)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(config.URL)
	if err != nil {
		return nil, err // checkConfig has parsed it
	}
	shared := &connection{
		config:    config,
		http:      newHTTPClient(config.HTTPClient, base),
		userAgent: strings.TrimSpace(config.UserAgent + " authrocket-go"),
		budget:    newBudget(config.RequestsPerSecond),
		maxPages:  maxPages,
	}
	return newClient(scope{connection: shared, realm: config.RealmID, locale: config.Locale}), nil
}

func newClient(s scope) *Client {
	h := handle(func() *scope { return &s })
	return &Client{
		Users:         Users{h},
		Orgs:          Orgs{h},
		Memberships:   Memberships{h},
		Sessions:      Sessions{h},
		Invitations:   Invitations{h},
		Credentials:   Credentials{h},
		AuthProviders: AuthProviders{h},
		Events:        Events{h},
		scope:         h,
	}
}

var errNoClient = errors.New("this Client was not made by New")

// open returns the scope. That of a zero Client makes every call an ErrInvalid.
func (h handle) open() *scope {
	if h == nil {
		return &scope{invalid: errNoClient}
	}
	return h()
}

func (c *Client) copyOf() scope {
	if c == nil {
		return scope{invalid: errNoClient}
	}
	return *c.scope.open()
}

// InRealm returns a copy for the realm of that ID. It shares budget and connections.
func (c *Client) InRealm(id string) *Client {
	s := c.copyOf()
	s.realm = id
	if !realmID.MatchString(id) && s.invalid == nil {
		s.invalid = errors.New("InRealm was given what is not the ID of a realm, which starts with rl_")
	}
	return newClient(s)
}

// WithLocale returns a copy that asks for the texts of refusals in the language tag,
// such as es. A tag that is none means English. It shares budget and connections.
func (c *Client) WithLocale(tag string) *Client {
	s := c.copyOf()
	s.locale = tag
	if !locale.MatchString(tag) {
		s.locale = ""
	}
	return newClient(s)
}

// For returns a copy whose every write says for whom it is done. It shares budget and
// connections.
func (c *Client) For(request Request) *Client {
	s := c.copyOf()
	s.request = request
	return newClient(s)
}
