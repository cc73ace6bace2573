package authrocket

import (
	"net/http"

	"github.com/authrocket-go/authrocket/internal/clientkind"
)

// IsNavigation reports whether r comes from a browser that shows the answer as a page.
// Such a request is a GET or HEAD without a bearer token. It is not an upgrade, a
// prefetch, a request by htmx or a request for a frame. Use it in Config.Deny.
// [Auth.Deny] redirects such a browser to the login. If the browser sends fetch metadata
// (https://www.w3.org/TR/fetch-metadata/), the mode must be navigate, and the destination
// must be document, or empty if a service worker passes on the navigation. Without fetch
// metadata, Accept must name text/html. Behind a service worker that passes on
// navigations, a frame of the same site also looks like a navigation.
func IsNavigation(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && wantsPage(r)
}

// wantsPage is [IsNavigation] for any method, because forms also navigate.
func wantsPage(r *http.Request) bool { return clientkind.WantsPage(r) && !hasBearer(r.Header) }

// isOwnNavigation reports whether the browser says that a person typed the address or
// followed a link of this origin.
func isOwnNavigation(r *http.Request) bool {
	return r.Method == http.MethodGet && !mayBeCrossOrigin(r) && clientkind.SaysNavigate(r) && wantsPage(r)
}

// isSameOriginLink reports whether the browser followed a link on a page of this origin.
// Behind a service worker, a typed address or a link in an email is also same-origin, but
// has no Referer.
func isSameOriginLink(r *http.Request) bool {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Site") != "same-origin" || !wantsPage(r) {
		return false
	}
	return r.Header.Get("Sec-Fetch-Dest") != "empty" || r.Referer() != ""
}

// mayBeCrossOrigin reports whether a page of another origin may have caused r. It is true
// if the browser does not say where r comes from.
func mayBeCrossOrigin(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site != "same-origin" && site != "none"
}
