package authrocketdev_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// visitor returns a client of the LoginRocket API of the row's realm, for which it
// creates a domain.
func (s *sdk) visitor(locale string) *loginrocket.Client {
	domain := must(coreapi.Send[struct {
		FQDN string `json:"fqdn"`
	}](s.ctx, s.api, http.MethodPost, "/domains", "domain", attributes{"domain_type": "loginrocket"}))
	config := loginrocket.Config{URL: hostOf(s.T, s.server.loginRocket, domain.FQDN), Locale: locale}
	config.Observer.Request = func(_ context.Context, e loginrocket.RequestEvent) { s.note(e.Method, "/v2"+e.Path) }
	if strings.Contains(s.Name(), "in memory") {
		config.HTTPClient = &http.Client{Transport: handlerTransport{s.server.service.LoginRocket()}}
	}
	return must(loginrocket.New(config))
}

// wantFull fails the test unless the login is full, in the account (or in any, if
// that is ""), and its token verifies.
func (s *sdk) wantFull(login loginrocket.Result, account string) {
	s.Helper()
	done(login.Err())
	token, isFull := login.Token()
	verified, err := s.verify(token, s.realm.JWTKey)
	s.want(isFull && err == nil && verified.User.ID != "" && strings.HasPrefix(login.SessionID().Reveal(), "kss_") && strings.HasPrefix(login.Account, cmp.Or(account, "org_")), "got %+v, %v", login, err)
}

// Each API accepts tokens and sessions of the other.
func TestEveryCallOfTheLoginRocketAPI(t *testing.T) {
	t.Parallel()
	password, other := coreapi.Hide(georgesPassword), coreapi.Hide(anotherPassword)
	wantRefused := func(s *sdk, err error, text string) {
		s.Helper()
		wantRefused(s.T, err, text)
		refusal, ok := errors.AsType[*loginrocket.Error](err)
		s.want(ok && (refusal.Status == http.StatusConflict || refusal.Status == http.StatusUnprocessableEntity), "got %v", err)
	}
	onCoreAPI(t, map[string]func(*sdk){
		"POST /v2/login: a wrong password": func(s *sdk) {
			user := s.user()
			_, err := s.visitor("").Login(s.ctx, user.Email, other)
			wantRefused(s, err, "Login failed")
		},
		"POST /v2/login: in Spanish": func(s *sdk) {
			user := s.user()
			_, err := s.visitor("es").Login(s.ctx, user.Email, other)
			wantRefused(s, err, "Error al iniciar sesión")
		},
		"POST /v2/login": func(s *sdk) {
			user, org := s.user(), s.org("one")
			s.join(user, org)
			s.wantFull(must(s.visitor("").Login(s.ctx, user.Email, password)), org.ID)
		},
		"POST /v2/login/verify": func(s *sdk) {
			user, org := s.user(), s.org("one")
			s.join(user, org)
			device := s.device(user)
			must(s.api.Credentials.Verify(s.ctx, device.ID, codeNow(device.Secret().Reveal())))
			visitor := s.visitor("")
			var pending struct{ Token string }
			done(must(visitor.Login(s.ctx, user.Email, password)).Decode(&pending))
			s.wantFull(must(visitor.VerifyLogin(s.ctx, url.Values{"token": {pending.Token}, "code": {codeNext(device.Secret().Reveal())}})), org.ID)
		},
		"DELETE /v2/session: of the Core API": func(s *sdk) {
			session, visitor := s.session(s.user()).ID(), s.visitor("")
			done(visitor.Logout(s.ctx, session))
			_, err := visitor.Session(s.ctx, session, "")
			s.want(errors.Is(err, loginrocket.ErrSessionEnded), "got %v, want ErrSessionEnded", err)
			_, err = s.api.Sessions.Get(s.ctx, session)
			s.wantRefused(err, coreapi.ErrNotFound, "")
		},
		"GET /v2/session": func(s *sdk) {
			user, one, two := s.user(), s.org("one"), s.org("two")
			s.join(user, one)
			s.join(user, two)
			session, visitor := s.session(user).ID(), s.visitor("")
			s.wantFull(must(visitor.Session(s.ctx, session, one.ID)), one.ID)
			s.wantFull(must(visitor.Session(s.ctx, session, two.ID)), two.ID)
			s.wantFull(must(visitor.Session(s.ctx, session, "")), one.ID)
			s.configure(attributes{"org_mode": "multi_user"})
			login := must(visitor.Session(s.ctx, session, ""))
			_, isFull := login.Token()
			s.want(!isFull && login.Account == "" && slices.Equal(login.Conditions, []loginrocket.Condition{loginrocket.NoAccountSelected}), "got %+v", login)
			_, err := visitor.TokenSource(session, "").Token(s.ctx)
			s.want(errors.Is(err, loginrocket.ErrConditions), "got %v, want ErrConditions", err)
			s.wantFull(must(visitor.Session(s.ctx, session, two.ID)), two.ID)
		},
		"GET /v2/session: ended by the Core API": func(s *sdk) {
			user := s.user()
			visitor := s.visitor("")
			session := must(visitor.Login(s.ctx, user.Email, password)).SessionID()
			must(s.api.Sessions.DeleteAllOf(s.ctx, user.ID))
			_, err := visitor.TokenSource(session, "").Token(s.ctx)
			s.want(errors.Is(err, loginrocket.ErrSessionEnded), "got %v, want ErrSessionEnded", err)
		},
		"POST /v2/password/forgot": func(s *sdk) { done(s.visitor("").ForgotPassword(s.ctx, s.user().Email)) },
		"POST /v2/password/reset: a token of the Core API": func(s *sdk) {
			user, org := s.user(), s.org("one")
			s.join(user, org)
			token := must(s.api.Users.PasswordToken(s.ctx, user.ID)).Value()
			s.wantFull(must(s.visitor("").ResetPassword(s.ctx, token, other)), org.ID)
			must(s.api.Users.Authenticate(s.ctx, user.ID, other))
			_, err := s.api.Users.ResetPassword(s.ctx, token, other)
			s.wantRefused(err, coreapi.ErrInvalid, "")
		},
		"POST /v2/profile/password": func(s *sdk) {
			session, visitor := s.session(s.user()).ID(), s.visitor("")
			err := visitor.UpdatePassword(s.ctx, coreapi.Hide("kss_none"), password, other)
			s.want(errors.Is(err, loginrocket.ErrSessionEnded), "got %v, want ErrSessionEnded", err)
			wantRefused(s, visitor.UpdatePassword(s.ctx, session, other, other), "Current password does not match")
			done(visitor.UpdatePassword(s.ctx, session, password, other))
		},
		"PUT /v2/profile": func(s *sdk) {
			user, org := s.user(), s.org("one")
			s.join(user, org)
			s.wantFull(must(s.visitor("").UpdateProfile(s.ctx, s.session(user).ID(), loginrocket.ProfileChange{Email: new("george2@example.com")})), org.ID)
			s.want(must(s.api.Users.Get(s.ctx, user.ID)).EmailPending == "george2@example.com", "the email is not pending")
		},
		"POST /v2/signup/request": func(s *sdk) {
			s.configure(attributes{"signup": "invitation"})
			visitor := s.visitor("")
			done(visitor.RequestInvitation(s.ctx, "new@example.com"))
			_, err := visitor.Signup(s.ctx, loginrocket.NewSignup{Email: "new@example.com", Password: password})
			wantRefused(s, err, "")
			invitations := collected(s.api.Invitations.All(s.ctx, coreapi.InvitationQuery{}))
			s.want(len(invitations) == 1 && invitations[0].Type == coreapi.InvitationRequest, "got %+v", invitations)
		},
		"POST /v2/signup": func(s *sdk) {
			login := must(s.visitor("").Signup(s.ctx, loginrocket.NewSignup{Email: "new@example.com", Password: password, FirstName: "New"}))
			s.wantFull(login, "")
			s.want(must(s.api.Users.Get(s.ctx, "new@example.com")).FirstName == "New", "the Core API has another user")
		},
		"POST /v2/email/verify: a token of the Core API": func(s *sdk) {
			user := s.user()
			done(s.visitor("").VerifyEmail(s.ctx, must(s.api.Users.RequestEmailVerification(s.ctx, user.ID)).Value()))
			s.want(must(s.api.Users.Get(s.ctx, user.ID)).EmailVerification == coreapi.EmailVerified, "the email is not verified")
		},
	})
}
