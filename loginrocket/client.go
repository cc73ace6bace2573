package loginrocket

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Client calls the LoginRocket API. Make one with [New], at start, and share it: it is
// immutable and safe for concurrent use. It needs no Close: it starts no goroutine, and
// connections that nobody uses close after 15 seconds.
type Client struct {
	// A function, so that no printer finds a connection that has sent a password.
	connection func() *connection
}

// connection is what the calls of a Client share.
type connection struct {
	config    Config
	base      *url.URL
	transport http.RoundTripper
	agent     string
}

// New returns a Client, or all problems of the config at once: [errors.Join] of
// [*ConfigError]. It sends nothing.
func New(config Config) (*Client, error) {
	config, base, err := checkConfig(config)
	if err != nil {
		return nil, err
	}
	c := &connection{config: config, base: base, agent: strings.TrimSpace(config.Agent + " authrocket-go")}
	if config.HTTPClient != nil {
		c.transport = config.HTTPClient.Transport
	}
	if c.transport == nil {
		c.transport = wire.NewTransport(base)
	}
	return &Client{func() *connection { return c }}, nil
}

var errNoClient = errors.New("this Client was not made by New")

// open returns nil for a Client that was not made by New.
func (c *Client) open() *connection {
	if c == nil || c.connection == nil {
		return nil
	}
	return c.connection()
}
