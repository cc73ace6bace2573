package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The doctor checks without a login whether the proxies in front of the app accept
// headers as long as those of a login. The doctor's requests and the app's answers have
// headers of that length, but complete no login.
//
//   - Requests: the doctor requests the callback as a program does, once with a made-up
//     token in the URL and once with made-up cookies. The callback then completes no
//     login, but its answer shows that it is the callback.
//   - Answers: the login route passes on account, prompt and return_to in its Location,
//     so its answer becomes longer with longer parameters. The doctor does not follow the
//     redirect.
const (
	cookieChunkBytes = 3_800 // the package authrocket splits tokens into cookies of this length
	maxCookieChunks  = 5

	stateBytes  = 350 // the length of ar_state for a return target of returnBytes
	returnBytes = 200

	// The limits of the login route. It leaves out longer parameters, and shortens longer
	// return targets.
	maxParamBytes    = 500
	maxReturnToBytes = 1_000
)

// checkHeaders checks whether requests as long as those of a login reach the app, and
// whether answers as long as those of a login arrive here.
func checkHeaders(ctx context.Context, p *patient) []finding {
	switch {
	case p.token == "":
		return []finding{skipped("Not measured: this needs the length of a login token, which -token reads from standard input.")}
	case p.appURL() == "":
		return []finding{skipped(noApp)}
	case !p.askCallback(ctx).isCallback():
		return []finding{skipped("Not measured: the app does not answer.")}
	}
	n := len(p.token)
	if n > cookieChunkBytes*maxCookieChunks {
		return []finding{wrong(lessInToken, "The token has %d bytes, but cookies hold only %d.", n, cookieChunkBytes*maxCookieChunks)}
	}
	query := url.Values{"ar_state": {strings.Repeat("x", stateBytes)}, "token": {strings.Repeat("x", n)}}
	line := p.prober.get(ctx, p.callbackURL()+"?"+query.Encode(), "Accept", "application/json")
	cookies := sessionCookies(p.cookieName(), n)
	cookie := p.prober.get(ctx, p.callbackURL(), "Accept", "application/json", "Cookie", cookies)
	findings := []finding{
		judgeRequest(line, "the URL of the callback with a token", n),
		judgeRequest(cookie, "the cookies of a session", len(cookies)),
	}
	return append(findings, p.measureAnswers(ctx, n))
}

const (
	lessInToken = "Make the token shorter: reduce the custom attributes of users and accounts, or the permissions."
	nginxLines  = "large_client_header_buffers 4 32k; proxy_buffer_size 32k; proxy_buffers 4 32k; (all three, the first in the default server of the address, too)"
)

// cookieName returns the name of the session cookie if Config.CookieName is not set.
func (p *patient) cookieName() string {
	if strings.HasPrefix(strings.ToLower(p.config.AppURL), "https:") {
		return "__Host-arToken"
	}
	return "arToken"
}

// sessionCookies returns the Cookie header of a session with a made-up token of n bytes.
func sessionCookies(name string, n int) string {
	var pairs []string
	for i := 0; n > 0; i++ {
		chunk := name
		if i > 0 {
			chunk += fmt.Sprintf(".%d", i)
		}
		pairs = append(pairs, chunk+"="+strings.Repeat("x", min(n, cookieChunkBytes)))
		n -= cookieChunkBytes
	}
	return strings.Join(pairs, "; ")
}

// judgeRequest judges the answer to a long request.
func judgeRequest(a answer, what string, bytes int) finding {
	const do = "Raise the header limits of the proxy; nginx: " + nginxLines + "."
	switch {
	case a.isCallback():
		return fine("A request with %s reaches the app (%d bytes).", what, bytes)
	case a.err != nil:
		return wrong(do, "A request with %s gets no answer (%d bytes): %s.", what, bytes, shortText(a.err.Error()))
	case a.status >= 500:
		return wrong(do, "A request with %s does not reach the app (%d bytes): %s.", what, bytes, statusText(a.status))
	}
	return wrong(do, "A request with %s is refused before it reaches the app (%d bytes): %s. The nginx limit is large_client_header_buffers.", what, bytes, statusText(a.status))
}

// measureAnswers requests an answer that is as long as the answer to a login with a
// token of n bytes.
func (p *patient) measureAnswers(ctx context.Context, n int) finding {
	plain := p.askLogin(ctx)
	if plain.err != nil || plain.status != http.StatusSeeOther {
		return skipped("Not measured: answers, since the app starts no login.")
	}
	want := loginAnswerBytes(plain, p.cookieName(), n)
	target := p.routeURL("login") + "?" + padding(want-headerBytes(plain)).Encode()
	long := p.prober.get(ctx, target, asNavigation...)
	return judgeAnswer(long, want)
}

// judgeAnswer returns the finding about an answer whose headers should be as long as those
// of the answer to a login. Their length is want, in bytes.
func judgeAnswer(long answer, want int) finding {
	do := fmt.Sprintf("Raise the proxy's limits for the headers of answers; nginx: %s. Or make the token shorter.", nginxLines)
	switch {
	case long.err != nil:
		return wrong(do, "An answer as long as that of a login (about %d bytes of headers) does not come back: %s.", want, shortText(long.err.Error()))
	case long.status >= 500:
		return wrong(do, "An answer as long as that of a login (about %d bytes of headers) does not come back: %s. The nginx limit is proxy_buffer_size.", want, statusText(long.status))
	case long.status != http.StatusSeeOther:
		return unknown("Read the proxy's log.", "The app answers %s to a long login URL.", statusText(long.status))
	}
	// The estimate is for the headers that the app writes; proxies add and remove some
	// headers.
	const tolerance = 50
	if got := headerBytes(long); got+tolerance < want {
		return unknown("If there is a proxy in front of the app, raise its limits to that size; nginx: "+nginxLines+". Or make the token shorter.",
			"Answers with %d bytes of headers come back. The answer of a login has about %d, which is more than can be measured without a login.", got, want)
	}
	return fine("An answer as long as that of a login comes back (about %d bytes of headers).", want)
}

// headerBytes returns the length of an answer's header section in HTTP/1.1.
func headerBytes(a answer) int {
	n := len("HTTP/1.1 ") + len(statusText(a.status)) + len("\r\n\r\n")
	for name, values := range a.header {
		for _, value := range values {
			n += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return n
}

// loginAnswerBytes estimates the length of the header section of the answer to a login,
// from the answer of the login route. The answer to a login redirects to a page instead
// of LoginRocket. It clears the state's cookie instead of setting it, and sets the
// cookies of the session and of the number of attempts.
func loginAnswerBytes(plain answer, cookieName string, n int) int {
	const setCookie = len("Set-Cookie: ; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax\r\n")
	bytes := headerBytes(plain) - len(plain.header.Get("Location")) + returnBytes
	for _, line := range plain.header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(line, "=")
		bytes -= len("Set-Cookie: ") + len(line) + len("\r\n")
		bytes += setCookie + len(name) + len("=")
	}
	bytes += len(callbackHeader) + len(": 1\r\n")
	bytes += setCookie + len(cookieName) + len("-attempts=1700000000.1")
	for i := 0; n > 0; i++ {
		bytes += setCookie + len(cookieName) + len(".1=") + min(n, cookieChunkBytes) + len("; Expires=Thu, 01 Jan 2026 00:00:00 GMT")
		n -= cookieChunkBytes
	}
	return bytes
}

// padding returns parameters of the login route that make its answer about n bytes
// longer, as far as the limits of the parameters permit.
func padding(n int) url.Values {
	values := url.Values{}
	for _, name := range []string{"account", "prompt"} {
		room := n - len("&=") - len(name)
		if room <= 0 {
			return values
		}
		// A slash takes three bytes in a query.
		slashes := min(room/3, maxParamBytes)
		rest := min(room-3*slashes, maxParamBytes-slashes)
		values.Set(name, strings.Repeat("/", slashes)+strings.Repeat("x", rest))
		n -= len("&=") + len(name) + 3*slashes + rest
	}
	// The target is sealed and encoded in base64, which turns three bytes into four.
	if target := min(n*3/4, maxReturnToBytes); target > 1 {
		values.Set("return_to", "/"+strings.Repeat("x", target-1))
	}
	return values
}
