package coreapi

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config configures [New]. A field with its zero value gets the default. Most programs
// set only URL and APIKey.
type Config struct {
	// Literals must name their fields, so that a new field does not break an app.
	_ [0]func()

	// URL is the URL of the API, for example https://api-e2.authrocket.com/v2. The
	// AuthRocket portal shows it next to the key. It must be https, or http on a loopback
	// host; in that case the Client connects to loopback addresses only. Required.
	URL string

	// APIKey is an API key of AuthRocket 2. It starts with ks_, and is the master key of
	// its realm. The Client sends it only to the scheme, host and port of URL. Required.
	APIKey Secret

	// RealmID is the ID of the realm that calls work on. It starts with rl_.
	// [Client.InRealm] returns a Client for another realm. Default: the key's own realm.
	RealmID string

	// Locale is the language of error messages, for example es. Default: English.
	Locale string

	// UserAgent names your program, for example shop/1.4. In the User-Agent header it
	// comes before the name of this package.
	UserAgent string

	// HTTPClient sends the requests. The Client uses a copy of it, with its own timeout
	// and redirect policy, and without cookies. A custom Transport must honour the
	// request's context and must not repeat requests. Default: a client that honours
	// HTTPS_PROXY if URL is https, and uses no proxy if it is http.
	HTTPClient *http.Client

	// Timeout limits one attempt, including reading its answer. Default: 10 seconds.
	Timeout time.Duration

	// Retries is the maximum number of times that a call is repeated after its first
	// attempt. A call is repeated only if the repetition does no harm. A negative number
	// means no repeats. The maximum is 10. Default: 2.
	Retries int

	// RequestsPerSecond is the request budget. All copies of the Client share it. Bursts
	// of up to twice this number are possible. A negative number means no limit. Default:
	// 10.
	RequestsPerSecond float64

	// Observer reports each call; see [LogObserver]. Default: no calls are reported.
	Observer Observer

	// DangerouslyAllowHTTP permits an http URL on hosts other than loopback. The master
	// key then travels unencrypted, so anyone on the network can take over the realm.
	// Default: false.
	DangerouslyAllowHTTP bool
}

// ConfigFromEnv returns a Config with URL, APIKey and RealmID from the environment
// variables AUTHROCKET_URL, AUTHROCKET_API_KEY and AUTHROCKET_REALM. It never fails,
// because [New] reports what is missing or wrong.
func ConfigFromEnv() Config {
	env := func(field string) string { return strings.TrimSpace(os.Getenv(envNames[field])) }
	return Config{URL: env("URL"), APIKey: Hide(env("APIKey")), RealmID: env("RealmID")}
}

// envNames maps the names of Config fields to their environment variables.
var envNames = map[string]string{
	"URL":     "AUTHROCKET_URL",
	"APIKey":  "AUTHROCKET_API_KEY",
	"RealmID": "AUTHROCKET_REALM",
}

// ConfigError is one problem with a [Config]. [New] joins all problems with
// [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field
	Env     string // the environment variable that [ConfigFromEnv] reads for the field, "" if there is none
	Value   string // the field's value, empty if it may be or contain a secret
	Problem string // what is wrong and what to use instead
}

func (e *ConfigError) Error() string {
	field := "Config." + e.Field
	if e.Env != "" {
		field += " (" + e.Env + ")"
	}
	if e.Value != "" {
		field += " " + strconv.Quote(e.Value)
	}
	return "coreapi: " + field + " " + e.Problem
}
