package coreapi

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/loopback"
)

const (
	defaultTimeout           = 10 * time.Second
	defaultRetries           = 2
	defaultRequestsPerSecond = 10
	maxRetries               = 10

	exampleURL = "https://api-e2.authrocket.com/v2"
)

// pasted lists values that people paste into the wrong field.
var pasted = []struct {
	prefix, name string
	secret       bool
}{
	{"ks_", "an API key; it belongs in APIKey", true},
	{"ko_", "an API key of AuthRocket 1; make a key in the portal of AuthRocket 2, ks_...", true},
	{"key_", "an API key of AuthRocket 1; make a key in the portal of AuthRocket 2, ks_...", true},
	{"jsk_", "a secret for login tokens; it belongs in the JWTKey of the package authrocket", true},
	{"svc_", "a service credential, which this package does not use; leave it out", true},
	{"kss_", "a session ID; it does not belong in a Config", true},
	{"rl_", "the ID of a realm; it belongs in RealmID", false},
	{"http://", "a URL; it belongs in URL", false},
	{"https://", "a URL; it belongs in URL", false},
}

// configChecker collects the problems found in a config.
type configChecker struct{ problems []error }

func (c *configChecker) add(field, value, format string, args ...any) {
	c.problems = append(c.problems, &ConfigError{field, envNames[field], value, fmt.Sprintf(format, args...)})
}

// addPasted adds a problem if value belongs in another field, and reports whether it
// does. The prefixes in own are valid in this field.
func (c *configChecker) addPasted(field, value string, own ...string) bool {
	bare := strings.TrimLeft(value, " \t\r\n\"'`")
next:
	for _, p := range pasted {
		if !strings.HasPrefix(strings.ToLower(bare), p.prefix) {
			continue
		}
		for _, prefix := range own {
			if p.prefix == prefix {
				continue next
			}
		}
		c.add(field, "", "is %s", p.name)
		return true
	}
	return false
}

// checkConfig returns the config with defaults and without a final slash in its URL. If
// there are problems, it returns all of them in one joined error.
func checkConfig(config Config) (Config, error) {
	c := &configChecker{}
	config.URL = c.checkURL(config.URL, config.DangerouslyAllowHTTP)
	c.checkKey(config.APIKey.Reveal())
	c.checkRealm(config.RealmID)
	if config.Locale != "" && !c.addPasted("Locale", config.Locale) && !locale.MatchString(config.Locale) {
		c.add("Locale", "", "is not a language tag; use, for example, es")
	}
	if config.UserAgent != "" && !c.addPasted("UserAgent", config.UserAgent) && !userAgent.MatchString(config.UserAgent) {
		c.add("UserAgent", "", "has more than 200 characters or some that are not printable ASCII; use, for example, shop/1.4")
	}
	if config.Timeout < 0 {
		c.add("Timeout", config.Timeout.String(), "is negative; leave it out to get the default, %s", defaultTimeout)
	}
	if config.Retries > maxRetries {
		c.add("Retries", strconv.Itoa(config.Retries), "is more than %d; leave it out to get the default, %d", maxRetries, defaultRetries)
	}
	if perSecond := config.RequestsPerSecond; math.IsNaN(perSecond) || math.IsInf(perSecond, 0) {
		c.add("RequestsPerSecond", "", "is not a finite number; leave it out to get the default, %d", defaultRequestsPerSecond)
	}
	setDefault(&config.Timeout, defaultTimeout)
	setDefault(&config.Retries, defaultRetries)
	setDefault(&config.RequestsPerSecond, defaultRequestsPerSecond)
	return config, errors.Join(c.problems...)
}

func setDefault[T comparable](field *T, value T) {
	if zero := *new(T); *field == zero {
		*field = value
	}
}

var (
	locale    = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)
	userAgent = regexp.MustCompile(`^[ -~]{1,200}$`)
	keySyntax = regexp.MustCompile(`^ks_[A-Za-z0-9_.-]+$`)
	realmID   = regexp.MustCompile(`^rl_[A-Za-z0-9_-]+$`)
)

func (c *configChecker) checkKey(key string) {
	const field = "APIKey"
	switch bare := strings.Trim(key, " \t\r\n\"'`"); {
	case key == "":
		c.add(field, "", "is missing; set it to the key that the AuthRocket portal shows, ks_...")
	case c.addPasted(field, key, "ks_"):
	case strings.ContainsAny(key, "\"'`"):
		c.add(field, "", "has quotes; remove them")
	case strings.ContainsAny(key, " \t\r\n") && strings.HasPrefix(bare, "ks_"):
		c.add(field, "", "has white space; remove it")
	case strings.HasPrefix(strings.ToLower(bare), "bearer"):
		c.add(field, "", "starts with the word Bearer; use the key only")
	case strings.Contains(key, ",rl_"):
		c.add(field, "", "ends with the ID of a realm; set RealmID to that ID")
	case !keySyntax.MatchString(key):
		c.add(field, "", "is not a key of AuthRocket 2; such a key starts with ks_")
	}
}

func (c *configChecker) checkRealm(id string) {
	const field = "RealmID"
	switch {
	case id == "", c.addPasted(field, id, "rl_"):
	case strings.ContainsAny(id, " \t\r\n"):
		c.add(field, "", "has white space; use the realm's ID only, rl_...")
	case !realmID.MatchString(id):
		c.add(field, "", "is not the ID of a realm, which starts with rl_; correct it, or leave RealmID empty")
	}
}

// checkURL returns the URL without its final slash. The problems that it reports contain
// neither user info nor a query, because both may contain secrets.
func (c *configChecker) checkURL(value string, allowHTTP bool) string {
	const field = "URL"
	switch {
	case value == "":
		c.add(field, "", "is missing; set it to the URL that the AuthRocket portal shows next to the key, for example %s", exampleURL)
		return ""
	case c.addPasted(field, value, "http://", "https://"):
		return ""
	case strings.ContainsAny(value, " \t\r\n\"'`"):
		c.add(field, "", "has white space or quotes; remove them")
		return ""
	case strings.Contains(value, "@"):
		c.add(field, "", "has an @, as in user info before the host; remove the user info, and set APIKey to the key")
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.add(field, "", "is not a URL with https and a host; use, for example, %s", exampleURL)
		return ""
	}
	host := strings.ToLower(u.Hostname())
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	shown := u.Scheme + "://" + u.Host
	switch {
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#"):
		c.add(field, shown, "has a query or a fragment; remove it")
	case strings.HasSuffix(host, ".loginrocket.com"):
		c.add(field, shown, "is a LoginRocket URL, where users sign in; use the URL of the API, for example %s", exampleURL)
	case strings.HasSuffix(u.Path, "/v1"):
		c.add(field, shown, "is the API of AuthRocket 1; use %s/v2", shown)
	case !strings.HasSuffix(u.Path, "/v2"):
		c.add(field, shown, "does not end with /v2; use %s/v2", shown)
	case u.Scheme == "http" && !loopback.IsHost(host) && !allowHTTP:
		c.add(field, shown, "is http on a host other than loopback; use https://%s%s", u.Host, u.EscapedPath())
	}
	return u.String()
}
