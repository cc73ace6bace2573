package browsertest_test

import (
	"fmt"
	"html"
	"testing"

	"github.com/chromedp/cdproto/animation"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// TestDoubleClick is about a website that asks for a double click, of which the
// second half would hit a button of the page that the first half opens.
func TestDoubleClick(t *testing.T) {
	t.Parallel()
	lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
	mallory := addUser(lr.realm, "mallory@example.com", nil)
	app := startApp(t, lr)
	attacker := startSite(t, "localhost")
	link := app.url + "/?token=" + lr.realm.Token(mallory)
	attacker.show("/", fmt.Sprintf(`<a href="%s" style="position:fixed;inset:0">Double-click here</a>`, html.EscapeString(link)))

	for _, row := range []struct{ name, url, button, opened, pressed string }{
		{name: "on Continue", url: attacker.url + "/", button: "Continue", opened: app.url + "/auth/confirm", pressed: app.url + "/"},
		{name: "on Sign out", url: attacker.url + "/logout", button: "Sign out", opened: app.url + "/auth/logout?local=1", pressed: app.url + "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			attacker.show("/logout", fmt.Sprintf(`<a href="%s/auth/logout?local=1" style="position:fixed;inset:0">Double-click here</a>`, app.url))
			victim := newBrowser(t)

			// The place of the button is known to everyone.
			victim.open(row.url)
			victim.follow("Double-click here")
			victim.wantURL(row.opened)
			victim.do(settled)
			place := ask(victim, chromedp.Evaluate[struct{ X, Y float64 }](fmt.Sprintf(
				`(() => { const r = document.evaluate(%q, document, null, 9).singleNodeValue.getBoundingClientRect(); return {X: r.x + r.width / 2, Y: r.y + r.height / 2} })()`, labelled(row.button))))
			clickThere := chromedp.MouseClickXY(place.X, place.Y)

			// The page's clock stands still at its first moment, so that the speed of
			// this machine does not matter.
			setRate := func(rate float64) {
				t.Helper()
				ask(victim, call(animation.SetPlaybackRate, animation.SetPlaybackRateParams{PlaybackRate: rate}))
			}
			victim.open(row.url)
			ask(victim, call(animation.Enable, cdp.Empty{}))
			setRate(0)
			victim.navigate(clickThere)
			victim.wantURL(row.opened)
			victim.do(clickThere)
			if hidden := ask(victim, chromedp.Evaluate[float64](`Math.max(0, ...document.getAnimations().map(a => a.effect.getComputedTiming().endTime))`)); hidden < 500 {
				t.Errorf("the buttons can be hit after %v ms, want 500 or more", hidden)
			}
			victim.wantURL(row.opened)

			// The page may have been there for long, below another window: a click of
			// a pointer that comes from nowhere does nothing either.
			setRate(1)
			victim.open(row.url)
			victim.follow("Double-click here")
			victim.wantURL(row.opened)
			victim.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 1, 1), settled)
			setRate(0)
			victim.do(clickThere)
			if armed := ask(victim, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("form .action")).pointerEvents`)); armed != "none" {
				t.Errorf("right after the click, the button's pointer-events are %q, want none", armed)
			}
			victim.wantURL(row.opened)

			// A pointer that stays over the form hits the button.
			setRate(1)
			victim.do(settled)
			victim.navigate(clickThere)
			victim.wantURL(row.pressed)
		})
	}
}
