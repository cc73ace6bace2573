package coreapi_test

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Each row gives its answer to a GET, to a list, and to a POST.
func TestAnswers(t *testing.T) {
	t.Parallel()
	html := []string{"Content-Type", "text/html; charset=utf-8"}
	secret := `"` + hidden + `"`
	for _, row := range []struct {
		name            string
		status          int
		body            string
		header          []string
		get, list, post error
	}{
		{name: "a record", status: 200, body: adaJSON, list: coreapi.ErrUnexpected},
		{name: "a record, created", status: 201, body: adaJSON, list: coreapi.ErrUnexpected},
		{name: "a record, accepted", status: 202, body: adaJSON, list: coreapi.ErrUnexpected},
		{name: "a list", status: 200, body: `{"collection": [` + adaJSON + `], "more_results": false}`, get: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "an empty list", status: 200, body: `{"collection": []}`, get: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "nothing", status: 204, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "an empty body", status: 200, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "white space", status: 200, body: " \n", get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "an empty object", status: 200, body: "{}", get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "null", status: 200, body: "null", get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "metadata", status: 215, body: `{"id": ` + secret + `}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "metadata with a collection", status: 215, body: `{"collection": []}`, get: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},

		{name: "HTML", status: 200, body: "<p>" + hidden, header: html, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "JSON that says it is HTML", status: 200, body: adaJSON, header: html, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "HTML that says it is JSON", status: 200, body: "<p>" + hidden, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "JSON that is cut", status: 200, body: adaJSON[:200], get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a list that is cut", status: 200, body: `{"collection": [` + adaJSON, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "JSON with something behind", status: 200, body: adaJSON + secret, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a text", status: 200, body: secret, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "an array", status: 200, body: "[" + secret + "]", get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "an ID that is a number", status: 200, body: `{"id": 5}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "an ID that is blank", status: 200, body: `{"id": "", "email": ` + secret + `}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a list of texts", status: 200, body: `{"collection": [` + secret + `]}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a list that is an object", status: 200, body: `{"collection": {"id": ` + secret + `}}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a list that is null", status: 200, body: `{"collection": null}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a list with null", status: 200, body: `{"collection": [null]}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a list without IDs", status: 200, body: `{"collection": [{}]}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "more that is a text", status: 200, body: `{"collection": [], "more_results": "no"}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a time as a text", status: 200, body: `{"id": "usr_1", "created_at": ` + secret + `}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "a time that is too late", status: 200, body: `{"id": "usr_1", "created_at": 1e300}`, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "an unknown state", status: 200, body: `{"id": "usr_1", "state": "odd"}`, list: coreapi.ErrUnexpected},
		{name: "members that are null", status: 200, body: `{"id": "usr_1", "email": null, "custom": null, "credentials": null, "created_at": null}`, list: coreapi.ErrUnexpected},
		{name: "deep nesting", status: 200, body: `{"id": "usr_1", "custom": ` + strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20001), get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},

		{name: "errors of status 200", status: 200, body: `{"errors": ["No."]}`, get: coreapi.ErrInvalid, list: coreapi.ErrInvalid, post: coreapi.ErrInvalid},
		{name: "errors before data", status: 200, body: `{"id": "usr_1", "errors": ["No."]}`, get: coreapi.ErrInvalid, list: coreapi.ErrInvalid, post: coreapi.ErrInvalid},
		{name: "errors before a collection", status: 200, body: `{"collection": [], "errors": ["No."]}`, get: coreapi.ErrInvalid, list: coreapi.ErrInvalid, post: coreapi.ErrInvalid},
		{name: "errors before metadata", status: 215, body: `{"errors": ["No."]}`, get: coreapi.ErrInvalid, list: coreapi.ErrInvalid, post: coreapi.ErrInvalid},
		{name: "errors that are empty", status: 200, body: `{"id": "usr_1", "errors": []}`, list: coreapi.ErrUnexpected},
		{name: "errors that are null", status: 200, body: `{"id": "usr_1", "errors": null}`, list: coreapi.ErrUnexpected},
		{name: "errors of another type", status: 200, body: `{"id": "usr_1", "errors": 5}`, get: coreapi.ErrInvalid, list: coreapi.ErrInvalid, post: coreapi.ErrInvalid},
		{name: "errors as a name", status: 200, body: `{"id": "usr_1", "custom": {"x": "errors", "errors": ["a"]}}`, list: coreapi.ErrUnexpected},

		{name: "404 of the API", status: 404, body: `{"errors": ["Not found"]}`, get: coreapi.ErrNotFound, list: coreapi.ErrNotFound, post: coreapi.ErrNotFound},
		{name: "404 without a body", status: 404, header: html, get: coreapi.ErrNotFound, list: coreapi.ErrNotFound, post: coreapi.ErrNotFound},
		{name: "404 of what is not the API", status: 404, body: "<p>" + hidden, header: html, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
		{name: "422 in HTML", status: 422, body: "<p>" + hidden, header: html, get: coreapi.ErrInvalid, list: coreapi.ErrInvalid, post: coreapi.ErrInvalid},
		{name: "403 in HTML", status: 403, body: "<p>" + hidden, header: html, get: coreapi.ErrKeyRefused, list: coreapi.ErrKeyRefused, post: coreapi.ErrKeyRefused},
		{name: "503 in HTML", status: 503, body: "<p>" + hidden, header: html, get: coreapi.ErrUnavailable, list: coreapi.ErrUnavailable, post: coreapi.ErrOutcomeUnknown},
		{name: "a status that nobody knows", status: 299, body: adaJSON, list: coreapi.ErrUnexpected},
		{name: "a status of a protocol", status: 304, get: coreapi.ErrUnexpected, list: coreapi.ErrUnexpected, post: coreapi.ErrUnexpected},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := newAPI(answer(row.status, row.body, row.header...))
				client := clientOf(t, server)
				user, err := client.Users.Get(t.Context(), "usr_1")
				check := func(call string, err, want error, empty bool) {
					t.Helper()
					expectError(t, err, want)
					if (err == nil) == empty {
						t.Errorf("%s: got an empty record: %t, and error %v", call, empty, err)
					}
					expectHidden(t, printed(t, err), hidden)
				}
				check("GET", err, row.get, user.ID == "")
				page, err := client.Users.List(t.Context(), coreapi.UserQuery{})
				check("list", err, row.list, page.Items == nil)
				created, err := client.Users.Create(t.Context(), coreapi.NewUser{Email: "ada@example.com"})
				check("POST", err, row.post, created.ID == "")
				if row.status != 503 {
					expectCount(t, server, 3)
				}
			})
		})
	}
}

// An answer may contain anything, for example a page of another server with secrets in
// it.
func TestErrorsHoldNothingOfTheAnswer(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a number for a text":           `{"id": "usr_1", "email": 7355608}`,
		"a number for an ID":            `{"id": 7355608}`,
		"a fraction for a whole number": `{"id": "usr_1", "email": 5, "min_length": 7355608.5}`,
		"a text for a time":             `{"id": "usr_1", "created_at": "7355608"}`,
		"a member that is odd":          `{"id": "usr_1", "credentials": {"7355608": 7355608}}`,
		"what is no JSON":               `{"id": "usr_1", "email": 7355608`,
		"what is no record":             `{"7355608": 7355608}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := clientOf(t, newAPI(answer(200, body)))
			_, err := client.Users.Get(t.Context(), "usr_1")
			expectError(t, err, coreapi.ErrUnexpected)
			expectHidden(t, printed(t, err), "7355608")
			_, err = client.AuthProviders.Get(t.Context(), "totp")
			expectHidden(t, printed(t, err), "7355608")
			_, err = coreapi.Get[struct {
				Email string `json:"email"`
				N     int    `json:"min_length"`
			}](t.Context(), client, "/users/usr_1", nil)
			expectHidden(t, printed(t, err), "7355608")
		})
	}
}

// The client refuses a text that is not an ID before it sends anything: it would address
// the list, or another resource.
func TestIDs(t *testing.T) {
	t.Parallel()
	server := newAPI(answer(200, adaJSON))
	client := clientOf(t, server)
	ctx := t.Context()
	secret := coreapi.Hide
	for _, id := range []string{"", " ", "\t\r\n", ".", "..", "\xff", strings.Repeat("a", 600)} {
		for name, call := range map[string]func() error{
			"Users.Get":                      func() error { _, err := client.Users.Get(ctx, id); return err },
			"Users.Update":                   func() error { _, err := client.Users.Update(ctx, id, coreapi.UserChange{}); return err },
			"Users.Delete":                   func() error { return client.Users.Delete(ctx, id) },
			"Users.UpdateProfile":            func() error { _, err := client.Users.UpdateProfile(ctx, id, coreapi.ProfileChange{}); return err },
			"Users.UpdatePassword":           func() error { _, err := client.Users.UpdatePassword(ctx, id, coreapi.PasswordChange{}); return err },
			"Users.Authenticate":             func() error { _, err := client.Users.Authenticate(ctx, id, secret("x")); return err },
			"Users.PasswordToken":            func() error { _, err := client.Users.PasswordToken(ctx, id); return err },
			"Users.RequestEmailVerification": func() error { _, err := client.Users.RequestEmailVerification(ctx, id); return err },
			"Users.AcceptInvitation":         func() error { _, err := client.Users.AcceptInvitation(ctx, id, secret("x")); return err },
			"Orgs.Get":                       func() error { _, err := client.Orgs.Get(ctx, id); return err },
			"Orgs.Update":                    func() error { _, err := client.Orgs.Update(ctx, id, coreapi.OrgChange{}); return err },
			"Orgs.Close":                     func() error { _, err := client.Orgs.Close(ctx, id); return err },
			"Orgs.Delete":                    func() error { return client.Orgs.Delete(ctx, id) },
			"Memberships.Get":                func() error { _, err := client.Memberships.Get(ctx, id); return err },
			"Memberships.Update":             func() error { _, err := client.Memberships.Update(ctx, id, coreapi.MembershipChange{}); return err },
			"Memberships.Delete":             func() error { return client.Memberships.Delete(ctx, id) },
			"Memberships.OfUser":             func() error { return firstError(client.Memberships.OfUser(ctx, id, coreapi.MembershipQuery{})) },
			"Memberships.List":               func() error { _, err := client.Memberships.List(ctx, coreapi.MembershipQuery{OrgID: id}); return err },
			"Memberships.OfOrg":              func() error { return firstError(client.Memberships.OfOrg(ctx, id, coreapi.MembershipQuery{})) },
			"Sessions.Get":                   func() error { _, err := client.Sessions.Get(ctx, secret(id)); return err },
			"Sessions.Delete":                func() error { return client.Sessions.Delete(ctx, secret(id)) },
			"Sessions.OfUser":                func() error { return firstError(client.Sessions.OfUser(ctx, id)) },
			"Sessions.DeleteAllOf":           func() error { _, err := client.Sessions.DeleteAllOf(ctx, id); return err },
			"Invitations.Get":                func() error { _, err := client.Invitations.Get(ctx, id); return err },
			"Invitations.Update":             func() error { _, err := client.Invitations.Update(ctx, id, coreapi.InvitationChange{}); return err },
			"Invitations.Delete":             func() error { return client.Invitations.Delete(ctx, id) },
			"Invitations.Invite":             func() error { _, err := client.Invitations.Invite(ctx, id); return err },
			"Credentials.Get":                func() error { _, err := client.Credentials.Get(ctx, id); return err },
			"Credentials.Delete":             func() error { return client.Credentials.Delete(ctx, id) },
			"Credentials.UpdatePassword":     func() error { _, err := client.Credentials.UpdatePassword(ctx, id, secret("x")); return err },
			"Credentials.Verify":             func() error { _, err := client.Credentials.Verify(ctx, id, "123456"); return err },
			"AuthProviders.Get":              func() error { _, err := client.AuthProviders.Get(ctx, id); return err },
			"AuthProviders.AuthorizeURL":     func() error { _, err := client.AuthProviders.AuthorizeURL(ctx, id, "https://x", ""); return err },
			"AuthProviders.AuthorizeToken":   func() error { _, err := client.AuthProviders.AuthorizeToken(ctx, id, secret("x")); return err },
			"Events.Get":                     func() error { _, err := client.Events.Get(ctx, id); return err },
		} {
			if err := call(); err == nil {
				t.Errorf("%s(%q): got no error", name, id)
			} else {
				expectError(t, err, coreapi.ErrInvalid)
			}
		}
	}
	if _, err := client.Orgs.ByReference(ctx, ""); err == nil {
		t.Error("a blank reference addresses all orgs")
	}
	expectCount(t, server, 0)

	// Hostile IDs cannot end a path segment, a query or a header.
	for _, id := range []string{"../orgs", "a/b", "a?force=true", "a#b", "a%2fb", "a\r\nX: y", "a b"} {
		if _, err := client.Users.Get(ctx, id); err != nil {
			t.Fatal(err)
		}
		sent := server.requests()
		last := sent[len(sent)-1]
		if strings.Count(last.path, "/") != 3 || last.query != "" || !strings.HasPrefix(last.path, "/v2/users/") {
			t.Errorf("%q was sent as %q?%q", id, last.path, last.query)
		}
	}
}

// No error contains an ID: a user's ID may be an email address, and a session's ID is a
// credential.
func TestErrorsHoldNoID(t *testing.T) {
	t.Parallel()
	for name, answers := range map[string][]answerFunc{
		"not found": {answer(404, `{}`)}, "invalid": {answer(422, `{}`)}, "unavailable": {answer(500, "")}, "lost": {lose}, "unexpected": {answer(200, "{")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := clientOf(t, newAPI(answers...))
				_, err := client.Sessions.Get(t.Context(), coreapi.Hide("kss_"+hidden))
				expectHidden(t, printed(t, err), hidden)
				_, err = client.Users.Get(t.Context(), hidden+"@example.com")
				expectHidden(t, printed(t, err), hidden)
				err = client.Sessions.Delete(t.Context(), coreapi.Hide("kss_"+hidden))
				expectHidden(t, printed(t, err), hidden)
				_, err = client.Users.Authenticate(t.Context(), "usr_1", coreapi.Hide(hidden))
				expectHidden(t, printed(t, err), hidden)
				_, err = coreapi.Get[struct{}](t.Context(), client, "/users/"+url.PathEscape(hidden+"@example.com"), url.Values{"x": {hidden}})
				expectHidden(t, printed(t, err), hidden)
			})
		})
	}
}

// LoginRocket has an API with the same paths at its own host, but without lists.
func TestAListThatIsNotThereNamesTheURL(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		call  func(*coreapi.Client) error
		names bool
	}{
		{name: "a list", names: true, call: func(c *coreapi.Client) error {
			_, err := c.Users.List(t.Context(), coreapi.UserQuery{})
			return err
		}},
		{name: "a record", call: func(c *coreapi.Client) error {
			_, err := c.Users.Get(t.Context(), "usr_1")
			return err
		}},
		{name: "a new record", call: func(c *coreapi.Client) error {
			_, err := c.Users.Create(t.Context(), coreapi.NewUser{Email: "ada@example.com"})
			return err
		}},
	} {
		err := row.call(clientOf(t, newAPI(answer(404, `{"errors": ["There is nothing here."]}`))))
		expectError(t, err, coreapi.ErrNotFound)
		if strings.Contains(err.Error(), "check that Config.URL (AUTHROCKET_URL)") != row.names {
			t.Errorf("%s: got %v, want it to name AUTHROCKET_URL: %t", row.name, err, row.names)
		}
	}
}
