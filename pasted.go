package authrocket

import "strings"

// pasted are secrets of other fields and places, which end up in the wrong one. None is
// repeated in an error.
var pasted = []struct{ prefix, name string }{
	{"jsk_", "a secret for login tokens; it belongs into JWTKey"},
	{"ks_", "an API key; it belongs into the APIKey of the package coreapi"},
	{"ko_", "an API key of AuthRocket 1; leave it out"},
	{"key_", "an API key of AuthRocket 1; leave it out"},
	{"kss_", "a session ID; leave it out"},
}

// addPasted reports value if it is one of pasted, maybe behind a quote or the scheme of
// a URL, and whether it is. A host has a dot, a port or a path behind it.
func (c *configChecker) addPasted(field, value string) bool {
	bare := strings.ToLower(strings.Trim(value, " \t\r\n\"'`/"))
	bare = strings.TrimPrefix(strings.TrimPrefix(bare, "https://"), "http://")
	for _, p := range pasted {
		if strings.HasPrefix(bare, p.prefix) && !strings.ContainsAny(bare, ".:/") {
			c.add(field, "", "is %s", p.name)
			return true
		}
	}
	return false
}
