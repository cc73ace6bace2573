package authrocket

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket/internal/clientkind"
)

// checkOrigin refuses unsafe requests and upgrades that a page of another origin caused,
// unless that origin is AppURL's or a trusted one. SameSite=Lax is not enough, because a
// browser also sends the cookie with requests from sibling subdomains, which are the same
// site. A request without a Host is refused, because there is no origin to compare with.
func (a *Auth) checkOrigin(r *http.Request) error {
	if r.Host == "" {
		return refuse(ErrCrossSite, "the request has no Host")
	}
	if clientkind.IsUpgrade(r) {
		// A WebSocket handshake is a GET, but the messages that follow can change
		// something.
		upgrade := *r
		upgrade.Method = http.MethodPost
		r = &upgrade
	}
	if len(r.Header["Origin"]) > 0 && r.Header.Get("Sec-Fetch-Site") == "" && !a.isSameOrigin(r) {
		// If a browser sends no fetch metadata, net/http compares only the hosts. A page
		// of the same host on plain http would be accepted, and anyone on the network can
		// forge such a page. A trusted origin is still accepted.
		foreign := *r
		foreign.Header = r.Header.Clone()
		foreign.Header.Set("Sec-Fetch-Site", "cross-site")
		r = &foreign
	}
	if err := a.protection.Check(r); err != nil {
		return refuse(ErrCrossSite, "%s needs the origin of Config.AppURL or one of Config.TrustedOrigins", r.Method)
	}
	return nil
}

// isSameOrigin reports whether the browser says that a page of AppURL's own origin sent
// r. It is false for a client that sends neither Sec-Fetch-Site nor Origin, and for a
// trusted origin.
func (a *Auth) isSameOrigin(r *http.Request) bool {
	if site := r.Header["Sec-Fetch-Site"]; len(site) > 0 {
		return len(site) == 1 && site[0] == "same-origin"
	}
	app, ok := a.appURL(r)
	origin := r.Header["Origin"]
	return ok && len(origin) == 1 && origin[0]+a.app.path == app
}

// hidesOrigin reports whether r has Origin: null and no fetch metadata. A browser sends
// such a request for a form on a plain http page with Referrer-Policy: no-referrer. Any
// other website can also make a browser send such a request, so the two cases cannot be
// distinguished.
func hidesOrigin(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null"
}

// warnOfHost warns about a login that starts at a host other than AppURL's, because the
// browser does not send the cookies of that host to the callback. The login continues,
// because a proxy may have replaced the Host, in which case the browser is at AppURL's
// host.
func (a *Auth) warnOfHost(r *http.Request) {
	want := a.app.host()
	if a.app.isZero() || strings.EqualFold(strings.TrimSuffix(r.Host, a.app.defaultPort()), want) {
		return
	}
	if a.hostWarnings.isDue(r.Host[:min(len(r.Host), maxHostBytes)], time.Now()) {
		a.warn(r, fmt.Errorf("the Host %.100q is not AppURL's %q: if browsers use that host, they do not send the login's cookies to AppURL, so open the app at AppURL; if a proxy sets that Host, make it pass on the browser's Host", r.Host, want))
	}
}

const (
	hourlyInterval    = time.Hour
	maxHourlyWarnings = 20
	maxHostBytes      = 100 // of each host in hostWarnings
)

// hourlyLimit permits each warning once an hour. Anyone can send any Host, so hourlyLimit
// limits the number of different warnings. The caller must limit the length of each
// warning.
type hourlyLimit struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// isDue reports whether there was no warning about what within the last hour. If there
// was none, isDue records that there is one now.
func (h *hourlyLimit) isDue(what string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.last, func(_ string, at time.Time) bool { return now.Sub(at) >= hourlyInterval })
	if _, warned := h.last[what]; warned || len(h.last) >= maxHourlyWarnings {
		return false
	}
	if h.last == nil {
		h.last = map[string]time.Time{}
	}
	h.last[strings.Clone(what)] = now // a copy, so that the map does not keep the request's header in memory
	return true
}
