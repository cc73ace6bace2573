// Package clientkind reads from a request's headers what kind of client waits
// for the answer: a person's browser that navigates, a frame, a prefetch, or a
// program. A redirect to the login helps only the first of them; the others would
// follow it where no user can sign in. See https://www.w3.org/TR/fetch-metadata/.
//
// A program can send any of these headers. They choose the form of an answer, and
// protect users of browsers, which send what is true; they prove nothing.
package clientkind

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// IsPrefetch reports whether the browser, or Turbo, fetches ahead of a person's click.
func IsPrefetch(r *http.Request) bool {
	return mentionsPrefetch(r.Header["Sec-Purpose"]) || mentionsPrefetch(r.Header["Purpose"]) || mentionsPrefetch(r.Header["X-Sec-Purpose"])
}

func mentionsPrefetch(values []string) bool {
	for _, v := range values {
		if v = strings.ToLower(v); strings.Contains(v, "prefetch") || strings.Contains(v, "prerender") {
			return true
		}
	}
	return false
}

// IsUpgrade reports whether the request asks to leave HTTP, as a WebSocket
// handshake does (RFC 6455 section 4.1).
func IsUpgrade(r *http.Request) bool {
	return hasValue(r.Header["Upgrade"]) || hasValue(r.Header["Sec-Websocket-Key"])
}

func hasValue(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return v != "" })
}

// IsHTMX reports whether htmx sent the request and puts the answer into the
// page that is open. See https://htmx.org/reference/#request_headers.
func IsHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// IsBoosted reports whether htmx sent the request for a link or a form, whose
// page it shows in place of the open one.
func IsBoosted(r *http.Request) bool { return IsHTMX(r) && r.Header.Get("HX-Boosted") == "true" }

// SaysNavigate reports whether a browser says that it navigates. A service worker
// that passes a navigation on makes its destination empty; no script can set the mode
// navigate. A frame within the same site is passed on likewise, so that a worker
// makes it look like a navigation.
func SaysNavigate(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && (dest == "document" || dest == "empty")
}

// WantsPage reports whether a person's browser waits for a page, after a link or
// after a form: there is no upgrade, no prefetch and no htmx, and it says that it
// navigates. Where fetch metadata is missing, Accept has to name text/html.
func WantsPage(r *http.Request) bool {
	if IsUpgrade(r) || IsPrefetch(r) || IsHTMX(r) {
		return false
	}
	mode, dest := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	return SaysNavigate(r) || (mode == "" || mode == "navigate") && (dest == "" || dest == "document") && NamesHTML(r)
}

// IsFramed reports whether the page would be shown inside another page.
func IsFramed(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "iframe", "frame", "fencedframe", "embed", "object":
		return true
	}
	return false
}

// NamesHTML reports whether Accept names text/html; a wildcard does not.
func NamesHTML(r *http.Request) bool {
	return quality(r, "text/html") > 0
}

// PrefersJSON reports whether the client wants JSON rather than text: Accept
// names JSON, or allows it without naming text/html as a browser does.
func PrefersJSON(r *http.Request) bool {
	namesJSON := quality(r, "application/problem+json") > 0 || quality(r, "application/json") > 0
	return AcceptsJSON(r) && (namesJSON || !NamesHTML(r))
}

// AcceptsJSON reports whether Accept allows JSON (RFC 9110 section 12.5.1), by
// name or by wildcard; a missing Accept allows everything.
func AcceptsJSON(r *http.Request) bool {
	if len(r.Header["Accept"]) == 0 {
		return true
	}
	for _, name := range []string{"application/problem+json", "application/json", "application/*", "*/*"} {
		if q := quality(r, name); q >= 0 {
			return q > 0
		}
	}
	return false
}

// quality returns the weight that Accept gives to exactly this media range, or
// -1 when it does not name it.
func quality(r *http.Request, mediaRange string) float64 {
	for _, value := range r.Header["Accept"] {
		for entry := range strings.SplitSeq(value, ",") {
			name, params, _ := strings.Cut(entry, ";")
			if !strings.EqualFold(strings.TrimSpace(name), mediaRange) {
				continue
			}
			for param := range strings.SplitSeq(params, ";") {
				k, v, _ := strings.Cut(strings.TrimSpace(param), "=")
				if strings.EqualFold(k, "q") {
					if q, err := strconv.ParseFloat(v, 64); err == nil && q >= 0 {
						return q
					}
					return 0
				}
			}
			return 1
		}
	}
	return -1
}
