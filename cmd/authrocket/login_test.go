package main_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	const password = "geheime maschine"
	// twoAccounts lets ada be in a second org.
	second := func(s *shop) string {
		if _, err := s.realm.ChangeSettings(func(settings *authrockettest.Settings) { settings.OrgMode = authrockettest.MultiUser }); err != nil {
			s.t.Fatal(err)
		}
		org := s.realm.AddOrg(authrockettest.Org{Name: "Widgets"})
		s.realm.AddMembership(s.ada, org)
		return org.ID
	}
	for _, row := range []struct {
		name   string
		change func(*shop) (lines string, args []string)
		status int
		stderr string // a regular expression
	}{
		{name: "email and password", change: func(*shop) (string, []string) { return "ada@example.com\n" + password + "\n", nil }, stderr: `^Logged in as "Ada", account "org_\w+"\.\n$`},
		{name: "without a last line break", change: func(*shop) (string, []string) { return "ada@example.com\r\n" + password, nil }, stderr: `^Logged in as "Ada"`},
		{name: "-email", change: func(*shop) (string, []string) { return password + "\n", []string{"-email", "ada@example.com"} }, stderr: `^Logged in as "Ada"`},
		{name: "one of several accounts", change: func(s *shop) (string, []string) {
			return "ada@example.com\n" + password + "\n", []string{"-account", second(s)}
		}, stderr: `^Logged in as "Ada", account "org_\w+"\.\n$`},
		{name: "several accounts, and none is selected", change: func(s *shop) (string, []string) {
			second(s)
			return "ada@example.com\n" + password + "\n", nil
		}, status: 1, stderr: `^authrocket login: loginrocket: the login is not complete: no_account_selected; .*select one with -account and its ID\n$`},
		{name: "an account of others", change: func(s *shop) (string, []string) {
			return "ada@example.com\n" + password + "\n", []string{"-account", s.realm.AddOrg(authrockettest.Org{Name: "Steam"}).ID}
		}, status: 1, stderr: `^authrocket login: loginrocket: GET /session: the input is refused: You are not a member of this account`},
		{name: "a wrong password", change: func(*shop) (string, []string) { return "ada@example.com\n" + password + "!\n", nil }, status: 1, stderr: `^authrocket login: loginrocket: POST /login: the input is refused: Login failed`},
		{name: "a profile that is not complete", change: func(s *shop) (string, []string) {
			s.realm.ChangeSettings(func(settings *authrockettest.Settings) { settings.RequireName = true })
			s.realm.UpdateUser(s.ada.ID, func(u *authrockettest.User) { u.FirstName, u.LastName = "", "" })
			return "ada@example.com\n" + password + "\n", nil
		}, status: 1, stderr: `must_complete_profile; sign in once at LoginRocket in a browser`},
		{name: "LoginRocket is out of reach", change: func(s *shop) (string, []string) {
			s.loginRocket.Close()
			return "ada@example.com\n" + password + "\n", nil
		}, status: 3, stderr: `^authrocket login: loginrocket: POST /login: LoginRocket does not answer now`},
		{name: "no password", change: func(*shop) (string, []string) { return "ada@example.com\n", nil }, status: 2, stderr: `^authrocket login: standard input ended without an answer to "Password:"\n$`},
		{name: "an empty password", change: func(*shop) (string, []string) { return "ada@example.com\n\n", nil }, status: 2, stderr: `^authrocket login: the answer is empty\n$`},
		{name: "no LoginRocket URL", change: func(s *shop) (string, []string) {
			s.env["LOGINROCKET_URL"] = ""
			return "", nil
		}, status: 2, stderr: `^authrocket login: loginrocket: Config\.URL \(LOGINROCKET_URL\) is missing`},
		{name: "a password as an argument", change: func(*shop) (string, []string) { return "", []string{password} }, status: 2, stderr: `^authrocket login: there is an argument that is not a flag`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newShopWithoutApp(t)
			if err := s.realm.SetPassword(s.ada.ID, password); err != nil {
				t.Fatal(err)
			}
			s.secrets = append(s.secrets, password)
			lines, args := row.change(s)
			o := s.run(lines, append([]string{"login"}, args...)...)
			if o.status != row.status || !regexp.MustCompile(row.stderr).MatchString(o.stderr) {
				t.Errorf("got %d, %s", o.status, o.stderr)
			}
			token := strings.TrimSuffix(o.stdout, "\n")
			if row.status != 0 {
				if token != "" {
					t.Errorf("got %q", token)
				}
				return
			}
			if explained := s.run(o.stdout, "explain"); explained.status != 0 || !strings.Contains(explained.stdout, "ada@example.com") {
				t.Errorf("login | explain: got %d, %s%s", explained.status, explained.stdout, explained.stderr)
			}
			if len(args) == 2 && args[0] == "-account" && !strings.Contains(s.run(o.stdout, "explain").stdout, args[1]) {
				t.Errorf("the token is of another account than %s", args[1])
			}
		})
	}
}

func TestLoginWithASecondFactor(t *testing.T) {
	t.Parallel()
	s := newShopWithoutApp(t)
	code := s.enrol()
	for _, row := range []struct {
		name   string
		codes  func() string
		status int
		stderr string
	}{
		{name: "a wrong code, then the right one", codes: func() string { return "000000\n" + code() + "\n" }, stderr: `Try again\.\nLogged in as "Ada"`},
		{name: "three wrong codes", codes: func() string { return "000000\n000000\n000000\n" + code() + "\n" }, status: 1, stderr: `authrocket login: loginrocket: POST /login/verify: the input is refused`},
		{name: "no code", codes: func() string { return "" }, status: 2, stderr: `without an answer to "Code of the second factor:"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := s.run("ada@example.com\nengine\n"+row.codes(), "login")
			if o.status != row.status || !regexp.MustCompile(row.stderr).MatchString(o.stderr) || (o.stdout != "") != (row.status == 0) {
				t.Errorf("got %d, %s", o.status, o.stderr)
			}
		})
	}
}

// enrol gives ada a second factor, and returns what her device shows now.
func (s *shop) enrol() (code func() string) {
	s.t.Helper()
	if _, err := s.realm.UpdateAuthProvider(authrockettest.TypeTOTP, func(p *authrockettest.AuthProvider) { p.State = authrockettest.StateActive }); err != nil {
		s.t.Fatal(err)
	}
	device, err := s.realm.CreateTOTP(s.ada.ID, "Phone")
	if err != nil {
		s.t.Fatal(err)
	}
	// That of before, so that the one of now is not used up.
	if isRight, err := s.realm.VerifyTOTP(device.ID, authrockettest.TOTP(device.Secret(), time.Now().Add(-30*time.Second))); err != nil || !isRight {
		s.t.Fatalf("the device is not enrolled: %v", err)
	}
	return func() string { return authrockettest.TOTP(device.Secret(), time.Now()) }
}
