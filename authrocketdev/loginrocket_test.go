package authrocketdev_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// onLoginRocket runs a test with a client of the LoginRocket API, over a port and in
// memory.
func onLoginRocket(t *testing.T, test func(t *testing.T, a *api, client *loginrocket.Client), configure ...func(*siteConfig)) {
	t.Helper()
	run := func(name string, newAPI func(*testing.T) *api) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			client, err := loginrocket.New(loginrocket.Config{URL: a.realm.URL(), HTTPClient: a.client})
			if err != nil {
				t.Fatal(err)
			}
			test(t, a, client)
		})
	}
	run("over a port", func(t *testing.T) *api { return newAPI(t, configure...) })
	run("in memory", func(t *testing.T) *api {
		s := newSiteAt(t, "http://127.0.0.1:8081", append([]func(*siteConfig){forAPI}, configure...)...)
		return s.api(t, handlerTransport{s.server})
	})
}

// wantSignedIn fails the test unless the login is full and the middleware accepts its
// token.
func (a *api) wantSignedIn(t *testing.T, login loginrocket.Result, err error, user authrockettest.User, org string) {
	t.Helper()
	token, isFull := login.Token()
	if err != nil || !isFull || login.Err() != nil || login.Account != org || !strings.HasPrefix(login.SessionID().Reveal(), "kss_") {
		t.Errorf("got %+v, %v, want a full login in %s", login, err, org)
		return
	}
	session, err := a.auth.Verify(t.Context(), token)
	if err != nil || session.User.ID != user.ID {
		t.Errorf("the token is of %q: %v", session.User.ID, err)
	}
}

func wantRefused(t *testing.T, err error, text string) {
	t.Helper()
	if !errors.Is(err, loginrocket.ErrRefused) || !strings.Contains(strings.Join(loginrocket.Messages(err), " "), text) {
		t.Errorf("got %v, want ErrRefused: %s", err, text)
	}
}

func TestLoginRocketClient(t *testing.T) {
	t.Parallel()
	onLoginRocket(t, func(t *testing.T, a *api, client *loginrocket.Client) {
		ctx := t.Context()
		password, other := coreapi.Hide(secretPassword), coreapi.Hide("difference engine")

		_, err := client.Login(ctx, a.ada.Email, coreapi.Hide("x"))
		wantRefused(t, err, "Login failed")
		spanish, err := loginrocket.New(loginrocket.Config{URL: a.realm.URL(), HTTPClient: a.client, Locale: "es"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = spanish.Login(ctx, a.ada.Email, coreapi.Hide("x"))
		wantRefused(t, err, "Error al iniciar sesión")

		login, err := client.Login(ctx, a.ada.Email, password)
		a.wantSignedIn(t, login, err, a.ada, a.engines.ID)
		session := login.SessionID()
		login, err = client.Session(ctx, session, a.engines.ID)
		a.wantSignedIn(t, login, err, a.ada, a.engines.ID)
		_, err = client.Session(ctx, session, "org_of_nobody")
		wantRefused(t, err, "")
		token, err := client.TokenSource(session, a.engines.ID).Token(ctx)
		if again, _ := client.TokenSource(session, "").Token(ctx); err != nil || token == "" || again == "" {
			t.Errorf("got token %q, %v", token, err)
		}

		wantRefused(t, client.UpdatePassword(ctx, session, other, other), "Current password does not match")
		if err := client.UpdatePassword(ctx, session, password, other); err != nil {
			t.Error(err)
		}
		login, err = client.UpdateProfile(ctx, session, loginrocket.ProfileChange{LastName: new("King")})
		a.wantSignedIn(t, login, err, a.ada, a.engines.ID)
		if user, _ := a.realm.User(a.ada.ID); user.LastName != "King" {
			t.Errorf("the user is %+v", user)
		}

		if err := client.ForgotPassword(ctx, a.ada.Email); err != nil {
			t.Error(err)
		}
		mail, _ := a.mailed("token")
		login, err = client.ResetPassword(ctx, coreapi.Hide(mail), password)
		a.wantSignedIn(t, login, err, a.ada, a.engines.ID)
		_, err = client.ResetPassword(ctx, coreapi.Hide(mail), password)
		wantRefused(t, err, "")

		if err := client.Logout(ctx, login.SessionID()); err != nil {
			t.Error(err)
		}
		_, err = client.Session(ctx, login.SessionID(), "")
		if !errors.Is(err, loginrocket.ErrSessionEnded) || !errors.Is(client.Logout(ctx, login.SessionID()), loginrocket.ErrSessionEnded) {
			t.Errorf("got %v, want ErrSessionEnded", err)
		}
		if err := client.UpdatePassword(ctx, login.SessionID(), password, other); !errors.Is(err, loginrocket.ErrSessionEnded) {
			t.Errorf("got %v, want ErrSessionEnded", err)
		}
	})
}

func TestLoginRocketClientSignup(t *testing.T) {
	t.Parallel()
	onLoginRocket(t, func(t *testing.T, a *api, client *loginrocket.Client) {
		login, err := client.Signup(t.Context(), loginrocket.NewSignup{
			Email: "mary@example.com", Password: coreapi.Hide(secretPassword), FirstName: "Mary", LastName: "Somerville", OrgName: "Spheres",
		})
		mary, _ := a.realm.UserByLogin("mary@example.com")
		a.wantSignedIn(t, login, err, mary, login.Account)
		if org, err := a.realm.Org(login.Account); err != nil || org.Name != "Spheres" {
			t.Errorf("the org is %+v, %v", org, err)
		}
		token, _ := a.mailed("token")
		if err := client.VerifyEmail(t.Context(), coreapi.Hide(token)); err != nil {
			t.Error(err)
		}
		wantRefused(t, client.VerifyEmail(t.Context(), coreapi.Hide(token)), "")
		_, err = client.Signup(t.Context(), loginrocket.NewSignup{Email: "mary@example.com", Password: coreapi.Hide(secretPassword)})
		wantRefused(t, err, "")
	})
}

func TestLoginRocketClientSecondFactor(t *testing.T) {
	t.Parallel()
	onLoginRocket(t, func(t *testing.T, a *api, client *loginrocket.Client) {
		secret := a.enrol(t, a.ada)
		login, err := client.Login(t.Context(), a.ada.Email, coreapi.Hide(secretPassword))
		if _, isFull := login.Token(); err != nil || isFull || !errors.Is(login.Err(), loginrocket.ErrConditions) {
			t.Fatalf("got %+v, %v, want a login on conditions", login, err)
		}
		var pending struct{ Token string }
		if err := login.Decode(&pending); err != nil {
			t.Fatal(err)
		}
		_, err = client.VerifyLogin(t.Context(), url.Values{"token": {pending.Token}, "code": {"000000"}})
		wantRefused(t, err, "")
		login, err = client.VerifyLogin(t.Context(), url.Values{"token": {pending.Token}, "code": {codeNow(secret)}})
		a.wantSignedIn(t, login, err, a.ada, a.engines.ID)
	})
}
