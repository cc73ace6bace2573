package coreapi

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// Config is what [New] needs to know. The zero value of a field is its default. Most
// programs set URL and APIKey, and nothing else.
type Config struct {
	// A literal has to name the fields, so that a new one breaks no app.
	_ [0]func()

	// URL is the URL of the API, which the portal shows beside the key, such as
	// https://api-e2.authrocket.com/v2. It has to be https, or http on loopback, for
	// which only loopback addresses are dialled. Required.
	URL string

	// APIKey is a key of AuthRocket 2, ks_.... It is the master key of its realm, and
	// goes to the scheme, host and port of URL only. Required.
	APIKey Secret

	// RealmID is the realm that calls are about, such as rl_.... [Client.InRealm]
	// returns a Client for another one. Default: the key's own realm.
	RealmID string

	// Locale is the language of the texts of refusals, such as es. Default: English.
	Locale string

	// UserAgent names your program, such as shop/1.4. It stands before the name of this
	// package.
	UserAgent string

	// HTTPClient sends the requests. It is copied; timeout, redirects and cookies are
	// decided here. A custom Transport must honour the request's context, and must not
	// repeat requests. Default: a client that honours HTTPS_PROXY if URL is https, and no
	// proxy if it is http.
	HTTPClient *http.Client

	// Timeout is for one attempt, with its answer. Default: 10 seconds.
	Timeout time.Duration

	// Retries is how many further attempts a call may take where a repeat does no
	// harm; negative means none. At most 10. Default: 2.
	Retries int

	// RequestsPerSecond is the budget that all copies of the Client share; negative
	// means none. Twice as many may be sent at once. Default: 10.
	RequestsPerSecond float64

	// Observer reports each call; see [LogObserver]. Default: no calls are reported.
	Observer Observer

	// DangerouslyAllowHTTP permits an http URL on other hosts than loopback. The master
	// key then travels in the clear: whoever is on the network can take over the realm.
	// Default: false.
	DangerouslyAllowHTTP bool
}

// ConfigFromEnv returns a Config with URL, APIKey and RealmID from the environment
// variables AUTHROCKET_URL, AUTHROCKET_API_KEY and AUTHROCKET_REALM. It never fails:
// [New] reports what is missing or wrong.
func ConfigFromEnv() Config {
	env := func(field string) string { return strings.TrimSpace(os.Getenv(envNames[field])) }
	return Config{URL: env("URL"), APIKey: Hide(env("APIKey")), RealmID: env("RealmID")}
}

// envNames are the environment variables of fields of Config.
var envNames = map[string]string{
	"URL":     "AUTHROCKET_URL",
	"APIKey":  "AUTHROCKET_API_KEY",
	"RealmID": "AUTHROCKET_REALM",
}

// ConfigError is one problem of a [Config]. [New] returns all of them at once, by
// [errors.Join].
type ConfigError struct {
	Field   string // the name of the Config field
	Env     string // the environment variable that [ConfigFromEnv] reads for it, "" if there is none
	Value   string // its value, empty where it is secret or may hold a secret
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
	return "coreapi: " + field + " " + e.Problem
}
