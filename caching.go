package authrocket

import "net/http"

// cacheHeaders are the values of the headers below for one response, in one piece
// of memory. Each response has its own: a handler may write into them, and values that
// responses share would then change for all.
type cacheHeaders struct{ vary, control, cdnControl [1]string }

// setVary says what the response depends on. The handler may add to it.
func (c *cacheHeaders) setVary(h http.Header) {
	c.vary[0] = "Cookie, Authorization"
	if earlier := h["Vary"]; len(earlier) > 0 {
		h["Vary"] = append(earlier, c.vary[0])
		return
	}
	h["Vary"] = c.vary[:]
}

// The names as [http.Header] has them, so that they need not be made canonical.
const (
	cacheControl    = "Cache-Control"
	cdnCacheControl = "Cdn-Cache-Control"
)

// setPrivate keeps a signed-in user's response out of shared caches (RFC 9111
// section 5.2.2.7, RFC 9213). It comes before the handler, whose own value wins.
func (c *cacheHeaders) setPrivate(h http.Header) {
	if control := h[cacheControl]; len(control) == 1 && control[0] == "no-store" {
		return // which says more
	}
	c.control[0], c.cdnControl[0] = "private, no-cache", "no-store"
	h[cacheControl], h[cdnCacheControl] = c.control[:], c.cdnControl[:]
}

func isPrivate(h http.Header) bool {
	control, cdnControl := h[cacheControl], h[cdnCacheControl]
	return len(control) == 1 && control[0] == "private, no-cache" && len(cdnControl) == 1 && cdnControl[0] == "no-store"
}

// setNoStore is for responses that hold a credential or decide something once.
func setNoStore(h http.Header) {
	h.Set(cacheControl, "no-store")
	h.Set(cdnCacheControl, "no-store")
}

// clearPrefetchCaches is for a response after which somebody else, or nobody, is signed
// in. A browser would show a page that it has fetched ahead for the one before, whatever
// Cache-Control says (https://www.w3.org/TR/clear-site-data/).
func clearPrefetchCaches(h http.Header) {
	h.Set("Clear-Site-Data", `"prefetchCache", "prerenderCache"`)
}
