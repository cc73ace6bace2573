package authrocket

import (
	"net/http"

	"github.com/authrocket-go/authrocket/internal/fetchmeta"
)

// checkOrigin refuses unsafe requests and upgrades that a page of an origin
// other than ours or a trusted one caused. A browser adds the cookie to those
// too. A request without a Host has no origin to compare with.
func (a *Auth) checkOrigin(r *http.Request) error {
	if r.Host == "" {
		return because(ErrCrossSite, "the request has no Host")
	}
	if fetchmeta.IsUpgrade(r) {
		// A WebSocket handshake is a GET, but what follows it is not safe.
		upgrade := *r
		upgrade.Method = http.MethodPost
		r = &upgrade
	}
	if len(r.Header["Origin"]) > 0 && r.Header.Get("Sec-Fetch-Site") == "" && !a.isSameOrigin(r) {
		// net/http would compare the hosts alone, so that plain http of our host
		// passed for us. A trusted origin still passes.
		foreign := *r
		foreign.Header = r.Header.Clone()
		foreign.Header.Set("Sec-Fetch-Site", "cross-site")
		r = &foreign
	}
	if err := a.protection.Check(r); err != nil {
		return because(ErrCrossSite, "%s needs the origin of Config.AppURL or one of Config.TrustedOrigins", r.Method)
	}
	return nil
}

// isSameOrigin reports whether a page of this very origin sent r, by the word
// of a browser. Who says nothing is refused, and so are trusted origins.
func (a *Auth) isSameOrigin(r *http.Request) bool {
	if site := r.Header["Sec-Fetch-Site"]; len(site) > 0 {
		return len(site) == 1 && site[0] == "same-origin"
	}
	app, ok := a.appURL(r)
	origin := r.Header["Origin"]
	return ok && len(origin) == 1 && origin[0]+a.app.prefix == app
}

// isOwnNavigation reports whether a person typed the address or followed a link
// of this very site, by the word of a browser that says so.
func isOwnNavigation(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "same-origin" || site == "none") &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" &&
		r.Header.Get("Sec-Fetch-Dest") == "document" &&
		!fetchmeta.IsPrefetch(r)
}
