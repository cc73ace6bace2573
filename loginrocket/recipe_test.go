package loginrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// The functions below are the recipes of docs/api.md.

// keepSession stores the session of a user like a password, for example in a keyring.
type keepSession func(session, account string) error

// signIn is the login of a command line tool. It stores session and account, never the password.
// The account, org_..., comes from a flag; "" leaves the choice to AuthRocket.
func signIn(
	ctx context.Context, client *loginrocket.Client, email, password, account string, keep keepSession,
) error {
	login, err := client.Login(ctx, email, coreapi.Hide(password))
	if err == nil && account != "" && slices.Contains(login.Conditions, loginrocket.NoAccountSelected) {
		login, err = client.Session(ctx, login.SessionID(), account)
	}
	if errors.Is(err, loginrocket.ErrRefused) {
		return fmt.Errorf("not signed in: %s", strings.Join(loginrocket.Messages(err), " "))
	}
	if err != nil {
		return err // loginrocket.ErrUnavailable: try again later
	}
	if err := login.Err(); err != nil {
		return err // loginrocket.ErrConditions: see login.Conditions
	}
	if account == "" {
		account = login.Account
	}
	return keep(login.SessionID().Reveal(), account)
}

// verifyCode completes a login that waits for the code of a second factor.
func verifyCode(
	ctx context.Context, client *loginrocket.Client, login loginrocket.Result, code string,
) (loginrocket.Result, error) {
	var c struct{ Token string }
	if err := login.Decode(&c); err != nil {
		return loginrocket.Result{}, err
	}
	return client.VerifyLogin(ctx, url.Values{"token": {c.Token}, "code": {code}})
}

// get calls your server, whose middleware verifies the token. Make the TokenSource once, with
// client.TokenSource(coreapi.Hide(session), account), and share it.
func get(ctx context.Context, tokens *loginrocket.TokenSource, url string) (*http.Response, error) {
	token, err := tokens.Token(ctx) // kept until a minute before it expires
	if err != nil {
		return nil, err // loginrocket.ErrSessionEnded: sign in again
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	return http.DefaultClient.Do(request)
}

func TestRecipes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		account string // of the flag
		answers []answerFunc
		session string // that is kept
		kept    string // the account
		asked   string // the query of the last request
		want    string // part of the error
	}{
		{name: "a full login", answers: []answerFunc{answer(200, fullLogin)}, session: sessionID, kept: "org_1"},
		{name: "a full login with another account", account: "org_2", answers: []answerFunc{answer(200, fullLogin)}, session: sessionID, kept: "org_2"},
		{
			name: "an account for a user with several", account: "org_2", answers: []answerFunc{answer(200, conditional), answer(200, fullLogin)},
			session: sessionID, kept: "org_2", asked: "account=org_2",
		},
		{name: "a wrong password", answers: []answerFunc{answer(422, refusal)}, want: "not signed in: Login failed."},
		{name: "a user with several accounts, and no flag", answers: []answerFunc{answer(200, conditional)}, want: "no_account_selected"},
		{name: "trouble", answers: []answerFunc{answer(503, "")}, want: "does not answer now"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			session, account := "", ""
			lr := newLR(row.answers...)
			err := signIn(t.Context(), clientOf(t, lr), "ada", password, row.account, func(s, a string) error {
				session, account = s, a
				return nil
			})
			if (err != nil) != (row.want != "") || err != nil && !strings.Contains(err.Error(), row.want) || session != row.session || account != row.kept {
				t.Errorf("got %v, session %q of account %q, want %q, %q of %q", err, session, account, row.want, row.session, row.kept)
			}
			if sent := lr.requests(); !strings.Contains(sent[len(sent)-1].query, row.asked) {
				t.Errorf("the last request has the query %q, want %q", sent[len(sent)-1].query, row.asked)
			}
		})
	}
	second := newLR(answer(200, `{"result": "conditional_login", "token": "tok_1", "conditions": ["code"]}`), answer(200, fullLogin))
	login, err := clientOf(t, second).Login(t.Context(), "ada", hide(password))
	if err != nil {
		t.Fatal(err)
	}
	if login, err = verifyCode(t.Context(), clientOf(t, second), login, "123456"); err != nil || login.Err() != nil {
		t.Errorf("got %v, %v", login, err)
	}
	if body := second.requests()[1].body; !strings.Contains(body, "tok_1") || !strings.Contains(body, "123456") {
		t.Errorf("the login is verified by %s", body)
	}
	shop := newLR(answer(200, okay))
	tokens := clientOf(t, newLR(answer(200, fullLogin))).TokenSource(hide(sessionID), "org_1")
	response, err := get(t.Context(), tokens, newServer(t, shop).URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := shop.requests()[0].header.Get("Authorization"); got != "Bearer "+loginToken {
		t.Errorf("the shop got %q", got)
	}
	_, err = get(t.Context(), clientOf(t, newLR(answer(403, refusal))).TokenSource(hide(sessionID), ""), "http://127.0.0.1:1")
	expectError(t, err, loginrocket.ErrSessionEnded)
}
