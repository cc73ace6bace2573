package authrocket

import "strings"

// pastedSecrets end up in fields of URLs and IDs, by the way they begin. No error repeats
// one.
var pastedSecrets = []struct{ prefix, name string }{
	{"jsk_", "a secret for login tokens; it belongs into JWTKey"},
	{"ks_", "an API key; it belongs into the APIKey of the package coreapi"},
	{"ko_", "an API key of AuthRocket 1; leave it out"},
	{"key_", "an API key of AuthRocket 1; leave it out"},
	{"kss_", "a session ID; leave it out"},
}

// pastedSecret says what value is if it is one of pastedSecrets, maybe in quotes or
// behind the scheme of a URL. A host has a dot, a port or a path behind it.
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
