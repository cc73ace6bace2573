package browsertest_test

import "testing"

// TestConnect is the page of examples/connect, which calls Connect by fetch: what one browser adds,
// the other one shows, and a session that ends is shown by each tab that is open.
func TestConnect(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	app := runProgram(t, connectExample, "", `(?s)Open (http://\S+) .*Ctrl-C stops all`, "-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0")[0]
	logIn := func(email, password string) *browser {
		t.Helper()
		b := newBrowser(t)
		b.open(app + "/")
		b.follow("Sign in")
		b.fill("main", map[string]string{"email": email, "password": password})
		b.follow("Log in")
		b.wantURL(app + "/")
		b.waitText("live")
		return b
	}
	add := func(b *browser, text string) {
		t.Helper()
		b.fill("#add", map[string]string{"text": text})
		b.press("#add button")
	}
	ada, george := logIn("ada@example.com", "engine"), logIn("george@example.com", "trains")
	add(ada, "Cards for the <b>engine</b>")
	ada.waitText("Cards for the <b>engine</b>")
	george.waitText("Cards for the <b>engine</b>")
	ada.look("connect-notes")
	add(george, "Refused")
	george.waitText("a permission is missing")

	otherTab := george.newTab()
	otherTab.open(app + "/")
	otherTab.waitText("live")
	george.press("#everywhere")
	george.waitText("Your session has ended")
	otherTab.waitText("Your session has ended")
	otherTab.look("connect-ended")
	add(ada, "Still here")
	ada.waitText("Still here")
}
