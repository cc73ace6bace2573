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

// checkOrigin refuses unsafe requests and upgrades that a page of an origin
// other than ours or a trusted one caused. A browser adds the cookie to those
// too. A request without a Host has no origin to compare with.
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
		// net/http would compare the hosts alone, so that plain http of our host
		// passed for us. A trusted origin still passes.
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

// isSameOrigin reports whether a page of this very origin sent r, by the word
// of a browser. Who says nothing is refused, and so are trusted origins.
func (a *Auth) isSameOrigin(r *http.Request) bool {
	if site := r.Header["Sec-Fetch-Site"]; len(site) > 0 {
		return len(site) == 1 && site[0] == "same-origin"
	}
	app, ok := a.appURL(r)
	origin := r.Header["Origin"]
	return ok && len(origin) == 1 && origin[0]+a.app.path == app
}

// hidesOrigin reports whether a form of plain http came with Origin: null and
// nothing that tells more. A page with Referrer-Policy: no-referrer sends that, and
// so does any other website.
func hidesOrigin(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null"
}

// warnOfHost reports a login that starts at another host than AppURL's: the
// cookies that it sets are not sent to the callback.
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
	hostWarningInterval = time.Hour
	maxHostWarnings     = 20
	maxHostBytes        = 100 // of a host that is kept
)

// hostWarningLimit limits warnings: anybody can send any Host.
type hostWarningLimit struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// isDue reports whether host was not warned of within the interval, and notes that
// it is now.
func (h *hostWarningLimit) isDue(host string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.last, func(_ string, at time.Time) bool { return now.Sub(at) >= hostWarningInterval })
	if _, warned := h.last[host]; warned || len(h.last) >= maxHostWarnings {
		return false
	}
	if h.last == nil {
		h.last = map[string]time.Time{}
	}
	h.last[strings.Clone(host)] = now
	return true
}
