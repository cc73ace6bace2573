package valkeystate

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

const defaultKey = "authrocket:ended"

// server contains the settings from a URL.
type server struct {
	address  string
	tls      *tls.Config // nil means no TLS
	user     string
	password string
	database int
	key      string
}

// parseURL parses the URL of a log. Its errors contain no part of the URL, because a
// password whose special characters are not percent-encoded can be in any part.
func parseURL(text string) (server, error) {
	if text == "" {
		return server{}, errors.New("the URL is empty; use, for example, redis://localhost:6379/0")
	}
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" || strings.HasSuffix(text, "#") {
		return server{}, errors.New("the URL is malformed; percent-encode special characters in its user and password")
	}
	s := server{key: defaultKey}
	switch u.Scheme {
	case "redis", "valkey":
	case "rediss", "valkeys":
		s.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}
	default:
		return server{}, errors.New("the scheme of the URL must be redis, rediss, valkey or valkeys")
	}
	if u.Hostname() == "" {
		return server{}, errors.New("the URL has no host; add it")
	}
	port := u.Port()
	if port == "" {
		port = "6379"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return server{}, errors.New("the port of the URL must be a number from 1 to 65535")
	}
	s.address = net.JoinHostPort(u.Hostname(), port)
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	if path := strings.TrimPrefix(u.Path, "/"); path != "" {
		database, err := strconv.ParseUint(path, 10, 31)
		if err != nil {
			return server{}, errors.New("the path of the URL must be the number of a database, for example /0")
		}
		s.database = int(database)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return server{}, errors.New("the query of the URL is malformed; the only parameter is key")
	}
	for name, values := range query {
		if name != "key" {
			return server{}, errors.New("the query of the URL has an unknown parameter; the only parameter is key")
		}
		if len(values) != 1 || values[0] == "" {
			return server{}, errors.New("the parameter key of the URL is empty or repeated; set it once, or leave it out")
		}
		s.key = values[0]
	}
	return s, nil
}
