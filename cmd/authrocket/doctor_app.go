package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// callbackHeader is a header that every answer of the callback contains. It shows that
// the package authrocket answers.
const callbackHeader = "Authrocket-Callback"

func (a answer) isCallback() bool { return a.err == nil && a.header.Get(callbackHeader) == "1" }

// appURL returns the URL of the app without its trailing slash, or "" if the URL is
// missing or wrong.
func (p *patient) appURL() string {
	if p.config.DisableCookie || p.problems["AppURL"] || p.problems["AuthPath"] {
		return ""
	}
	return strings.TrimRight(p.config.AppURL, "/")
}

// routeURL returns the URL of a login route of the app, or "" if the app has no valid
// URL.
func (p *patient) routeURL(route string) string {
	if p.appURL() == "" {
		return ""
	}
	return p.appURL() + p.config.AuthPath + "/" + route
}

func (p *patient) callbackURL() string { return p.routeURL("callback") }

const noApp = "Not checked: AUTHROCKET_APP_URL is missing or wrong, or -api is set."

// askCallback requests the callback as a program does, so that the request completes no
// login.
func (p *patient) askCallback(ctx context.Context) answer {
	return p.prober.once("callback", func() answer { return p.prober.get(ctx, p.callbackURL(), "Accept", "application/json") })
}

// checkApp checks whether the app answers at AppURL.
func checkApp(ctx context.Context, p *patient) []finding {
	if p.appURL() == "" {
		return []finding{skipped(noApp)}
	}
	return []finding{judgeApp(p.askCallback(ctx), p.callbackURL(), p.config.AuthPath)}
}

func judgeApp(a answer, callback, authPath string) finding {
	if a.err != nil {
		f := diagnose(a.err, callback)
		if strings.HasSuffix(f.Text, "speaks http.") {
			f.Do = "Put a proxy with a certificate in front of the app. On loopback, you can use http:// in AUTHROCKET_APP_URL instead."
		}
		return f
	}
	switch target := a.location(callback); {
	case a.isCallback():
		return fine("The app answers at %s.", callback)
	case target != "":
		return wrong("If that is the app, set AUTHROCKET_APP_URL to its URL after the redirect: a login comes back to AUTHROCKET_APP_URL, and its cookies belong to that host.",
			"%s answers %s, a redirect to %s.", callback, statusText(a.status), target)
	case a.status == http.StatusBadGateway, a.status == http.StatusServiceUnavailable, a.status == http.StatusGatewayTimeout:
		return wrong("Start the app, and check that the proxy in front sends "+pathOf(callback)+" to it.", "%s answers %s: a proxy does not reach the app.", callback, statusText(a.status))
	case a.status == http.StatusMethodNotAllowed:
		return wrong("Set Config.AuthPath to a path that the app does not use, and -auth-path to the same.", "%s answers %s, but not as the callback: a route of the app uses the path.", callback, statusText(a.status))
	}
	do := "Put Authenticate around the app, or mount LoginRoutes at Config.AuthPath + \"/\" without StripPrefix. Set -auth-path to Config.AuthPath. Check that the proxy in front sends " + pathOf(callback) + " to the app."
	if prefix := strings.TrimSuffix(pathOf(callback), authPath+"/callback"); prefix != "" {
		do += " The proxy must strip " + prefix + "; if it does not, leave it out of AUTHROCKET_APP_URL and set Config.AuthPath to " + prefix + authPath + "."
	}
	return wrong(do,
		"%s answers %s without the header %s: another program or another route of the app answers.", callback, statusText(a.status), callbackHeader)
}

func pathOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Path
}

// checkAppLogin starts a login as a browser does, and checks the redirect.
func checkAppLogin(ctx context.Context, p *patient) []finding {
	if p.appURL() == "" {
		return []finding{skipped(noApp)}
	}
	if !p.askCallback(ctx).isCallback() {
		return []finding{skipped("Not checked: the app does not answer.")}
	}
	target := p.routeURL("login")
	a := p.askLogin(ctx)
	if a.err != nil {
		return []finding{diagnose(a.err, target)}
	}
	return []finding{judgeAppLogin(a, target, p.callbackURL(), p.loginRocket())}
}

func (p *patient) askLogin(ctx context.Context) answer {
	return p.prober.once("login", func() answer { return p.prober.get(ctx, p.routeURL("login"), asNavigation...) })
}

// judgeAppLogin judges the app's redirect to LoginRocket. loginRocket is "" if the
// environment contains no valid LOGINROCKET_URL.
func judgeAppLogin(a answer, target, callback, loginRocket string) finding {
	location, err := url.Parse(a.header.Get("Location"))
	switch {
	case a.status == http.StatusForbidden:
		return wrong("Start the app with this environment, and check that the proxy in front passes on the header Host unchanged.",
			"%s answers %s: the app expects requests at another address.", target, statusText(a.status))
	case a.status != http.StatusSeeOther || err != nil || location.Host == "":
		return wrong("Let Authenticate or LoginRoutes serve the login routes, or set Config.AuthPath to a path that the app does not use, and -auth-path to the same.",
			"%s answers %s, and does not redirect to LoginRocket: a route of the app or of a proxy uses the path.", target, statusText(a.status))
	}
	there := shownURL(location)
	if loginRocket != "" && !sameURL(there, loginRocket+"/login") {
		return wrong("Start the app with this environment, or run the doctor with the environment of the app.", "The app sends browsers to %s, but LOGINROCKET_URL is %s.", there, loginRocket)
	}
	back, err := url.Parse(location.Query().Get("redirect_uri"))
	if err != nil {
		back = new(url.URL)
	}
	if got := shownURL(back); !sameURL(got, callback) {
		return wrong("Set AUTHROCKET_APP_URL to the one address at which browsers open the app, for the app and for the doctor. Redirect other hosts to it.",
			"A login that starts at %s comes back to %s: the app has another AppURL, and its cookies belong to another host.", target, got)
	}
	return fine("A login of the app goes to %s and comes back to %s.", there, callback)
}

// sameURL reports whether two URLs are equal. It compares them as a browser does.
func sameURL(x, y string) bool {
	normal := func(text string) string {
		u, err := url.Parse(text)
		if err != nil {
			return text
		}
		u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		if port := u.Port(); port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
			u.Host = strings.TrimSuffix(u.Host, ":"+port)
		}
		return u.String()
	}
	return normal(x) == normal(y)
}
