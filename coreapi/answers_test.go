package coreapi_test

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Each answer is given to a GET, to a list, and to a POST.
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
		{"a record", 200, adaJSON, nil, nil, coreapi.ErrUnexpected, nil},
		{"a record, created", 201, adaJSON, nil, nil, coreapi.ErrUnexpected, nil},
		{"a record, accepted", 202, adaJSON, nil, nil, coreapi.ErrUnexpected, nil},
		{"a list", 200, `{"collection": [` + adaJSON + `], "more_results": false}`, nil, coreapi.ErrUnexpected, nil, coreapi.ErrUnexpected},
		{"an empty list", 200, `{"collection": []}`, nil, coreapi.ErrUnexpected, nil, coreapi.ErrUnexpected},
		{"nothing", 204, "", nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"an empty body", 200, "", nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"white space", 200, " \n", nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"an empty object", 200, "{}", nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"null", 200, "null", nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"metadata", 215, `{"id": ` + secret + `}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"metadata with a collection", 215, `{"collection": []}`, nil, coreapi.ErrUnexpected, nil, coreapi.ErrUnexpected},

		{"HTML", 200, "<p>" + hidden, html, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"JSON that says it is HTML", 200, adaJSON, html, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"HTML that says it is JSON", 200, "<p>" + hidden, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"JSON that is cut", 200, adaJSON[:200], nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a list that is cut", 200, `{"collection": [` + adaJSON, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"JSON with something behind", 200, adaJSON + secret, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a text", 200, secret, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"an array", 200, "[" + secret + "]", nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"an ID that is a number", 200, `{"id": 5}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"an ID that is blank", 200, `{"id": "", "email": ` + secret + `}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a list of texts", 200, `{"collection": [` + secret + `]}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a list that is an object", 200, `{"collection": {"id": ` + secret + `}}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a list that is null", 200, `{"collection": null}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a list with null", 200, `{"collection": [null]}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a list without IDs", 200, `{"collection": [{}]}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"more that is a text", 200, `{"collection": [], "more_results": "no"}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a time as a text", 200, `{"id": "usr_1", "created_at": ` + secret + `}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"a time that is too late", 200, `{"id": "usr_1", "created_at": 1e300}`, nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"an unknown state", 200, `{"id": "usr_1", "state": "odd"}`, nil, nil, coreapi.ErrUnexpected, nil},
		{"members that are null", 200, `{"id": "usr_1", "email": null, "custom": null, "credentials": null, "created_at": null}`, nil, nil, coreapi.ErrUnexpected, nil},
		{"deep nesting", 200, `{"id": "usr_1", "custom": ` + strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20001), nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},

		{"errors of status 200", 200, `{"errors": ["No."]}`, nil, coreapi.ErrInvalid, coreapi.ErrInvalid, coreapi.ErrInvalid},
		{"errors before data", 200, `{"id": "usr_1", "errors": ["No."]}`, nil, coreapi.ErrInvalid, coreapi.ErrInvalid, coreapi.ErrInvalid},
		{"errors before a collection", 200, `{"collection": [], "errors": ["No."]}`, nil, coreapi.ErrInvalid, coreapi.ErrInvalid, coreapi.ErrInvalid},
		{"errors before metadata", 215, `{"errors": ["No."]}`, nil, coreapi.ErrInvalid, coreapi.ErrInvalid, coreapi.ErrInvalid},
		{"errors that are empty", 200, `{"id": "usr_1", "errors": []}`, nil, nil, coreapi.ErrUnexpected, nil},
		{"errors that are null", 200, `{"id": "usr_1", "errors": null}`, nil, nil, coreapi.ErrUnexpected, nil},
		{"errors of another type", 200, `{"id": "usr_1", "errors": 5}`, nil, coreapi.ErrInvalid, coreapi.ErrInvalid, coreapi.ErrInvalid},
		{"errors as a name", 200, `{"id": "usr_1", "custom": {"x": "errors", "errors": ["a"]}}`, nil, nil, coreapi.ErrUnexpected, nil},

		{"404 of the API", 404, `{"errors": ["Not found"]}`, nil, coreapi.ErrNotFound, coreapi.ErrNotFound, coreapi.ErrNotFound},
		{"404 without a body", 404, "", html, coreapi.ErrNotFound, coreapi.ErrNotFound, coreapi.ErrNotFound},
		{"404 of what is not the API", 404, "<p>" + hidden, html, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
		{"422 in HTML", 422, "<p>" + hidden, html, coreapi.ErrInvalid, coreapi.ErrInvalid, coreapi.ErrInvalid},
		{"403 in HTML", 403, "<p>" + hidden, html, coreapi.ErrKeyRefused, coreapi.ErrKeyRefused, coreapi.ErrKeyRefused},
		{"503 in HTML", 503, "<p>" + hidden, html, coreapi.ErrUnavailable, coreapi.ErrUnavailable, coreapi.ErrOutcomeUnknown},
		{"a status that nobody knows", 299, adaJSON, nil, nil, coreapi.ErrUnexpected, nil},
		{"a status of a protocol", 304, "", nil, coreapi.ErrUnexpected, coreapi.ErrUnexpected, coreapi.ErrUnexpected},
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

// What is not an ID is refused before anything is sent: it would address the list, or
// something else.
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

	// Hostile ones end no segment, query or header.
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

// No ID is in an error: a user's may be an email address, a session's is a credential.
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
