package loginrocket

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config configures [New]. A field with its zero value gets the default. Most programs set
// only URL and Agent.
type Config struct {
	// Literals must name their fields, so that a new field does not break an app.
	_ [0]func()

	// URL is the realm's LoginRocket URL, for example https://sample.e2.loginrocket.com/ or
	// a custom domain. It may end with v2. It must be https, or http on a loopback host; in
	// that case the Client connects to loopback addresses only. Required.
	URL string

	// Locale is the language of error messages, for example es. Default: English.
	Locale string

	// Agent names your program, for example shop/1.4. AuthRocket stores it with the
	// session. In the User-Agent header it comes before the name of this package.
	Agent string

	// HTTPClient provides the Transport of the requests; its other fields are ignored. A
	// custom Transport must honour the request's context and must not repeat requests.
	// Default: a Transport that honours HTTPS_PROXY if URL is https, and uses no proxy if
	// it is http.
	HTTPClient *http.Client

	// Timeout limits one attempt, including reading its answer. Default: 10 seconds.
	Timeout time.Duration

	// Observer reports each call; see [LogObserver]. Default: no calls are reported.
	Observer Observer
}

// ConfigFromEnv returns a Config with URL from the environment variable LOGINROCKET_URL. It
// never fails, because [New] reports what is missing or wrong.
func ConfigFromEnv() Config { return Config{URL: strings.TrimSpace(os.Getenv(envURL))} }

const envURL = "LOGINROCKET_URL"

// ConfigError is one problem with a [Config]. [New] joins all problems with [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field
	Env     string // the environment variable that [ConfigFromEnv] reads for the field, "" if there is none
	Value   string // the field's value, empty if it may contain a secret
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
	return "loginrocket: " + field + " " + e.Problem
}
