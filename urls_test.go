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

	for _, row := range []struct{ name, got, want string }{
		{name: "login", got: auth.LoginURL(), want: base + "/login"},
		{name: "login that returns", got: auth.LoginURL(back), want: base + "/login?" + encodedBack},
		{name: "login to an account", got: auth.LoginURL(authrocket.WithAccount("org_1")), want: base + "/login?account=org_1"},
		{name: "login that chooses the account again", got: auth.LoginURL(authrocket.WithAccount("")), want: base + "/login?account="},
		{name: "login with the form", got: auth.LoginURL(authrocket.WithPromptLogin()), want: base + "/login?prompt=login"},
		{name: "login with everything", got: auth.LoginURL(authrocket.WithPromptLogin(), back, authrocket.WithAccount("org_1")), want: base + "/login?account=org_1&prompt=login&" + encodedBack},
		{name: "signup", got: auth.SignupURL(), want: base + "/signup"},
		{name: "signup of the invited", got: auth.SignupURL(authrocket.WithInvitation("nvt_1&x=y"), back), want: base + "/signup?invitation=nvt_1%26x%3Dy&" + encodedBack},
		{name: "logout", got: auth.LogoutURL(), want: base + "/logout"},
		{name: "logout of a session", got: auth.LogoutURL(authrocket.WithSessionID("kss_1"), back), want: base + "/logout?" + encodedBack + "&session=kss_1"},
		{name: "profile", got: auth.ProfileURL(), want: base + "/profile"},
		{name: "profile of a session", got: auth.ProfileURL(authrocket.WithAccount("org_1"), authrocket.WithSessionID("kss_1")), want: base + "/profile?account=org_1&session=kss_1"},
		{name: "accounts", got: auth.AccountsURL(), want: base + "/accounts"},
		{name: "accounts, shown even when there is one", got: auth.AccountsURL(authrocket.WithForce()), want: base + "/accounts?force=1"},
		{name: "one account", got: auth.AccountURL("org_1"), want: base + "/accounts/org_1"},
		{name: "one account that returns", got: auth.AccountURL("org_1", back, authrocket.WithSessionID("kss_1")), want: base + "/accounts/org_1?" + encodedBack + "&session=kss_1"},
		{name: "no account is the selector", got: auth.AccountURL("", authrocket.WithForce()), want: base + "/accounts?force=1"},
		{name: "a dot is no account", got: auth.AccountURL("."), want: base + "/accounts"},
		{name: "dots lead nowhere else", got: auth.AccountURL(".."), want: base + "/accounts"},
		{name: "an account cannot add segments", got: auth.AccountURL("../login"), want: base + "/accounts/..%2Flogin"},
		{name: "an account cannot add a query", got: auth.AccountURL("a?b=c#d"), want: base + "/accounts/a%3Fb=c%23d"},
		{name: "an account cannot escape", got: auth.AccountURL("%2e%2e"), want: base + "/accounts/%252e%252e"},
		{name: "an account with odd characters", got: auth.AccountURL("ö \r\n"), want: base + "/accounts/%C3%B6%20%0D%0A"},
		{name: "the last of two parameters of one name counts", got: auth.LoginURL(authrocket.WithAccount("a"), authrocket.WithAccount("b")), want: base + "/login?account=b"},
		{name: "any other parameter", got: auth.LoginURL(authrocket.WithParam("locale", "d&e")), want: base + "/login?locale=d%26e"},
		{name: "any other parameter without a name is left out", got: auth.LoginURL(authrocket.WithParam("", "x")), want: base + "/login"},
		{name: "the last of any parameters of one name counts", got: auth.SignupURL(authrocket.WithInvitation("a"), authrocket.WithParam("invitation", "b")), want: base + "/signup?invitation=b"},
		{name: "a name and a value are encoded", got: auth.SignupURL(authrocket.WithParam("a b", "c&d=e")), want: base + "/signup?a+b=c%26d%3De"},
		{name: "an empty value stays", got: auth.AccountsURL(authrocket.WithParam("x", "")), want: base + "/accounts?x="},
		{name: "a zero parameter is left out", got: auth.LoginURL(authrocket.URLParam{}), want: base + "/login"},
	} {
		t.Run(row.name, func(t *testing.T) {
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
