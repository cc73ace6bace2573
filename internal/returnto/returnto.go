// Package returnto decides whether a browser may be redirected to a target. Only a path
// on the same host is allowed, even if browsers interpret the target in an unusual way.
package returnto

import (
	"net/url"
	"strings"
)

// Path returns target without its fragment, and whether a redirect there stays on the
// same host. Such a target starts with exactly one slash. Its path has no backslash,
// which browsers read as a slash, and no control character or space, which browsers drop.
// The path also has no invalid escape, which servers refuse.
func Path(target string) (string, bool) {
	target, _, _ = strings.Cut(target, "#")
	if target == "" || target[0] != '/' {
		return "", false
	}
	if len(target) > 1 && target[1] == '/' {
		return "", false
	}
	path, _, _ := strings.Cut(target, "?")
	if strings.Contains(path, `\`) {
		return "", false
	}
	if _, err := url.PathUnescape(path); err != nil {
		return "", false
	}
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == 0x7f {
			return "", false
		}
	}
	return target, true
}

// Resolve returns the path that a browser requests if it is redirected to path, which
// must be escaped. The result has no plain or escaped dot segments.
func Resolve(path string) string {
	var kept []string
	segments := strings.Split(path, "/")[1:]
	for i, segment := range segments {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		case ".":
		default:
			kept = append(kept, segment)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "") // if the path ends in a dot segment, the result ends in a slash
		}
	}
	return "/" + strings.Join(kept, "/")
}

// Escape returns target with every non-ASCII byte percent-encoded, as a Location header
// requires. Other bytes do not change.
func Escape(target string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c < 0x80 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
