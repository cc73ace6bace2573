package browsertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// withForm adds to the app a page with a form, and gates that refuse.
func withForm(a *app, _ *authrocket.Config) {
	a.around = func(next http.Handler) http.Handler {
		ruled := func(err error) func(http.Handler) http.Handler {
			return a.auth.Require(func(context.Context, authrocket.Session) error { return err })
		}
		mux := http.NewServeMux()
		mux.Handle("/", next)
		mux.HandleFunc("GET /form", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `<!doctype html><html lang="en"><title>Form</title><link rel="icon" href="data:,"><h1>Form</h1>`)
			for _, target := range []string{"saved", "paid", "ruled", "uncertain", "auth/logout"} {
				fmt.Fprintf(w, `<form method="post" action="/%s"><button>Send to %[1]s</button></form>`, target)
			}
		})
		page := http.HandlerFunc(a.page)
		mux.Handle("/saved", a.auth.RequireLogin(page))
		mux.Handle("/paid", a.auth.Require(authrocket.Permission("invoices:pay"))(page))
		mux.Handle("/either", a.auth.Require(authrocket.AnyPermission("billing:read:"+strings.Repeat("invoices", 12), "invoices:pay"))(page))
		mux.Handle("/verified", a.auth.Require(authrocket.VerifiedEmail())(page))
		mux.Handle("/ruled", ruled(errors.New("row 7"))(page))
		mux.Handle("/uncertain", ruled(authrocket.ErrUnavailable)(page))
		return mux
	}
}

// TestRefusals looks at each page that a refused browser gets, and sees that it
// leads on.
func TestRefusals(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, changes ...func(*app, *authrocket.Config)) (loginRocket, *app, *browser) {
		t.Helper()
		lr := startLoginRocket(t, func(string, *authrockettest.RealmConfig, *authrocketdev.Config) {})
		addUser(lr.realm, "ada@example.com", nil)
		app, b := startApp(t, lr, append(changes, withForm)...), newBrowser(t)
		b.open(app.url + "/manage")
		b.logIn("ada@example.com")
		b.wantText("Signed in: ada@example.com.")
		return lr, app, b
	}

	t.Run("a form after the session ended leads to the login and back to the form", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		b.open(app.url + "/form?a=b")
		b.deleteCookie(app.url, "arToken")
		b.follow("Send to saved")
		b.wantURL(app.url + "/saved")
		b.wantText("Sign in to send this form")
		b.look("app-form-signed-out")
		b.follow("Sign in")
		b.wantURL(app.url + "/form?a=b")
		b.follow("Send to saved")
		b.wantText("Signed in: ada@example.com.")
	})

	t.Run("a missing permission is named, and a new login finds it", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		b.open(app.url + "/either")
		b.wantText("One of these permissions")
		b.look("app-permission-any")
		b.open(app.url + "/form")
		b.follow("Send to paid")
		b.wantText("You don't have permission", "Missing permission", "invoices:pay")
		b.look("app-permission")
		b.follow("Switch accounts")
		if got := b.url(); !strings.HasPrefix(got, lr.url+"/accounts?") {
			t.Errorf("the link leads to %s, want the selector", brief(got))
		}
		b.open(app.url + "/paid?a=b")
		for _, m := range lr.realm.MembershipsOf(lr.realm.Users()[0].ID) {
			if err := lr.realm.SetPermissions(m.ID, "invoices:pay"); err != nil {
				t.Fatal(err)
			}
		}
		b.follow("Sign in again")
		b.wantURL(app.url + "/paid?a=b")
		b.wantText("Signed in: ada@example.com.")
	})

	t.Run("an email that is not verified leads to the profile", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t)
		b.open(app.url + "/verified")
		b.wantText("Please verify your email address")
		b.look("app-email-not-verified")
		b.follow("Open your profile")
		if got := b.url(); !strings.HasPrefix(got, lr.url+"/profile?") {
			t.Errorf("the link leads to %s, want the profile", brief(got))
		}
	})

	t.Run("a rule of the app's own says nothing of why", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		b.open(app.url + "/form")
		b.follow("Send to ruled")
		b.wantText("You don't have access")
		b.look("app-forbidden")
		if strings.Contains(b.text(), "row 7") {
			t.Errorf("the page shows the error")
		}
		b.follow("Sign in again")
		b.wantURL(app.url + "/form")
	})

	t.Run("a form that cannot be decided is not sent again by itself", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		b.open(app.url + "/form")
		b.follow("Send to uncertain")
		b.wantText("We can't check your sign-in right now", "send the form again")
		b.look("app-form-unavailable")
	})

	t.Run("another website's form is refused", func(t *testing.T) {
		t.Parallel()
		_, app, b := start(t)
		attacker := startSite(t, "127.0.0.1")
		attacker.show("/", fmt.Sprintf(`<form method="post" action="%s/saved"><button>Win</button></form>`, app.url))
		b.open(attacker.url + "/")
		b.follow("Win")
		b.wantText("This form was refused")
		b.look("app-cross-site")
		b.follow("Open this app")
		b.wantURL(app.url + "/")
	})

	t.Run("a sign-out has a link where it does not lead on by itself", func(t *testing.T) {
		t.Parallel()
		lr, app, b := start(t, func(_ *app, c *authrocket.Config) {
			c.Page = func(w http.ResponseWriter, r *http.Request, p authrocket.Page) bool {
				authrocket.WritePage(withoutRefresh{w}, r, p)
				return true
			}
		})
		b.open(app.url + "/form")
		b.follow("Send to auth/logout")
		b.wantURL(app.url + "/auth/logout")
		b.wantText("You are signed out of this app.")
		b.look("app-signing-out")
		b.follow("Finish signing out")
		b.open(app.url + "/manage")
		if got := b.url(); !strings.HasPrefix(got, lr.url+"/login?") {
			t.Errorf("the browser is at %s, want the login", brief(got))
		}
		b.wantText("Log in")
	})
}

// withoutRefresh is for a browser that does not know that header.
type withoutRefresh struct{ http.ResponseWriter }

func (w withoutRefresh) WriteHeader(status int) {
	w.Header().Del("Refresh")
	w.ResponseWriter.WriteHeader(status)
}
