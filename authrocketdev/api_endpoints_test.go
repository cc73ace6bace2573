package authrocketdev_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	deadSession = "The session is missing or has ended."
	usedLink    = "This link has been used or has expired."
	tooShort    = "Password is too short. Use at least 8 characters."
	notConfirm  = "Password confirmation does not match."
)

func TestAPILogin(t *testing.T) {
	t.Parallel()
	inJSONAndForm(t, func(t *testing.T, a *api) {
		for name, login := range map[string]string{
			"by email":                  "ada@example.com",
			"by email in another case":  "ADA@Example.com",
			"by username":               "ada",
			"by username in other case": "Ada",
			"by user ID":                a.ada.ID,
		} {
			a.run(name, func(a *api) {
				a.wantFullLogin(a.call("POST", "/v2/login", apiParams{"email": login, "password": secretPassword}), a.ada, a.engines.ID)
			})
		}
		for name, p := range map[string]apiParams{
			"wrong password":            {"email": "ada@example.com", "password": "difference engine"},
			"no password":               {"email": "ada@example.com"},
			"no such user":              {"email": "nobody@example.com", "password": secretPassword},
			"user ID in another case":   {"email": strings.ToUpper(a.ada.ID), "password": secretPassword},
			"nothing":                   nil,
			"NUL bytes":                 {"email": "ada@example.com\x00", "password": secretPassword + "\x00"},
			"a password after 72 bytes": {"email": "ada@example.com", "password": strings.Repeat("x", 1000)},
		} {
			a.run(name, func(a *api) {
				a.wantError(a.call("POST", "/v2/login", p), 422, "Login failed.")
			})
		}
	})
}

func TestAPILoginWithoutAPassword(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.realm.AddUser(authrockettest.User{Email: "none@example.com"})
	for _, password := range []string{"", "there is no such user"} {
		a.wantError(a.call("POST", "/v2/login", apiParams{"email": "none@example.com", "password": password}), 422, "Login failed.")
	}
}

// Each row says what the login of a user returns, and getSession after it.
func TestAPIConditions(t *testing.T) {
	t.Parallel()
	both := func(c *siteConfig) { multiUser(c); requireName(c) }
	ada := func(a *api) authrockettest.User { return a.ada }
	george := func(a *api) authrockettest.User { return a.george }
	lone := func(a *api) authrockettest.User { return a.lone }
	loneInWidgets := func(a *api) authrockettest.User { a.realm.AddMembership(a.lone, a.widgets); return a.lone }
	called := func(first, last string) func(*api) authrockettest.User {
		return func(a *api) authrockettest.User {
			return a.realm.AddUser(authrockettest.User{Email: "new@example.com", Password: secretPassword, FirstName: first, LastName: last})
		}
	}
	for name, row := range map[string]struct {
		configure  func(*siteConfig)
		user       func(*api) authrockettest.User
		conditions []string // none means a full login
		noAccount  bool     // no account is selected; otherwise it is the user's first
	}{
		"one account in single-user mode":    {user: george},
		"two accounts in single-user mode":   {user: ada},
		"no account in single-user mode":     {user: lone},
		"one account in multi-user mode":     {configure: multiUser, user: george},
		"two accounts in multi-user mode":    {configure: multiUser, user: ada, conditions: []string{"no_account_selected"}, noAccount: true},
		"no account in multi-user mode":      {configure: multiUser, user: lone, conditions: []string{"no_account_selected"}, noAccount: true},
		"a first name where one is required": {configure: requireName, user: called("Ada", "")},
		"a last name where one is required":  {configure: requireName, user: called("", "Babbage")},
		"no name where one is required":      {configure: requireName, user: loneInWidgets, conditions: []string{"must_complete_profile"}},
		"no name and no account":             {configure: both, user: lone, conditions: []string{"no_account_selected", "must_complete_profile"}, noAccount: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t, row.configure)
			user := row.user(a)
			login := a.login(user)
			for _, got := range []apiAnswer{login, a.call("GET", "/v2/session", apiParams{"session": login.Session})} {
				var account string
				if !row.noAccount {
					account = a.realm.MembershipsOf(user.ID)[0].OrgID
				}
				if len(row.conditions) == 0 {
					a.wantFullLogin(got, user, account)
				} else {
					a.wantConditional(got, account, row.conditions...)
				}
			}
		})
	}
}

func TestAPISession(t *testing.T) {
	t.Parallel()
	a := newAPI(t, multiUser)
	session := a.login(a.ada).Session
	get := func(account string) apiAnswer {
		return a.call("GET", "/v2/session", apiParams{"session": session, "account": account})
	}
	a.wantConditional(get(""), "", "no_account_selected")
	a.wantFullLogin(get(a.widgets.ID), a.ada, a.widgets.ID)
	a.wantConditional(get(""), "", "no_account_selected") // the session does not remember it
	a.wantFullLogin(get(a.engines.ID), a.ada, a.engines.ID)

	foreign := a.realm.AddOrg(authrockettest.Org{Name: "Foreign"})
	for name, account := range map[string]string{
		"an account the user is no member of": foreign.ID,
		"no such account":                     "org_0v1zWRHJVm7JY8vUqDRuyx",
		"a name instead of an ID":             "Engines",
		"NUL bytes":                           "\x00",
	} {
		a.run(name, func(a *api) {
			a.wantError(get(account), 404, "You are not a member of this account.")
			a.wantFullLogin(get(a.engines.ID), a.ada, a.engines.ID) // nothing has changed
		})
	}
	// A membership that has ended cannot be selected.
	for _, m := range a.realm.MembershipsOf(a.ada.ID) {
		if m.OrgID == a.engines.ID {
			if err := a.realm.DeleteMembership(m.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.wantFullLogin(get(""), a.ada, a.widgets.ID)
}

// A call does not remember the account of an earlier call. A changed mode of the
// realm applies to existing sessions.
func TestAPISessionModes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	session := a.login(a.ada).Session
	get := func(account string) apiAnswer {
		return a.call("GET", "/v2/session", apiParams{"session": session, "account": account})
	}
	for _, account := range []string{a.engines.ID, a.widgets.ID} {
		a.wantFullLogin(get(account), a.ada, account)
	}
	a.wantFullLogin(get(""), a.ada, a.engines.ID)
	if _, err := a.realm.ChangeSettings(func(c *authrockettest.Settings) { c.OrgMode = authrockettest.MultiUser }); err != nil {
		t.Fatal(err)
	}
	a.wantConditional(get(""), "", "no_account_selected")
	a.wantFullLogin(get(a.widgets.ID), a.ada, a.widgets.ID)
}

func TestAPISessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		realm := authrockettest.NewRealm(t)
		ada := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
		session := startSession(t, realm, ada.ID)
		handler := newAPIHandler(t, authrocketdev.Config{Realm: realm})
		if got := serveAPI(t, handler, "GET", "/v2/session?session="+session.ID); got.Result != "full_login" {
			t.Errorf("a live session had %s", got.body)
		}
		time.Sleep(time.Until(session.ExpiresAt))
		if got := serveAPI(t, handler, "GET", "/v2/session?session="+session.ID); got.status != 403 {
			t.Errorf("an expired session had %s", got.body)
		}
	})
}

// Every call that needs a session requires an active one of this realm.
func TestAPIDeadSessions(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ended := a.login(a.ada).Session
	a.wantOkay(a.call("DELETE", "/v2/session", apiParams{"session": ended}))
	other := newAPI(t)
	live := a.login(a.ada)
	for name, session := range map[string]string{
		"ended":              ended,
		"of another realm":   other.login(other.ada).Session,
		"made up":            "kss_0v1zUpWdE4IiFc2w5ynShf",
		"in another case":    strings.ToLower(live.Session),
		"a token":            live.Token,
		"a user ID":          a.ada.ID,
		"empty":              "",
		"with a NUL byte":    live.Session + "\x00",
		"with white space":   " " + live.Session,
		"very long":          strings.Repeat("k", 10_000),
		"not a parameter":    "-",
		"in the body of GET": "-",
	} {
		p := apiParams{"session": session, "current_password": secretPassword, "password": "difference engine", "first_name": "Mallory"}
		if session == "-" {
			delete(p, "session")
		}
		for _, request := range []struct{ method, path string }{
			{method: "GET", path: "/v2/session"}, {method: "DELETE", path: "/v2/session"}, {method: "PUT", path: "/v2/profile"}, {method: "POST", path: "/v2/profile/password"},
		} {
			a.run(name+" for "+request.method+" "+request.path, func(a *api) {
				a.wantError(a.call(request.method, request.path, p), 403, deadSession)
			})
		}
	}
	a.wantFullLogin(a.call("GET", "/v2/session", apiParams{"session": live.Session}), a.ada, a.engines.ID)
}

func TestAPITakesTheSessionAsAParameterOnly(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	live := a.login(a.ada).Session
	body := `{"session":"` + live + `"}`
	for name, got := range map[string]apiAnswer{
		"from a cookie":            a.send("GET", "/v2/session", "", "", "Cookie", "loginrocket_session="+live),
		"from a header":            a.send("GET", "/v2/session", "", "", "Authorization", "Bearer "+live),
		"from the body of GET":     a.send("GET", "/v2/session", jsonType, body),
		"from the body of DELETE":  a.send("DELETE", "/v2/session", jsonType, body),
		"from the query of PUT":    a.send("PUT", "/v2/profile?session="+live, jsonType, `{"first_name":"M"}`),
		"from the query of POST":   a.send("POST", "/v2/profile/password?session="+live, formType, "current_password="+secretPassword+"&password=difference+engine"),
		"from a form's query part": a.send("PUT", "/v2/profile?session="+live, formType, "first_name=M"),
	} {
		if got.status != 403 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	a.wantFullLogin(a.call("GET", "/v2/session", apiParams{"session": live}), a.ada, a.engines.ID)
}

func TestAPILogout(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	one, other := a.login(a.ada).Session, a.login(a.ada).Session
	a.wantOkay(a.call("DELETE", "/v2/session", apiParams{"session": one}))
	a.wantError(a.call("DELETE", "/v2/session", apiParams{"session": one}), 403, deadSession)
	a.wantError(a.call("GET", "/v2/session", apiParams{"session": one}), 403, deadSession)
	a.wantFullLogin(a.call("GET", "/v2/session", apiParams{"session": other}), a.ada, a.engines.ID)
}

func TestAPIResetPassword(t *testing.T) {
	t.Parallel()
	inJSONAndForm(t, func(t *testing.T, a *api) {
		before := a.login(a.ada).Session
		for _, unknown := range []string{"nobody@example.com", "", "<b>@example.com", "\x00"} {
			a.wantOkay(a.call("POST", "/v2/password/forgot", apiParams{"email": unknown}))
		}
		if mails := a.server.Outbox(); len(mails) != 0 {
			t.Fatalf("mails to unknown: %+v", mails)
		}
		a.wantOkay(a.call("POST", "/v2/password/forgot", apiParams{"email": "ADA"}))
		first, to := a.mailed("token")
		if to != a.ada.Email || !strings.HasPrefix(first, "tpw:") {
			t.Errorf("the mail to %q has the token %q", to, first)
		}
		a.wantOkay(a.call("POST", "/v2/password/forgot", apiParams{"email": "ada@example.com"}))
		token, _ := a.mailed("token")

		reset := func(p apiParams) apiAnswer { return a.call("POST", "/v2/password/reset", p) }
		const password = "difference engine"
		for name, row := range map[string]struct {
			p    apiParams
			want []string
		}{
			"no token":            {p: apiParams{"password": password}, want: []string{usedLink}},
			"a made-up token":     {p: apiParams{"token": "tpw:AAAAAAAAAAAAAAAAAAAAAAAAAA", "password": password}, want: []string{usedLink}},
			"a replaced token":    {p: apiParams{"token": first, "password": password}, want: []string{usedLink}},
			"a session":           {p: apiParams{"token": before, "password": password}, want: []string{usedLink}},
			"no password":         {p: apiParams{"token": token}, want: []string{tooShort}},
			"a short password":    {p: apiParams{"token": token, "password": "short"}, want: []string{tooShort}},
			"a long password":     {p: apiParams{"token": token, "password": strings.Repeat("é", 37)}, want: []string{"Password is too long. Use at most 72 bytes."}},
			"another in the end":  {p: apiParams{"token": token, "password": password, "password_confirmation": "d"}, want: []string{notConfirm}},
			"empty in the end":    {p: apiParams{"token": token, "password": password, "password_confirmation": ""}, want: []string{notConfirm}},
			"short and unlike it": {p: apiParams{"token": token, "password": "s", "password_confirmation": "d"}, want: []string{tooShort, notConfirm}},
		} {
			a.run(name, func(a *api) { a.wantError(reset(row.p), 422, row.want...) })
		}
		// Mistakes that the user can correct have not used up the token.
		got := reset(apiParams{"token": token, "password": password, "password_confirmation": password})
		a.wantFullLogin(got, a.ada, a.engines.ID)
		a.wantError(reset(apiParams{"token": token, "password": password}), 422, usedLink)
		a.wantError(a.call("GET", "/v2/session", apiParams{"session": before}), 403, deadSession)
		a.wantError(a.login(a.ada), 422, "Login failed.")
		a.wantFullLogin(a.call("POST", "/v2/login", apiParams{"email": "ada", "password": password}), a.ada, a.engines.ID)
	})
}

func TestAPIResetPasswordWithoutConfirmation(t *testing.T) {
	t.Parallel()
	a := newAPI(t, multiUser)
	a.wantOkay(a.call("POST", "/v2/password/forgot", apiParams{"email": "ada@example.com"}))
	token, _ := a.mailed("token")
	a.wantConditional(a.call("POST", "/v2/password/reset", apiParams{"token": token, "password": "difference engine"}), "", "no_account_selected")
}

func TestAPIUpdatePassword(t *testing.T) {
	t.Parallel()
	const wrong = "Current password does not match."
	const password = "difference engine"
	inJSONAndForm(t, func(t *testing.T, a *api) {
		session, other := a.login(a.ada).Session, a.login(a.ada).Session
		update := func(p apiParams) apiAnswer {
			p["session"] = session
			return a.call("POST", "/v2/profile/password", p)
		}
		for name, row := range map[string]struct {
			p    apiParams
			want string
		}{
			"wrong current password": {p: apiParams{"current_password": "x", "password": password}, want: wrong},
			"no current password":    {p: apiParams{"password": password}, want: wrong},
			"a short password":       {p: apiParams{"current_password": secretPassword, "password": "short"}, want: tooShort},
			"another confirmation":   {p: apiParams{"current_password": secretPassword, "password": password, "password_confirmation": "x"}, want: notConfirm},
		} {
			a.run(name, func(a *api) { a.wantError(update(row.p), 422, row.want) })
		}
		a.wantFullLogin(a.call("GET", "/v2/session", apiParams{"session": other}), a.ada, a.engines.ID)
		a.wantOkay(update(apiParams{"current_password": secretPassword, "password": password}))
		a.wantOkay(update(apiParams{"current_password": password, "password": "third engine", "password_confirmation": "third engine"}))
		a.wantFullLogin(a.call("GET", "/v2/session", apiParams{"session": session}), a.ada, a.engines.ID)
		a.wantError(a.call("GET", "/v2/session", apiParams{"session": other}), 403, deadSession)
		a.wantError(a.login(a.ada), 422, "Login failed.")
		a.wantFullLogin(a.call("POST", "/v2/login", apiParams{"email": "ada", "password": "third engine"}), a.ada, a.engines.ID)
	})
}

func TestAPIUpdateProfile(t *testing.T) {
	t.Parallel()
	inJSONAndForm(t, func(t *testing.T, a *api) {
		a.realm.AddMembership(a.lone, a.widgets)
		session := a.login(a.lone).Session
		update := func(p apiParams) apiAnswer {
			p["session"] = session
			return a.call("PUT", "/v2/profile", p)
		}
		a.wantConditional(update(apiParams{"locale": "es"}), a.widgets.ID, "must_complete_profile")
		got := update(apiParams{"first_name": " Grace ", "last_name": "Hopper", "username": "grace"})
		a.wantFullLogin(got, a.lone, a.widgets.ID)
		a.wantFullLogin(update(apiParams{"last_name": ""}), a.lone, a.widgets.ID)
		app, err := a.auth.Verify(t.Context(), update(apiParams{}).Token)
		if err != nil {
			t.Fatal(err)
		}
		if u := app.User; u.FirstName != "Grace" || u.LastName != "" || u.Username != "grace" || u.Locale != "es" {
			t.Errorf("the token has %+v", u)
		}
		for name, row := range map[string]struct {
			p    apiParams
			want []string
		}{
			"no email address":       {p: apiParams{"email": "grace"}, want: []string{"Email is not an email address."}},
			"an empty email":         {p: apiParams{"email": ""}, want: []string{"Email is not an email address."}},
			"the email of another":   {p: apiParams{"email": "Ada@example.com"}, want: []string{"Email is already in use."}},
			"a taken username":       {p: apiParams{"username": "ADA"}, want: []string{"Username is already in use."}},
			"a username with spaces": {p: apiParams{"username": "a b"}, want: []string{"Username may contain letters, digits, dots, hyphens and underscores, and must start with a letter or digit."}},
			"an ID for a username":   {p: apiParams{"username": "usr_1"}, want: []string{"Username may contain letters, digits, dots, hyphens and underscores, and must start with a letter or digit."}},
			"a language we have not": {p: apiParams{"locale": "tlh"}, want: []string{"Language must be one of en, es, ja."}},
			"a long name":            {p: apiParams{"first_name": strings.Repeat("x", 101)}, want: []string{"First name is too long. Use at most 100 characters."}},
			"NUL bytes":              {p: apiParams{"last_name": "\x00", "first_name": "\u202e"}, want: []string{"First name contains characters that cannot be displayed.", "Last name contains characters that cannot be displayed."}},
		} {
			a.run(name, func(a *api) {
				before, _ := a.realm.User(a.lone.ID)
				a.wantError(update(row.p), 422, row.want...)
				if after, _ := a.realm.User(a.lone.ID); after.Name != before.Name || after.Email != before.Email || after.Username != before.Username {
					t.Errorf("the user has become %+v", after)
				}
			})
		}
	}, requireName)
}

func TestAPINullIsAbsent(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	session := a.login(a.ada).Session
	a.wantFullLogin(a.send("PUT", "/v2/profile", jsonType, `{"session":"`+session+`","email":null,"first_name":null,"username":null}`), a.ada, a.engines.ID)
	if user, _ := a.realm.User(a.ada.ID); user.FirstName != "Ada" || user.Username != "ada" {
		t.Errorf("the user is %+v", user)
	}
	a.wantOkay(a.send("POST", "/v2/profile/password", jsonType,
		`{"session":"`+session+`","current_password":"`+secretPassword+`","password":"difference engine","password_confirmation":null}`))
}

func TestAPIUpdateEmail(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	session := a.login(a.ada).Session
	a.wantFullLogin(a.call("PUT", "/v2/profile", apiParams{"session": session, "email": "countess@example.com"}), a.ada, a.engines.ID)
	if user, _ := a.realm.User(a.ada.ID); user.Email != "ada@example.com" {
		t.Errorf("the email is %q before it is verified", user.Email)
	}
	token, to := a.mailed("token")
	if to != "countess@example.com" || !strings.HasPrefix(token, "tue:") {
		t.Errorf("the mail to %q has the token %q", to, token)
	}
	// The call does not set a password.
	a.wantError(a.call("POST", "/v2/password/reset", apiParams{"token": token, "password": "difference engine"}), 422, usedLink)
	a.wantOkay(a.call("POST", "/v2/email/verify", apiParams{"token": token}))
	if user, _ := a.realm.User(a.ada.ID); user.Email != "countess@example.com" || user.EmailVerification != authrocket.EmailVerified {
		t.Errorf("the user is %+v", user)
	}
	a.wantError(a.login(a.ada), 422, "Login failed.") // the old email address no longer works
}

func TestAPIVerifyEmail(t *testing.T) {
	t.Parallel()
	inJSONAndForm(t, func(t *testing.T, a *api) {
		a.call("POST", "/v2/password/forgot", apiParams{"email": "ada"})
		forgot, _ := a.mailed("token")
		signup := a.call("POST", "/v2/signup", apiParams{"email": "mary@example.com", "password": secretPassword})
		token, _ := a.mailed("token")
		verify := func(token string) apiAnswer { return a.call("POST", "/v2/email/verify", apiParams{"token": token}) }
		for name, bad := range map[string]string{"none": "", "made up": "tve:AAAA", "for a password": forgot, "a session": signup.Session, "NUL bytes": token + "\x00"} {
			a.run(name, func(a *api) { a.wantError(verify(bad), 422, usedLink) })
		}
		if user, _ := a.realm.UserByLogin("mary@example.com"); user.EmailVerification != authrocket.EmailNotVerified {
			t.Errorf("the user is %+v", user)
		}
		a.wantOkay(verify(token))
		a.wantError(verify(token), 422, usedLink)
		if user, _ := a.realm.UserByLogin("mary@example.com"); user.EmailVerification != authrocket.EmailVerified {
			t.Errorf("the user is %+v", user)
		}
	})
}

func TestAPISignup(t *testing.T) {
	t.Parallel()
	inJSONAndForm(t, func(t *testing.T, a *api) {
		got := a.call("POST", "/v2/signup", apiParams{
			"email": "Mary@Example.com", "password": secretPassword, "password_confirmation": secretPassword,
			"first_name": "Mary", "last_name": "Somerville", "username": "mary", "locale": "en", "org_name": "<b>Mechanism</b>",
		})
		mary, err := a.realm.UserByLogin("mary")
		if err != nil {
			t.Fatal(err)
		}
		memberships := a.realm.MembershipsOf(mary.ID)
		if len(memberships) != 1 || len(memberships[0].Permissions) != 1 || memberships[0].Permissions[0] != "ar:owner" {
			t.Fatalf("memberships are %+v", memberships)
		}
		a.wantFullLogin(got, mary, memberships[0].OrgID)
		session, err := a.auth.Verify(t.Context(), got.Token)
		if err != nil {
			t.Fatal(err)
		}
		if u := session.User; u.Email != "mary@example.com" || u.Name != "Mary Somerville" || u.Locale != "en" || u.EmailVerification != authrocket.EmailNotVerified {
			t.Errorf("the token has %+v", u)
		}
		if org, _ := session.Org(); org.Name != "<b>Mechanism</b>" {
			t.Errorf("the account is %q", org.Name)
		}
		if _, to := a.mailed("token"); to != "mary@example.com" {
			t.Errorf("the mail went to %q", to)
		}

		users := len(a.realm.Users())
		for name, row := range map[string]struct {
			p    apiParams
			want []string
		}{
			"nothing":              {p: apiParams{}, want: []string{"Email is not an email address.", tooShort}},
			"a taken email":        {p: apiParams{"email": "MARY@example.com", "password": secretPassword}, want: []string{"Email is already in use."}},
			"a taken username":     {p: apiParams{"email": "m@example.com", "password": secretPassword, "username": "Mary"}, want: []string{"Username is already in use."}},
			"another confirmation": {p: apiParams{"email": "m@example.com", "password": secretPassword, "password_confirmation": "x"}, want: []string{notConfirm}},
			"a name in the email":  {p: apiParams{"email": "M <m@example.com>", "password": secretPassword}, want: []string{"Email is not an email address."}},
			"a line in the email":  {p: apiParams{"email": "m@example.com\r\nBcc: x@example.com", "password": secretPassword}, want: []string{"Email is not an email address."}},
			"all that can be wrong": {p: apiParams{"email": "m", "password": "s", "password_confirmation": "d", "first_name": "\x00", "last_name": strings.Repeat("x", 101), "org_name": "\x1b", "username": "<b>", "locale": "xx"}, want: []string{
				"Email is not an email address.", tooShort, notConfirm,
				"First name contains characters that cannot be displayed.", "Last name is too long. Use at most 100 characters.", "Account name contains characters that cannot be displayed.",
				"Username may contain letters, digits, dots, hyphens and underscores, and must start with a letter or digit.", "Language must be one of en, es, ja.",
			}},
		} {
			a.run(name, func(a *api) {
				a.wantError(a.call("POST", "/v2/signup", row.p), 422, row.want...)
				if n := len(a.realm.Users()); n != users {
					t.Errorf("there are %d users, want %d", n, users)
				}
			})
		}
	}, multiUser)
}

func TestAPISignupWithoutNames(t *testing.T) {
	t.Parallel()
	a := newAPI(t, requireName)
	got := a.call("POST", "/v2/signup", apiParams{"email": "mary@example.com", "password": secretPassword})
	mary, err := a.realm.UserByLogin("mary@example.com")
	if err != nil {
		t.Fatal(err)
	}
	a.wantConditional(got, a.realm.MembershipsOf(mary.ID)[0].OrgID, "must_complete_profile")
}

// The name of a user may be longer than the name of an account.
func TestAPISignupWithALongName(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for email, names := range map[string]string{
		"mary@example.com": strings.Repeat("é", 100),
		strings.Repeat("m", 60) + "@" + strings.Repeat("example.", 20) + "com": "",
	} {
		got := a.call("POST", "/v2/signup", apiParams{"email": email, "password": secretPassword, "first_name": names, "last_name": names})
		user, err := a.realm.UserByLogin(email)
		if err != nil || len(a.realm.MembershipsOf(user.ID)) != 1 {
			t.Fatalf("%s: %v", got.body, err)
		}
		a.wantFullLogin(got, user, a.realm.MembershipsOf(user.ID)[0].OrgID)
	}
}

func TestAPISignupModes(t *testing.T) {
	t.Parallel()
	const closed = "Signups are closed."
	const notInvited = "You need an invitation to sign up."
	const noInvitation = "This invitation has been used or has expired."
	mary := apiParams{"email": "mary@example.com", "password": secretPassword}
	invited := func(a *api, email, orgID string) apiParams {
		return apiParams{"email": "mary@example.com", "password": secretPassword, "invitation": a.invitation(a.t, email, orgID, "billing:read")}
	}
	for _, mode := range []authrockettest.Signup{authrockettest.SignupOpen, authrockettest.SignupInvitation, authrockettest.SignupClosed} {
		signup := func(c *siteConfig) { c.Signup = mode }
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			t.Run("without invitation", func(t *testing.T) {
				a := newAPI(t, signup)
				got := a.call("POST", "/v2/signup", mary)
				if mode == authrockettest.SignupOpen {
					user, _ := a.realm.UserByLogin("mary@example.com")
					a.wantFullLogin(got, user, a.realm.MembershipsOf(user.ID)[0].OrgID)
					return
				}
				want := closed
				if mode == authrockettest.SignupInvitation {
					want = notInvited
				}
				a.wantError(got, 422, want)
				if n := len(a.realm.Users()); n != 4 {
					t.Errorf("there are %d users", n)
				}
			})
			t.Run("with an invitation to an account", func(t *testing.T) {
				a := newAPI(t, signup)
				p := invited(a, "mary@example.com", a.widgets.ID)
				got := a.call("POST", "/v2/signup", p)
				user, _ := a.realm.UserByLogin("mary@example.com")
				a.wantFullLogin(got, user, a.widgets.ID)
				if user.EmailVerification != authrocket.EmailVerified {
					t.Error("the address the invitation was sent to is not verified")
				}
				p["email"] = "second@example.com"
				a.wantError(a.call("POST", "/v2/signup", p), 404, noInvitation)
			})
			t.Run("with an invitation that there is not", func(t *testing.T) {
				a := newAPI(t, signup)
				for _, token := range []string{"nvt_AAAA", "x", a.login(a.ada).Session} {
					p := apiParams{"email": "mary@example.com", "password": secretPassword, "invitation": token}
					a.wantError(a.call("POST", "/v2/signup", p), 404, noInvitation)
				}
			})
			t.Run("asking for an invitation", func(t *testing.T) {
				a := newAPI(t, signup)
				got := a.call("POST", "/v2/signup/request", apiParams{"email": "mary@example.com"})
				if mode == authrockettest.SignupClosed {
					a.wantError(got, 422, closed)
					if mails := a.server.Outbox(); len(mails) != 0 {
						t.Errorf("mails: %+v", mails)
					}
					return
				}
				a.wantOkay(got)
				token, to := a.mailed("invitation")
				if to != "mary@example.com" {
					t.Errorf("the mail went to %q", to)
				}
				got = a.call("POST", "/v2/signup", apiParams{"email": "mary@example.com", "password": secretPassword, "invitation": token})
				user, _ := a.realm.UserByLogin("mary@example.com")
				a.wantFullLogin(got, user, a.realm.MembershipsOf(user.ID)[0].OrgID)
				a.wantError(a.call("POST", "/v2/signup/request", apiParams{"email": "mary"}), 422, "Email is not an email address.")
			})
		})
	}
}
