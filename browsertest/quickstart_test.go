package browsertest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/chromedp/chromedp"
)

// TestQuickstart is what somebody does who tries the quickstart without an account:
// a demo user signs in, and adds a second factor; the Core API, asked as the printed
// curl line asks it, knows of all of it.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	found := runProgram(t, quickstart, "", `(?s)Open (http://\S+) .*curl -H '(\S+): (\S+)' (\S+)/users\n.*LoginRocket is at (http://\S+)\.`,
		"-addr", "127.0.0.1:0", "-loginrocket-addr", "localhost:0", "-core-addr", "localhost:0")
	app, header, key, core, loginRocketURL := found[0], found[1], found[2], found[3], found[4]
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: maxWait}
	// wantCore asks the Core API, as the program says how.
	wantCore := func(path string, texts ...string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, core+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(header, key)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d %s, %v", path, resp.StatusCode, body, err)
		}
		for _, text := range texts {
			if !strings.Contains(string(body), text) {
				t.Errorf("%s: %q is missing in\n%s", path, text, body)
			}
		}
	}
	wantCore("/users", `"ada@example.com"`, `"george@example.com"`)

	george := newBrowser(t)
	george.open(app + "/")
	george.look("quickstart-signed-out")
	logIn := func() {
		t.Helper()
		george.fill("main", map[string]string{"email": "george@example.com", "password": "trains"})
		george.follow("Log in")
	}
	george.open(app + "/manage")
	if got := george.url(); !strings.HasPrefix(got, loginRocketURL+"/login?") {
		t.Fatalf("the login is at %s, want the local LoginRocket", brief(got))
	}
	george.wantText("Demo users", "george@example.com")
	george.look("quickstart-login")
	logIn()
	george.wantURL(app + "/manage")
	george.look("quickstart-account")
	wantCore("/sessions?user_id=usr_george", `"kss_`)

	// Enrol a device.
	george.follow("Change your profile")
	george.fill(`form:has([value="enrol"])`, map[string]string{"device_name": "Phone"})
	george.click(`form:has([value="enrol"]) button`)
	secret := ask(george, chromedp.Evaluate[string](`document.querySelector("code.secret").textContent`))
	george.fill("main", map[string]string{"code": authrockettest.TOTP(secret, time.Now())})
	george.follow("Add the device")
	george.wantText("The device has been added.")
	wantCore("/users/usr_george", `"totp"`, `"Phone"`)
	george.follow("Done, back to the app")
	george.wantURL(app + "/manage")
	george.open(app + "/")
	george.look("quickstart-signed-in")
	george.signOut()

	// The login asks for its code.
	george.open(app + "/manage")
	logIn()
	george.wantText("Enter your code")
	// The code of now may have served already, that of the next 30 seconds has not.
	george.fill("main", map[string]string{"code": authrockettest.TOTP(secret, time.Now().Add(30*time.Second))})
	george.follow("Log in")
	george.wantURL(app + "/manage")
	george.wantText("George Stephenson")
}
