package browsertest_test

import (
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/chromedp/chromedp"
)

// startDemoRealm starts a LoginRocket with one demo user, whose names are long, and an
// app of it.
func startDemoRealm(t *testing.T) (lr loginRocket, app string) {
	t.Helper()
	lr = startLoginRocket(t, func(url string, realm *authrockettest.RealmConfig, config *authrocketdev.Config) {
		app = startQuickstart(t, "127.0.0.1", url)
		realm.LoginURLs = []string{app + "/"}
		realm.OrgMode = authrockettest.MultiUser
		config.ShowDemoUsers = true
	})
	user := lr.realm.AddUser(authrockettest.User{
		Email: "augusta.ada.countess-of-lovelace@analytical-engines.department-of-computation.example.com", Password: "engine-of-1843",
		FirstName: "Augusta Ada", LastName: "King-Noel, Countess of Lovelace",
	})
	for _, name := range []string{"Analytical Engines", "Society for the Diffusion of Useful Knowledge and Calculation"} {
		lr.realm.AddMembership(user, lr.realm.AddOrg(authrockettest.Org{Name: name}), "ar:owner")
	}
	if _, err := lr.realm.UpdateAuthProvider(authrockettest.TypeTOTP, func(p *authrockettest.AuthProvider) { p.State = authrockettest.StateActive }); err != nil {
		t.Fatal(err)
	}
	warmUp(t, app, lr.realm)
	return lr, app
}

// demoButton logs the demo user in.
const demoButton = `section .choice`

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	lr, app := startDemoRealm(t)
	ada := newBrowser(t)

	// Log in as a demo user.
	ada.open(app + "/manage")
	ada.wantText("Log in to continue to "+app[len("http://"):], "Demo users", "engine-of-1843")
	ada.look("login-demo")
	ada.click(demoButton)
	ada.wantText("Signed in as Augusta Ada", "Not you?")
	ada.look("accounts-long")
	ada.follow("Analytical Engines")
	ada.wantURL(app + "/manage")

	// Enrol a device.
	ada.follow("Change your profile")
	ada.look("profile-totp")
	ada.fill(`form:has([value="enrol"])`, map[string]string{"device_name": "Phone"})
	ada.click(`form:has([value="enrol"]) button`)
	secret := ask(ada, chromedp.Evaluate[string](`document.querySelector("code.secret").textContent`))
	if isShown := ask(ada, chromedp.Evaluate[bool](`document.querySelector(".qr svg").getBoundingClientRect().width > 100`)); !isShown {
		t.Error("the QR code is not to be seen")
	}
	ada.fill("main", map[string]string{"code": "none"})
	ada.follow("Add the device")
	ada.wantText("Verification failed.", secret)
	ada.look("device")
	ada.fill("main", map[string]string{"code": authrockettest.TOTP(secret, time.Now())})
	ada.follow("Add the device")
	ada.wantText("The device has been added.", "Phone", "active")
	ada.look("profile-device")
	ada.follow("Done, back to the app")
	ada.wantURL(app + "/manage")
	ada.open(app + "/")
	ada.signOut()

	// The login asks for a code.
	ada.open(app + "/manage")
	ada.click(demoButton)
	ada.wantText("Enter your code")
	ada.look("code")
	ada.fill("main", map[string]string{"code": "none"})
	ada.follow("Log in")
	ada.wantText("Login failed.", "Enter your code")
	ada.look("code-failed")
	// The code of now may have served already, that of the next 30 seconds has not.
	ada.fill("main", map[string]string{"code": authrockettest.TOTP(secret, time.Now().Add(30*time.Second))})
	ada.follow("Log in")
	ada.follow("Analytical Engines")
	ada.wantURL(app + "/manage")

	// Without the device the password is enough again.
	ada.follow("Change your profile")
	ada.click(`[aria-label="Remove Phone"]`)
	ada.wantText("The device has been removed.")
	if lr.realm.NeedsTOTP(lr.realm.Users()[0].ID) {
		t.Error("the login still asks for a code")
	}
}

// Three tabs open the login at once, without any cookie before. Each of them works.
func TestThreeTabs(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	_, app := startDemoRealm(t)
	first := newBrowser(t)
	tabs := []*browser{first, first.newTab(), first.newTab()}
	for _, tab := range tabs {
		tab.open(app + "/manage")
		tab.wantText("Demo users")
	}
	for _, tab := range tabs {
		tab.click(demoButton)
		tab.follow("Analytical Engines")
		tab.wantURL(app + "/manage")
		tab.wantText("Analytical Engines")
	}
}
