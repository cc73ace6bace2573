package authrocket

import "net/http"

// cacheHeaders holds the values of the headers below for one response, in one allocation.
// Responses do not share these values, because a handler may write into the slices of its
// own response.
type cacheHeaders struct{ vary, control, cdnControl [1]string }

// setVary names the request headers that the response depends on. The handler can add
// others.
func (c *cacheHeaders) setVary(h http.Header) {
	c.vary[0] = "Cookie, Authorization"
	if earlier := h["Vary"]; len(earlier) > 0 {
		h["Vary"] = append(earlier, c.vary[0])
		return
	}
	h["Vary"] = c.vary[:]
}

// The header names are in the canonical form of [http.Header], so that they need no
// conversion.
const (
	cacheControl    = "Cache-Control"
	cdnCacheControl = "Cdn-Cache-Control"
)

// setPrivate keeps a signed-in user's response out of shared caches (RFC 9111 section
// 5.2.2.7, RFC 9213). It runs before the handler, whose own value takes precedence.
func (c *cacheHeaders) setPrivate(h http.Header) {
	if control := h[cacheControl]; len(control) == 1 && control[0] == "no-store" {
		return // no-store is stricter
	}
	c.control[0], c.cdnControl[0] = "private, no-cache", "no-store"
	h[cacheControl], h[cdnCacheControl] = c.control[:], c.cdnControl[:]
}

func isPrivate(h http.Header) bool {
	control, cdnControl := h[cacheControl], h[cdnCacheControl]
	return len(control) == 1 && control[0] == "private, no-cache" && len(cdnControl) == 1 && cdnControl[0] == "no-store"
}

// setNoStore keeps a response out of all caches. Use it for responses that contain a
// credential, and for responses that no cache may repeat.
func setNoStore(h http.Header) {
	h.Set(cacheControl, "no-store")
	h.Set(cdnCacheControl, "no-store")
}

// clearPrefetchCaches makes the browser discard the pages that it has prefetched
// (https://www.w3.org/TR/clear-site-data/). Use it for a response that changes who is
// signed in. Otherwise the browser may show a page that it prefetched for the previous
// user, whatever Cache-Control says.
func clearPrefetchCaches(h http.Header) {
	h.Set("Clear-Site-Data", `"prefetchCache", "prerenderCache"`)
}
