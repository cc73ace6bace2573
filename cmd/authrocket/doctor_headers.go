package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The header limits of what stands before the app are measured without a login: what is
// sent and asked for is as long as a login's, and is none.
//
//   - Requests: the callback with a made-up token in the URL, and with made-up cookies, is
//     asked as a program does. It decides nothing then, and says that it is the callback.
//   - Answers: the login route hands account, prompt and return_to on in its Location, so
//     that its answer grows with them. Nobody follows it.
const (
	cookieChunkBytes = 3_800 // as the package cuts tokens
	maxCookieChunks  = 5

	stateBytes  = 350 // of ar_state, for a return target of returnBytes
	returnBytes = 200

	// What the login route takes: longer parameters are left out, and a longer target is cut.
	maxParamBytes    = 500
	maxReturnToBytes = 1_000
)

// checkHeaders asks whether requests and answers as long as those of a login pass.
func checkHeaders(ctx context.Context, p *patient) []finding {
	switch {
	case p.token == "":
		return []finding{skipped("Not measured: -token reads a login token from standard input, whose length counts.")}
	case p.appURL() == "":
		return []finding{skipped(noApp)}
	case !p.askCallback(ctx).isCallback():
		return []finding{skipped("Not measured: the app does not answer.")}
	}
	n := len(p.token)
	if n > cookieChunkBytes*maxCookieChunks {
		return []finding{wrong(lessInToken, "The token has %d bytes, and cookies hold %d.", n, cookieChunkBytes*maxCookieChunks)}
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
	lessInToken = "Put less into the token: custom attributes of users and accounts, permissions."
	nginxLines  = "large_client_header_buffers 4 32k; proxy_buffer_size 32k; proxy_buffers 4 32k; (all three, the first in the default server of the address, too)"
)

// cookieName is that of the session, unless Config.CookieName is set.
func (p *patient) cookieName() string {
	if strings.HasPrefix(strings.ToLower(p.config.AppURL), "https:") {
		return "__Host-arToken"
	}
	return "arToken"
}

// sessionCookies is a Cookie header as that of a session with a token of n bytes, which
// is made up.
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

// judgeRequest is about a request that is long.
func judgeRequest(a answer, what string, bytes int) finding {
	const do = "Let the proxy take longer headers; nginx: " + nginxLines + "."
	switch {
	case a.isCallback():
		return fine("A request with %s passes (%d bytes).", what, bytes)
	case a.err != nil:
		return wrong(do, "A request with %s does not pass (%d bytes): %s.", what, bytes, shortText(a.err.Error()))
	case a.status >= 500:
		return wrong(do, "A request with %s does not reach the app (%d bytes): %s.", what, bytes, statusText(a.status))
	}
	return wrong(do, "A request with %s is refused before the app (%d bytes): %s. In nginx, that is large_client_header_buffers.", what, bytes, statusText(a.status))
}

// measureAnswers asks for an answer as long as that of a login with a token of n bytes.
func (p *patient) measureAnswers(ctx context.Context, n int) finding {
	plain := p.askLogin(ctx)
	if plain.err != nil || plain.status != http.StatusSeeOther {
		return skipped("Answers are not measured: the app starts no login.")
	}
	want := loginAnswerBytes(plain, p.cookieName(), n)
	target := p.routeURL("login") + "?" + padding(want-headerBytes(plain)).Encode()
	long := p.prober.get(ctx, target, asNavigation...)
	return judgeAnswer(long, want)
}

// judgeAnswer is about an answer that should be as long as that of a login, which has want
// bytes.
func judgeAnswer(long answer, want int) finding {
	do := fmt.Sprintf("Let the proxy take longer headers of answers; nginx: %s. Or put less into the token.", nginxLines)
	switch {
	case long.err != nil:
		return wrong(do, "An answer as that of a login (about %d bytes of headers) does not pass: %s.", want, shortText(long.err.Error()))
	case long.status >= 500:
		return wrong(do, "An answer as that of a login (about %d bytes of headers) does not pass: %s. In nginx, that is proxy_buffer_size.", want, statusText(long.status))
	case long.status != http.StatusSeeOther:
		return unknown("See the proxy's log.", "The app answers %s to a long login URL.", statusText(long.status))
	}
	// The estimate is of what the app writes; proxies add and remove a few headers.
	const tolerance = 50
	if got := headerBytes(long); got+tolerance < want {
		return unknown("If a proxy stands before the app, let it take that much; nginx: "+nginxLines+". Or put less into the token.",
			"Answers with %d bytes of headers pass. That of a login has about %d, which is more than can be measured without one.", got, want)
	}
	return fine("An answer as that of a login passes (about %d bytes of headers).", want)
}

// headerBytes is how long the head of an answer is in HTTP/1.1.
func headerBytes(a answer) int {
	n := len("HTTP/1.1 ") + len(statusText(a.status)) + len("\r\n\r\n")
	for name, values := range a.header {
		for _, value := range values {
			n += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return n
}

// loginAnswerBytes is how long the head of the answer to a login is, by that of the login
// route: it leads to a page instead of LoginRocket, clears the state's cookie instead of
// setting it, and sets those of the session and of the count.
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

// padding are parameters of the login route that make its answer about n bytes longer, as
// far as they can.
func padding(n int) url.Values {
	values := url.Values{}
	for _, name := range []string{"account", "prompt"} {
		room := n - len("&=") - len(name)
		if room <= 0 {
			return values
		}
		// A slash is three bytes in a query.
		slashes := min(room/3, maxParamBytes)
		rest := min(room-3*slashes, maxParamBytes-slashes)
		values.Set(name, strings.Repeat("/", slashes)+strings.Repeat("x", rest))
		n -= len("&=") + len(name) + 3*slashes + rest
	}
	// The target is sealed and in base64, which has four bytes for three.
	if target := min(n*3/4, maxReturnToBytes); target > 1 {
		values.Set("return_to", "/"+strings.Repeat("x", target-1))
	}
	return values
}
