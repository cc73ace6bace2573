// Package clientkind finds out from a request's headers what kind of client sent the
// request: a browser that navigates, a frame, a prefetch, or a program. Only a browser
// that navigates can use a redirect to the login. The other clients would follow the
// redirect, but no user could sign in there. See https://www.w3.org/TR/fetch-metadata/.
//
// A program can send any of these headers, so they prove nothing. They determine the form
// of an answer. They also protect users of browsers, because browsers send these headers
// correctly.
package clientkind

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// IsPrefetch reports whether the browser or Turbo fetches the page before the user clicks
// a link.
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

// IsUpgrade reports whether the request asks to switch from HTTP to another protocol, as
// a WebSocket handshake does (RFC 6455 section 4.1).
func IsUpgrade(r *http.Request) bool {
	return hasValue(r.Header["Upgrade"]) || hasValue(r.Header["Sec-Websocket-Key"])
}

func hasValue(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return v != "" })
}

// IsHTMX reports whether htmx sent the request and inserts the answer into the page that
// is open in the browser. See https://htmx.org/reference/#request_headers.
func IsHTMX(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// IsBoosted reports whether htmx sent the request for a link or a form, and replaces the
// page that is open in the browser with the answer.
func IsBoosted(r *http.Request) bool { return IsHTMX(r) && r.Header.Get("HX-Boosted") == "true" }

// SaysNavigate reports whether a browser says that it navigates. If a service worker
// forwards a navigation, the destination is empty. No script can set the mode navigate.
// A service worker also forwards requests for frames of its own site, which then look
// like navigations.
func SaysNavigate(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && (dest == "document" || dest == "empty")
}

// WantsPage reports whether a browser waits for a page because the user followed a link
// or sent a form. The request must not be an upgrade, a prefetch or a request by htmx,
// and the browser must say that it navigates. Without fetch metadata, Accept must name
// text/html.
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

// NamesHTML reports whether Accept names text/html. A wildcard does not count.
func NamesHTML(r *http.Request) bool {
	return quality(r, "text/html") > 0
}

// PrefersJSON reports whether the client prefers JSON to text. This is the case if Accept
// names JSON, or if Accept allows JSON and does not name text/html.
func PrefersJSON(r *http.Request) bool {
	namesJSON := quality(r, "application/problem+json") > 0 || quality(r, "application/json") > 0
	return AcceptsJSON(r) && (namesJSON || !NamesHTML(r))
}

// AcceptsJSON reports whether Accept allows JSON (RFC 9110 section 12.5.1), by name or by
// a wildcard. A missing Accept allows everything.
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

// quality returns the weight of exactly this media range in Accept, or -1 if Accept does
// not name it.
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
