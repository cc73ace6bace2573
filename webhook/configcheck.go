package webhook

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/coreapi"
)

const (
	defaultParallel   = 8
	minSecretBytes    = 16
	minDifferentBytes = 6 // a random secret almost always has more
)

// configChecker collects the problems found in a config.
type configChecker struct{ problems []error }

func (c *configChecker) add(field, format string, args ...any) {
	c.problems = append(c.problems, &ConfigError{field, fmt.Sprintf(format, args...)})
}

// checkConfig returns the config with defaults. If there are problems, it returns all of
// them, joined.
func checkConfig(config Config) (Config, error) {
	c := &configChecker{}
	if config.API == nil {
		c.add("API", "is missing; set it to a Client of coreapi.New, which confirms the events")
	}
	c.checkSecrets(config.Secrets)
	if config.Handle == nil {
		c.add("Handle", "is missing; set it to the function that gets the events")
	}
	if config.Parallel < 0 {
		c.add("Parallel", "is negative; leave it out to get the default, %d", defaultParallel)
	}
	config.Secrets = slices.Clone(config.Secrets)
	if config.Seen == nil {
		config.Seen = newMemory()
	}
	if config.Parallel == 0 {
		config.Parallel = defaultParallel
	}
	return config, errors.Join(c.problems...)
}

var (
	unreserved = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`) // the unreserved characters of RFC 3986

	// Credentials start with these prefixes. They do not belong in a webhook's URL.
	credentials = []string{"ks_", "ko_", "key_", "jsk_", "svc_", "kss_"}

	// Random secrets do not contain these words.
	placeholders = []string{"secret", "password", "changeme", "change-me", "change_me", "example", "placeholder", "webhook", "authrocket"}
)

const makeSecret = "generate one with crypto/rand.Text, or openssl rand -hex 32"

func (c *configChecker) checkSecrets(secrets []coreapi.Secret) {
	switch {
	case len(secrets) == 0:
		c.add("Secrets", "is missing; set it to the secret in the webhook's URL; %s", makeSecret)
	case len(secrets) > 2:
		c.add("Secrets", "has %d secrets; use one, or two while you replace one by the other", len(secrets))
	}
	for i, secret := range secrets {
		c.checkSecret(fmt.Sprintf("Secrets[%d]", i), secret.Reveal())
	}
	if len(secrets) == 2 && !secrets[0].IsZero() && !secrets[1].IsZero() {
		first, second := secrets[0].Reveal(), secrets[1].Reveal()
		switch {
		case first == second:
			c.add("Secrets", "has the same secret twice; remove one of them")
		case strings.HasPrefix(first, second) || strings.HasPrefix(second, first):
			c.add("Secrets", "has two secrets with the same beginning, so that one is easily guessed from the other; %s", makeSecret)
		}
	}
}

func (c *configChecker) checkSecret(field, secret string) {
	lower := strings.ToLower(strings.TrimSpace(secret))
	isIn := func(word string) bool { return strings.Contains(lower, word) }
	switch {
	case lower == "":
		c.add(field, "is blank; %s", makeSecret)
	case slices.ContainsFunc(credentials, func(prefix string) bool { return strings.HasPrefix(lower, prefix) }):
		c.add(field, "is a key or a session ID of AuthRocket, which does not belong in a URL; %s", makeSecret)
	case isIn("://"):
		c.add(field, "is a URL; use only the secret from it")
	case !unreserved.MatchString(secret):
		c.add(field, "has characters other than letters, digits, and - . _ ~, which a URL would have to escape; %s", makeSecret)
	case len(secret) < minSecretBytes:
		c.add(field, "has fewer than %d characters; %s", minSecretBytes, makeSecret)
	case slices.ContainsFunc(placeholders, isIn) || differentBytes(secret) < minDifferentBytes:
		c.add(field, "looks like a placeholder; %s", makeSecret)
	}
}

func differentBytes(text string) int {
	seen := map[byte]bool{}
	for i := range len(text) {
		seen[text[i]] = true
	}
	return len(seen)
}
