package authrocketdev_test

import "testing"

var newUserSteps = []step{{
	name: "a user is created with the credential of the password", method: "POST /users",
	body:   `{"user":{"email":"user-1@example.com","password":"quick-fox-jumped-over-the-moon","first_name":"george"}}`,
	status: 201, keep: "user=id credential=credentials.0.id",
	want: []string{
		"object=user", "id^usr_", "realm_id=rl_test", "email=user-1@example.com", "first_name=george", "name=george", "state=active",
		"email_verification=none", "email_pending=null", "last_name=null", "username=null", "locale=null", "reference=null", "last_login_at=null",
		"created_at~.", "custom={}", "credentials#1", "credentials.0.id^crd_", "credentials.0.object=credential", "credentials.0.credential_type=password",
		"!password", "!memberships",
	},
}}

func after(steps ...step) []step { return append(newUserSteps[:1:1], steps...) }

func TestCoreUsers(t *testing.T) {
	t.Parallel()
	const wrongPassword, rightPassword = `{"user":{"password":"wrong-fox-jumped"}}`, `{"user":{"password":"quick-fox-jumped-over-the-moon"}}`
	stories(t, map[string][]step{
		"create, list, get, update, delete": after(
			step{name: "the list has all users, briefly", method: "GET /users", status: 200, want: []string{"collection#1", "more_results=false", "collection.0.object=user", "!collection.0.custom", "!collection.0.credentials"}},
			step{name: "a list shows custom attributes that it is asked for", method: "GET /users?expand=custom", status: 200, want: []string{"collection.0.custom={}"}},
			step{name: "by ID", method: "GET /users/{user}", status: 200, want: []string{"object=user", "id={user}", "credentials#1"}},
			step{name: "by email", method: "GET /users/user-1@example.com", status: 200, want: []string{"id={user}"}},
			step{name: "by email in other case and escaped", method: "GET /users/USER-1%40Example.com", status: 200, want: []string{"id={user}"}},
			step{name: "a field changes, the others stay", method: "PUT /users/{user}", body: `{"user":{"first_name":"freddy"}}`, status: 200, want: []string{"first_name=freddy", "name=freddy", "email=user-1@example.com"}},
			step{name: "all fields change", method: "PUT /users/user-1@example.com", body: `{"user":{"username":"Freddy","last_name":"Mercury","locale":"es","reference":"42","custom":{"plan":"pro","tags":["a","b"]},"email":"Two+Tag@Example.com"}}`, status: 200,
				want: []string{"username=Freddy", "last_name=Mercury", "name=freddy Mercury", "locale=es", "reference=42", "custom.plan=pro", "custom.tags#2", "email=two+tag@example.com"}},
			step{name: "by username", method: "GET /users/fReddy", status: 200, want: []string{"id={user}"}},
			step{name: "by email with a plus", method: "GET /users/two+tag@example.com", status: 200, want: []string{"id={user}"}},
			step{name: "by email with an escaped plus", method: "GET /users/Two%2BTag@example.com", status: 200, want: []string{"id={user}"}},
			step{name: "the list is filtered by reference", method: "GET /users?reference=42", status: 200, want: []string{"collection#1"}},
			step{name: "the list is filtered by email in any case", method: "GET /users?email=TWO%2BTAG@example.com", status: 200, want: []string{"collection#1"}},
			step{name: "the list is filtered by state", method: "GET /users?state=inactive", status: 200, want: []string{"collection#0"}},
			step{name: "an empty text clears a field", method: "PUT /users/{user}", body: `{"user":{"last_name":"","username":""}}`, status: 200, want: []string{"last_name=null", "username=null", "name=freddy"}},
			step{name: "custom attributes are replaced", method: "PUT /users/{user}", body: `{"user":{"custom":{"seats":"7"}}}`, status: 200, want: []string{"custom.seats=7", "!custom.plan"}},
			step{name: "a user is deleted, for somebody whom the query names", method: "DELETE /users/{user}?request[ip]=10.0.0.3&realm_id=rl_test", status: 204},
			step{name: "as the event says", method: "GET /events?event_type=user.deleted", status: 200, want: []string{"collection#1", "collection.0.request.ip=10.0.0.3", "collection.0.user_id={user}"}},
			step{name: "and not there any more", method: "GET /users/{user}", status: 404, want: []string{"errors#1"}},
			step{name: "nor in the list", method: "GET /users", status: 200, want: []string{"collection#0"}},
			step{name: "nor to be deleted again", method: "DELETE /users/{user}", status: 404},
			step{name: "a list has pages", method: "POST /users", body: `{"user":{"email":"a@example.com","password":"how-now-brown-cow!"}}`, status: 201, keep: "a=id"},
			step{name: "of which each", method: "POST /users", body: `{"user":{"email":"b@example.com","password":"how-now-brown-cow!"}}`, status: 201, keep: "b=id"},
			step{name: "says whether there is more", method: "GET /users?max_results=1", status: 200, want: []string{"collection#1", "collection.0.id={a}", "more_results=true"}},
			step{name: "after the last one of a page is the next", method: "GET /users?max_results=1&after={a}", status: 200, want: []string{"collection#1", "collection.0.id={b}", "more_results=false"}},
			step{name: "descending", method: "GET /users?direction=desc&max_results=1", status: 200, want: []string{"collection.0.id={b}", "more_results=true"}},
		),
		"refused attributes": after(
			step{name: "an email that is taken, in other case", method: "POST /users", body: `{"user":{"email":"USER-1@example.com","password":"how-now-brown-cow!"}}`, status: 422, want: []string{"errors.0=Email is already in use."}},
			step{name: "no email and no password", method: "POST /users", body: `{"user":{"first_name":"x"}}`, status: 422, want: []string{"errors#2", "errors.0=Email is missing.", "errors.1=Password is missing."}},
			step{name: "no attributes", method: "POST /users", status: 422},
			step{name: "an email that is none", method: "POST /users", body: `{"user":{"email":"x","password":"how-now-brown-cow!"}}`, status: 422, want: []string{"errors#1", "errors.0=Email is not an email address."}},
			step{name: "a short password", method: "POST /users", body: `{"user":{"email":"b@example.com","password":"short"}}`, status: 422, want: []string{"errors.0~too short"}},
			step{name: "another confirmation", method: "POST /users", body: `{"user":{"email":"b@example.com","password":"how-now-brown-cow!","password_confirmation":"x"}}`, status: 422, want: []string{"errors.0~confirmation"}},
			step{name: "an unknown state, locale and attribute", method: "PUT /users/{user}", body: `{"user":{"state":"gone","locale":"xx","nmae":"x"}}`, status: 422, want: []string{"errors#3"}},
			step{name: "a username like an ID", method: "PUT /users/{user}", body: `{"user":{"username":"usr_1"}}`, status: 422},
			step{name: "an empty email", method: "PUT /users/{user}", body: `{"user":{"email":""}}`, status: 422, want: []string{"errors.0=Email is missing."}},
			step{name: "read-only attributes", method: "PUT /users/{user}", body: `{"user":{"id":"usr_2","created_at":"1"}}`, status: 422, want: []string{"errors#2"}},
			step{name: "an unknown user", method: "PUT /users/usr_none", body: `{"user":{"first_name":"x"}}`, status: 404},
			step{name: "nothing has changed", method: "GET /users", status: 200, want: []string{"collection#1", "collection.0.email=user-1@example.com", "collection.0.username=null", "collection.0.state=active"}},
		),
		"authenticate": after(
			step{name: "a wrong password", method: "POST /users/{user}/authenticate", body: wrongPassword, status: 422, want: []string{"errors.0~Login failed", "!token"}},
			step{name: "in Spanish", method: "POST /users/{user}/authenticate", body: wrongPassword, header: []string{"Accept-Language", "es-MX,es;q=0.9,en;q=0.1"}, status: 422, want: []string{"errors.0~Error al iniciar sesión"}},
			step{name: "in English where it has more weight", method: "POST /users/{user}/authenticate", body: wrongPassword, header: []string{"Accept-Language", "es;q=0.5,en"}, status: 422, want: []string{"errors.0~Login failed"}},
			step{name: "an unknown user", method: "POST /users/nobody@example.com/authenticate", body: rightPassword, status: 404},
			step{name: "no password", method: "POST /users/{user}/authenticate", body: `{"user":{}}`, status: 422, want: []string{"errors.0=Password is missing."}},
			step{name: "the right one, by ID, for somebody", method: "POST /users/{user}/authenticate", status: 201, keep: "session=id token=token",
				body: `{"user":{"password":"quick-fox-jumped-over-the-moon"},"request":{"ip":"10.0.0.1","client":"Firefox/3141.5"}}`,
				want: []string{"object=session", "id^kss_", "user_id={user}", "token", "user.object=user", "user.email=user-1@example.com", "request.ip=10.0.0.1", "request.client=Firefox/3141.5", "client_app_id=null", "!user.memberships"}},
			step{name: "by email", method: "POST /users/User-1@example.com/authenticate?expand=memberships", body: rightPassword, status: 201, want: []string{"object=session", "user.memberships#0"}},
			step{name: "the user has logged in", method: "GET /users/{user}", status: 200, want: []string{"last_login_at~."}},
			step{name: "the events say for whom", method: "GET /events?event_type=user.login.succeeded&max_results=1&direction=asc", status: 200, want: []string{"collection.0.request.ip=10.0.0.1", "collection.0.session_id={session}", "collection.0.user_id={user}"}},
			step{name: "an inactive user", method: "PUT /users/{user}", body: `{"user":{"state":"inactive"}}`, status: 200, want: []string{"state=inactive"}},
			step{name: "cannot log in", method: "POST /users/{user}/authenticate", body: rightPassword, status: 422, want: []string{"errors.0~Login failed"}},
			step{name: "nor get a session", method: "POST /sessions", body: `{"session":{"user_id":"{user}"}}`, status: 422},
		),
		"too many wrong passwords": append(after(), append(repeated(10, step{
			name: "a wrong one", method: "POST /users/{user}/authenticate", body: wrongPassword, status: 422, want: []string{"errors.0~Login failed"},
		}), step{name: "one more, although it is right", method: "POST /users/{user}/authenticate", body: rightPassword, status: 422, want: []string{"errors.0~Too many"}})...),
		"passwords": after(
			step{name: "a session starts", method: "POST /sessions", body: `{"session":{"user_id":"{user}"}}`, status: 201, keep: "session=id"},
			step{name: "a wrong current password", method: "PUT /users/{user}/update_password", body: `{"user":{"current_password":"wrong-fox","password":"a-new-password","password_confirmation":"a-new-password"}}`, status: 422, want: []string{"errors.0~Current password does not match"}},
			step{name: "another confirmation", method: "PUT /users/{user}/update_password", body: `{"user":{"current_password":"quick-fox-jumped-over-the-moon","password":"a-new-password","password_confirmation":"another"}}`, status: 422},
			step{name: "the right one", method: "PUT /users/{user}/update_password", body: `{"user":{"current_password":"quick-fox-jumped-over-the-moon","password":"a-new-password","password_confirmation":"a-new-password"}}`, status: 200, want: []string{"object=user", "id={user}"}},
			step{name: "keeps all sessions", method: "GET /sessions/{session}", status: 200},
			step{name: "none are kept where none shall be", method: "PUT /users/{user}/update_password", body: `{"user":{"current_password":"a-new-password","password":"a-newer-password","keep_sessions":"none"}}`, status: 200},
			step{name: "so the session has ended", method: "GET /sessions/{session}", status: 404},
			step{name: "an unknown value of keep_sessions", method: "PUT /users/{user}/update_password", body: `{"user":{"current_password":"a-newer-password","password":"a-newest-password","keep_sessions":"some"}}`, status: 422},
			step{name: "another session", method: "POST /sessions", body: `{"session":{"user_id":"{user}"}}`, status: 201, keep: "session=id"},
			step{name: "a password that an administrator sets", method: "PUT /users/{user}", body: `{"user":{"password":"set-by-someone-else"}}`, status: 200},
			step{name: "ends the sessions", method: "GET /sessions/{session}", status: 404},
			step{name: "and says so", method: "GET /events?event_type=session.deleted&max_results=1", status: 200, want: []string{"collection.0.session_id={session}", "collection.0.expires_at", "collection.0.user_id={user}"}},
			step{name: "a token for a new one", method: "POST /users/{user}/generate_password_token", body: `{}`, status: 201, keep: "token=token", want: []string{"object=token", "token^tpw:", "user_id={user}"}},
			step{name: "is in the events", method: "GET /events?event_type=user.password.resetting", status: 200, want: []string{"collection.0.token={token}"}},
			step{name: "serves not with a short password", method: "POST /users/reset_password_with_token", body: `{"user":{"token":"{token}","password":"x","password_confirmation":"x"}}`, status: 422},
			step{name: "serves once", method: "POST /users/reset_password_with_token", body: `{"user":{"token":"{token}","password":"by-a-token-now","password_confirmation":"by-a-token-now"}}`, status: 201, want: []string{"object=session", "token", "user_id={user}"}},
			step{name: "not twice", method: "POST /users/reset_password_with_token", body: `{"user":{"token":"{token}","password":"by-a-token-now","password_confirmation":"by-a-token-now"}}`, status: 422},
			step{name: "the new one logs in", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"by-a-token-now"}}`, status: 201},
			step{name: "no token for nobody", method: "POST /users/usr_none/generate_password_token", status: 404},
		),
		"emails": after(
			step{name: "a token to verify", method: "POST /users/{user}/request_email_verification", body: `null`, status: 201, keep: "token=token", want: []string{"object=token", "token^tve:"}},
			step{name: "is under way", method: "GET /users/{user}", status: 200, want: []string{"email_verification=requested"}},
			step{name: "is of no use as one for passwords", method: "POST /users/reset_password_with_token", body: `{"user":{"token":"{token}","password":"by-a-token-now"}}`, status: 422},
			step{name: "verifies the email", method: "POST /users/verify_email", body: `{"user":{"token":"{token}"}}`, status: 200, want: []string{"object=user", "email_verification=verified"}},
			step{name: "once", method: "POST /users/verify_email", body: `{"user":{"token":"{token}"}}`, status: 422},
			step{name: "a new email leaves it verified", method: "PUT /users/{user}", body: `{"user":{"email":"two@example.com"}}`, status: 200, want: []string{"email=two@example.com", "email_verification=verified"}},
			step{name: "unless a verification is asked for", method: "PUT /users/{user}", body: `{"user":{"email":"three@example.com","email_verification":"requested"}}`, status: 200, want: []string{"email=three@example.com", "email_verification=requested"}},
			step{name: "of which there is an event", method: "GET /events?event_type=user.email.verifying&max_results=1", status: 200, want: []string{"collection.0.token^tve:"}},
			step{name: "a state can be set", method: "PUT /users/{user}", body: `{"user":{"email_verification":"none"}}`, status: 200, want: []string{"email_verification=none"}},
			step{name: "a pending email waits", method: "PUT /users/{user}", body: `{"user":{"email_pending":"Four@example.com"}}`, status: 200, want: []string{"email=three@example.com", "email_pending=four@example.com"}},
			step{name: "for its token", method: "POST /users/{user}/request_email_verification", status: 201, keep: "token=token", want: []string{"token^tue:"}},
			step{name: "and takes the place of the old one", method: "POST /users/verify_email", body: `{"user":{"token":"{token}"}}`, status: 200, want: []string{"email=four@example.com", "email_pending=null", "email_verification=verified"}},
			step{name: "another one waits", method: "PUT /users/{user}", body: `{"user":{"email_pending":"five@example.com"}}`, status: 200, want: []string{"email_pending=five@example.com"}},
			step{name: "and is given up", method: "PUT /users/{user}", body: `{"user":{"email_pending":""}}`, status: 200, want: []string{"email_pending=null"}},
			step{name: "a profile changes its email in the same way", method: "PUT /users/{user}/profile", body: `{"user":{"email":"george2@example.com","last_name":"Boole"}}`, status: 200, want: []string{"email=four@example.com", "email_pending=george2@example.com", "last_name=Boole"}},
			step{name: "of which there is an event", method: "GET /events?event_type=user.profile.updated", status: 200, want: []string{"collection#1"}},
			step{name: "a profile changes the password too", method: "PUT /users/{user}/profile", body: `{"user":{"password":"in-the-profile","password_confirmation":"in-the-profile"}}`, status: 200},
			step{name: "which logs in", method: "POST /users/{user}/authenticate", body: `{"user":{"password":"in-the-profile"}}`, status: 201},
			step{name: "a profile has no state", method: "PUT /users/{user}/profile", body: `{"user":{"state":"inactive"}}`, status: 422},
		),
		"tokens of a user end with the user": after(
			step{name: "a token", method: "POST /users/{user}/generate_password_token", status: 201, keep: "token=token"},
			step{name: "the user goes", method: "DELETE /users/{user}", status: 204},
			step{name: "and the token with the user", method: "POST /users/reset_password_with_token", body: `{"user":{"token":"{token}","password":"by-a-token-now"}}`, status: 422},
		),
		"a token does not outlive the email that it was sent to": after(
			step{name: "a token", method: "POST /users/{user}/generate_password_token", status: 201, keep: "token=token"},
			step{name: "the email changes", method: "PUT /users/{user}", body: `{"user":{"email":"two@example.com"}}`, status: 200},
			step{name: "the token is of no use", method: "POST /users/reset_password_with_token", body: `{"user":{"token":"{token}","password":"by-a-token-now"}}`, status: 422},
		),
	})
}

func repeated(n int, s step) (steps []step) {
	for range n {
		steps = append(steps, s)
	}
	return steps
}
