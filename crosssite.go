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

// checkOrigin refuses unsafe requests and upgrades that a page of an origin other than
// AppURL's or a trusted one caused. SameSite=Lax is not enough: a browser adds the
// cookie to requests of sibling subdomains, which are the same site. A request without
// a Host has no origin to compare with.
func (a *Auth) checkOrigin(r *http.Request) error {
	if r.Host == "" {
		return refuse(ErrCrossSite, "the request has no Host")
	}
	if clientkind.IsUpgrade(r) {
		// A WebSocket handshake is a GET, but what follows it is not safe.
		upgrade := *r
		upgrade.Method = http.MethodPost
		r = &upgrade
	}
	if len(r.Header["Origin"]) > 0 && r.Header.Get("Sec-Fetch-Site") == "" && !a.isSameOrigin(r) {
		// Where a browser sends no fetch metadata, net/http compares the hosts alone:
		// a page of the same host on plain http, which anybody on the network can
		// write, would pass. A trusted origin still passes.
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

// isSameOrigin reports whether the browser says that a page of this very origin sent r.
// A client that says nothing is refused, and so is a trusted origin.
func (a *Auth) isSameOrigin(r *http.Request) bool {
	if site := r.Header["Sec-Fetch-Site"]; len(site) > 0 {
		return len(site) == 1 && site[0] == "same-origin"
	}
	app, ok := a.appURL(r)
	origin := r.Header["Origin"]
	return ok && len(origin) == 1 && origin[0]+a.app.path == app
}

// hidesOrigin reports whether a form of plain http came with Origin: null and without
// fetch metadata. A page of this app with Referrer-Policy: no-referrer sends that, and
// so can any other website: the two cannot be distinguished.
func hidesOrigin(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null"
}

// warnOfHost reports a login that starts at another host than AppURL's: the browser
// does not send the cookies set there to the callback. The login goes on, since a proxy
// may have replaced the Host, so that all is well for the browser.
func (a *Auth) warnOfHost(r *http.Request) {
	want := a.app.host()
	if a.app.isZero() || strings.EqualFold(strings.TrimSuffix(r.Host, a.app.defaultPort()), want) {
		return
	}
	if a.hostWarnings.isDue(r.Host[:min(len(r.Host), maxHostBytes)], time.Now()) {
		a.warn(r, fmt.Errorf("the Host %.100q is not AppURL's %q: if browsers see that host, a login comes back to AppURL without its cookies: open the app at AppURL; if a proxy has set it, hand on the browser's Host", r.Host, want))
	}
}

const (
	hourlyInterval    = time.Hour
	maxHourlyWarnings = 20
	maxHostBytes      = 100 // of a host that is kept
)

// hourlyLimit lets each warning through once an hour. Anybody can send any Host, so that
// it is bounded in number; the caller bounds the length of each.
type hourlyLimit struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// isDue reports whether what was not warned of within the hour, and notes that it is now.
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
	h.last[strings.Clone(what)] = now // not a part of the request's header in memory
	return true
}
