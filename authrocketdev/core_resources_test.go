package authrocketdev_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

func TestCoreOrgs(t *testing.T) {
	t.Parallel()
	stories(t, map[string][]step{
		"create, list, get, update, close, delete": {
			{name: "an org is created", method: "POST /orgs", body: `{"org":{"name":"default1"}}`, status: 201, keep: "org=id",
				want: []string{"object=org", "id^org_", "realm_id=rl_test", "name=default1", "state=active", "reference=null", "custom={}", "created_at~."}},
			{name: "another one", method: "POST /orgs", body: `{"org":{"name":"Alpha","reference":"a-1","custom":{"plan":"pro"}}}`, status: 201, keep: "alpha=id"},
			{name: "the list is by name, briefly", method: "GET /orgs", status: 200, want: []string{"collection#2", "collection.0.name=Alpha", "collection.0.object=org", "!collection.0.custom"}},
			{name: "it can be by ID", method: "GET /orgs?sort=id", status: 200, want: []string{"collection.0.id={org}"}},
			{name: "and show custom attributes", method: "GET /orgs?expand=custom", status: 200, want: []string{"collection.0.custom.plan=pro"}},
			{name: "by reference", method: "GET /orgs?reference=a-1", status: 200, want: []string{"collection#1", "collection.0.id={alpha}"}},
			{name: "a page", method: "GET /orgs?max_results=1", status: 200, want: []string{"collection#1", "more_results=true"}},
			{name: "the next one", method: "GET /orgs?max_results=1&after={alpha}", status: 200, want: []string{"collection.0.id={org}", "more_results=false"}},
			{name: "descending", method: "GET /orgs?direction=desc", status: 200, want: []string{"collection.0.id={org}"}},
			{name: "by ID", method: "GET /orgs/{org}", status: 200, want: []string{"object=org", "id={org}", "custom={}"}},
			{name: "a name changes", method: "PUT /orgs/{org}", body: `{"org":{"name":"new name"}}`, status: 200, want: []string{"name=new name"}},
			{name: "an org is closed", method: "DELETE /orgs/{org}", status: 200, want: []string{"object=org", "state=closed"}},
			{name: "for good", method: "PUT /orgs/{org}", body: `{"org":{"state":"active"}}`, status: 409},
			{name: "it is there by its state", method: "GET /orgs?state=closed", status: 200, want: []string{"collection#1"}},
			{name: "force in the query removes it", method: "DELETE /orgs/{org}?force=true", status: 204},
			{name: "it is gone", method: "GET /orgs/{org}", status: 404},
			{name: "force in the body removes another", method: "DELETE /orgs/{alpha}", body: `{"force":true}`, status: 204},
			{name: "the list is empty", method: "GET /orgs", status: 200, want: []string{"collection#0", "more_results=false"}},
			{name: "an org that there is not is not closed", method: "DELETE /orgs/{org}", status: 404},
		},
		"refused attributes": {
			{name: "no name", method: "POST /orgs", body: `{"org":{}}`, status: 422, want: []string{"errors.0=Name is missing."}},
			{name: "a blank name", method: "POST /orgs", body: `{"org":{"name":"  "}}`, status: 422},
			{name: "an unknown state", method: "POST /orgs", body: `{"org":{"name":"x","state":"gone"}}`, status: 422, want: []string{"errors.0~State"}},
			{name: "custom attributes that are nested", method: "POST /orgs", body: `{"org":{"name":"x","custom":{"a":{"b":"c"}}}}`, status: 422, want: []string{"errors.0~Custom"}},
			{name: "nothing is there", method: "GET /orgs", status: 200, want: []string{"collection#0"}},
		},
	})
}

var memberSteps = after(
	step{name: "an org", method: "POST /orgs", body: `{"org":{"name":"Engines"}}`, status: 201, keep: "org=id"},
	step{name: "a membership is created", method: "POST /memberships", body: `{"membership":{"user_id":"{user}","org_id":"{org}"}}`, status: 201, keep: "membership=id",
		want: []string{"object=membership", "id^mb_", "user_id={user}", "org_id={org}", "permissions=[]", "expires_at=null"}},
)

func TestCoreMemberships(t *testing.T) {
	t.Parallel()
	stories(t, map[string][]step{
		"create, list, get, update, delete": append(memberSteps[:len(memberSteps):len(memberSteps)],
			step{name: "not twice", method: "POST /memberships", body: `{"membership":{"user_id":"{user}","org_id":"{org}"}}`, status: 422},
			step{name: "by org, with users", method: "GET /memberships?org_id={org}", status: 200, want: []string{"collection#1", "collection.0.object=membership", "collection.0.user.id={user}", "!collection.0.org", "!collection.0.user.credentials"}},
			step{name: "by user, with orgs", method: "GET /memberships?user_id={user}", status: 200, want: []string{"collection#1", "collection.0.org.id={org}", "!collection.0.user"}},
			step{name: "by both, with neither", method: "GET /memberships?user_id={user}&org_id={org}", status: 200, want: []string{"collection#1", "!collection.0.org", "!collection.0.user"}},
			step{name: "of nobody", method: "GET /memberships?user_id=usr_none", status: 200, want: []string{"collection#0"}},
			step{name: "by ID", method: "GET /memberships/{membership}", status: 200, want: []string{"object=membership", "id={membership}"}},
			step{name: "permissions keep their order", method: "PUT /memberships/{membership}", body: `{"membership":{"permissions":["one","two"]}}`, status: 200, want: []string{`permissions=["one","two"]`}},
			step{name: "one permission may be a text", method: "PUT /memberships/{membership}", body: `{"membership":{"permissions":"three"}}`, status: 200, want: []string{`permissions=["three"]`}},
			step{name: "a time to expire", method: "PUT /memberships/{membership}", body: `{"membership":{"expires_at":33290000000}}`, status: 200, want: []string{"expires_at=33290000000", `permissions=["three"]`}},
			step{name: "the user has them on request", method: "GET /users/{user}?expand=memberships", status: 200, want: []string{"memberships#1", "memberships.0.org.name=Engines"}},
			step{name: "it is deleted", method: "DELETE /memberships/{membership}", status: 204},
			step{name: "and gone", method: "GET /memberships/{membership}", status: 404},
			step{name: "the same pair can join again, until a time", method: "POST /memberships", body: `{"membership":{"user_id":"{user}","org_id":"{org}","permissions":["ar:owner"],"expires_at":33290000000}}`, status: 201, want: []string{`permissions=["ar:owner"]`, "expires_at=33290000000"}},
			step{name: "which is one event", method: "GET /events?event_type=membership.&max_results=1", status: 200, want: []string{"collection.0.event_type=membership.created"}},
			step{name: "the org goes", method: "DELETE /orgs/{org}?force=true", status: 204},
			step{name: "the members of a deleted org go", method: "GET /memberships?user_id={user}", status: 200, want: []string{"collection#0"}},
		),
		"refused attributes": append(memberSteps[:len(memberSteps):len(memberSteps)],
			step{name: "nobody", method: "POST /memberships", body: `{"membership":{"user_id":"usr_none","org_id":"org_none"}}`, status: 422, want: []string{"errors#2"}},
			step{name: "no IDs", method: "POST /memberships", body: `{"membership":{}}`, status: 422, want: []string{"errors#2"}},
			step{name: "a reserved permission", method: "PUT /memberships/{membership}", body: `{"membership":{"permissions":["ar:root"]}}`, status: 422},
			step{name: "another user", method: "PUT /memberships/{membership}", body: `{"membership":{"user_id":"usr_other"}}`, status: 422},
			step{name: "nothing has changed", method: "GET /memberships", status: 200, want: []string{"collection#1", "collection.0.permissions=[]"}},
		),
	})
}

func TestCoreSessions(t *testing.T) {
	t.Parallel()
	stories(t, map[string][]step{
		"create, list, get, delete": after(
			step{name: "a session is created", method: "POST /sessions", body: `{"session":{"user_id":"{user}"},"request":{"ip":"10.0.0.1","client":"Firefox/3141.5"}}`, status: 201, keep: "session=id",
				want: []string{"object=session", "id^kss_", "user_id={user}", "token~.", "created_at~.", "expires_at", "client_app_id=null", "user.object=user", "request.ip=10.0.0.1"}},
			step{name: "the list is of a user", method: "GET /sessions?user_id={user}", status: 200, want: []string{"collection#1", "collection.0.object=session", "collection.0.id={session}", "!collection.0.token"}},
			step{name: "not of all", method: "GET /sessions", status: 400, want: []string{"errors.0=User id is missing."}},
			step{name: "by ID, with its user", method: "GET /sessions/{session}", status: 200, want: []string{"object=session", "user.id={user}", "request.client=Firefox/3141.5", "!token", "!user.memberships", "!user.credentials"}},
			step{name: "with a token and memberships on request", method: "GET /sessions/{session}?expand=token,memberships", status: 200, want: []string{"token~.", "user.memberships#0"}},
			step{name: "a key that can only read gets no token", method: "GET /sessions/{session}?expand=token", header: []string{"Authrocket-Api-Key", coreReadKey}, status: 200, want: []string{"object=session", "!token"}},
			step{name: "it is deleted", method: "DELETE /sessions/{session}", status: 204},
			step{name: "and gone", method: "GET /sessions/{session}", status: 404},
			step{name: "once", method: "DELETE /sessions/{session}", status: 404},
			step{name: "an event says so", method: "GET /events?event_type=session.deleted", status: 200, want: []string{"collection#1", "collection.0.session_id={session}", "collection.0.expires_at"}},
			step{name: "of nobody", method: "POST /sessions", body: `{"session":{"user_id":"usr_none"}}`, status: 422},
			step{name: "of no user", method: "POST /sessions", body: `{"session":{}}`, status: 422},
			step{name: "a session is not updated", method: "PUT /sessions/{session}", body: `{"session":{}}`, status: 405},
			step{name: "OAuth2 is not here", method: "POST /sessions/oauth2/code", body: `{"session":{"client_app_id":"x","client_app_secret":"y","code":"z"}}`, status: 422, want: []string{"errors.0~OAuth2"}},
		),
	})
}

func TestCoreInvitations(t *testing.T) {
	t.Parallel()
	stories(t, map[string][]step{
		"create, list, get, update, invite, delete": {
			{name: "an invitation is created", method: "POST /invitations", body: `{"invitation":{"email":"Invitee-1@example.com","invitation_type":"request"}}`, status: 201, keep: "invitation=id token=token",
				want: []string{"object=invitation", "id^nvt_", "token^nvt_", "email=invitee-1@example.com", "invitation_type=request", "realm_id=rl_test", "invited_at=null", "inviting_user_id=null", "org_id=null", "locale=null", "expires_at", "!permissions"}},
			{name: "the list", method: "GET /invitations", status: 200, want: []string{"collection#1", "collection.0.object=invitation", "!collection.0.token"}},
			{name: "the first one", method: "GET /invitations?max_results=1", status: 200, want: []string{"collection.0.id={invitation}", "more_results=false"}},
			{name: "by email", method: "GET /invitations?email=INVITEE-1@example.com&invitation_type=request", status: 200, want: []string{"collection#1"}},
			{name: "by ID", method: "GET /invitations/{invitation}", status: 200, want: []string{"object=invitation", "!token"}},
			{name: "the email changes", method: "PUT /invitations/{invitation}", body: `{"invitation":{"email":"other@example.com","locale":"ja","expires_at":33290000000}}`, status: 200, keep: "other=token", want: []string{"email=other@example.com", "locale=ja", "expires_at=33290000000", "token^nvt_"}},
			{name: "the same email keeps the token", method: "PUT /invitations/{invitation}", body: `{"invitation":{"email":"Other@example.com"}}`, status: 200, want: []string{"!token"}},
			{name: "the old token accepts nothing", method: "POST /users", body: `{"user":{"email":"a@example.com","password":"how-now-brown-cow!"}}`, status: 201, keep: "user=id"},
			{name: "which is refused", method: "POST /users/{user}/accept_invitation", body: `{"user":{"token":"{token}"}}`, status: 422},
			{name: "it is sent", method: "POST /invitations/{invitation}/invite", body: `{"invitation":{}}`, status: 200, want: []string{"object=invitation", "invited_at~."}},
			{name: "also with null", method: "POST /invitations/{invitation}/invite", body: `{"invitation":null}`, status: 200},
			{name: "there is an event", method: "GET /events?event_type=invitation.request.invited&max_results=1", status: 200, want: []string{"collection.0.invitation_id={invitation}", "collection.0.token={other}"}},
			{name: "it is deleted", method: "DELETE /invitations/{invitation}", status: 204},
			{name: "and gone", method: "GET /invitations/{invitation}", status: 404},
			{name: "and not sent", method: "POST /invitations/{invitation}/invite", status: 404},
		},
		"accepted by a user with another email": after(
			step{name: "an org", method: "POST /orgs", body: `{"org":{"name":"Engines"}}`, status: 201, keep: "org=id"},
			step{name: "an invitation to it", method: "POST /invitations", body: `{"invitation":{"email":"freddy@example.com","invitation_type":"org","org_id":"{org}","permissions":["ar:admin"],"inviting_user_id":"{user}"}}`, status: 201, keep: "token=token", want: []string{"org_id={org}", `permissions=["ar:admin"]`, "inviting_user_id={user}"}},
			step{name: "is accepted", method: "POST /users/{user}/accept_invitation?expand=memberships", body: `{"user":{"token":"{token}"}}`, status: 200, want: []string{"object=user", "id={user}", "memberships#1"}},
			step{name: "which makes a member", method: "GET /memberships?user_id={user}", status: 200, want: []string{"collection#1", "collection.0.org_id={org}", `collection.0.permissions=["ar:admin"]`}},
			step{name: "once", method: "POST /users/{user}/accept_invitation", body: `{"user":{"token":"{token}"}}`, status: 422},
		),
		"to an org that is closed": after(
			step{name: "an org", method: "POST /orgs", body: `{"org":{"name":"Engines"}}`, status: 201, keep: "org=id"},
			step{name: "an invitation to it", method: "POST /invitations", body: `{"invitation":{"email":"freddy@example.com","invitation_type":"org","org_id":"{org}"}}`, status: 201, keep: "token=token invitation=id"},
			step{name: "the org is closed", method: "DELETE /orgs/{org}", status: 200},
			step{name: "nobody accepts it", method: "POST /users/{user}/accept_invitation", body: `{"user":{"token":"{token}"}}`, status: 422},
			step{name: "nobody is a member", method: "GET /memberships?user_id={user}", status: 200, want: []string{"collection#0"}},
		),
		"refused attributes": {
			{name: "no type and no email", method: "POST /invitations", body: `{"invitation":{}}`, status: 422, want: []string{"errors#2"}},
			{name: "an unknown type", method: "POST /invitations", body: `{"invitation":{"email":"a@example.com","invitation_type":"gift"}}`, status: 422},
			{name: "an org that there is not", method: "POST /invitations", body: `{"invitation":{"email":"a@example.com","invitation_type":"org","org_id":"org_none"}}`, status: 422},
			{name: "no org", method: "POST /invitations", body: `{"invitation":{"email":"a@example.com","invitation_type":"org"}}`, status: 422, want: []string{"errors.0=Org id is missing."}},
			{name: "an org where there is none", method: "POST /invitations", body: `{"invitation":{"email":"a@example.com","invitation_type":"referral","org_id":"org_1"}}`, status: 422, want: []string{"errors.0~org_id"}},
			{name: "a request has no inviting user", method: "POST /invitations", body: `{"invitation":{"email":"a@example.com","invitation_type":"request","inviting_user_id":"usr_1"}}`, status: 422},
			{name: "a time that has passed", method: "POST /invitations", body: `{"invitation":{"email":"a@example.com","invitation_type":"request","expires_at":1}}`, status: 422},
			{name: "an unknown auth provider", method: "POST /invitations", body: `{"invitation":{"email":"a@example.com","invitation_type":"preverify","auth_provider_id":"ap_none"}}`, status: 422},
			{name: "nothing is there", method: "GET /invitations", status: 200, want: []string{"collection#0"}},
		},
	})
}

var deviceSteps = after(
	step{name: "the provider of codes", method: "GET /auth_providers/totp?realm_id=rl_test", status: 200, keep: "totp=id", want: []string{"state=inactive"}},
	step{name: "is inactive", method: "POST /credentials", body: `{"credential":{"user_id":"{user}","auth_provider_id":"{totp}","credential_type":"totp","name":"Test"}}`, status: 422},
	step{name: "becomes active", method: "PUT /auth_providers/{totp}", body: `{"auth_provider":{"state":"active"}}`, status: 200, want: []string{"state=active"}},
	step{name: "a device is new", method: "POST /credentials", body: `{"credential":{"user_id":"{user}","auth_provider_id":"{totp}","credential_type":"totp","name":"Test"}}`, status: 201, keep: "device=id secret=otp_secret",
		want: []string{"object=credential", "id^crd_", "state=new", "name=Test", "auth_provider_id={totp}", "provisioning_uri^otpauth://totp/", "provisioning_svg^<svg "}},
)

func TestCoreCredentials(t *testing.T) {
	t.Parallel()
	stories(t, map[string][]step{
		"passwords": after(
			step{name: "by ID", method: "GET /credentials/{credential}", status: 200, want: []string{"object=credential", "credential_type=password", "user_id={user}", "!otp_secret", "!password"}},
			step{name: "a session", method: "POST /sessions", body: `{"session":{"user_id":"{user}"}}`, status: 201, keep: "session=id"},
			step{name: "a new password", method: "PUT /credentials/{credential}", body: `{"credential":{"password":"93uairgejkfdlgd"}}`, status: 200, want: []string{"id={credential}"}},
			step{name: "ends the session", method: "GET /sessions/{session}", status: 404},
			step{name: "logs in", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"93uairgejkfdlgd"}}`, status: 201},
			step{name: "no second one", method: "POST /credentials", body: `{"credential":{"user_id":"{user}","credential_type":"password","password":"another-one"}}`, status: 422},
			step{name: "a short one", method: "PUT /credentials/{credential}", body: `{"credential":{"password":"x"}}`, status: 422},
			step{name: "it has no code", method: "POST /credentials/{credential}/verify", body: `{"credential":{"code":"123456"}}`, status: 422},
			step{name: "it is deleted", method: "DELETE /credentials/{credential}", status: 204},
			step{name: "and logs nobody in", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"93uairgejkfdlgd"}}`, status: 422},
			step{name: "the user has none", method: "GET /users/{user}", status: 200, want: []string{"credentials#0"}},
			step{name: "and gets one", method: "POST /credentials", body: `{"credential":{"user_id":"{user}","credential_type":"password","password":"another-one"}}`, status: 201, want: []string{"credential_type=password"}},
			step{name: "which logs in", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"another-one"}}`, status: 201},
			step{name: "nobody gets one", method: "POST /credentials", body: `{"credential":{"user_id":"usr_none","credential_type":"password","password":"another-one"}}`, status: 422},
			step{name: "of an unknown type", method: "POST /credentials", body: `{"credential":{"user_id":"{user}","credential_type":"retina"}}`, status: 422},
			step{name: "there is no list", method: "GET /credentials", status: 405},
		),
		"second factor": append(deviceSteps[:len(deviceSteps):len(deviceSteps)],
			step{name: "until it is active the password is enough", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"quick-fox-jumped-over-the-moon"}}`, status: 201, want: []string{"object=session"}},
			step{name: "a key that can only read does not see the secret", method: "GET /credentials/{device}", header: []string{"Authrocket-Api-Key", coreReadKey}, status: 200, want: []string{"state=new", "!otp_secret", "!provisioning_uri", "!provisioning_svg"}},
			step{name: "another key does", method: "GET /credentials/{device}", status: 200, want: []string{"otp_secret={secret}", "provisioning_uri~secret={secret}"}},
			step{name: "a wrong code", method: "POST /credentials/{device}/verify", body: `{"credential":{"code":"12345"}}`, status: 422, want: []string{"errors.0~Verification failed"}},
			step{name: "no code", method: "POST /credentials/{device}/verify", body: `{"credential":{}}`, status: 422},
			step{name: "the right code makes it active", method: "POST /credentials/{device}/verify", body: `{"credential":{"code":"{code}"}}`, status: 200, want: []string{"state=active", "!otp_secret", "!provisioning_uri", "!provisioning_svg"}},
			step{name: "its secret shows no more", method: "GET /credentials/{device}", status: 200, want: []string{"state=active", "!otp_secret", "!provisioning_uri", "!provisioning_svg"}},
			step{name: "a login waits for a code", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"quick-fox-jumped-over-the-moon"}}`, status: 201, keep: "token=token", want: []string{"object=token", "token^tmf:", "user_id={user}", "!user"}},
			step{name: "a wrong one", method: "POST /users/authenticate_token", body: `{"user":{"token":"{token}","code":"12345"}}`, status: 422, want: []string{"errors.0~Login failed"}},
			step{name: "one that has served", method: "POST /users/authenticate_token", body: `{"user":{"token":"{token}","code":"{code}"}}`, status: 422},
			step{name: "the right one", method: "POST /users/authenticate_token", body: `{"user":{"token":"{token}","code":"{next code}"}}`, status: 201, want: []string{"object=session", "token~.", "user_id={user}"}},
			step{name: "once", method: "POST /users/authenticate_token", body: `{"user":{"token":"{token}","code":"{next code}"}}`, status: 422},
			step{name: "a new password by a token waits too", method: "POST /users/{user}/generate_password_token", status: 201, keep: "reset=token"},
			step{name: "for a code", method: "POST /users/reset_password_with_token", body: `{"user":{"token":"{reset}","password":"by-a-token-now"}}`, status: 201, want: []string{"object=token", "token^tmf:"}},
			step{name: "the device gets another name", method: "PUT /credentials/{device}", body: `{"credential":{"name":"Phone"}}`, status: 200, want: []string{"name=Phone"}},
			step{name: "it has no password", method: "PUT /credentials/{device}", body: `{"credential":{"password":"another-one"}}`, status: 422},
			step{name: "it is deleted", method: "DELETE /credentials/{device}", status: 204},
			step{name: "the password is enough", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"by-a-token-now"}}`, status: 201, want: []string{"object=session"}},
			step{name: "a device needs a name", method: "POST /credentials", body: `{"credential":{"user_id":"{user}","credential_type":"totp"}}`, status: 422, want: []string{"errors.0=Name is missing."}},
			step{name: "and its own provider", method: "POST /credentials", body: `{"credential":{"user_id":"{user}","credential_type":"totp","name":"x","auth_provider_id":"ap_none"}}`, status: 422},
		),
	}, withConfiguration)
}

func TestCoreAuthProviders(t *testing.T) {
	t.Parallel()
	stories(t, map[string][]step{
		"list, get, create, update, delete": {
			{name: "a realm has two, that of passwords first", method: "GET /auth_providers", status: 200, keep: "password=collection.0.id", want: []string{"collection#2", "collection.0.object=auth_provider", "collection.0.provider_type=password", "collection.0.min_length=8", "collection.1.provider_type=totp", "!collection.1.min_length"}},
			{name: "the first", method: "GET /auth_providers?max_results=1", status: 200, want: []string{"collection#1", "collection.0.min_length=8", "more_results=true"}},
			{name: "the next", method: "GET /auth_providers?max_results=1&after={password}", status: 200, want: []string{"collection.0.provider_type=totp", "more_results=false"}},
			{name: "by ID", method: "GET /auth_providers/{password}", status: 200, want: []string{"object=auth_provider", "state=active"}},
			{name: "by type", method: "GET /auth_providers/totp?realm_id=rl_test", status: 200, want: []string{"id^ap_", "state=inactive"}},
			{name: "another one is created", method: "POST /auth_providers", body: `{"auth_provider":{"provider_type":"google","client_id":"id-1","client_secret":"secret-1"}}`, status: 201, keep: "google=id", want: []string{"object=auth_provider", "id^ap_", "client_id=id-1", "!client_secret"}},
			{name: "not twice", method: "POST /auth_providers", body: `{"auth_provider":{"provider_type":"google"}}`, status: 422},
			{name: "nor an unknown one", method: "POST /auth_providers", body: `{"auth_provider":{"provider_type":"myspace"}}`, status: 422},
			{name: "longer passwords", method: "PUT /auth_providers/{password}", body: `{"auth_provider":{"min_length":12}}`, status: 200, want: []string{"object=auth_provider", "min_length=12"}},
			{name: "count", method: "POST /users", body: `{"user":{"email":"a@example.com","password":"eleven-char"}}`, status: 422, want: []string{"errors.0~12"}},
			{name: "a length that no password has", method: "PUT /auth_providers/{password}", body: `{"auth_provider":{"min_length":0}}`, status: 422},
			{name: "an unknown state", method: "PUT /auth_providers/totp", body: `{"auth_provider":{"state":"on"}}`, status: 422},
			{name: "it is deleted", method: "DELETE /auth_providers/{google}", status: 204},
			{name: "one less", method: "GET /auth_providers", status: 200, want: []string{"collection#2"}},
			{name: "and not there", method: "GET /auth_providers/{google}", status: 404},
		},
		"authorize": {
			{name: "nothing to authorize", method: "GET /auth_providers/authorize?redirect_uri=https://local.dev/", status: 200, want: []string{"collection#0"}},
			{name: "a provider", method: "POST /auth_providers", body: `{"auth_provider":{"provider_type":"facebook","client_id":"id-1","client_secret":"secret-1"}}`, status: 201, keep: "facebook=id"},
			{name: "only that is listed", method: "GET /auth_providers/authorize?redirect_uri=https://local.dev/&nonce=n1", status: 200, want: []string{"collection#1", "collection.0.provider_type=facebook", "collection.0.id={facebook}", "collection.0.auth_url~state=", "!collection.0.object"}},
			{name: "by ID", method: "GET /auth_providers/{facebook}/authorize?redirect_uri=https://local.dev/", status: 200, want: []string{"provider_type=facebook", "auth_url^https://facebook.invalid/"}},
			{name: "passwords have no URL", method: "GET /auth_providers/password/authorize?redirect_uri=https://local.dev/", status: 404},
			{name: "nowhere to come back to", method: "GET /auth_providers/authorize", status: 400},
			{name: "no URL to come back to", method: "GET /auth_providers/authorize?redirect_uri=javascript:alert(1)", status: 400},
			{name: "nor one of another scheme", method: "GET /auth_providers/authorize?redirect_uri=ftp://local.dev/", status: 400},
			{name: "a state of nothing", method: "POST /auth_providers/authorize", body: `{"code":"invalid","state":"x"}`, status: 422, want: []string{"errors.0~Error validating code", "!retry_url"}},
			{name: "an access token that nobody can check", method: "POST /auth_providers/{facebook}/authorize", body: `{"access_token":"abcdefgh"}`, status: 422},
		},
	}, withConfiguration)
}

// The state of an authorize URL is what a provider sends back.
func TestCoreDummyProvider(t *testing.T) {
	t.Parallel()
	c := newCore(t, withConfiguration)
	stateOf := func(authURL string) string {
		_, state, _ := strings.Cut(authURL, "state=")
		state, _, _ = strings.Cut(state, "&")
		return state
	}
	c.run(t, false, nil, []step{{name: "the dummy", method: "POST /auth_providers", body: `{"auth_provider":{"provider_type":"dummy"}}`, status: 201}})
	a := c.ask(t, http.MethodGet, "/auth_providers/dummy/authorize?redirect_uri=https://local.dev/&nonce=n1", "")
	state := stateOf(a.text("auth_url"))
	if a.status != 200 || state == "" {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	payload, mac, _ := strings.Cut(state, ".")
	opened, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	forged := base64.RawURLEncoding.EncodeToString(bytes.Replace(opened, []byte("n1"), []byte("n2"), 1)) + "." + mac
	values := map[string]string{"state": state, "forged": forged}
	c.run(t, false, values, []step{
		{name: "an invalid code", method: "POST /auth_providers/authorize", body: `{"code":"invalid","state":"{state}","nonce":"n1"}`, status: 422, keep: "retry=retry_url", want: []string{"errors.0~Error validating code", "retry_url^http"}},
		{name: "another nonce", method: "POST /auth_providers/authorize", body: `{"code":"abcdefgh","state":"{state}","nonce":"n2"}`, status: 422, want: []string{"!retry_url"}},
		{name: "a state that was changed", method: "POST /auth_providers/authorize", body: `{"code":"abcdefgh","state":"{forged}","nonce":"n2"}`, status: 422},
		{name: "the right one, in the same state", method: "POST /auth_providers/authorize", body: `{"code":"abcdefgh","state":"{state}","nonce":"n1"}`, status: 201, keep: "user=user_id", want: []string{"object=session", "token~."}},
		{name: "an access token is of the same user", method: "POST /auth_providers/dummy/authorize", body: `{"access_token":"abcdefgh"}`, status: 201, want: []string{"object=session", "user_id={user}"}},
		{name: "a wrong access token", method: "POST /auth_providers/dummy/authorize", body: `{"access_token":"x"}`, status: 422},
		{name: "the user has the credential once", method: "GET /users/{user}", status: 200, want: []string{"credentials#1", "credentials.0.credential_type=dummy"}},
		{name: "where the dummy is inactive", method: "PUT /auth_providers/dummy", body: `{"auth_provider":{"state":"inactive"}}`, status: 200},
		{name: "nobody gets in by code", method: "POST /auth_providers/authorize", body: `{"code":"abcdefgh","state":"{state}","nonce":"n1"}`, status: 422},
		{name: "nor by access token", method: "POST /auth_providers/dummy/authorize", body: `{"access_token":"abcdefgh"}`, status: 422},
	})
	if again := stateOf(values["retry"]); again == "" {
		t.Errorf("the URL to retry has no state: %s", values["retry"])
	}
}

func TestCoreEvents(t *testing.T) {
	t.Parallel()
	stories(t, map[string][]step{
		"list and get": after(
			step{name: "an org", method: "POST /orgs", body: `{"org":{"name":"Engines"},"request":{"ip":"10.0.0.9","client":"curl"}}`, status: 201, keep: "org=id"},
			step{name: "a token", method: "POST /users/{user}/generate_password_token", body: `{"request":{"ip":"10.0.0.1"}}`, status: 201, keep: "token=token"},
			step{name: "the latest is the first", method: "GET /events", status: 200, keep: "event=collection.0.id", want: []string{"collection#3", "collection.0.event_type=user.password.resetting", "collection.0.object=event", "collection.0.realm_id=rl_test", "collection.0.event_at~.", "collection.0.token={token}", "collection.0.request.ip=10.0.0.1", "!collection.0.notifications", "!collection.0.org_id", "collection.1.request.client=curl"}},
			step{name: "by ID", method: "GET /events/{event}", status: 200, want: []string{"id={event}", "token={token}", "user_id={user}", "notifications=[]"}},
			step{name: "notifications on request", method: "GET /events?expand=notifications", status: 200, want: []string{"collection.0.notifications=[]"}},
			step{name: "without the token for a key that can only read", method: "GET /events/{event}", header: []string{"Authrocket-Api-Key", coreReadKey}, status: 200, want: []string{"id={event}", "!token"}},
			step{name: "nor in the list", method: "GET /events", header: []string{"Authrocket-Api-Key", coreReadKey}, status: 200, want: []string{"collection#3", "!collection.0.token"}},
			step{name: "by type", method: "GET /events?event_type=org.created", status: 200, want: []string{"collection#1", "collection.0.org_id={org}"}},
			step{name: "by how types begin", method: "GET /events?event_type=user.", status: 200, want: []string{"collection#2"}},
			step{name: "by user", method: "GET /events?user_id={user}&direction=asc", status: 200, want: []string{"collection#2", "collection.0.event_type=user.created"}},
			step{name: "by org", method: "GET /events?org_id={org}", status: 200, want: []string{"collection#1"}},
			step{name: "from a time on", method: "GET /events?created_at_after=33290000000.5", status: 200, want: []string{"collection#0"}},
			step{name: "from no time on", method: "GET /events?created_at_after=now", status: 400},
			step{name: "a page", method: "GET /events?max_results=1&after={event}", status: 200, want: []string{"collection#1", "collection.0.event_type=org.created", "more_results=true"}},
			step{name: "an unknown one", method: "GET /events/ev_none", status: 404},
			step{name: "they are not written", method: "DELETE /events/{event}", status: 405},
		),
	})
}
