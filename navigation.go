package authrocket

import (
	"net/http"

	"github.com/authrocket-go/authrocket/internal/clientkind"
)

// IsNavigation reports whether a person's browser waits for a page: a GET or HEAD
// without a bearer token that is no upgrade, no prefetch, not of htmx and not for a
// frame. Fetch metadata decides (https://www.w3.org/TR/fetch-metadata/): mode
// navigate with the destination document, or empty, which a service worker makes of
// it. Where it is missing, Accept has to name text/html. It is for a Config.Deny of
// your own; [Auth.Deny] sends such a browser to the login. A frame of the same
// site cannot be told from it where a service worker passes navigations on.
func IsNavigation(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && wantsPage(r)
}

// wantsPage is [IsNavigation] for any method: a form navigates, too.
func wantsPage(r *http.Request) bool { return clientkind.WantsPage(r) && !hasBearer(r.Header) }

// isOwnNavigation reports whether a person typed the address or followed a link
// of this very origin, by the word of a browser that says so.
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

// mayBeCrossOrigin reports whether another website may have led the browser here.
// A browser that does not say counts as led.
func mayBeCrossOrigin(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "same-origin" && site != "none"
}
