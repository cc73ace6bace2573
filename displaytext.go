package authrocket

import (
	"strings"
	"unicode"
)

// displayName returns the name of u, or the username, email address or ID if there is no
// name.
func displayName(u User) string {
	for _, name := range []string{u.Name, u.Username, u.Email, u.ID} {
		if name = displayText(name); name != "" {
			return name
		}
	}
	return "?"
}

const (
	// maxDisplayRunes prevents a name from being long enough to read like a text of the
	// page.
	maxDisplayRunes = 80

	// maxEmailBytes is the length of the longest address (RFC 5321 section 4.5.3).
	maxEmailBytes = 254

	// maxDisplayMarks is how many combining marks in a row are shown. More of them would
	// cover the lines above and below.
	maxDisplayMarks = 2
)

// displayEmail returns the whole email address of u, because the end of the domain shows
// whose address it is. If the address is too long to show, it returns "…".
func displayEmail(u User) string {
	email := visibleText(u.Email)
	if len(email) > maxEmailBytes {
		return "…"
	}
	return email
}

// displayText returns s as visibleText does, but shortened if it is too long for a page.
func displayText(s string) string {
	shown := []rune(visibleText(s))
	if len(shown) > maxDisplayRunes {
		shown = append(shown[:maxDisplayRunes-1], '…')
	}
	return string(shown)
}

// visibleText makes s, a string that somebody else chose, safe for a page. The result is
// one line without control characters, without invisible characters, and without
// characters that change the direction of the text after them. It is "" if s contains
// nothing visible.
func visibleText(s string) string {
	marks := 0
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			c = ' '
		case c == '\u2800' || unicode.In(c, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
			return -1 // U+2800 is a braille pattern without dots
		case unicode.In(c, unicode.Mn, unicode.Me):
			if marks++; marks > maxDisplayMarks {
				return -1
			}
			return c
		}
		marks = 0
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if !strings.ContainsFunc(s, isVisible) {
		return ""
	}
	return strings.Join(strings.Fields(s), " ")
}

func isVisible(c rune) bool { return unicode.In(c, unicode.L, unicode.N, unicode.P, unicode.S) }
