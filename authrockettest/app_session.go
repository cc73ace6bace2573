package authrockettest

import (
	"cmp"
	"context"

	"github.com/authrocket-go/authrocket"
)

// Session returns a Session for unit tests of handlers without a gate. Such a test
// needs no realm:
//
//	s := authrockettest.Session(authrockettest.User{Name: "Ada"}, authrockettest.Org{}, "billing:write")
//	r = r.WithContext(authrocket.WithSession(r.Context(), s))
//
// The session has one membership, in org, with the given permission tags. Empty
// fields of user and org get obvious test values: usr_test, Test User,
// test@example.com, org_test and Test Org. The session is in the realm rl_test; no
// Auth accepts its token. Session panics if a custom attribute cannot be encoded as
// JSON.
//
// To get a session with other contents, for example with several orgs, use
// [Realm.Session].
func Session(user User, org Org, permissions ...string) authrocket.Session {
	if user.FirstName+user.LastName+user.Email == "" {
		user.Name = cmp.Or(user.Name, "Test User")
	}
	user.ID = cmp.Or(user.ID, "usr_test")
	user.Email = cmp.Or(user.Email, "test@example.com")
	org.ID = cmp.Or(org.ID, "org_test")
	org.Name = cmp.Or(org.Name, "Test Org")
	realm, err := Open(RealmConfig{ID: "rl_test", Settings: Settings{Algorithm: "HS256"}})
	if err != nil {
		panic("authrockettest: the realm of a Session: " + err.Error())
	}
	user, org = realm.AddUser(user), realm.AddOrg(org)
	realm.of.memberships.put("mb_test", Membership{ID: "mb_test", UserID: user.ID, OrgID: org.ID, Permissions: permissions})
	return realm.session(realm.newToken(user, "kss_test", org.ID), nil)
}

// Session returns the Session that an app of this realm gets for a [Realm.Token] of
// the user with these options. Pass it to [authrocket.WithSession].
func (r *Realm) Session(user User, options ...TokenOption) authrocket.Session {
	r.t.Helper()
	return r.session(r.newUserToken(user), options)
}

func (r *Realm) session(t *token, options []TokenOption) authrocket.Session {
	r.t.Helper()
	signed := r.sign(t, options)
	auth, err := authrocket.New(authrocket.Config{JWTKey: r.jwtKey(t.keyID), DisableCookie: true})
	if err != nil {
		r.fail("%v", err)
	}
	session, err := auth.Verify(context.Background(), signed)
	if err != nil {
		r.fail("the token of the session is invalid; correct the options: %v", err)
	}
	return session
}
