package loginrocket

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config is what [New] needs to know. The zero value of a field is its default. Most
// programs set URL and Agent, and nothing else.
type Config struct {
	// A literal has to name the fields, so that a new one breaks no app.
	_ [0]func()

	// URL is the realm's LoginRocket URL, such as https://sample.e2.loginrocket.com/ or a
	// custom domain, with or without v2 at its end. It has to be https, or http on
	// loopback, for which only loopback addresses are dialled. Required.
	URL string

	// Locale is the language of AuthRocket's words, such as es. Default: English.
	Locale string

	// Agent names your program, such as shop/1.4. AuthRocket keeps it with the session. It
	// stands before the name of this package.
	Agent string

	// HTTPClient is where the Transport for the requests comes from; nothing else of it
	// counts. The Transport must honour the request's context, and must not repeat
	// requests. Default: one that honours HTTPS_PROXY if URL is https, and no proxy if it
	// is http.
	HTTPClient *http.Client

	// Timeout is for one attempt, with its answer. Default: 10 seconds.
	Timeout time.Duration

	// Observer reports each call; see [LogObserver]. Default: no calls are reported.
	Observer Observer
}

// ConfigFromEnv returns a Config with URL from the environment variable LOGINROCKET_URL. It
// never fails: [New] reports what is missing or wrong.
func ConfigFromEnv() Config { return Config{URL: strings.TrimSpace(os.Getenv(envURL))} }

const envURL = "LOGINROCKET_URL"

// ConfigError is one problem of a [Config]. [New] returns all of them at once, by
// [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field
	Env     string // the environment variable that [ConfigFromEnv] reads for it, "" if there is none
	Value   string // its value, empty where it may hold a secret
	Problem string // what is wrong and what to write instead
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
