package coreapi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// Client calls the Core API of AuthRocket. Create one with [New] when your program
// starts, and share it. A Client is immutable and safe for concurrent use. It needs no
// Close, because it starts no goroutine and closes idle connections after 15 seconds.
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

// handle returns a scope. A handle is a function so that printing a Client cannot reveal
// the API key or a connection that sent the key.
type handle func() *scope

// scope is what a Client shares with its resources (Users, Orgs and so on).
type scope struct {
	*connection
	realm   string
	locale  string
	request Request
	invalid error // makes every call return ErrInvalid; InRealm("") sets it, for example
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

// New returns a Client. If the config has problems, New returns all of them as
// [*ConfigError] values, joined with [errors.Join]. None of them contains a secret. New
// sends no request.
func New(config Config) (*Client, error) {
	config, err := checkConfig(config)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(config.URL)
	if err != nil {
		return nil, err // cannot happen, because checkConfig has parsed the URL
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

var errNoClient = errors.New("this Client was not made by coreapi.New")

// open returns the scope. The scope of a zero Client makes every call return ErrInvalid.
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

// InRealm returns a copy of the Client for the realm with this ID. The copy shares its
// request budget and connections with the Client.
func (c *Client) InRealm(id string) *Client {
	s := c.copyOf()
	s.realm = id
	if !realmID.MatchString(id) && s.invalid == nil {
		s.invalid = errors.New("the argument of InRealm is not the ID of a realm; such an ID starts with rl_")
	}
	return newClient(s)
}

// WithLocale returns a copy of the Client that requests error messages in the language of
// tag, for example es. If tag is not a language tag, messages are in English. The copy
// shares its request budget and connections with the Client.
func (c *Client) WithLocale(tag string) *Client {
	s := c.copyOf()
	s.locale = tag
	if !locale.MatchString(tag) {
		s.locale = ""
	}
	return newClient(s)
}

// For returns a copy of the Client that tells AuthRocket, with every write, on whose
// behalf it acts. The copy shares its request budget and connections with the Client.
func (c *Client) For(request Request) *Client {
	s := c.copyOf()
	s.request = request
	return newClient(s)
}
