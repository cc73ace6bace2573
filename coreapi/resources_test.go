package coreapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

const (
	orgJSON = `{"object": "org", "id": "org_1", "realm_id": "rl_1", "name": "Widgets Inc", "state": "active", "reference": "acct-7", "custom": {"tier": 3}, "created_at": 1423941493.701}`

	membershipJSON = `{"object": "membership", "id": "mb_1", "org_id": "org_1", "user_id": "usr_1", "permissions": ["ar:owner", "widget:*"], "expires_at": null,
		"org": ` + orgJSON + `}`

	sessionJSON = `{"object": "session", "id": "kss_s3cret-that-must-not-show", "user_id": "usr_1", "client_app_id": null, "created_at": 1735689600.0, "expires_at": 1735776000,
		"request": {"client": "Firefox/3141.5", "ip": "10.0.0.1"}, "token": "HEADER.s3cret-that-must-not-show.SIGNATURE", "user": ` + adaJSON + `}`

	tokenJSON = `{"object": "token", "token": "tmf:s3cret-that-must-not-show", "user_id": "usr_1"}`

	invitationJSON = `{"object": "invitation", "id": "nvt_1", "realm_id": "rl_1", "invitation_type": "org", "email": "bob@example.com", "org_id": "org_1", "permissions": ["widget:read"],
		"token": "nvt_s3cret-that-must-not-show", "inviting_user_id": "usr_1", "locale": "en", "created_at": 1735689600.0, "invited_at": null, "expires_at": 1738281600}`

	credentialJSON = `{"object": "credential", "id": "crd_1", "user_id": "usr_1", "auth_provider_id": "ap_1", "credential_type": "totp", "name": "Phone", "state": "new",
		"otp_secret": "s3cret-that-must-not-show", "provisioning_uri": "otpauth://totp/s3cret-that-must-not-show", "provisioning_svg": "<svg s3cret-that-must-not-show>",
		"access_token": "at-s3cret-that-must-not-show", "token_expires_at": null}`

	providerJSON = `{"object": "auth_provider", "id": "ap_1", "realm_id": "rl_1", "name": "Passwords", "provider_type": "password", "state": "active", "min_length": 8, "client_secret": "s3cret-that-must-not-show"}`

	urlJSON = `{"auth_url": "https://provider.example/?state=1", "id": "ap_2", "provider_type": "facebook"}`

	eventJSON = `{"object": "event", "id": "ev_1", "event_type": "session.deleted", "event_at": 1735700000.5, "realm_id": "rl_1", "user_id": "usr_1",
		"session_id": "kss_s3cret-that-must-not-show", "token": "s3cret-that-must-not-show", "expires_at": 1735776000, "request": {"ip": "10.0.0.1"},
		"notifications": [{"id": "ent_1", "attempts": 2, "state": "in_progress", "hook_id": "hk_1", "hook_type": "webhook",
			"last_attempt_at": "2025-01-01T00:00:00Z", "last_destination": "https://user:s3cret-that-must-not-show@example.com/", "last_result": "500"}]}`
)

func listJSON(records ...string) string {
	return `{"collection": [` + strings.Join(records, ",") + `], "more_results": false}`
}

// Each row calls one method and states the request that it sends and the answer that it
// reads.
func TestMethods(t *testing.T) {
	t.Parallel()
	hide := coreapi.Hide
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name   string
		call   func(context.Context, *coreapi.Client) (any, error)
		answer string
		want   string // method, path, query and body
	}{
		{name: "Users.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Users.Get(ctx, "ada@example.com") }, answer: adaJSON, want: "GET /users/ada%40example.com"},
		{name: "Users.List", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.List(ctx, coreapi.UserQuery{After: "usr_0", PageSize: 2, Sort: "id", Direction: coreapi.Ascending, ExpandCustom: true, Extra: url.Values{"reference": {"42"}}})
		}, answer: listJSON(adaJSON), want: "GET /users?after=usr_0&direction=asc&expand=custom&max_results=2&reference=42&sort=id"},
		{name: "Users.Create", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.Create(ctx, coreapi.NewUser{
				Email: "ada@example.com", Password: hide("pw"), State: coreapi.UserInactive, EmailVerification: coreapi.EmailRequested, FirstName: "Ada", LastName: "L", Username: "ada",
				Locale: "en", Reference: "42", Custom: map[string]any{"plan": "pro"}, Extra: map[string]any{"realm_id": "rl_1"},
			})
		}, answer: adaJSON, want: `POST /users {"user":{"custom":{"plan":"pro"},"email":"ada@example.com","email_verification":"requested","first_name":"Ada","last_name":"L","locale":"en","password":"pw","realm_id":"rl_1","reference":"42","state":"inactive","username":"ada"}}`},
		{name: "Users.Create of nothing", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.Create(ctx, coreapi.NewUser{})
		}, answer: adaJSON, want: `POST /users {"user":{}}`},
		{name: "Users.Update", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.Update(ctx, "usr_1", coreapi.UserChange{
				Email: new("ada@example.org"), EmailPending: new("new@example.org"), EmailVerification: new(coreapi.EmailVerified), State: new(coreapi.UserActive), FirstName: new("Ada"),
				LastName: new(""), Username: new(""), Locale: new(""), Reference: new(""), Password: new(hide("pw")), Custom: map[string]any{}, Extra: map[string]any{"x": 1},
			})
		}, answer: adaJSON, want: `PUT /users/usr_1 {"user":{"custom":{},"email":"ada@example.org","email_pending":"new@example.org","email_verification":"verified","first_name":"Ada","last_name":null,"locale":null,"password":"pw","reference":null,"state":"active","username":null,"x":1}}`},
		{name: "Users.Update of nothing", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.Update(ctx, "usr_1", coreapi.UserChange{})
		}, answer: adaJSON, want: `PUT /users/usr_1 {"user":{}}`},
		{name: "Users.Delete", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return nil, c.Users.Delete(ctx, "usr_1") }, want: "DELETE /users/usr_1"},
		{name: "Users.Authenticate", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.Authenticate(ctx, "ada@example.com", hide("pw"))
		}, answer: sessionJSON, want: `POST /users/ada%40example.com/authenticate {"user":{"password":"pw"}}`},
		{name: "Users.CompleteLogin", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.CompleteLogin(ctx, hide("tmf:x"), "123456")
		}, answer: sessionJSON, want: `POST /users/authenticate_token {"user":{"code":"123456","token":"tmf:x"}}`},
		{name: "Users.UpdatePassword", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.UpdatePassword(ctx, "usr_1", coreapi.PasswordChange{Current: hide("old"), New: hide("new"), KeepSessions: "all", Extra: map[string]any{"x": 1}})
		}, answer: adaJSON, want: `PUT /users/usr_1/update_password {"user":{"current_password":"old","keep_sessions":"all","password":"new","password_confirmation":"new","x":1}}`},
		{name: "Users.UpdateProfile", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.UpdateProfile(ctx, "usr_1", coreapi.ProfileChange{Email: new("a@example.com"), FirstName: new("A"), LastName: new(""), Username: new("a"), Password: new(hide("pw"))})
		}, answer: adaJSON, want: `PUT /users/usr_1/profile {"user":{"email":"a@example.com","first_name":"A","last_name":null,"password":"pw","username":"a"}}`},
		{name: "Users.PasswordToken", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Users.PasswordToken(ctx, "usr_1") }, answer: tokenJSON, want: `POST /users/usr_1/generate_password_token {}`},
		{name: "Users.ResetPassword", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.ResetPassword(ctx, hide("tpw:x"), hide("pw"))
		}, answer: sessionJSON, want: `POST /users/reset_password_with_token {"user":{"password":"pw","password_confirmation":"pw","token":"tpw:x"}}`},
		{name: "Users.RequestEmailVerification", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.RequestEmailVerification(ctx, "usr_1")
		}, answer: tokenJSON, want: `POST /users/usr_1/request_email_verification {}`},
		{name: "Users.VerifyEmail", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.VerifyEmail(ctx, hide("tve:x"))
		}, answer: adaJSON, want: `POST /users/verify_email {"user":{"token":"tve:x"}}`},
		{name: "Users.AcceptInvitation", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Users.AcceptInvitation(ctx, "usr_1", hide("nvt_x"))
		}, answer: adaJSON, want: `POST /users/usr_1/accept_invitation {"user":{"token":"nvt_x"}}`},

		{name: "Orgs.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Orgs.Get(ctx, "org_1") }, answer: orgJSON, want: "GET /orgs/org_1"},
		{name: "Orgs.ByReference", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Orgs.ByReference(ctx, "acct-7") }, answer: listJSON(orgJSON), want: "GET /orgs?reference=acct-7"},
		{name: "Orgs.Create", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Orgs.Create(ctx, coreapi.NewOrg{Name: "Widgets Inc", State: coreapi.OrgActive, Reference: "acct-7", Custom: map[string]any{"tier": 3}, Extra: map[string]any{"x": 1}})
		}, answer: orgJSON, want: `POST /orgs {"org":{"custom":{"tier":3},"name":"Widgets Inc","reference":"acct-7","state":"active","x":1}}`},
		{name: "Orgs.Update", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Orgs.Update(ctx, "org_1", coreapi.OrgChange{Name: new("W"), State: new(coreapi.OrgInactive), Reference: new("")})
		}, answer: orgJSON, want: `PUT /orgs/org_1 {"org":{"name":"W","reference":null,"state":"inactive"}}`},
		{name: "Orgs.Close", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Orgs.Close(ctx, "org_1") }, answer: orgJSON, want: "DELETE /orgs/org_1"},
		{name: "Orgs.Delete", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return nil, c.Orgs.Delete(ctx, "org_1") }, answer: orgJSON, want: "DELETE /orgs/org_1?force=true"},

		{name: "Memberships.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Memberships.Get(ctx, "mb_1") }, answer: membershipJSON, want: "GET /memberships/mb_1"},
		{name: "Memberships.List", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Memberships.List(ctx, coreapi.MembershipQuery{UserID: "usr_1", OrgID: "org_1", After: "mb_0", PageSize: 1, Direction: coreapi.Descending})
		}, answer: listJSON(membershipJSON), want: "GET /memberships?after=mb_0&direction=desc&max_results=1&org_id=org_1&user_id=usr_1"},
		{name: "Memberships.OfUser", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return firstOf(c.Memberships.OfUser(ctx, "usr_1", coreapi.MembershipQuery{}))
		}, answer: listJSON(membershipJSON), want: "GET /memberships?user_id=usr_1"},
		{name: "Memberships.OfOrg", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return firstOf(c.Memberships.OfOrg(ctx, "org_1", coreapi.MembershipQuery{}))
		}, answer: listJSON(membershipJSON), want: "GET /memberships?org_id=org_1"},
		{name: "Memberships.Create", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Memberships.Create(ctx, coreapi.NewMembership{UserID: "usr_1", OrgID: "org_1", Permissions: []string{"widget:*"}, ExpiresAt: at})
		}, answer: membershipJSON, want: `POST /memberships {"membership":{"expires_at":1735689600,"org_id":"org_1","permissions":["widget:*"],"user_id":"usr_1"}}`},
		{name: "Memberships.Update", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Memberships.Update(ctx, "mb_1", coreapi.MembershipChange{Permissions: []string{}, ExpiresAt: &time.Time{}})
		}, answer: membershipJSON, want: `PUT /memberships/mb_1 {"membership":{"expires_at":null,"permissions":[]}}`},
		{name: "Memberships.Update of nothing", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Memberships.Update(ctx, "mb_1", coreapi.MembershipChange{})
		}, answer: membershipJSON, want: `PUT /memberships/mb_1 {"membership":{}}`},
		{name: "Memberships.Delete", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return nil, c.Memberships.Delete(ctx, "mb_1")
		}, want: "DELETE /memberships/mb_1"},

		{name: "Sessions.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Sessions.Get(ctx, hide("kss_1")) }, answer: sessionJSON, want: "GET /sessions/kss_1"},
		{name: "Sessions.OfUser", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return firstOf(c.Sessions.OfUser(ctx, "usr_1"))
		}, answer: listJSON(sessionJSON), want: "GET /sessions?user_id=usr_1"},
		{name: "Sessions.Create", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Sessions.Create(ctx, "usr_1") }, answer: sessionJSON, want: `POST /sessions {"session":{"user_id":"usr_1"}}`},
		{name: "Sessions.Delete", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return nil, c.Sessions.Delete(ctx, hide("kss_1"))
		}, want: "DELETE /sessions/kss_1"},
		{name: "Sessions.OAuth2Token", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Sessions.OAuth2Token(ctx, "app_1", hide("secret"), hide("code"))
		}, answer: tokenJSON, want: `POST /sessions/oauth2/code {"session":{"client_app_id":"app_1","client_app_secret":"secret","code":"code"}}`},

		{name: "Invitations.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Invitations.Get(ctx, "nvt_1") }, answer: invitationJSON, want: "GET /invitations/nvt_1"},
		{name: "Invitations.List", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Invitations.List(ctx, coreapi.InvitationQuery{PageSize: 1})
		}, answer: listJSON(invitationJSON), want: "GET /invitations?max_results=1"},
		{name: "Invitations.All", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return firstOf(c.Invitations.All(ctx, coreapi.InvitationQuery{}))
		}, answer: listJSON(invitationJSON), want: "GET /invitations"},
		{name: "Invitations.Create of type org", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Invitations.Create(ctx, coreapi.NewOrgInvitation("bob@example.com", "org_1", "widget:read"))
		}, answer: invitationJSON, want: `POST /invitations {"invitation":{"email":"bob@example.com","invitation_type":"org","org_id":"org_1","permissions":["widget:read"]}}`},
		{name: "Invitations.Create of type referral", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Invitations.Create(ctx, coreapi.NewReferral("bob@example.com", "usr_1"))
		}, answer: invitationJSON, want: `POST /invitations {"invitation":{"email":"bob@example.com","invitation_type":"referral","inviting_user_id":"usr_1"}}`},
		{name: "Invitations.Create of type request", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Invitations.Create(ctx, coreapi.NewRequest("bob@example.com"))
		}, answer: invitationJSON, want: `POST /invitations {"invitation":{"email":"bob@example.com","invitation_type":"request"}}`},
		{name: "Invitations.Update", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Invitations.Update(ctx, "nvt_1", coreapi.InvitationChange{Email: new("b@example.com"), Locale: new(""), Permissions: []string{"a"}, ExpiresAt: &at})
		}, answer: invitationJSON, want: `PUT /invitations/nvt_1 {"invitation":{"email":"b@example.com","expires_at":1735689600,"locale":null,"permissions":["a"]}}`},
		{name: "Invitations.Delete", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return nil, c.Invitations.Delete(ctx, "nvt_1")
		}, want: "DELETE /invitations/nvt_1"},
		{name: "Invitations.Invite", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Invitations.Invite(ctx, "nvt_1") }, answer: invitationJSON, want: `POST /invitations/nvt_1/invite {"invitation":{}}`},

		{name: "Credentials.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Credentials.Get(ctx, "crd_1") }, answer: credentialJSON, want: "GET /credentials/crd_1"},
		{name: "Credentials.Create", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Credentials.Create(ctx, coreapi.NewCredential{UserID: "usr_1", Type: coreapi.CredentialFacebook, AuthProviderID: "ap_1", ProviderUserID: "5", AccessToken: hide("at"), TokenExpiresAt: at})
		}, answer: credentialJSON, want: `POST /credentials {"credential":{"access_token":"at","auth_provider_id":"ap_1","credential_type":"facebook","provider_user_id":"5","token_expires_at":1735689600,"user_id":"usr_1"}}`},
		{name: "Credentials.CreateTOTP", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Credentials.CreateTOTP(ctx, "usr_1", "ap_1", "Phone")
		}, answer: credentialJSON, want: `POST /credentials {"credential":{"auth_provider_id":"ap_1","credential_type":"totp","name":"Phone","user_id":"usr_1"}}`},
		{name: "Credentials.UpdatePassword", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Credentials.UpdatePassword(ctx, "crd_1", hide("pw"))
		}, answer: credentialJSON, want: `PUT /credentials/crd_1 {"credential":{"password":"pw"}}`},
		{name: "Credentials.Verify", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Credentials.Verify(ctx, "crd_1", "123456")
		}, answer: credentialJSON, want: `POST /credentials/crd_1/verify {"credential":{"code":"123456"}}`},
		{name: "Credentials.Delete", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return nil, c.Credentials.Delete(ctx, "crd_1")
		}, want: "DELETE /credentials/crd_1"},

		{name: "AuthProviders.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.AuthProviders.Get(ctx, "totp") }, answer: providerJSON, want: "GET /auth_providers/totp"},
		{name: "AuthProviders.AuthorizeURLs", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.AuthProviders.AuthorizeURLs(ctx, "https://local.dev/", "n")
		}, answer: listJSON(urlJSON), want: "GET /auth_providers/authorize?nonce=n&redirect_uri=https%3A%2F%2Flocal.dev%2F"},
		{name: "AuthProviders.AuthorizeURL", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.AuthProviders.AuthorizeURL(ctx, "ap_2", "https://local.dev/", "")
		}, answer: urlJSON, want: "GET /auth_providers/ap_2/authorize?redirect_uri=https%3A%2F%2Flocal.dev%2F"},
		{name: "AuthProviders.Authorize", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.AuthProviders.Authorize(ctx, hide("code"), "state", "")
		}, answer: sessionJSON, want: `POST /auth_providers/authorize {"code":"code","state":"state"}`},
		{name: "AuthProviders.AuthorizeToken", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.AuthProviders.AuthorizeToken(ctx, "ap_2", hide("at"))
		}, answer: sessionJSON, want: `POST /auth_providers/ap_2/authorize {"access_token":"at"}`},

		{name: "Events.Get", call: func(ctx context.Context, c *coreapi.Client) (any, error) { return c.Events.Get(ctx, "ev_1") }, answer: eventJSON, want: "GET /events/ev_1"},
		{name: "Events.List", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return c.Events.List(ctx, coreapi.EventQuery{Type: "user.login", UserID: "usr_1", OrgID: "org_1", MembershipID: "mb_1", AuthProviderID: "ap_1", Since: at, ExpandNotifications: true, PageSize: 5, Direction: coreapi.Ascending})
		}, answer: listJSON(eventJSON), want: "GET /events?auth_provider_id=ap_1&created_at_after=1735689600&direction=asc&event_type=user.login&expand=notifications&max_results=5&membership_id=mb_1&org_id=org_1&user_id=usr_1"},
		{name: "Events.All", call: func(ctx context.Context, c *coreapi.Client) (any, error) {
			return firstOf(c.Events.All(ctx, coreapi.EventQuery{}))
		}, answer: listJSON(eventJSON), want: "GET /events"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := newAPI(answer(200, row.answer))
			got, err := row.call(t.Context(), clientOf(t, server))
			if err != nil {
				t.Fatal(err)
			}
			expectCount(t, server, 1)
			sent := server.requests()[0]
			request := sent.method + " " + strings.TrimPrefix(sent.path, "/v2")
			if sent.query != "" {
				request += "?" + sent.query
			}
			if sent.body != "" {
				request += " " + sent.body
			}
			if request != row.want {
				t.Errorf("got\n%s\nwant\n%s", request, row.want)
			}
			if (sent.body != "") != (sent.header.Get("Content-Type") == "application/json") {
				t.Errorf("a body %q comes with Content-Type %q", sent.body, sent.header.Get("Content-Type"))
			}
			expectHidden(t, printed(t, got), hidden)
		})
	}
}

func firstOf[T any](list func(func(T, error) bool)) (value T, err error) {
	list(func(v T, e error) bool {
		value, err = v, e
		return false
	})
	return value, err
}

func read[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestRecords(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	user := read[coreapi.User](t, adaJSON)
	session := read[coreapi.Session](t, sessionJSON)
	credential := read[coreapi.Credential](t, credentialJSON)
	event := read[coreapi.Event](t, eventJSON)
	invitation := read[coreapi.Invitation](t, invitationJSON)
	membership := read[coreapi.Membership](t, membershipJSON)
	org := read[coreapi.Org](t, orgJSON)
	for name, pair := range map[string][2]any{
		"user":            {[]any{user.ID, user.RealmID, user.State, user.Email, user.EmailPending, user.EmailVerification, user.FirstName, user.LastName, user.Name, user.Reference, user.Custom}, []any{"usr_0v1zUpWdE4IiFc2w5ynShf", "rl_0v1zTHXhtNgmDaXaDYSAqx", coreapi.UserActive, "ada@example.com", "", coreapi.EmailNone, "Ada", "", "Ada", "42", map[string]any{"plan": "pro"}}},
		"user, times":     {[]any{user.CreatedAt, user.LastLoginAt.IsZero()}, []any{at.Add(125 * time.Millisecond), true}},
		"user, embedded":  {[]any{len(user.Credentials), user.Credentials[0].ID, user.Credentials[0].Type, user.Memberships == nil}, []any{1, "crd_0v1zUpWdE4IiFc2w5ynShf", coreapi.CredentialPassword, true}},
		"org":             {[]any{org.ID, org.RealmID, org.Name, org.State, org.Reference, org.Custom, org.CreatedAt}, []any{"org_1", "rl_1", "Widgets Inc", coreapi.OrgActive, "acct-7", map[string]any{"tier": 3.0}, time.UnixMilli(1423941493701).UTC()}},
		"membership":      {[]any{membership.ID, membership.OrgID, membership.UserID, membership.Permissions, membership.ExpiresAt.IsZero(), membership.Org.Name, membership.User.ID}, []any{"mb_1", "org_1", "usr_1", []string{"ar:owner", "widget:*"}, true, "Widgets Inc", ""}},
		"session":         {[]any{session.ID().Reveal(), session.Token().Reveal(), session.UserID, session.ClientAppID, session.CreatedAt, session.ExpiresAt, session.Request, session.User.Email}, []any{"kss_" + hidden, "HEADER." + hidden + ".SIGNATURE", "usr_1", "", at, at.Add(24 * time.Hour), coreapi.Request{IP: "10.0.0.1", Client: "Firefox/3141.5"}, "ada@example.com"}},
		"invitation":      {[]any{invitation.ID, invitation.Type, invitation.Email, invitation.OrgID, invitation.Permissions, invitation.Token().Reveal(), invitation.InvitingUserID, invitation.Locale, invitation.CreatedAt, invitation.InvitedAt.IsZero(), invitation.ExpiresAt}, []any{"nvt_1", coreapi.InvitationOrg, "bob@example.com", "org_1", []string{"widget:read"}, "nvt_" + hidden, "usr_1", "en", at, true, at.Add(30 * 24 * time.Hour)}},
		"credential":      {[]any{credential.ID, credential.UserID, credential.AuthProviderID, credential.Type, credential.Name, credential.State, credential.Secret().Reveal(), credential.ProvisioningURI().Reveal(), credential.ProvisioningSVG().Reveal(), credential.AccessToken().Reveal(), credential.TokenExpiresAt.IsZero()}, []any{"crd_1", "usr_1", "ap_1", coreapi.CredentialTOTP, "Phone", coreapi.CredentialNew, hidden, "otpauth://totp/" + hidden, "<svg " + hidden + ">", "at-" + hidden, true}},
		"event":           {[]any{event.ID, event.Type, event.At, event.RealmID, event.UserID, event.SessionID().Reveal(), event.Token().Reveal(), event.ExpiresAt, event.Request}, []any{"ev_1", coreapi.EventSessionDeleted, time.UnixMilli(1735700000500).UTC(), "rl_1", "usr_1", "kss_" + hidden, hidden, at.Add(24 * time.Hour), coreapi.Request{IP: "10.0.0.1"}}},
		"notification":    {[]any{event.Notifications[0].ID, event.Notifications[0].Attempts, event.Notifications[0].State, event.Notifications[0].LastDestination().Reveal(), event.Notifications[0].LastAttemptAt}, []any{"ent_1", 2, "in_progress", "https://user:" + hidden + "@example.com/", at}},
		"an unknown enum": {read[coreapi.User](t, `{"id": "usr_1", "state": "odd"}`).State, coreapi.UserState("odd")},
		"null":            {read[coreapi.Membership](t, `{"id": "mb_1", "user": null, "permissions": null}`).Permissions == nil, true},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got\n%v\nwant\n%v", name, pair[0], pair[1])
		}
	}
	if number := read[coreapi.Notification](t, `{"id": "ent_1", "last_attempt_at": 1735689600.0}`); !number.LastAttemptAt.Equal(at) {
		t.Errorf("got %s", number.LastAttemptAt)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	client := clientOf(t, newAPI(answer(200, `{"id": "usr_1", "avatar": "x.png"}`)))
	user, err := client.Users.Get(t.Context(), "usr_1")
	expectError(t, err, nil)
	var more struct{ Avatar string }
	if err := user.Decode(&more); err != nil || more.Avatar != "x.png" {
		t.Errorf("got %v, %v", more, err)
	}
	// Embedded records keep their own JSON, and decoding into a used record keeps nothing
	// of its old content.
	session := read[coreapi.Session](t, `{"id": "kss_1", "user": {"id": "usr_1", "avatar": "y.png"}}`)
	if err := session.User.Decode(&more); err != nil || more.Avatar != "y.png" {
		t.Errorf("got %v, %v", more, err)
	}
	if err := json.Unmarshal([]byte(`{"id": "usr_2"}`), &user); err != nil || user.ID != "usr_2" {
		t.Error(err)
	}
	more.Avatar = ""
	if err := user.Decode(&more); err != nil || more.Avatar != "" {
		t.Errorf("got %v, %v", more, err)
	}
	if err := (coreapi.User{ID: "usr_1"}).Decode(&more); err != nil {
		t.Error(err)
	}
}

// An app may send a record in an answer of its own: the answer contains no secrets.
func TestRecordsAsJSON(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"session": read[coreapi.Session](t, sessionJSON), "event": read[coreapi.Event](t, eventJSON), "credential": read[coreapi.Credential](t, credentialJSON),
	} {
		text, err := json.Marshal(value)
		if err != nil || strings.Contains(string(text), hidden) || !strings.Contains(string(text), `"user_id":"usr_1"`) {
			t.Errorf("%s: got %s, %v", name, text, err)
		}
	}
	text, err := json.Marshal(read[coreapi.User](t, adaJSON))
	if err != nil || !strings.Contains(string(text), `"created_at":"2025-01-01T00:00:00.125Z"`) || !strings.Contains(string(text), `"email":"ada@example.com"`) {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, body string
		pending    bool
		want       error
	}{
		{name: "a session", body: sessionJSON},
		{name: "a second factor", body: tokenJSON, pending: true},
		{name: "nothing", want: coreapi.ErrUnexpected},
		{name: "an empty object", body: `{}`, want: coreapi.ErrUnexpected},
		{name: "a token that is empty", body: `{"object": "token", "token": ""}`, want: coreapi.ErrUnexpected},
		{name: "a session without an ID", body: `{"object": "session", "token": "x"}`, want: coreapi.ErrUnexpected},
		{name: "a refusal of status 200", body: `{"errors": ["Login failed"]}`, want: coreapi.ErrLoginRefused},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			login, err := clientOf(t, newAPI(answer(201, row.body))).Users.Authenticate(t.Context(), "usr_1", coreapi.Hide("pw"))
			expectError(t, err, row.want)
			pending, isPending := login.Pending()
			if isPending != row.pending || (pending.Reveal() == "tmf:"+hidden) != row.pending || (login.Session.ID().IsZero()) != (row.pending || row.want != nil) {
				t.Errorf("got pending %t, session ID %q", isPending, login.Session.ID().Reveal())
			}
			expectHidden(t, printed(t, login), hidden)
		})
	}
}

func TestChangesThatClearWhatHasToBe(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := newAPI(answer(200, adaJSON))
	client := clientOf(t, server)
	for name, call := range map[string]func() error{
		"the email of a user": func() error {
			_, err := client.Users.Update(ctx, "usr_1", coreapi.UserChange{Email: new("")})
			return err
		},
		"the state of a user": func() error {
			_, err := client.Users.Update(ctx, "usr_1", coreapi.UserChange{State: new(coreapi.UserState(""))})
			return err
		},
		"the password of a user": func() error {
			_, err := client.Users.Update(ctx, "usr_1", coreapi.UserChange{Password: &coreapi.Secret{}})
			return err
		},
		"the email of a profile": func() error {
			_, err := client.Users.UpdateProfile(ctx, "usr_1", coreapi.ProfileChange{Email: new("")})
			return err
		},
		"the name of an org": func() error { _, err := client.Orgs.Update(ctx, "org_1", coreapi.OrgChange{Name: new("")}); return err },
		"the state of an org": func() error {
			_, err := client.Orgs.Update(ctx, "org_1", coreapi.OrgChange{State: new(coreapi.OrgState(""))})
			return err
		},
		"the email of an invitation": func() error {
			_, err := client.Invitations.Update(ctx, "nvt_1", coreapi.InvitationChange{Email: new("")})
			return err
		},
		"the org of an invitation": func() error {
			_, err := client.Invitations.Update(ctx, "nvt_1", coreapi.InvitationChange{OrgID: new("")})
			return err
		},
		"the password of a credential": func() error { _, err := client.Credentials.UpdatePassword(ctx, "crd_1", coreapi.Secret{}); return err },
	} {
		err := call()
		if err == nil {
			t.Errorf("%s can be cleared", name)
		}
		expectError(t, err, coreapi.ErrInvalid)
	}
	expectCount(t, server, 0)
}

func TestOrgsByReference(t *testing.T) {
	t.Parallel()
	org := func(id, reference, state string) string {
		return fmt.Sprintf(`{"id": %q, "reference": %q, "state": %q}`, id, reference, state)
	}
	for _, row := range []struct {
		name, body, want string
	}{
		{name: "the one", body: listJSON(org("org_1", "42", "active")), want: "org_1"},
		{name: "not one that is closed", body: listJSON(org("org_1", "42", "closed"), org("org_2", "42", "active")), want: "org_2"},
		{name: "not one of another reference", body: listJSON(org("org_1", "421", "active"), org("org_2", "", "active"))},
		{name: "none", body: listJSON()},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := clientOf(t, newAPI(answer(200, row.body))).Orgs.ByReference(t.Context(), "42")
			if row.want == "" {
				expectError(t, err, coreapi.ErrNotFound)
			} else {
				expectError(t, err, nil)
			}
			if got.ID != row.want {
				t.Errorf("got %q, want %q", got.ID, row.want)
			}
		})
	}
}

func TestDeleteAllOf(t *testing.T) {
	t.Parallel()
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	list := answer(200, pageOf(true, "kss_1", "kss_2"), "Date", httpDate(at))
	last := answer(200, pageOf(false, "kss_3"), "Date", httpDate(at.Add(time.Minute)))
	ok, gone := answer(204, ""), answer(404, `{}`)
	for _, row := range []struct {
		name    string
		answers []answerFunc
		keep    []coreapi.Secret
		deleted int
		want    error
		paths   string
	}{
		{name: "all", answers: []answerFunc{list, last, ok}, deleted: 3, paths: "sessions sessions kss_1 kss_2 kss_3"},
		{name: "but for those to keep", answers: []answerFunc{list, last, ok}, keep: []coreapi.Secret{coreapi.Hide("kss_3"), coreapi.Hide("kss_1")}, deleted: 1, paths: "sessions sessions kss_2"},
		{name: "one that ended by itself is no error", answers: []answerFunc{list, last, gone, ok}, deleted: 2, paths: "sessions sessions kss_1 kss_2 kss_3"},
		{name: "an error ends it", answers: []answerFunc{list, last, ok, answer(403, `{}`)}, deleted: 1, want: coreapi.ErrKeyRefused, paths: "sessions sessions kss_1 kss_2"},
		{name: "nothing is deleted before all are listed", answers: []answerFunc{list, answer(403, `{}`)}, want: coreapi.ErrKeyRefused, paths: "sessions sessions"},
		{name: "a list that goes round", answers: []answerFunc{list}, want: coreapi.ErrUnexpected, paths: "sessions sessions"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server := newAPI(row.answers...)
			deleted, err := clientOf(t, server).Sessions.DeleteAllOf(t.Context(), "usr_1", row.keep...)
			expectError(t, err, row.want)
			if deleted.Sessions != row.deleted || !deleted.At.Equal(at) {
				t.Errorf("got %+v, want %d deleted at %s", deleted, row.deleted, at)
			}
			var paths []string
			for _, r := range server.requests() {
				paths = append(paths, r.path[strings.LastIndex(r.path, "/")+1:])
			}
			if got := strings.Join(paths, " "); got != row.paths {
				t.Errorf("got requests %q, want %q", got, row.paths)
			}
			if e, ok := errors.AsType[*coreapi.Error](err); ok && strings.Contains(e.Error(), "kss_") {
				t.Errorf("a session ID is in %v", e)
			}
		})
	}
}

// The memory for one user's sessions is bounded, even if the list never ends.
func TestDeleteAllOfAListThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	n := 0
	config := testConfig(roundTripper(func(r *http.Request) (*http.Response, error) {
		var ids []string
		for range 1000 {
			n++
			ids = append(ids, fmt.Sprint("kss_", n))
		}
		return inMemory(r, 200, pageOf(true, ids...))
	}))
	config.RequestsPerSecond = -1
	_, err := newClient(t, config).Sessions.DeleteAllOf(t.Context(), "usr_1")
	expectError(t, err, coreapi.ErrUnexpected)
	if n > 102_000 {
		t.Errorf("read %d sessions", n)
	}
}

func TestEventTypes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		event, prefix coreapi.EventType
		want          bool
	}{
		{event: "user.login.failed", prefix: "user.login.failed", want: true},
		{event: "user.login.failed", prefix: "user.login", want: true},
		{event: "user.login.failed", prefix: "user", want: true},
		{event: "user.login.failed", prefix: "user.log"},
		{event: "user.login", prefix: "user.login.failed"},
		{event: "user.login.failed"},
		{event: coreapi.EventInvitationOrgAccepted, prefix: "invitation", want: true},
	} {
		if got := row.event.Is(row.prefix); got != row.want {
			t.Errorf("%s is %s: got %t", row.event, row.prefix, got)
		}
	}
}
