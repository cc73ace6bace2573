package loginrocket

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Client calls the LoginRocket API. Create one with [New] when your program starts, and
// share it. A Client is immutable and safe for concurrent use. It needs no Close, because
// it starts no goroutine and closes idle connections after 15 seconds.
type Client struct {
	// connection is a function so that printing a Client cannot reveal a connection that
	// sent a password.
	connection func() *connection
}

// connection is shared by the calls of a Client.
type connection struct {
	config    Config
	base      *url.URL
	transport http.RoundTripper
	agent     string
}

// New returns a Client. If the config has problems, New returns all of them as
// [*ConfigError] values, joined with [errors.Join]. New sends no request.
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

var errNoClient = errors.New("this Client was not made by loginrocket.New")

// open returns the connection, or nil if the Client was not created by New.
func (c *Client) open() *connection {
	if c == nil || c.connection == nil {
		return nil
	}
	return c.connection()
}
