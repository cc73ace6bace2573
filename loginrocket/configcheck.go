package loginrocket

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/loopback"
)

const (
	defaultTimeout = 10 * time.Second

	exampleURL = "https://sample.e2.loginrocket.com/"
)

// credentials are prefixes of AuthRocket's secrets, which do not belong in any field of
// Config.
var credentials = map[string]string{
	"ks_":  "an API key; use it with the package coreapi",
	"ko_":  "an API key of AuthRocket 1; remove it",
	"key_": "an API key of AuthRocket 1; remove it",
	"jsk_": "a secret for login tokens; it belongs in the JWTKey of the package authrocket",
	"kss_": "a session ID; pass it to the methods of the Client",
}

var (
	locale = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)
	agent  = regexp.MustCompile(`^[ -~]{1,200}$`)
)

// configChecker collects the problems of a config.
type configChecker struct{ problems []error }

func (c *configChecker) add(field, value, format string, args ...any) {
	env := ""
	if field == "URL" {
		env = envURL
	}
	c.problems = append(c.problems, &ConfigError{field, env, value, fmt.Sprintf(format, args...)})
}

func (c *configChecker) addCredential(field, value string) bool {
	bare := strings.ToLower(strings.TrimLeft(value, " \t\r\n\"'`"))
	prefix, _, found := strings.Cut(bare, "_")
	name, known := credentials[prefix+"_"]
	if !found || !known {
		return false
	}
	c.add(field, "", "is %s", name)
	return true
}

// checkConfig returns the config with defaults, and the URL of the API without a final
// slash. If there are problems, it returns all of them in one joined error.
func checkConfig(config Config) (Config, *url.URL, error) {
	c := &configChecker{}
	base := c.checkURL(config.URL)
	if config.Locale != "" && !c.addCredential("Locale", config.Locale) && !locale.MatchString(config.Locale) {
		c.add("Locale", "", "is not a language tag; use, for example, es")
	}
	if config.Agent != "" && !c.addCredential("Agent", config.Agent) && !agent.MatchString(config.Agent) {
		c.add("Agent", "", "has more than 200 characters or some that are not printable ASCII; use, for example, shop/1.4")
	}
	if config.Timeout < 0 {
		c.add("Timeout", config.Timeout.String(), "is negative; leave it out to get the default, %s", defaultTimeout)
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	return config, base, errors.Join(c.problems...)
}

// checkURL returns the URL of the API. The problems that it reports contain neither user
// info nor a query, because both may contain secrets.
func (c *configChecker) checkURL(value string) *url.URL {
	const field = "URL"
	switch {
	case value == "":
		c.add(field, "", "is missing; set it to the realm's LoginRocket URL, for example %s", exampleURL)
		return nil
	case c.addCredential(field, value):
		return nil
	case strings.ContainsAny(value, " \t\r\n\"'`"):
		c.add(field, "", "has white space or quotes; remove them")
		return nil
	case strings.Contains(value, "@"):
		c.add(field, "", "has an @, as in user info before the host; remove the user info")
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.add(field, "", "is not a URL with https and a host; use, for example, %s", exampleURL)
		return nil
	}
	host := strings.ToLower(u.Hostname())
	path := strings.Trim(u.Path, "/")
	shown := u.Scheme + "://" + u.Host
	switch {
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#"):
		c.add(field, shown, "has a query or a fragment; remove it")
	case strings.HasPrefix(host, "api-") && strings.HasSuffix(host, ".authrocket.com"):
		c.add(field, shown, "is the URL of the Core API, for the package coreapi; use the realm's LoginRocket URL, for example %s", exampleURL)
	case path != "" && path != "v2":
		c.add(field, shown, "has a path; use %s/", shown)
	case u.Scheme == "http" && !loopback.IsHost(host):
		c.add(field, shown, "is http on a host other than loopback; use https://%s/", u.Host)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/v2"}
}
