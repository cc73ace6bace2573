package authrocket_test

import (
	"testing"

	"github.com/authrocket-go/authrocket"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	auth := openAuth(t, newConfig(nil))
	const base = "https://sample.e2.loginrocket.com"
	back := authrocket.WithRedirectURI("https://app.example.com/a b?c=d&e=f#g")
	const encodedBack = "redirect_uri=https%3A%2F%2Fapp.example.com%2Fa+b%3Fc%3Dd%26e%3Df%23g"

	for _, row := range []struct {
		name string
		got  string
		want string
	}{
		{"login", auth.LoginURL(), base + "/login"},
		{"login that returns", auth.LoginURL(back), base + "/login?" + encodedBack},
		{"login to an account", auth.LoginURL(authrocket.WithAccount("org_1")), base + "/login?account=org_1"},
		{"login that chooses the account again", auth.LoginURL(authrocket.WithAccount("")), base + "/login?account="},
		{"login with the form", auth.LoginURL(authrocket.WithPromptLogin()), base + "/login?prompt=login"},
		{"login with everything", auth.LoginURL(authrocket.WithPromptLogin(), back, authrocket.WithAccount("org_1")), base + "/login?account=org_1&prompt=login&" + encodedBack},
		{"signup", auth.SignupURL(), base + "/signup"},
		{"signup of the invited", auth.SignupURL(authrocket.WithInvitation("nvt_1&x=y"), back), base + "/signup?invitation=nvt_1%26x%3Dy&" + encodedBack},
		{"logout", auth.LogoutURL(), base + "/logout"},
		{"logout of a session", auth.LogoutURL(authrocket.WithSessionID("kss_1"), back), base + "/logout?" + encodedBack + "&session=kss_1"},
		{"profile", auth.ProfileURL(), base + "/profile"},
		{"profile of a session", auth.ProfileURL(authrocket.WithAccount("org_1"), authrocket.WithSessionID("kss_1")), base + "/profile?account=org_1&session=kss_1"},
		{"accounts", auth.AccountsURL(), base + "/accounts"},
		{"accounts, shown even when there is one", auth.AccountsURL(authrocket.WithForce()), base + "/accounts?force=1"},
		{"one account", auth.AccountURL("org_1"), base + "/accounts/org_1"},
		{"one account that returns", auth.AccountURL("org_1", back, authrocket.WithSessionID("kss_1")), base + "/accounts/org_1?" + encodedBack + "&session=kss_1"},
		{"no account is the selector", auth.AccountURL("", authrocket.WithForce()), base + "/accounts?force=1"},
		{"a dot is no account", auth.AccountURL("."), base + "/accounts"},
		{"dots lead nowhere else", auth.AccountURL(".."), base + "/accounts"},
		{"an account cannot add segments", auth.AccountURL("../login"), base + "/accounts/..%2Flogin"},
		{"an account cannot add a query", auth.AccountURL("a?b=c#d"), base + "/accounts/a%3Fb=c%23d"},
		{"an account cannot escape", auth.AccountURL("%2e%2e"), base + "/accounts/%252e%252e"},
		{"an account with odd characters", auth.AccountURL("ö \r\n"), base + "/accounts/%C3%B6%20%0D%0A"},
		{"the last of two parameters of one name counts", auth.LoginURL(authrocket.WithAccount("a"), authrocket.WithAccount("b")), base + "/login?account=b"},
		{"any other parameter", auth.LoginURL(authrocket.WithParam("locale", "d&e")), base + "/login?locale=d%26e"},
		{"any other parameter without a name is left out", auth.LoginURL(authrocket.WithParam("", "x")), base + "/login"},
		{"the last of any parameters of one name counts", auth.SignupURL(authrocket.WithInvitation("a"), authrocket.WithParam("invitation", "b")), base + "/signup?invitation=b"},
		{"a zero parameter is left out", auth.LoginURL(authrocket.URLParam{}), base + "/login"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.got != row.want {
				t.Errorf("got %q, want %q", row.got, row.want)
			}
		})
	}
}

func TestURLsWithoutLoginRocketURL(t *testing.T) {
	t.Parallel()
	auth := openAuth(t, authrocket.Config{JWTKey: goodSecret, DisableCookie: true})
	for name, got := range map[string]string{
		"login": auth.LoginURL(authrocket.WithPromptLogin()), "signup": auth.SignupURL(), "logout": auth.LogoutURL(),
		"profile": auth.ProfileURL(), "accounts": auth.AccountsURL(), "account": auth.AccountURL("org_1"),
	} {
		if got != "" {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
}
