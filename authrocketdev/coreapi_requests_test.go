package authrocketdev_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

func TestEveryRequestOfTheCoreAPI(t *testing.T) {
	t.Parallel()
	onCoreAPI(t, map[string]func(*sdk){
		"POST /realms": func(s *sdk) {
			realm := must(coreapi.Send[configuredRealm](s.ctx, s.top, "POST", "/realms", "realm", attributes{"name": "AR-go 2-2"}))
			s.want(realm.Object == "realm" && strings.HasPrefix(realm.ID, "rl_") && realm.Name == "AR-go 2-2" && strings.Contains(realm.JWTKey, "PUBLIC KEY"), "got %+v", realm)
			must(coreapi.Send[configuredRealm](s.ctx, s.top, "DELETE", "/realms/"+realm.ID, "", nil))
		},
		"GET /realms": func(s *sdk) {
			realms := collected(coreapi.Each[configuredRealm](s.ctx, s.top, "/realms", nil))
			isOwn := func(r configuredRealm) bool { return r.ID == s.realm.ID && r.Name == s.realm.Name }
			s.want(slices.ContainsFunc(realms, isOwn) && realms[0].Object == "realm", "got %+v", realms)
		},
		"GET /realms/{id}": func(s *sdk) {
			realm := must(coreapi.Get[map[string]any](s.ctx, s.top, "/realms/"+s.realm.ID, nil))
			_, madeUp := realm["made_up_field"]
			s.want(realm["object"] == "realm" && !madeUp, "got %v", realm)
			_, err := coreapi.Get[configuredRealm](s.ctx, s.top, "/realms/rl_none", nil)
			s.wantRefused(err, coreapi.ErrNotFound, "")
		},
		"GET /realms/{id}: it is deleted": func(s *sdk) {
			gone := must(coreapi.Send[configuredRealm](s.ctx, s.top, "POST", "/realms", "realm", attributes{"name": "AR-go 3-3"}))
			must(coreapi.Send[configuredRealm](s.ctx, s.top, "DELETE", "/realms/"+gone.ID, "", nil))
			_, err := coreapi.Get[configuredRealm](s.ctx, s.top, "/realms/"+gone.ID, url.Values{"state": {"active"}})
			s.wantRefused(err, coreapi.ErrNotFound, "")
		},
		"PUT /realms/{id}": func(s *sdk) {
			realm := s.configure(attributes{"name": "AR-go 4-4"})
			s.want(realm.Name == "AR-go 4-4", "got %+v", realm)
		},
		"PUT /realms/{id}: another key": func(s *sdk) {
			realm := s.configure(attributes{"jwt_algo": "hs256", "jwt_scopes": "ar.orgs"})
			s.want(strings.HasPrefix(realm.JWTKey, "jsk_"), "the key begins %.8q", realm.JWTKey)
		},
		"PUT /realms/{id}: modes": func(s *sdk) {
			for _, set := range []attributes{{"org_mode": "multi_user"}, {"signup": "invitation"}, {"signup": "open"}} {
				s.configure(set)
			}
		},
		"DELETE /realms/{id}: with content": func(s *sdk) {
			gone := must(coreapi.Send[configuredRealm](s.ctx, s.top, "POST", "/realms", "realm", attributes{"name": "AR-go 5-5"}))
			must(s.top.InRealm(gone.ID).Orgs.Create(s.ctx, coreapi.NewOrg{Name: "Engines"}))
			must(coreapi.Send[configuredRealm](s.ctx, s.top, "DELETE", "/realms/"+gone.ID, "", nil))
		},
		"POST /realms/{id}/reset": func(s *sdk) {
			s.org("default1")
			must(coreapi.Send[configuredRealm](s.ctx, s.api, "POST", "/realms/"+s.realm.ID+"/reset", "", nil))
			s.want(len(collected(s.api.Orgs.All(s.ctx, coreapi.OrgQuery{}))) == 0, "there are orgs")
		},
		"POST /client_apps": func(s *sdk) {
			app := must(coreapi.Send[map[string]any](s.ctx, s.api, "POST", "/client_apps", "client_app",
				attributes{"client_type": "standard", "name": "ar-node-sdk", "redirect_uris": []string{"http://localhost:3000/"}}))
			s.want(app["object"] == "client_app", "got %v", app)
		},
		"POST /domains": func(s *sdk) {
			domain := must(coreapi.Send[map[string]any](s.ctx, s.api, "POST", "/domains", "domain", attributes{"domain_type": "loginrocket"}))
			s.want(domain["object"] == "domain" && domain["fqdn"] != nil && !strings.Contains(fmt.Sprint(domain["fqdn"]), ":"), "got %v", domain)
		},

		"POST /users": func(s *sdk) {
			user := s.user()
			s.wantObject(user, "user")
			s.want(strings.HasPrefix(user.ID, "usr_") && user.Email == "user-1@example.com" && user.FirstName == "george", "got %+v", user)
			s.want(len(user.Credentials) == 1 && strings.HasPrefix(user.Credentials[0].ID, "crd_") && user.Credentials[0].Type == coreapi.CredentialPassword, "got %+v", user.Credentials)
		},
		"GET /users": func(s *sdk) {
			s.user()
			users := collected(s.api.Users.All(s.ctx, coreapi.UserQuery{}))
			s.want(len(users) == 1, "got %+v", users)
			s.wantObject(users[0], "user")
		},
		"GET /users/{id}: by email": func(s *sdk) {
			user := s.user()
			s.want(must(s.api.Users.Get(s.ctx, user.Email)).ID == user.ID, "got another user")
			_, err := s.api.Users.Get(s.ctx, "nobody@example.com")
			s.wantRefused(err, coreapi.ErrNotFound, "")
		},
		"PUT /users/{id}": func(s *sdk) {
			user := must(s.api.Users.Update(s.ctx, s.user().ID, coreapi.UserChange{FirstName: new("freddy")}))
			s.want(user.FirstName == "freddy" && user.Email == "user-1@example.com", "got %+v", user)
			user = must(s.api.Users.Update(s.ctx, user.ID, coreapi.UserChange{FirstName: new("")}))
			s.want(user.FirstName == "" && user.Email == "user-1@example.com", "a pointer to nothing does not clear: %+v", user)
		},
		"PUT /users/{id}/update_password": func(s *sdk) {
			user := s.user()
			_, err := s.api.Users.UpdatePassword(s.ctx, user.ID, coreapi.PasswordChange{Current: coreapi.Hide("wrong"), New: coreapi.Hide(anotherPassword)})
			s.wantRefused(err, coreapi.ErrInvalid, "Current password does not match")
			must(s.api.Users.UpdatePassword(s.ctx, user.ID, coreapi.PasswordChange{Current: coreapi.Hide(georgesPassword), New: coreapi.Hide(anotherPassword)}))
			must(s.api.Users.Authenticate(s.ctx, user.ID, coreapi.Hide(anotherPassword)))
		},
		"PUT /users/{id}/profile": func(s *sdk) {
			must(s.api.Users.UpdateProfile(s.ctx, s.user().ID, coreapi.ProfileChange{Email: new("george2@example.com")}))
		},
		"DELETE /users/{id}": func(s *sdk) {
			done(s.api.Users.Delete(s.ctx, s.user().ID))
			s.want(len(collected(s.api.Users.All(s.ctx, coreapi.UserQuery{}))) == 0, "the user is still there")
		},
		"POST /users/{id}/authenticate": func(s *sdk) {
			user := s.user()
			_, err := s.api.Users.Authenticate(s.ctx, user.ID, coreapi.Hide("wrong"))
			s.wantRefused(err, coreapi.ErrLoginRefused, "Login failed")
			_, err = s.api.WithLocale("es").Users.Authenticate(s.ctx, user.ID, coreapi.Hide("wrong"))
			s.wantRefused(err, coreapi.ErrLoginRefused, "Error al iniciar sesión")
			_, err = s.api.Users.Authenticate(s.ctx, "nobody@example.com", coreapi.Hide("wrong"))
			s.wantRefused(err, coreapi.ErrLoginRefused, "Login failed")
			for _, id := range []string{user.ID, user.Email} {
				login := must(s.api.Users.Authenticate(s.ctx, id, coreapi.Hide(georgesPassword)))
				_, pending := login.Pending()
				s.want(!pending && login.Session.UserID == user.ID && !login.Session.Token().IsZero(), "got %+v", login)
				s.wantObject(login.Session, "session")
			}
		},
		"POST /users/authenticate_token": func(s *sdk) {
			user := s.user()
			device := s.device(user)
			must(s.api.Credentials.Verify(s.ctx, device.ID, codeNow(device.Secret().Reveal())))
			pending, ok := must(s.api.Users.Authenticate(s.ctx, user.ID, coreapi.Hide(georgesPassword))).Pending()
			s.want(ok && strings.HasPrefix(pending.Reveal(), "tmf:"), "the login is not pending")
			_, err := s.api.Users.CompleteLogin(s.ctx, pending, "12345")
			s.wantRefused(err, coreapi.ErrLoginRefused, "Login failed")
			session := must(s.api.Users.CompleteLogin(s.ctx, pending, codeNext(device.Secret().Reveal())))
			s.want(session.UserID == user.ID && !session.Token().IsZero(), "got %+v", session)
		},
		"POST /users/{id}/request_email_verification": func(s *sdk) {
			token := must(s.api.Users.RequestEmailVerification(s.ctx, s.user().ID))
			s.wantObject(token, "token")
			s.want(strings.HasPrefix(token.Value().Reveal(), "tve:"), "got another token")
		},
		"POST /users/verify_email": func(s *sdk) {
			token := must(s.api.Users.RequestEmailVerification(s.ctx, s.user().ID))
			user := must(s.api.Users.VerifyEmail(s.ctx, token.Value()))
			s.wantObject(user, "user")
			s.want(user.EmailVerification == coreapi.EmailVerified, "got %+v", user)
		},
		"POST /users/{id}/generate_password_token": func(s *sdk) {
			token := must(s.api.Users.PasswordToken(s.ctx, s.user().ID))
			s.wantObject(token, "token")
			s.want(strings.HasPrefix(token.Value().Reveal(), "tpw:"), "got another token")
		},
		"POST /users/reset_password_with_token": func(s *sdk) {
			user := s.user()
			token := must(s.api.Users.PasswordToken(s.ctx, user.ID)).Value()
			login := must(s.api.Users.ResetPassword(s.ctx, token, coreapi.Hide(anotherPassword)))
			s.wantObject(login.Session, "session")
			_, err := s.api.Users.ResetPassword(s.ctx, token, coreapi.Hide(anotherPassword))
			s.wantRefused(err, coreapi.ErrInvalid, "")
		},
		"POST /users/{id}/accept_invitation": func(s *sdk) {
			user, org := s.user(), s.org("default1")
			invitation := must(s.api.Invitations.Create(s.ctx, coreapi.NewOrgInvitation("freddy@example.com", org.ID)))
			must(s.api.Users.AcceptInvitation(s.ctx, user.ID, invitation.Token()))
			members := collected(s.api.Memberships.OfUser(s.ctx, user.ID, coreapi.MembershipQuery{}))
			s.want(len(members) == 1 && members[0].OrgID == org.ID && members[0].Org.Name == "default1", "got %+v", members)
		},

		"POST /orgs": func(s *sdk) {
			org := s.org("default1")
			s.wantObject(org, "org")
			s.want(strings.HasPrefix(org.ID, "org_") && org.Name == "default1", "got %+v", org)
		},
		"GET /orgs": func(s *sdk) {
			s.org("default1")
			orgs := collected(s.api.Orgs.All(s.ctx, coreapi.OrgQuery{}))
			s.want(len(orgs) == 1, "got %+v", orgs)
			s.wantObject(orgs[0], "org")
		},
		"GET /orgs/{id}": func(s *sdk) { s.wantObject(must(s.api.Orgs.Get(s.ctx, s.org("default1").ID)), "org") },
		"PUT /orgs/{id}": func(s *sdk) {
			org := must(s.api.Orgs.Update(s.ctx, s.org("default1").ID, coreapi.OrgChange{Name: new("new name")}))
			s.want(org.Name == "new name", "got %+v", org)
		},
		"DELETE /orgs/{id}": func(s *sdk) {
			org := must(s.api.Orgs.Close(s.ctx, s.org("default1").ID))
			s.want(org.State == coreapi.OrgClosed, "got %+v", org)
		},
		"DELETE /orgs/{id}: for good": func(s *sdk) {
			done(s.api.Orgs.Delete(s.ctx, s.org("default1").ID))
			s.want(len(collected(s.api.Orgs.All(s.ctx, coreapi.OrgQuery{}))) == 0, "the org is still there")
		},

		"POST /memberships": func(s *sdk) {
			membership := s.join(s.user(), s.org("default1"))
			s.wantObject(membership, "membership")
			s.want(strings.HasPrefix(membership.ID, "mb_") && membership.Permissions != nil && len(membership.Permissions) == 0, "got %+v", membership)
		},
		"GET /memberships": func(s *sdk) {
			user, org := s.user(), s.org("default1")
			s.join(user, org)
			memberships := collected(s.api.Memberships.OfOrg(s.ctx, org.ID, coreapi.MembershipQuery{}))
			s.want(len(memberships) == 1 && memberships[0].User.Email == user.Email, "got %+v", memberships)
			s.wantObject(memberships[0], "membership")
		},
		"GET /memberships/{id}": func(s *sdk) {
			s.wantObject(must(s.api.Memberships.Get(s.ctx, s.join(s.user(), s.org("default1")).ID)), "membership")
		},
		"PUT /memberships/{id}": func(s *sdk) {
			id, permissions := s.join(s.user(), s.org("default1")).ID, []string{"one", "two"}
			membership := must(s.api.Memberships.Update(s.ctx, id, coreapi.MembershipChange{Permissions: permissions}))
			s.want(slices.Equal(membership.Permissions, permissions), "got %+v", membership)
			membership = must(s.api.Memberships.Update(s.ctx, id, coreapi.MembershipChange{Permissions: []string{}}))
			s.want(len(membership.Permissions) == 0, "got %+v", membership)
		},
		"DELETE /memberships/{id}": func(s *sdk) {
			user, org := s.user(), s.org("default1")
			done(s.api.Memberships.Delete(s.ctx, s.join(user, org).ID))
			s.join(user, org)
		},

		"POST /sessions": func(s *sdk) {
			user := s.user()
			session := s.session(user)
			s.wantObject(session, "session")
			s.want(strings.HasPrefix(session.ID().Reveal(), "kss_") && session.UserID == user.ID, "got %+v", session)
			verified := must(s.verify(session.Token().Reveal(), s.realm.JWTKey))
			s.want(verified.User.ID == user.ID, "got %+v", verified)
		},
		"POST /sessions: with HS256 and orgs": func(s *sdk) {
			user, org := s.user(), s.org("default1")
			s.join(user, org)
			key := s.configure(attributes{"jwt_algo": "hs256", "jwt_scopes": "ar.orgs"}).JWTKey
			token := s.session(user).Token().Reveal()
			verified := must(s.verify(token, key))
			s.want(len(verified.Memberships()) == 1 && verified.Memberships()[0].Org.ID == org.ID, "got %+v", verified.Memberships())
			_, err := s.verify(token, "jsk_"+strings.Repeat("x", 40))
			s.want(err != nil, "another key verifies")
		},
		"GET /sessions": func(s *sdk) {
			user := s.user()
			s.session(user)
			sessions := collected(s.api.Sessions.OfUser(s.ctx, user.ID))
			s.want(len(sessions) == 1, "got %+v", sessions)
			s.wantObject(sessions[0], "session")
		},
		"GET /sessions/{id}": func(s *sdk) {
			s.wantObject(must(s.api.Sessions.Get(s.ctx, s.session(s.user()).ID())), "session")
		},
		"DELETE /sessions/{id}": func(s *sdk) {
			session := s.session(s.user())
			done(s.api.Sessions.Delete(s.ctx, session.ID()))
			_, err := s.api.Sessions.Get(s.ctx, session.ID())
			s.wantRefused(err, coreapi.ErrNotFound, "")
		},
		"DELETE /sessions/{id}: all of a user but one": func(s *sdk) {
			user := s.user()
			kept := s.session(user)
			s.session(user)
			s.session(user)
			deleted := must(s.api.Sessions.DeleteAllOf(s.ctx, user.ID, kept.ID()))
			left := collected(s.api.Sessions.OfUser(s.ctx, user.ID))
			s.want(deleted.Sessions == 2 && len(left) == 1 && left[0].ID().Equal(kept.ID()), "got %+v, and %d are left", deleted, len(left))
		},

		"POST /invitations": func(s *sdk) {
			org := s.org("default1")
			for _, invitation := range []coreapi.Invitation{s.request(), must(s.api.Invitations.Create(s.ctx, coreapi.NewOrgInvitation("b@example.com", org.ID, "one")))} {
				s.wantObject(invitation, "invitation")
				s.want(strings.HasPrefix(invitation.ID, "nvt_") && !invitation.Token().IsZero() && invitation.InvitedAt.IsZero(), "got %+v", invitation)
			}
		},
		"GET /invitations": func(s *sdk) {
			s.request()
			invitations := collected(s.api.Invitations.All(s.ctx, coreapi.InvitationQuery{}))
			s.want(len(invitations) == 1, "got %+v", invitations)
			s.wantObject(invitations[0], "invitation")
		},
		"GET /invitations: a page": func(s *sdk) {
			s.request()
			page := must(s.api.Invitations.List(s.ctx, coreapi.InvitationQuery{PageSize: 1}))
			s.want(len(page.Items) == 1 && !page.More, "got %+v", page)
		},
		"GET /invitations/{id}": func(s *sdk) { s.wantObject(must(s.api.Invitations.Get(s.ctx, s.request().ID)), "invitation") },
		"PUT /invitations/{id}": func(s *sdk) {
			invitation := must(s.api.Invitations.Update(s.ctx, s.request().ID, coreapi.InvitationChange{Email: new("other@example.com")}))
			s.want(invitation.Email == "other@example.com", "got %+v", invitation)
		},
		"DELETE /invitations/{id}": func(s *sdk) {
			done(s.api.Invitations.Delete(s.ctx, s.request().ID))
			s.want(len(collected(s.api.Invitations.All(s.ctx, coreapi.InvitationQuery{}))) == 0, "it is still there")
		},
		"POST /invitations/{id}/invite": func(s *sdk) {
			invitation := must(s.api.Invitations.Create(s.ctx, coreapi.NewOrgInvitation("b@example.com", s.org("default1").ID)))
			s.want(!must(s.api.Invitations.Invite(s.ctx, invitation.ID)).InvitedAt.IsZero(), "it was not sent")
		},

		"GET /auth_providers": func(s *sdk) {
			providers := collected(coreapi.Each[provider](s.ctx, s.api, "/auth_providers", nil))
			s.want(len(providers) == 2 && providers[0].Type == "password" && providers[0].MinLength == 8 && providers[0].Object == "auth_provider", "got %+v", providers)
		},
		"GET /auth_providers: one by one": func(s *sdk) {
			providers := collected(coreapi.Each[provider](s.ctx, s.api, "/auth_providers", url.Values{"max_results": {"1"}}))
			s.want(len(providers) == 2 && providers[0].MinLength == 8 && providers[1].Type == "totp", "got %+v", providers)
		},
		"GET /auth_providers/{id}": func(s *sdk) {
			password := must(s.api.AuthProviders.Get(s.ctx, "password"))
			same := must(s.api.AuthProviders.Get(s.ctx, password.ID))
			s.wantObject(same, "auth_provider")
			s.want(same.ID == password.ID && same.MinLength == 8 && same.RealmID == s.realm.ID, "got %+v", same)
			s.want(strings.HasPrefix(must(s.api.AuthProviders.Get(s.ctx, "totp")).ID, "ap_"), "TOTP has no ID")
		},
		"POST /auth_providers": func(s *sdk) {
			for _, kind := range []string{"google", "facebook"} {
				p := s.provider(kind)
				s.want(p.Object == "auth_provider" && strings.HasPrefix(p.ID, "ap_") && p.Type == kind, "got %+v", p)
			}
		},
		"PUT /auth_providers/{id}": func(s *sdk) {
			p := must(coreapi.Send[provider](s.ctx, s.api, "PUT", "/auth_providers/"+must(s.api.AuthProviders.Get(s.ctx, "password")).ID, "auth_provider", attributes{"min_length": 12}))
			s.want(p.Object == "auth_provider" && p.MinLength == 12, "got %+v", p)
		},
		"DELETE /auth_providers/{id}": func(s *sdk) {
			must(coreapi.Send[provider](s.ctx, s.api, "DELETE", "/auth_providers/"+s.provider("google").ID, "", nil))
			s.want(len(collected(coreapi.Each[provider](s.ctx, s.api, "/auth_providers", nil))) == 2, "it is still there")
		},
		"GET /auth_providers/authorize": func(s *sdk) {
			facebook := s.provider("facebook")
			urls := must(s.api.AuthProviders.AuthorizeURLs(s.ctx, "https://local.dev/", "n1"))
			s.want(len(urls) == 1 && urls[0].ProviderType == "facebook" && urls[0].ProviderID == facebook.ID && strings.Contains(urls[0].URL, "state="), "got %+v", urls)
		},
		"GET /auth_providers/{id}/authorize": func(s *sdk) {
			authorize := must(s.api.AuthProviders.AuthorizeURL(s.ctx, s.provider("facebook").ID, "https://local.dev/", ""))
			s.want(authorize.ProviderType == "facebook", "got %+v", authorize)
		},
		"POST /auth_providers/authorize": func(s *sdk) {
			state := s.dummy()
			_, err := s.api.AuthProviders.Authorize(s.ctx, coreapi.Hide("invalid"), state, "")
			s.wantRefused(err, coreapi.ErrLoginRefused, "Error validating code")
			refusal, ok := errors.AsType[*coreapi.Error](err)
			s.want(ok && strings.HasPrefix(refusal.Metadata("retry_url"), "http"), "there is no retry_url")
			s.wantObject(must(s.api.AuthProviders.Authorize(s.ctx, coreapi.Hide("abcdefgh"), state, "")).Session, "session")
		},
		"POST /auth_providers/{id}/authorize": func(s *sdk) {
			s.dummy()
			s.wantObject(must(s.api.AuthProviders.AuthorizeToken(s.ctx, "dummy", coreapi.Hide("abcdefgh"))).Session, "session")
		},

		"GET /credentials/{id}": func(s *sdk) {
			s.wantObject(must(s.api.Credentials.Get(s.ctx, s.user().Credentials[0].ID)), "credential")
		},
		"POST /credentials": func(s *sdk) {
			device := s.device(s.user())
			s.wantObject(device, "credential")
			s.want(strings.HasPrefix(device.ID, "crd_") && device.State == coreapi.CredentialNew && !device.Secret().IsZero() && !device.ProvisioningURI().IsZero() && !device.ProvisioningSVG().IsZero(), "got %+v", device)
		},
		"PUT /credentials/{id}": func(s *sdk) {
			user := s.user()
			must(s.api.Credentials.UpdatePassword(s.ctx, user.Credentials[0].ID, coreapi.Hide("93uairgejkfdlgd")))
			must(s.api.Users.Authenticate(s.ctx, user.ID, coreapi.Hide("93uairgejkfdlgd")))
		},
		"DELETE /credentials/{id}": func(s *sdk) {
			user := s.user()
			done(s.api.Credentials.Delete(s.ctx, user.Credentials[0].ID))
			_, err := s.api.Users.Authenticate(s.ctx, user.ID, coreapi.Hide(georgesPassword))
			s.wantRefused(err, coreapi.ErrLoginRefused, "Login failed")
		},
		"POST /credentials/{id}/verify": func(s *sdk) {
			device := s.device(s.user())
			_, err := s.api.Credentials.Verify(s.ctx, device.ID, "12345")
			s.wantRefused(err, coreapi.ErrInvalid, "Verification failed")
			verified := must(s.api.Credentials.Verify(s.ctx, device.ID, codeNow(device.Secret().Reveal())))
			s.want(verified.State == coreapi.CredentialActive && verified.Secret().IsZero(), "got %+v", verified)
		},

		"GET /events": func(s *sdk) {
			user := must(s.api.For(coreapi.Request{IP: "192.0.2.1", Client: "Firefox/3141.5"}).Users.Create(s.ctx, coreapi.NewUser{Email: "a@example.com", Password: coreapi.Hide(georgesPassword)}))
			events := collected(s.api.Events.All(s.ctx, coreapi.EventQuery{Type: coreapi.EventUserCreated, UserID: user.ID, Since: time.Now().Add(-time.Hour), ExpandNotifications: true}))
			s.want(len(events) == 1 && events[0].Request == coreapi.Request{IP: "192.0.2.1", Client: "Firefox/3141.5"}, "got %+v", events)
		},
		"GET /events/{id}": func(s *sdk) {
			token := must(s.api.Users.PasswordToken(s.ctx, s.user().ID))
			latest := must(s.api.Events.List(s.ctx, coreapi.EventQuery{PageSize: 1})).Items[0]
			event := must(s.api.Events.Get(s.ctx, latest.ID))
			s.wantObject(event, "event")
			s.want(event.Type == coreapi.EventUserPasswordResetting && event.Token().Equal(token.Value()), "got %+v", event)
		},
	})
}
