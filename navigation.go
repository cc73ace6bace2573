package authrocket

import (
	"net/http"

	"github.com/authrocket-go/authrocket/internal/clientkind"
)

// IsNavigation reports whether a person's browser waits for a page: a GET or HEAD
// without a bearer token that is no upgrade, no prefetch, not of htmx and not for a
// frame. Fetch metadata decides (https://www.w3.org/TR/fetch-metadata/): mode
// navigate with the destination document, or empty, which a service worker makes of
// it. Where it is missing, Accept must name text/html. It is for a Config.Deny of
// your own; [Auth.Deny] sends such a browser to the login. Where a service worker passes
// navigations on, a frame of the same site looks like a navigation, too.
func IsNavigation(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && wantsPage(r)
}

// wantsPage is [IsNavigation] for any method: a form navigates, too.
func wantsPage(r *http.Request) bool { return clientkind.WantsPage(r) && !hasBearer(r.Header) }

// isOwnNavigation reports whether the browser says that a person typed the address or
// followed a link of this very origin.
func isOwnNavigation(r *http.Request) bool {
	return r.Method == http.MethodGet && !mayBeCrossOrigin(r) && clientkind.SaysNavigate(r) && wantsPage(r)
}

// isSameOriginLink reports whether a page of this very origin led the browser here. Behind a
// service worker, what was typed, or came from a mail, is same-origin, too, but has
// no Referer.
func isSameOriginLink(r *http.Request) bool {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Site") != "same-origin" || !wantsPage(r) {
		return false
	}
	return r.Header.Get("Sec-Fetch-Dest") != "empty" || r.Referer() != ""
}

// mayBeCrossOrigin reports whether a page of another origin may have caused r. A browser
// that does not say counts as such.
func mayBeCrossOrigin(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "same-origin" && site != "none"
}
