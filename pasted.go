package authrocket

import "strings"

// pastedSecrets are the prefixes of secrets that people paste into fields for URLs and
// IDs by mistake. No error repeats a value with such a prefix.
var pastedSecrets = []struct{ prefix, name string }{
	{"jsk_", "a secret for login tokens; move it to JWTKey"},
	{"ks_", "an API key; move it to the APIKey of the package coreapi"},
	{"ko_", "an API key of AuthRocket 1; leave it out"},
	{"key_", "an API key of AuthRocket 1; leave it out"},
	{"kss_", "a session ID; leave it out"},
}

// pastedSecret returns the kind of secret that value appears to be, if value begins with
// one of the pastedSecrets. The prefix may be in quotes or after the scheme of a URL. A
// value with a dot, a port or a path is a host, not a secret.
func pastedSecret(value string) (name string, ok bool) {
	bare := strings.ToLower(strings.Trim(value, " \t\r\n\"'`/"))
	bare = strings.TrimPrefix(strings.TrimPrefix(bare, "https://"), "http://")
	for _, p := range pastedSecrets {
		if strings.HasPrefix(bare, p.prefix) && !strings.ContainsAny(bare, ".:/") {
			return p.name, true
		}
	}
	return "", false
}
