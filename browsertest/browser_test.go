package browsertest_test

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// browser is a person's browser with cookies of its own. Its methods fail the
// test when something cannot be done.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// maxWait bounds waits that a broken page would make endless.
const maxWait = 3 * time.Minute

// newBrowser returns a browser without any cookies.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	requireChromium(t)
	process, err := startChromium()
	if err != nil {
		t.Fatal(err)
	}
	return openTab(t, process, chromedp.WithNewBrowserContext())
}

// newTab opens another tab of the same browser.
func (b *browser) newTab() *browser {
	b.t.Helper()
	return openTab(b.t, b.ctx)
}

func openTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b := &browser{t, ctx}
	b.do(chromedp.EmulateViewport(1280, 800))
	return b
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, maxWait)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("%v; the browser is at %s", err, brief(b.url()))
	}
}

// ask runs an action that has a result.
func ask[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, maxWait)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%v; the browser is at %s", err, brief(b.url()))
	}
	return result
}

// navigate does what leads to another page, and waits until that is loaded.
func (b *browser) navigate(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, maxWait)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, actions...); err != nil {
		b.t.Fatalf("%v; the browser is at %s", err, brief(b.url()))
	}
}

// leadTo goes to url from the open page, as its links and scripts do.
func (b *browser) leadTo(url string) {
	b.t.Helper()
	b.navigate(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("location.assign(%q)", url)))
}

func (b *browser) open(url string) {
	b.t.Helper()
	b.navigate(chromedp.Navigate(url))
}

// goBack goes to the page before, which is the one at url. The browser may have
// kept it as it was, so that nothing loads.
func (b *browser) goBack(url string) {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void]("history.back()"))
	b.waitURL(url)
}

// waitURL waits until the browser is at a URL that begins with prefix. Each look
// is a round trip to it.
func (b *browser) waitURL(prefix string) {
	b.t.Helper()
	for end := time.Now().Add(maxWait); !strings.HasPrefix(b.url(), prefix); {
		if time.Now().After(end) {
			b.t.Fatalf("the browser stays at %s, want %s", brief(b.url()), prefix)
		}
	}
}

// waitText waits until the page, which a script has led to, shows text.
func (b *browser) waitText(text string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, maxWait)
	defer cancel()
	for got := ""; !strings.Contains(got, text); {
		// Between two pages there is none to ask.
		got, _ = chromedp.Run(ctx, innerText)
		if ctx.Err() != nil {
			b.wantText(text)
			return
		}
	}
}

var innerText = chromedp.Evaluate[string]("document.body.innerText")

// follow clicks the link or button with this text.
func (b *browser) follow(text string) {
	b.t.Helper()
	b.navigate(clickOn(labelled(text)))
}

// signOut presses the button of the quickstart's page, and waits until the browser
// has come back from LoginRocket.
func (b *browser) signOut() {
	b.t.Helper()
	b.follow("Sign out")
	b.waitText("Nobody is signed in")
}

// click clicks what the CSS selector names, which leads to another page.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.navigate(clickOn(chromedp.CSS(selector)))
}

// labelled is an XPath of the link or button with this text.
func labelled(text string) string { return fmt.Sprintf(`(//a|//button)[normalize-space()=%q]`, text) }

// clickOn clicks as a person does, who points at a form before: its buttons are
// hidden at first, and take no click from a pointer that was not over them.
func clickOn[S chromedp.Selectable](selector S, options ...chromedp.QueryOption) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		for _, step := range []chromedp.Action[chromedp.Void]{chromedp.WaitVisible(selector, options...), pointAtForm, settled, chromedp.Click(selector, options...)} {
			if nothing, err := step(ctx, tab); err != nil {
				return nothing, err
			}
		}
		return chromedp.Void{}, nil
	}
}

// pointAtForm moves the pointer over the form of the page, if there is one.
func pointAtForm(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
	place, err := chromedp.Evaluate[struct{ X, Y float64 }](`(() => {
		const r = (document.querySelector("form") ?? document.body).getBoundingClientRect()
		return {X: r.x + r.width / 2, Y: r.y + r.height / 2}
	})()`)(ctx, tab)
	if err != nil {
		return chromedp.Void{}, err
	}
	return chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, place.X, place.Y)(ctx, tab)
}

// submit posts a form of the open page.
func submit(action string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => {
		const form = document.body.appendChild(document.createElement("form"))
		form.method = "post"
		form.action = %q
		form.submit()
	})()`, action))
}

// settled waits until all animations of the page have ended.
var settled = chromedp.Evaluate[chromedp.Void]("Promise.all(document.getAnimations().map(a => a.finished)).then(() => {})", chromedp.EvalAwaitPromise)

// fill enters values into the fields with these names, inside of what the CSS
// selector names.
func (b *browser) fill(selector string, values map[string]string) {
	b.t.Helper()
	for name, value := range values {
		b.do(chromedp.SetValue(chromedp.CSS(fmt.Sprintf("%s [name=%q]", selector, name)), value))
	}
}

// url is what the address bar shows.
func (b *browser) url() string {
	ctx, cancel := context.WithTimeout(b.ctx, maxWait)
	defer cancel()
	url, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return url
}

// brief is a URL as a test may log it: without a query that has a token in it.
func brief(url string) string {
	path, query, _ := strings.Cut(url, "?")
	if strings.Contains(query, "token=") {
		return path + "?(a query with a token)"
	}
	return url
}

func (b *browser) text() string {
	b.t.Helper()
	return ask(b, innerText)
}

func (b *browser) wantText(texts ...string) {
	b.t.Helper()
	got := b.text()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			b.t.Fatalf("%s shows\n%s\nwant %q", brief(b.url()), got, text)
		}
	}
}

func (b *browser) wantURL(want string) {
	b.t.Helper()
	if got := b.url(); got != want {
		b.t.Fatalf("the browser is at %s, want %s\n%s", brief(got), want, b.text())
	}
}

// soundScript returns what is wrong with a page for those who see it badly or
// not at all.
//
//go:embed testdata/sound.js
var soundScript string

// screenshots is where the pictures of the pages go.
const screenshots = "screenshots"

// look takes pictures of the page on a phone and on a desktop, light and dark, and on
// paper. It checks that the page can be read there, and at 320 px (WCAG 2.2, section
// 1.4.10).
func (b *browser) look(name string) {
	b.t.Helper()
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	b.do(settled)
	check := func(view string) {
		b.t.Helper()
		for _, problem := range ask(b, chromedp.Evaluate[[]string](soundScript)) {
			b.t.Errorf("%s-%s (%s): %s", name, view, brief(b.url()), problem)
		}
	}
	picture := func(view string) {
		b.t.Helper()
		check(view)
		picture := ask(b, chromedp.FullScreenshot(100))
		if err := os.WriteFile(filepath.Join(screenshots, name+"-"+view+".png"), picture, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(chromedp.EmulateViewport(320, 800))
	check("320")
	for _, width := range []int64{390, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			b.do(chromedp.EmulateViewport(width, 800), emulateMedia("", scheme))
			picture(fmt.Sprintf("%d-%s", width, scheme))
		}
	}
	b.do(emulateMedia("print", ""))
	picture("print")
	b.do(chromedp.EmulateViewport(1280, 800), emulateMedia("", ""))
}

// emulateMedia makes the browser show pages on a medium, and prefer light or dark ones.
func emulateMedia(medium, scheme string) chromedp.Action[chromedp.Void] {
	set := call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media:    medium,
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := set(ctx, tab)
		return err
	})
}

// call is a command of the protocol as an action.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[R] {
	return func(ctx context.Context, tab *chromedp.Target) (R, error) { return cdp.Call(ctx, tab, command, params) }
}
