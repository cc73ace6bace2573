package browsertest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestTeam is a working day of the owner of an account: somebody is invited, loses a
// permission, and is removed, each with effect at the next request.
func TestTeam(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	found := runProgram(t, team, "", `(?s)Open (http://\S+)/members .*shown at (http://\S+)/outbox\.`,
		"-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0", "-members", "60")
	app, loginRocketURL := found[0], found[1]
	logIn := func(b *browser, email, password string) {
		t.Helper()
		if got := b.url(); !strings.HasPrefix(got, loginRocketURL+"/login?") {
			t.Fatalf("the browser is at %s, want the login", brief(got))
		}
		nextSecond()
		b.fill("main", map[string]string{"email": email, "password": password})
		b.follow("Log in")
	}
	asAda := func() *browser {
		t.Helper()
		ada := newBrowser(t)
		ada.open(app + "/members")
		logIn(ada, "ada@example.com", "engine")
		ada.wantURL(app + "/members")
		return ada
	}

	// The owner invites somebody who may manage members.
	ada, adasPhone := asAda(), asAda()
	ada.wantText("Members of Analytical Engines", "Charles Babbage", "grace@example.com")
	ada.look("team-members")
	ada.press(`details:has([action="/members/invite"]) summary`)
	ada.fill(`[action="/members/invite"]`, map[string]string{"email": "bob@example.com"})
	ada.press(`[action="/members/invite"] [value="members:write"]`)
	ada.look("team-invite")
	ada.follow("Send invitation")
	ada.wantURL(app + "/members?done=invited")
	ada.wantText("The invitation is sent.", "bob@example.com")

	// He accepts.
	bob := newBrowser(t)
	bob.open(loginRocketURL + "/outbox")
	bob.wantText("You are invited to Analytical Engines", "bob@example.com")
	bob.open(ask(bob, chromedp.Evaluate[string](`[...document.querySelectorAll("section, article, li, main")].reverse().find(e => e.textContent.includes("To bob@example.com")).querySelector("a[href*=invitation]").href`)))
	bob.wantText("You are invited to join Analytical Engines")
	bob.fill("main", map[string]string{"first_name": "Bob", "last_name": "Builder", "password": "scaffold-1999"})
	bob.follow("Sign up")
	bob.wantURL(app + "/auth/confirm")
	bob.follow("Continue")
	bob.wantText("Hello, Bob Builder", "Analytical Engines")
	bob.look("team-home")
	bob.open(app + "/members")
	bob.wantText("Members of Analytical Engines", "Charles Babbage")

	// He loses the permission, and it is gone at his next request.
	ada.open(app + "/members")
	ada.follow("Next page") // he is the latest member
	ada.wantText("Bob Builder")
	list := ada.url()
	formOfBob := func(action string) string {
		return fmt.Sprintf(`li:has([aria-label="Change Bob Builder"]) form[action$=%q]`, action)
	}
	ada.press(`[aria-label="Change Bob Builder"]`)
	ada.look("team-change")
	ada.press(formOfBob("/permissions") + ` [value="members:write"]`)
	ada.click(formOfBob("/permissions") + " button")
	ada.wantURL(list + "&done=changed")
	ada.wantText("The permissions are changed.", "Bob Builder")
	bob.open(app + "/members")
	logIn(bob, "bob@example.com", "scaffold-1999")
	bob.wantURL(app + "/members")
	bob.wantText("Missing permission", "members:write")

	// He is removed, and signed out.
	bob.open(app + "/")
	bob.wantText("Hello, Bob Builder")
	nextSecond()
	ada.press(`[aria-label="Change Bob Builder"]`)
	ada.click(formOfBob("/remove") + " button")
	ada.wantURL(list + "&done=removed")
	if strings.Contains(ada.text(), "Bob Builder") {
		t.Errorf("he is still there:\n%s", ada.text())
	}
	bob.open(app + "/")
	bob.wantText("Hello, visitor")

	// The last owner stays.
	ada.open(app + "/members")
	ada.press(`[aria-label="Change Ada Lovelace"]`)
	ada.click(`li:has([aria-label="Change Ada Lovelace"]) form[action$="/remove"] button`)
	ada.wantText("An account needs an owner.", "Ada Lovelace (you)")
	ada.look("team-refused")

	// She signs out everywhere.
	nextSecond()
	ada.open(app + "/")
	ada.follow("Sign out everywhere")
	ada.waitText("Nobody is signed in")
	ada.wantURL(app + "/")
	adasPhone.open(app + "/")
	adasPhone.wantText("Nobody is signed in")
	for _, b := range []*browser{ada, adasPhone} {
		b.open(app + "/members")
		logIn(b, "ada@example.com", "engine")
		b.wantText("Members of Analytical Engines")
	}
}

// nextSecond waits for the next second: a login in the one in which sessions were ended is
// refused, since a login token says when it was issued in whole seconds.
func nextSecond() { time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) }

// press clicks what the CSS selector names, which stays on the page.
func (b *browser) press(selector string) {
	b.t.Helper()
	b.do(clickOn(chromedp.CSS(selector)))
}
