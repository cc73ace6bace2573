package authrocketdev_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const fullSeed = `{
	"users": [
		{
			"id": "usr_ada", "email": "Ada@Example.com", "password": "engine", "username": "ada", "first_name": "Ada", "last_name": "Lovelace",
			"locale": "en", "reference": "17", "custom": {"n": 9007199254740993, "tags": ["a", 1, true], "on": false}, "email_verification": "verified",
			"memberships": [{"org": "Widgets Inc", "permissions": ["ar:owner"]}, {"org": "org_engines"}]
		},
		{"email": "grace@example.com", "email_verification": "unknown"},
		{"email": "george@example.com"}
	],
	"invitations": [{"email": "Bob@example.com", "org": "org_engines", "permissions": ["read"]}, {"email": "carol@example.com"}],
	"orgs": [{"id": "org_engines", "name": "Analytical Engines", "reference": "e", "custom": {"plan": "basic"}}, {"name": "Widgets Inc"}],
	"realm": {
		"id": "rl_test", "signup": "closed", "org_mode": "multi_user", "require_name": true, "totp": true, "algorithm": "HS256",
		"login_urls": ["https://app.example.com/in"], "allowed_origins": ["http://localhost:3000"],
		"token_minutes": 5, "session_minutes": 10, "requests_per_minute": -1, "reissue_tokens": true
	}
}`

func openSeed(t *testing.T, text string, config authrockettest.RealmConfig) *authrocketdev.Server {
	t.Helper()
	seed, err := authrocketdev.ReadSeed(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return openServer(t, seed, config)
}

func openServer(t *testing.T, seed authrocketdev.Seed, config authrockettest.RealmConfig) *authrocketdev.Server {
	t.Helper()
	server, err := seed.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func startSession(t *testing.T, realm *authrockettest.Realm, userID string) authrockettest.HostedSession {
	t.Helper()
	session, err := realm.StartSession(userID)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestSeed(t *testing.T) {
	t.Parallel()
	server := openSeed(t, fullSeed, authrockettest.RealmConfig{URL: "http://localhost:8081"})
	realm := server.Realm()

	if realm.ID() != "rl_test" || realm.KeyID() != "" || !strings.HasPrefix(realm.JWTKey(), "jsk_") {
		t.Errorf("got realm %q with the key %q, want rl_test with HS256", realm.ID(), realm.KeyID())
	}
	if target, ok := realm.RedirectURI(""); !ok || target != "https://app.example.com/in" {
		t.Errorf("the default Login URL is %q", target)
	}
	if provider, err := realm.AuthProvider(authrockettest.TypeTOTP); err != nil || provider.State != authrockettest.StateActive {
		t.Errorf("the provider of second factors is %+v, %v", provider, err)
	}
	users := realm.Users()
	if len(users) != 3 {
		t.Fatalf("got %d users", len(users))
	}
	for i, want := range []authrocket.EmailVerification{authrocket.EmailVerified, authrocket.EmailUnknown, authrocket.EmailNotVerified} {
		if got := users[i].EmailVerification; got != want {
			t.Errorf("%s: the email is %s, want %s", users[i].Email, got, want)
		}
	}
	ada := users[0]
	ada.Custom, ada.EmailVerification, ada.CreatedAt = nil, 0, time.Time{}
	if want := (authrockettest.User{
		ID: "usr_ada", Email: "ada@example.com", Password: "engine", Username: "ada", FirstName: "Ada", LastName: "Lovelace",
		Name: "Ada Lovelace", Locale: "en", Reference: "17", State: authrockettest.UserActive,
	}); !reflect.DeepEqual(ada, want) {
		t.Errorf("got %+v\nwant %+v", ada, want)
	}
	memberships := realm.MembershipsOf("usr_ada")
	if len(memberships) != 2 || !slices.Equal(memberships[0].Permissions, []string{"ar:owner"}) || memberships[1].OrgID != "org_engines" {
		t.Fatalf("got %+v", memberships)
	}
	if org, err := realm.Org(memberships[0].OrgID); err != nil || org.Name != "Widgets Inc" || !strings.HasPrefix(org.ID, "org_") {
		t.Errorf("got %+v, %v", org, err)
	}
	if org, err := realm.Org("org_engines"); err != nil || org.Reference != "e" || org.Custom["plan"] != "basic" {
		t.Errorf("got %+v, %v", org, err)
	}

	session := startSession(t, realm, "usr_ada")
	if got := session.ExpiresAt.Sub(session.CreatedAt); got != 10*time.Minute {
		t.Errorf("a session lasts %s", got)
	}
	token, err := realm.SessionToken(session.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := realm.SessionToken(session.ID); err != nil || again != token {
		t.Errorf("the token is made anew, %v", err)
	}
	auth, err := authrocket.New(authrocket.Config{JWTKey: realm.JWTKey(), RealmID: "rl_test", DisableCookie: true})
	if err != nil {
		t.Fatal(err)
	}
	verified, err := auth.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if got := verified.ExpiresAt.Sub(verified.IssuedAt); got != 5*time.Minute {
		t.Errorf("a token lasts %s", got)
	}
	var custom struct {
		N    int64 `json:"n"`
		Tags []any `json:"tags"`
		On   *bool `json:"on"`
	}
	if err := verified.Claims(&struct {
		CS any `json:"cs"`
	}{&custom}); err != nil || custom.N != 9007199254740993 || len(custom.Tags) != 3 || custom.On == nil {
		t.Errorf("got %+v, %v", custom, err)
	}

	mails := server.Outbox()
	if len(mails) != 2 || mails[1].To != "bob@example.com" || !strings.Contains(mails[1].Subject, "Analytical Engines") || mails[0].To != "carol@example.com" {
		t.Errorf("got the mails %+v", mails)
	}
}

func TestSeedGivesWayToTheConfig(t *testing.T) {
	t.Parallel()
	realm := openSeed(t, fullSeed, authrockettest.RealmConfig{
		ID: "rl_other", Settings: authrockettest.Settings{Algorithm: "RS256"}, TokenLifetime: time.Hour, SessionLifetime: 2 * time.Hour, LoginURLs: []string{"http://127.0.0.1:8080"},
	}).Realm()
	if realm.ID() != "rl_other" || realm.KeyID() == "" {
		t.Errorf("got realm %q with the key %q", realm.ID(), realm.KeyID())
	}
	if target, _ := realm.RedirectURI(""); target != "http://127.0.0.1:8080" {
		t.Errorf("the default Login URL is %q", target)
	}
	session := startSession(t, realm, "usr_ada")
	if got := session.ExpiresAt.Sub(session.CreatedAt); got != 2*time.Hour {
		t.Errorf("a session lasts %s", got)
	}
	if s := realm.Session(realm.Users()[0]); s.ExpiresAt.Sub(s.IssuedAt) != time.Hour {
		t.Errorf("a token lasts %s", s.ExpiresAt.Sub(s.IssuedAt))
	}
}

func TestSeedCanBeOpenedTwice(t *testing.T) {
	t.Parallel()
	seed := authrocketdev.DemoSeed()
	for range 2 {
		server := openServer(t, seed, authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "HS256"}})
		if _, err := server.Realm().UpdateUser("usr_ada", func(u *authrockettest.User) { u.Email = "changed@example.com" }); err != nil {
			t.Fatal(err)
		}
	}
}

// A saved realm has its own records and settings. Everything else comes from the
// seed.
func TestSeedGivesWayToASavedRealm(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.ID = "rl_saved" })
	realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	var saved bytes.Buffer
	if err := realm.Save(&saved); err != nil {
		t.Fatal(err)
	}
	server := openSeed(t, fullSeed, authrockettest.RealmConfig{URL: "http://localhost:8081", Saved: &saved})
	opened := server.Realm()
	if got := len(opened.Users()); got != 1 || opened.ID() != "rl_saved" || opened.Settings().Signup != authrockettest.SignupOpen || opened.KeyID() != realm.KeyID() {
		t.Errorf("got %d users of %s with %+v, want the saved realm", got, opened.ID(), opened.Settings())
	}
	if provider, err := opened.AuthProvider(authrockettest.TypeTOTP); err != nil || provider.State != authrockettest.StateInactive {
		t.Errorf("the provider of second factors is %+v, %v", provider, err)
	}
	if mails := server.Outbox(); len(mails) > 0 {
		t.Errorf("the seed's invitations are sent again: %+v", mails)
	}
	if target, _ := opened.RedirectURI(""); target != "https://app.example.com/in" {
		t.Errorf("the default Login URL is %q, want the seed's", target)
	}
}

func TestSeedReportsTheConfig(t *testing.T) {
	t.Parallel()
	_, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "none"}, URL: "localhost"})
	if err == nil || !strings.Contains(err.Error(), `"none"`) || !strings.Contains(err.Error(), `"localhost"`) {
		t.Errorf("got %v", err)
	}
}

func TestDemoSeed(t *testing.T) {
	t.Parallel()
	server := openServer(t, authrocketdev.DemoSeed(), authrockettest.RealmConfig{URL: "http://localhost:8081"})
	for login, want := range map[string]struct {
		password    string
		memberships int
	}{"ada@example.com": {password: "engine", memberships: 2}, "george@example.com": {password: "trains", memberships: 1}} {
		user, err := server.Realm().UserByLogin(login)
		if err != nil || user.Password != want.password {
			t.Errorf("%s: got %+v, %v", login, user, err)
		}
		if got := len(server.Realm().MembershipsOf(user.ID)); got != want.memberships {
			t.Errorf("%s has %d accounts, want %d", login, got, want.memberships)
		}
	}
}

func TestSeedMistakes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 101)
	for _, row := range []struct {
		name string
		text string
		want []string // all mistakes, in the order of the file
	}{
		{name: "an unknown member", text: `{"users": [], "user": []}`, want: []string{`there is no member "user" here; there are invitations, orgs, realm, users`}},
		{name: "another case of a name", text: `{"orgs": [{"Name": "A"}]}`, want: []string{
			`orgs[0]: there is no member "Name" here; there are custom, id, name, reference`, `orgs[0].name: is missing`}},
		{name: "a member twice", text: `{"realm": {}, "realm": {"id": "rl_x"}}`, want: []string{`line 1, column 15: realm: appears twice`}},
		{name: "a custom attribute twice", text: `{"orgs": [{"name": "A", "custom": {"a": 1, "a": 1}}]}`, want: []string{`line 1, column 44: orgs[0].custom.a: appears twice`}},
		{name: "not an object", text: `[]`, want: []string{`want an object, got an array`}},
		{name: "wrong types", text: `{"realm": 1, "orgs": {}, "users": [null, {"email": 1, "password": ["geheim"], "custom": [], "memberships": "x"}], "invitations": true}`, want: []string{
			`realm: want an object, got a number`, `orgs: want an array, got an object`, `users[0]: want an object, got null`,
			`users[1].email: want a string, got a number`, `users[1].password: want a string, got an array`,
			`users[1].custom: want an object, got an array`, `users[1].memberships: want an array, got a string`, `invitations: want an array, got a boolean`}},
		{name: "custom attributes in depth", text: `{"orgs": [{"name": "A", "custom": {"a": {}, "b": [[]], "c d": null, "e": 1e999}}]}`, want: []string{
			`orgs[0].custom.a: want a string, a number or a boolean, got an object`,
			`orgs[0].custom.b[0]: want a string, a number or a boolean, got an array`,
			`orgs[0].custom["c d"]: want a string, a number or a boolean, got null`,
			`orgs[0].custom.e: is out of the range of numbers`}},
		{name: "settings of the realm", text: `{"realm": {"id": "test", "signup": "nobody", "org_mode": "multi", "require_name": "yes", "totp": 1, "algorithm": "none",
			"login_urls": ["/path", "ftp://example.com", 1, "https://example.com/#a"], "allowed_origins": ["http://localhost:3000/", "*"], "token_minutes": 0, "session_minutes": 1.5,
			"requests_per_minute": 0, "reissue_tokens": 1}}`, want: []string{
			`realm.id: want rl_ and up to 60 letters, digits, - and _`,
			`realm.signup: want one of open, invitation, closed`,
			`realm.org_mode: want one of single_user, multi_user`,
			`realm.require_name: want true or false, got a string`,
			`realm.totp: want true or false, got a number`,
			`realm.algorithm: want one of RS256, HS256`,
			`realm.login_urls[0]: is not a URL with http or https and a host`,
			`realm.login_urls[1]: is not a URL with http or https and a host`,
			`realm.login_urls[2]: want a string, got a number`,
			`realm.login_urls[3]: has a fragment or a user; remove it, because the token would not reach the app`,
			`realm.allowed_origins[0]: is not an origin; use scheme, host and port only, for example http://localhost:8081, without the default ports 80 and 443`,
			`realm.allowed_origins[1]: is not an origin; use scheme, host and port only, for example http://localhost:8081, without the default ports 80 and 443`,
			`realm.token_minutes: want a whole number from 1 to 527040`,
			`realm.session_minutes: want a whole number from 1 to 527040`,
			`realm.requests_per_minute: want a whole number from 1, or -1 for no limit`,
			`realm.reissue_tokens: want true or false, got a number`}},
		{name: "numbers as strings", text: `{"realm": {"token_minutes": "5", "requests_per_minute": null}}`, want: []string{
			`realm.token_minutes: want a whole number from 1 to 527040, got a string`,
			`realm.requests_per_minute: want a whole number from 1, or -1 for no limit, got null`}},
		{name: "numbers that would overflow", text: `{"realm": {"token_minutes": 9223372036854775807, "session_minutes": 1e99}}`, want: []string{
			`realm.token_minutes: want a whole number from 1 to 527040`, `realm.session_minutes: want a whole number from 1 to 527040`}},
		{name: "IDs twice", text: `{"orgs": [{"id": "org_a", "name": "A"}, {"id": "org_a", "name": "B"}], "users": [{"id": "usr_a", "email": "a@b.c"}, {"id": "usr_a", "email": "d@b.c"}]}`, want: []string{
			`orgs[1].id: is the same as orgs[0].id`, `users[1].id: is the same as users[0].id`}},
		{name: "IDs of another kind", text: `{"orgs": [{"id": "usr_a", "name": "A"}], "users": [{"id": "a@b.c", "email": "a@b.c"}, {"id": "usr_ü", "email": "b@b.c"}]}`, want: []string{
			`orgs[0].id: want org_ and up to 60 letters, digits, - and _`, `users[0].id: want usr_ and up to 60 letters, digits, - and _`,
			`users[1].id: want usr_ and up to 60 letters, digits, - and _`}},
		{name: "emails and usernames twice, in any case", text: `{"users": [{"email": "a@b.c", "username": "ada"}, {"email": "A@B.c ", "username": "ADA"}]}`, want: []string{
			`users[1].email: is the same as users[0].email`, `users[1].username: is the same as users[0].username`}},
		{name: "emails that are none", text: `{"users": [{"email": "ada"}, {"email": ""}, {}, {"email": "Ada <a@b.c>"}], "invitations": [{"email": "@"}, {}]}`, want: []string{
			`users[0].email: is not an email address`, `users[1].email: is not an email address`, `users[2].email: is missing`, `users[3].email: is not an email address`,
			`invitations[0].email: is not an email address`, `invitations[1].email: is missing`}},
		{name: "fields that pages cannot show", text: `{"orgs": [{"name": " "}, {"name": "` + long + `"}], "users": [{"email": "a@b.c", "first_name": "A\u0000", "last_name": "\u202e",
			"username": "usr_x", "locale": "de", "email_verification": "yes"}]}`, want: []string{
			`orgs[0].name: is empty`, `orgs[1].name: This is too long. Use at most 100 characters.`,
			`users[0].first_name: This contains characters that cannot be displayed.`, `users[0].last_name: This contains characters that cannot be displayed.`,
			`users[0].username: Username may contain letters, digits, dots, hyphens and underscores, and must start with a letter or digit.`,
			`users[0].locale: Language must be one of en, es, ja.`, `users[0].email_verification: want one of none, verified, unknown`}},
		{name: "a password that is too long", text: `{"users": [{"email": "a@b.c", "password": "` + strings.Repeat("geheim", 13) + `"}]}`, want: []string{
			`users[0].password: is longer than 72 bytes, of which bcrypt reads no more`}},
		{name: "orgs that are not there", text: `{"orgs": [{"name": "A"}, {"name": "A"}], "users": [{"email": "a@b.c", "memberships": [{"org": "Widgets"}, {"org": "A"}, {}, {"org": ""}, {"org": 1}]}],
			"invitations": [{"email": "x@b.c", "org": "Widgets"}]}`, want: []string{
			`users[0].memberships[0].org: there is no org "Widgets"`, `users[0].memberships[1].org: there are 2 orgs "A"; use the ID of one of them`,
			`users[0].memberships[2].org: is missing`, `users[0].memberships[3].org: there is no org ""`,
			`users[0].memberships[4].org: want the ID or name of an org, got a number`, `invitations[0].org: there is no org "Widgets"`}},
		{name: "a membership twice", text: `{"orgs": [{"id": "org_a", "name": "A"}], "users": [{"email": "a@b.c", "memberships": [{"org": "A"}, {"org": "org_a"}]}, {"email": "b@b.c", "memberships": [{"org": "A"}]}]}`, want: []string{
			`users[0].memberships[1].org: is the same as users[0].memberships[0].org`}},
		{name: "an invitation twice", text: `{"orgs": [{"name": "A"}], "invitations": [{"email": "a@b.c"}, {"email": "a@b.c", "org": "A"}, {"email": "A@b.c"}]}`, want: []string{
			`invitations[2].email: is the same as invitations[0].email`}},
		{name: "permissions", text: `{"orgs": [{"name": "A"}], "users": [{"email": "a@b.c", "memberships": [{"org": "A", "permissions": ["a b", "", 1]}, {"org": "A", "permissions": "x"}]}],
			"invitations": [{"email": "a@b.c", "permissions": ["x"]}]}`, want: []string{
			`users[0].memberships[0].permissions[0]: A permission may have at most 62 characters: letters, digits and * : ; . _ -`,
			`users[0].memberships[0].permissions[1]: A permission may have at most 62 characters: letters, digits and * : ; . _ -`,
			`users[0].memberships[0].permissions[2]: want a string, got a number`,
			`users[0].memberships[1].org: is the same as users[0].memberships[0].org`,
			`users[0].memberships[1].permissions: want an array, got a string`,
			`invitations[0]: permissions need an org`}},
		{name: "too many permissions", text: `{"orgs": [{"name": "A"}], "invitations": [{"email": "a@b.c", "org": "A", "permissions": ["x"` + strings.Repeat(`,"x"`, 20) + `]}]}`, want: []string{
			`line 1, column 169: invitations[0].permissions has more than 20 elements`}},
		{name: "more invitations than are kept", text: `{"invitations": [1` + strings.Repeat(`,1`, 1000) + `]}`, want: []string{`line 1, column 2017: invitations has more than 1000 elements`}},
		{name: "a name that is endless", text: `{"` + strings.Repeat("ä\\n", 100) + `": 1}`, want: []string{
			`there is no member "` + strings.Repeat(`ä\n`, 30) + `..." here; there are invitations, orgs, realm, users`}},
		{name: "data after the end", text: "{}\n{}", want: []string{`line 2, column 1: invalid character '{' after top-level value`}},
		{name: "a syntax error", text: "{\n  \"users\": [ä]\n}", want: []string{`line 2, column 13: invalid character 'ä' at start of value`}},
		{name: "a comma too many", text: `{"orgs": [],}`, want: []string{`line 1, column 12: invalid character ',' at start of value`}},
		{name: "an end too early", text: "{\n\"users\": [", want: []string{`line 2, column 11: unexpected EOF`}},
		{name: "nothing", want: []string{`line 1, column 1: unexpected EOF`}},
		{name: "half a character", text: `{"users": [{"password": "\ud83dgeheim"}]}`, want: []string{`line 1, column 26: invalid escape sequence`}},
		{name: "an escape that is none", text: `{"users": [{"password": "\xgeheim"}]}`, want: []string{`line 1, column 26: invalid escape sequence`}},
		{name: "bytes that are no text", text: "{\"users\":\n \"ä\xff\"}", want: []string{`line 2, column 4: invalid UTF-8`}},
		{name: "depth", text: strings.Repeat("[", 20000), want: []string{`line 1, column 10001: exceeded max depth`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := authrocketdev.ReadSeed(strings.NewReader(row.text))
			if err == nil {
				t.Fatal("it was read")
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, row.want) {
				t.Errorf("got\n%s\nwant\n%s", err, strings.Join(row.want, "\n"))
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("a password is in %q", err)
			}
		})
	}
}

func TestSeedSize(t *testing.T) {
	t.Parallel()
	fits := "{}" + strings.Repeat(" ", 1<<20-2)
	if _, err := authrocketdev.ReadSeed(strings.NewReader(fits)); err != nil {
		t.Errorf("1 MiB is refused: %v", err)
	}
	if _, err := authrocketdev.ReadSeed(strings.NewReader(fits + " ")); err == nil || err.Error() != "the file is larger than 1 MiB; make it smaller" {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken")
	if _, err := authrocketdev.ReadSeed(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want the error of the reader", err)
	}
}

// A seed that ReadSeed accepts can be opened. No mistake is found later, without its
// place.
func FuzzReadSeed(f *testing.F) {
	demo, err := os.ReadFile("seed.example.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(demo)
	f.Add([]byte(fullSeed))
	f.Add([]byte(`{"orgs": [{"name": "A"}, {"name": "A"}], "users": [{"email": "a@b.c", "memberships": [{"org": "A"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		seed, err := authrocketdev.ReadSeed(bytes.NewReader(data))
		if err != nil {
			return
		}
		server := openServer(t, seed, authrockettest.RealmConfig{Settings: authrockettest.Settings{Algorithm: "HS256"}})
		for _, user := range server.Realm().Users() {
			server.Realm().Token(user) // this panics if it cannot make a token
		}
	})
}
