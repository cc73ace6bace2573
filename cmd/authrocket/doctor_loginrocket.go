package main

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
)

// checkConfig checks the configuration with New.
func checkConfig(_ context.Context, p *patient) []finding {
	config := p.config
	config.Observer = authrocket.SilentObserver()
	_, err := authrocket.New(config)
	p.problems = make(map[string]bool)
	var findings []finding
	for _, problem := range authrocket.ConfigErrors(err) {
		p.problems[problem.Field] = true
		findings = append(findings, judgeConfig(problem))
	}
	if err != nil && len(findings) == 0 {
		return []finding{wrong("", "%v", err)}
	}
	if len(findings) == 0 {
		app := "an app on loopback, at any port (AUTHROCKET_APP_URL is not set)"
		switch {
		case p.config.DisableCookie:
			app = "an API (-api)"
		case p.config.AppURL != "":
			app = "the app " + p.config.AppURL
		}
		findings = append(findings, fine("LoginRocket %s, and %s.", cmp.Or(p.config.LoginRocketURL, "(none)"), app))
	}
	return findings
}

// judgeConfig splits a message of New into what is wrong and what to do.
func judgeConfig(problem *authrocket.ConfigError) finding {
	name := problem.Env
	if name == "" {
		name = "Config." + problem.Field
		if problem.Field == "AuthPath" {
			name = "-auth-path"
		}
	}
	if problem.Value != "" {
		name += " " + jsonText(problem.Value)
	}
	what, do, _ := strings.Cut(problem.Problem, "; ")
	if do != "" {
		do = strings.ToUpper(do[:1]) + do[1:] + "."
	}
	return wrong(do, "%s %s.", name, what)
}

// loginRocket returns the URL of LoginRocket without its trailing slash, or "" if the URL
// is missing or wrong.
func (p *patient) loginRocket() string {
	if p.problems["LoginRocketURL"] {
		return ""
	}
	return strings.TrimRight(p.config.LoginRocketURL, "/")
}

// keysURL returns the URL at which the app fetches keys, or "" if the app fetches no keys
// or the configuration is wrong.
func (p *patient) keysURL() string {
	switch {
	case p.config.JWTKey != "", p.problems["JWKSURL"]:
		return ""
	case p.config.JWKSURL != "":
		return p.config.JWKSURL
	case p.loginRocket() == "":
		return ""
	}
	return p.loginRocket() + "/connect/jwks"
}

// askedURL returns the URL that the checks of the connection to LoginRocket request.
func (p *patient) askedURL() string {
	if keys := p.keysURL(); keys != "" {
		return keys
	}
	if base := p.loginRocket(); base != "" {
		return base + "/connect/jwks"
	}
	return ""
}

func (p *patient) askKeys(ctx context.Context) answer {
	return p.prober.once("jwks", func() answer { return p.prober.get(ctx, p.askedURL(), "Accept", "application/json") })
}

const noLoginRocket = "Not checked: LOGINROCKET_URL is missing or wrong."

// checkDNS looks up the hosts that the app and browsers need.
func checkDNS(ctx context.Context, p *patient) []finding {
	if p.askedURL() == "" {
		return []finding{skipped(noLoginRocket)}
	}
	var findings []finding
	seen := map[string]bool{}
	for _, text := range []string{p.loginRocket(), p.keysURL()} {
		u, err := url.Parse(text)
		if text == "" || err != nil || seen[u.Hostname()] {
			continue
		}
		seen[u.Hostname()] = true
		findings = append(findings, lookUp(ctx, u))
	}
	return findings
}

func lookUp(ctx context.Context, u *url.URL) finding {
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err == nil && proxy != nil {
		return fine("The proxy %[2]s of the environment looks up %[1]s.", u.Hostname(), proxy.Host)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return fine("%s is an IP address.", u.Hostname())
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, u.Hostname())
	if err != nil {
		return diagnose(err, u.String())
	}
	return fine("%s is at %s.", u.Hostname(), strings.Join(addresses[:min(len(addresses), 4)], ", "))
}

// checkTLS checks the connection to LoginRocket.
func checkTLS(ctx context.Context, p *patient) []finding {
	target := p.askedURL()
	if target == "" {
		return []finding{skipped(noLoginRocket)}
	}
	return []finding{judgeTLS(p.askKeys(ctx), target, time.Now())}
}

func judgeTLS(a answer, target string, now time.Time) finding {
	switch {
	case strings.HasPrefix(target, "http://"):
		return skipped("Not used: the keys are fetched over http.")
	case a.tls == nil && a.err != nil && isTLS(a.err):
		return diagnose(a.err, target)
	case a.tls == nil:
		return skipped("Not checked: there is no connection.")
	}
	text := tls.VersionName(a.tls.Version)
	if len(a.tls.PeerCertificates) > 0 {
		end := a.tls.PeerCertificates[0].NotAfter
		text += ", and the certificate expires " + fromNow(end, now)
	}
	return fine("%s.", text)
}

// publishedKey is a key of a key set, with the members that the doctor needs.
type publishedKey struct {
	Kty string   `json:"kty"`
	Alg string   `json:"alg"`
	Kid string   `json:"kid"`
	N   string   `json:"n"`
	X5c []string `json:"x5c"`
}

// String returns the kid, the algorithm and the size, which are public.
func (k publishedKey) String() string {
	text := jsonText(shortText(k.Kid))
	for _, part := range []string{k.Kty, k.Alg} {
		if part != "" {
			text += " " + printable(shortText(part))
		}
	}
	if bits := k.bits(); bits > 0 {
		text += fmt.Sprintf(", %d bits", bits)
	}
	return text
}

func (k publishedKey) bits() int {
	if n, err := base64.RawURLEncoding.DecodeString(k.N); err == nil && len(n) > 0 {
		return new(big.Int).SetBytes(n).BitLen()
	}
	if len(k.X5c) == 0 {
		return 0
	}
	der, err := base64.StdEncoding.DecodeString(k.X5c[0])
	if err != nil {
		return 0
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if public, isRSA := key.(*rsa.PublicKey); err == nil && isRSA {
		return public.N.BitLen()
	}
	return 0
}

// checkKeys fetches the key set as the app does, and checks it.
func checkKeys(ctx context.Context, p *patient) []finding {
	target := p.keysURL()
	switch {
	case p.config.JWTKey != "":
		return []finding{skipped("Not used: AUTHROCKET_JWT_KEY is set. If the realm gets a new key, change that variable.")}
	case target == "":
		return []finding{skipped(noLoginRocket)}
	}
	a := p.askKeys(ctx)
	if f, isAnswer := judgeKeySet(a, target); !isAnswer {
		p.isNoLoginRocket = a.err == nil && f.Status == statusWrong && p.config.JWKSURL == ""
		return []finding{f}
	}
	config := p.config
	var refresh authrocket.KeyRefresh
	config.Observer = authrocket.Observer{KeyRefresh: func(_ context.Context, r authrocket.KeyRefresh) { refresh = r }}
	config.DisableCookie, config.AppURL = true, ""
	auth, err := authrocket.New(config)
	if err != nil {
		return []finding{skipped("Not checked: the configuration is wrong.")}
	}
	warmCtx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	if err := auth.Warm(warmCtx); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return []finding{unknown("Try again.", "%s does not answer within %s.", target, keysTimeout)}
		}
		return []finding{wrong("If the realm signs with HS256, set AUTHROCKET_JWT_KEY to its secret (jsk_...) from the portal. If not, correct LOGINROCKET_URL or LOGINROCKET_JWKS_URL.",
			"%s has no usable key%s.", target, listKeys(a.body))}
	}
	f := fine("%d keys can be used%s.", refresh.Keys, listKeys(a.body))
	if refresh.Keys == 1 {
		f.Text = strings.Replace(f.Text, "1 keys", "1 key", 1)
	}
	findings := []finding{f}
	if len(refresh.Skipped) > 0 {
		findings = append(findings, unknown("If tokens are refused because of an unknown key, ask AuthRocket's support.", "%d entries of the key set cannot be used: %s.", len(refresh.Skipped), shortText(errors.Join(refresh.Skipped...).Error())))
	}
	return append(findings, judgeCaching(a.header))
}

// judgeKeySet judges the answer a, and reports whether it is JSON, as a key set is.
func judgeKeySet(a answer, target string) (f finding, isAnswer bool) {
	const hostIsWrong = "Set LOGINROCKET_URL to the realm's LoginRocket URL from the portal. If LOGINROCKET_JWKS_URL is set, it must end with /connect/jwks."
	switch {
	case a.err != nil:
		return diagnose(a.err, target), false
	case a.status == http.StatusOK && json.Valid(a.body):
		return finding{}, true
	case a.status == http.StatusOK:
		return wrong(hostIsWrong, "%s answers 200, but not with a key set.", target), false
	case a.status >= 500, a.status == http.StatusTooManyRequests:
		return unknown("Try again. Running apps continue to use their keys; a process that starts now has none.", "%s answers %s.", target, statusText(a.status)), false
	case a.location(target) != "":
		return wrong("Set the URL to the host that serves the realm: redirects to keys are not followed.", "%s answers %s, a redirect to %s.", target, statusText(a.status), a.location(target)), false
	}
	return wrong(hostIsWrong, "%s answers %s: there is no LoginRocket at this URL.", target, statusText(a.status)), false
}

// listKeys returns a short list of the keys of a set.
func listKeys(body []byte) string {
	var set struct{ Keys []publishedKey }
	if json.Unmarshal(body, &set) != nil {
		return ""
	}
	if len(set.Keys) == 0 {
		return ": the set is empty"
	}
	const maxListed = 5
	var texts []string
	for _, key := range set.Keys[:min(len(set.Keys), maxListed)] {
		texts = append(texts, key.String())
	}
	if more := len(set.Keys) - maxListed; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return ": " + strings.Join(texts, "; ")
}

// maxKeySetAge is the maximum age of a key set from an intermediate cache. Up to this
// age, apps still find a new key within the usual fetch interval.
const maxKeySetAge = 15 * time.Minute

// judgeCaching judges the caches between LoginRocket and this machine.
func judgeCaching(h http.Header) finding {
	control := h.Get("Cache-Control")
	if control == "" {
		control = "none"
	}
	text := "Cache-Control: " + shortText(control)
	seconds, err := strconv.Atoi(h.Get("Age"))
	if err != nil {
		return fine("%s; no intermediate cache reports an age.", text)
	}
	age := time.Duration(seconds) * time.Second
	if age > maxKeySetAge {
		return wrong("Configure the intermediate cache to keep /connect/jwks for at most a minute, or not at all.", "%s; an intermediate cache serves a set that is %s old, so that apps find new keys late.", text, shortDuration(age))
	}
	return fine("%s; the set is %s old.", text, shortDuration(age))
}

// checkClock compares the clock of this machine with the clocks of LoginRocket and of the
// app.
func checkClock(ctx context.Context, p *patient) []finding {
	var findings []finding
	if p.askedURL() == "" {
		findings = append(findings, skipped(noLoginRocket))
	} else {
		findings = append(findings, judgeClock(p.askKeys(ctx), "LoginRocket"))
	}
	if p.appURL() != "" {
		if a := p.askCallback(ctx); a.err == nil && a.header.Get("Date") != "" {
			findings = append(findings, judgeClock(a, "the app"))
		}
	}
	return findings
}

// maxClockDifference is the clock difference that the verification of tokens permits.
const maxClockDifference = 5 * time.Second

// judgeClock compares the Date of an answer, which has whole seconds, with the time of
// this machine.
func judgeClock(a answer, whose string) finding {
	date, err := http.ParseTime(a.header.Get("Date"))
	if a.err != nil || err != nil {
		return skipped("Not compared with %s: no answer has a Date.", whose)
	}
	if seconds, err := strconv.Atoi(a.header.Get("Age")); err == nil && seconds > 0 {
		date = date.Add(time.Duration(seconds) * time.Second)
	}
	// The answer was written between a.sent and a.came, and at most a second after its
	// Date.
	ahead := max(a.sent.Sub(date.Add(time.Second)), 0)
	behind := max(date.Sub(a.came), 0)
	const do = "Set the clock, and keep it right with NTP: otherwise, tokens are refused as expired or as not valid yet."
	switch {
	case ahead > maxClockDifference:
		return wrong(do, "The clock of this machine is %s ahead of that of %s.", shortDuration(ahead.Round(time.Second)), whose)
	case behind > maxClockDifference:
		return wrong(do, "The clock of this machine is %s behind that of %s.", shortDuration(behind.Round(time.Second)), whose)
	}
	return fine("The clock of this machine agrees with that of %s within %s.", whose, maxClockDifference)
}

// checkToken verifies the token on standard input.
func checkToken(ctx context.Context, p *patient) []finding {
	if p.token == "" {
		return []finding{skipped("Not checked: there is no login token. To check one, run authrocket login | authrocket doctor -token.")}
	}
	auth, err := newTokenAuth(p.config)
	if err != nil {
		return []finding{skipped("Not checked: the configuration is wrong.")}
	}
	u, err := readUnverified(p.token)
	if err != nil {
		return []finding{wrong("Copy the whole token: it has three parts with two dots between them, and nothing else.", "The token cannot be read: %v.", err)}
	}
	about := fmt.Sprintf("%d bytes, %s, from the realm %s", len(p.token), jsonText(shortText(u.algorithm())), jsonText(shortText(u.text("rid"))))
	switch v := judge(ctx, auth, p.config, p.token, u); v.Status {
	case verdictValid:
		return []finding{fine("The token (%s) is accepted.", about)}
	case verdictUndecided:
		return []finding{unknown("Fix the problem with jwks first, then try again.", "The token (%s): %s.", about, v.Why)}
	default:
		return []finding{wrong(v.Do, "The token (%s) is refused: %s.", about, v.Why)}
	}
}

// checkHostedLogin requests the login page with the app's redirect_uri, and with a
// redirect_uri that is certainly not a Login URL.
func checkHostedLogin(ctx context.Context, p *patient) []finding {
	base, callback := p.loginRocket(), p.callbackURL()
	switch {
	case base == "":
		return []finding{skipped(noLoginRocket)}
	case callback == "":
		return []finding{skipped(noApp)}
	case p.isNoLoginRocket:
		return []finding{skipped("Not checked: there is no LoginRocket at %s.", base)}
	}
	ask := func(redirectURI string) answer {
		query := url.Values{"redirect_uri": {redirectURI}, "prompt": {"login"}}
		return p.prober.get(ctx, base+"/login?"+query.Encode(), asNavigation...)
	}
	own := ask(callback)
	if own.err != nil {
		return []finding{diagnose(own.err, base)}
	}
	return []finding{judgeHostedLogin(own, ask(noLoginURL), base, callback)}
}

// noLoginURL is never a Login URL, since this host cannot exist (RFC 6761 section 6.4).
const noLoginURL = "https://authrocket-doctor.invalid/auth/callback"

// judgeHostedLogin compares the answers to a login that returns to the app, and to a
// login that would return to noLoginURL.
func judgeHostedLogin(own, nowhere answer, base, callback string) finding {
	came := statusText(own.status)
	if target := own.location(base + "/login"); target != "" {
		came += ", a redirect to " + target
	}
	addURL := "Add " + callback + " to the Login URLs of the Connected App, in AuthRocket's portal."
	isRefused := func(a answer) bool { return a.err == nil && a.status >= 400 && a.status < 500 }
	switch {
	case own.status >= 500, own.status == http.StatusTooManyRequests:
		return unknown("Try again.", "The hosted login answers %s.", came)
	case own.status == http.StatusNotFound:
		return wrong("Set LOGINROCKET_URL to the realm's LoginRocket URL from the portal.", "%s/login answers %s.", base, came)
	case isRefused(own):
		return wrong(addURL, "The hosted login refuses %s: it answers %s.", callback, came)
	case isRefused(nowhere):
		return fine("The hosted login accepts %s: it answers %s to it, and %s to a URL that is not the app's.", callback, came, statusText(nowhere.status))
	}
	return unknown("Sign in once in a browser. If LoginRocket does not redirect back to the app: "+strings.ToLower(addURL[:1])+addURL[1:],
		"The hosted login answers %s, but also accepts a URL that is not the app's: only a login shows whether it accepts %s.", came, callback)
}
