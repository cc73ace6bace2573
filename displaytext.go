package authrocket

import (
	"strings"
	"unicode"
)

// displayName is the name of u, or what there is instead.
func displayName(u User) string {
	for _, name := range []string{u.Name, u.Username, u.Email, u.ID} {
		if name = displayText(name); name != "" {
			return name
		}
	}
	return "?"
}

const (
	// maxDisplayRunes keeps a name from being a text of its own.
	maxDisplayRunes = 80

	// maxEmailBytes is the length of the longest address (RFC 5321 section 4.5.3).
	maxEmailBytes = 254

	// maxDisplayMarks is how many combining marks in a row are shown. More of
	// them would cover the lines around.
	maxDisplayMarks = 2
)

// displayEmail is the whole email of u, since the end of a domain tells whose it
// is, or "…" if that is too long to show.
func displayEmail(u User) string {
	email := visibleText(u.Email)
	if len(email) > maxEmailBytes {
		return "…"
	}
	return email
}

// displayText returns s for a page as visibleText does, and not too long.
func displayText(s string) string {
	shown := []rune(visibleText(s))
	if len(shown) > maxDisplayRunes {
		shown = append(shown[:maxDisplayRunes-1], '…')
	}
	return string(shown)
}

// visibleText returns s, which others have chosen, for a page: on one line,
// without control characters and without those that nobody sees or that change the
// direction of what follows. It is "" when there is nothing to see.
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
