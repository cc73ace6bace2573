package authrocketdev

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxEmailBytes    = 254 // RFC 5321 section 4.5.3.1, without the brackets
	maxNameLength    = 100
	maxPermissions   = 20
	maxTagLength     = 62
	permissionOwner  = "ar:owner"
	permissionAdmin  = "ar:admin"
	reservedTagStart = "ar:"
)

// normalEmail returns the stored form of an email address, or false if text is not an
// email address.
func normalEmail(text string) (string, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || address.Name != "" || len(text) > maxEmailBytes || !isPlain(text) || strings.ContainsAny(text, joiners) {
		return "", false
	}
	return text, true
}

// joiners are invisible characters that names in some languages need.
const joiners = "\u200c\u200d"

// isPlain reports whether a page can show text unchanged. The text must not contain
// control characters, characters that end a line or change the reading direction, or
// invisible characters other than joiners.
func isPlain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && !strings.ContainsRune(joiners, r)
	})
}

// checkName adds what is wrong with a name to problems. The name may be empty.
func checkName(problems []string, label, name string) []string {
	switch {
	case utf8.RuneCountInString(name) > maxNameLength:
		return append(problems, label+" is too long. Use at most 100 characters.")
	case !isPlain(name), name != "" && strings.Trim(name, joiners+" ") == "":
		return append(problems, label+" contains characters that cannot be displayed.")
	}
	return problems
}

var (
	usernameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$`)
	tagForm      = regexp.MustCompile(`^[A-Za-z0-9*:;._-]+$`)
	locales      = []string{"en", "es", "ja"}
)

// checkUsername adds what is wrong with a username to problems. The username may be
// empty.
func checkUsername(problems []string, username string) []string {
	if username != "" && (!usernameForm.MatchString(username) || strings.HasPrefix(strings.ToLower(username), "usr_")) {
		return append(problems, "Username may contain letters, digits, dots, hyphens and underscores, and must start with a letter or digit.")
	}
	return problems
}

func checkLocale(problems []string, locale string) []string {
	if locale != "" && !slices.Contains(locales, locale) {
		return append(problems, "Language must be one of en, es, ja.")
	}
	return problems
}

// parsePermissions reads permission tags, separated by white space or commas.
func parsePermissions(text string) ([]string, error) {
	tags := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
	return tags, checkPermissions(tags)
}

func checkPermissions(tags []string) error {
	if len(tags) > maxPermissions {
		return invalid("A membership may have at most 20 permissions.")
	}
	for _, tag := range tags {
		if len(tag) > maxTagLength || !tagForm.MatchString(tag) {
			return invalid("A permission may have at most 62 characters: letters, digits and * : ; . _ -")
		}
		if strings.HasPrefix(strings.ToLower(tag), reservedTagStart) && tag != permissionOwner && tag != permissionAdmin {
			return invalid("Permissions that start with ar: are reserved. Only ar:owner and ar:admin exist.")
		}
	}
	return nil
}
