package browsertest_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// TestWalk is the life of a user: two apps, one LoginRocket. The three are on
// different hosts, since ports do not keep cookies apart.
func TestWalk(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	var one, two string
	lr := startLoginRocket(t, func(url string, realm *authrockettest.RealmConfig, config *authrocketdev.Config) {
		one, two = startQuickstart(t, "127.0.0.1", url), startQuickstart(t, "127.0.0.2", url)
		realm.LoginURLs = []string{one + "/", two + "/"}
		realm.OrgMode = authrockettest.MultiUser
	})
	warmUp(t, one, lr.realm)
	warmUp(t, two, lr.realm)
	ada := newBrowser(t)

	// Sign up.
	ada.open(one + "/manage?tab=2")
	ada.look("login")
	ada.follow("Sign up")
	ada.look("signup")
	ada.fill("main", map[string]string{"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "password": "engine-of-1843", "org_name": "Analytical Engines"})
	ada.follow("Sign up")
	ada.wantURL(one + "/manage?tab=2")
	ada.wantText("Ada Lovelace", "Analytical Engines", "ar:owner")

	// Verify the email.
	ada.open(lr.url + "/outbox")
	ada.wantText("Verify your email address", "ada@example.com")
	ada.look("outbox")
	ada.follow(lr.mailLink(t, "ada@example.com")) // the text of the link
	ada.look("verify")
	ada.follow("Verify")
	ada.wantText("ada@example.com is verified")
	ada.look("done")

	// Log out, and in again.
	ada.open(one + "/")
	ada.signOut()
	ada.wantURL(one + "/")
	ada.open(one + "/manage")
	ada.fill("main", map[string]string{"email": "ada@example.com", "password": "wrong"})
	ada.follow("Log in")
	ada.wantText("Login failed")
	ada.look("login-failed")
	ada.fill("main", map[string]string{"email": "ada@example.com", "password": "engine-of-1843"})
	ada.follow("Log in")
	ada.wantURL(one + "/manage")

	// Make another account, and switch back.
	ada.follow("Switch accounts")
	ada.look("accounts")
	ada.fill("section", map[string]string{"org_name": "Difference Engines"})
	ada.follow("Create account")
	ada.wantURL(one + "/manage")
	ada.wantText("Difference Engines")
	ada.follow("Switch accounts")
	ada.follow("Analytical Engines")
	ada.wantURL(one + "/manage")
	ada.wantText("Analytical Engines")

	// Invite a second user.
	ada.follow("Switch accounts")
	ada.click(`[aria-label="Manage Analytical Engines"]`)
	ada.look("account")
	ada.fill(`form:has([value="invite"])`, map[string]string{"email": "charles@example.com", "permissions": "billing:write"})
	ada.follow("Invite")
	ada.wantText("The invitation has been sent.", "charles@example.com")
	ada.look("account-invited")
	ada.follow("Done, back to the app")
	ada.wantURL(one + "/manage")

	charles := newBrowser(t)
	charles.open(lr.mailLink(t, "charles@example.com"))
	charles.wantText("You are invited to join Analytical Engines")
	charles.look("signup-invited")
	charles.fill("main", map[string]string{"first_name": "Charles", "last_name": "Babbage", "password": "difference-1822"})
	charles.follow("Sign up")
	// He comes to the default Login URL with a login that the app did not start.
	charles.wantURL(one + "/auth/confirm")
	charles.wantText("Charles Babbage", "charles@example.com", "Analytical Engines")
	charles.follow("Continue")
	charles.wantURL(one + "/")
	charles.open(one + "/billing")
	charles.wantURL(one + "/billing")
	charles.wantText("Billing of Analytical Engines")

	// Change the profile.
	ada.follow("Change your profile")
	ada.look("profile")
	ada.fill(`form:has([value="names"])`, map[string]string{"first_name": "Augusta Ada", "last_name": "King"})
	ada.click(`form:has([value="names"]) button`)
	ada.wantText("Your profile has been changed.")
	ada.follow("Done, back to the app")
	ada.wantURL(one + "/manage")
	ada.wantText("Augusta Ada King")

	// The other app knows her without asking.
	ada.open(two + "/manage")
	ada.wantURL(two + "/manage")
	ada.wantText("Augusta Ada King")

	// Reset the password.
	ada.open(one + "/")
	ada.signOut()
	ada.open(one + "/manage")
	ada.follow("Forgot your password?")
	ada.look("forgot")
	ada.fill("main", map[string]string{"email": "ada@example.com"})
	ada.follow("Send the email")
	ada.wantText("we have sent an email with a link")
	ada.open(lr.mailLink(t, "ada@example.com"))
	ada.look("reset")
	ada.fill("main", map[string]string{"password": "countess-of-1838", "password_confirmation": "countess-of-1838"})
	ada.follow("Set the password and log in")
	ada.follow("Analytical Engines")
	ada.wantURL(one + "/manage")

	// Signing out in one app makes the other one's next login ask again.
	ada.open(one + "/")
	ada.signOut()
	ada.wantURL(one + "/")
	ada.open(two + "/auth/login?return_to=/manage")
	if got := ada.url(); !strings.HasPrefix(got, lr.url+"/login?") {
		t.Fatalf("the next login of the other app is at %s, want the form of LoginRocket", got)
	}
	ada.fill("main", map[string]string{"email": "ada@example.com", "password": "countess-of-1838"})
	ada.follow("Log in")
	ada.follow("Difference Engines")
	// That is another account than the one in which she is still signed in there.
	ada.wantURL(two + "/auth/confirm")
	ada.wantText("Difference Engines", "Analytical Engines")
	ada.follow("Continue")
	ada.wantURL(two + "/manage")
	ada.wantText("Difference Engines")
}

// TestPagesOfOtherModes looks at the pages that the walk does not come by.
func TestPagesOfOtherModes(t *testing.T) {
	t.Parallel()
	requireChromium(t)
	visitor := newBrowser(t)

	closed := startLoginRocket(t, func(_ string, c *authrockettest.RealmConfig, _ *authrocketdev.Config) {
		c.Signup = authrockettest.SignupClosed
	})
	visitor.open(closed.url + "/signup")
	visitor.wantText("Signups are closed")
	visitor.look("signup-closed")
	visitor.open(closed.url + "/nothing")
	visitor.wantText("Page not found")
	visitor.look("not-found")

	strict := startLoginRocket(t, func(_ string, c *authrockettest.RealmConfig, _ *authrocketdev.Config) {
		c.LoginURLs = []string{"https://app.example.com/auth/callback", "https://staging.app.example.com/auth/callback"}
	})
	visitor.open(strict.url + "/login?redirect_uri=https://app.example.org/auth/callback/of/an/app/with/a/long/address")
	visitor.wantText("Requested return URL", "https://app.example.org/auth/callback", "https://staging.app.example.com/auth/callback")
	visitor.look("wrong-redirect-uri")

	invited := startLoginRocket(t, func(_ string, c *authrockettest.RealmConfig, _ *authrocketdev.Config) {
		c.Signup = authrockettest.SignupInvitation
		c.RequireName = true
	})
	visitor.open(invited.url + "/signup")
	visitor.look("signup-request")
	visitor.fill("main", map[string]string{"email": "grace@example.com"})
	visitor.follow("Request an invitation")
	visitor.open(invited.mailLink(t, "grace@example.com"))
	visitor.fill("main", map[string]string{"password": "nanosecond"})
	visitor.follow("Sign up")
	visitor.wantText("Enter your name to continue.")
	visitor.look("profile-incomplete")

	// Who is logged in already is asked whether to join.
	org := invited.realm.AddOrg(authrockettest.Org{Name: "Navy"})
	if _, err := invited.Invite("grace@example.com", org.ID); err != nil {
		t.Fatal(err)
	}
	visitor.open(invited.mailLink(t, "grace@example.com"))
	visitor.wantText("Join Navy?", "grace@example.com")
	visitor.look("accept")
}
