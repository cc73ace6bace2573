package authrocketdev

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// translations maps each language to its texts for API clients, keyed by the English
// text. A text without a translation stays in English.
var translations = map[string]map[string]string{
	"es": {
		textLoginFailed:        "Error al iniciar sesión.",
		textVerificationFailed: "Error de verificación.",
		textWrongPassword:      "La contraseña actual no coincide.",
	},
}

const (
	textLoginFailed        = "Login failed."
	textVerificationFailed = "Verification failed."
	textWrongPassword      = "Current password does not match."
)

// translate returns texts in the language that an Accept-Language header prefers.
func translate(texts []string, acceptLanguage string) []string {
	translated := slices.Clone(texts)
	for i, text := range texts {
		translated[i] = cmp.Or(translations[preferredLocale(acceptLanguage)][text], text)
	}
	return translated
}

// maxAcceptLanguage is the maximum number of entries of a header that are read.
const maxAcceptLanguage = 20

// preferredLocale returns the locale to which an Accept-Language header (RFC 9110
// section 12.5.4) gives the highest weight. If several locales have that weight, it
// returns the first. If the header names no supported locale, it returns English.
func preferredLocale(acceptLanguage string) string {
	best, bestWeight := locales[0], 0.0
	entries := strings.SplitN(acceptLanguage, ",", maxAcceptLanguage+1)
	for _, entry := range entries[:min(len(entries), maxAcceptLanguage)] {
		tag, parameter, _ := strings.Cut(entry, ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if primary == "*" {
			primary = locales[0]
		}
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); ok {
			var err error
			if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
		}
		if weight > bestWeight && slices.Contains(locales, primary) {
			best, bestWeight = primary, weight
		}
	}
	return best
}
