package loginrocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// The functions below are the recipes of docs/api.md, word for word.

// signIn is the login of a command line tool. It keeps the session, never the password.
func signIn(ctx context.Context, client *loginrocket.Client, email, password string, keep func(session string) error) error {
	login, err := client.Login(ctx, email, coreapi.Hide(password))
	if errors.Is(err, loginrocket.ErrRefused) {
		return fmt.Errorf("not signed in: %s", strings.Join(loginrocket.Messages(err), " "))
	}
	if err != nil {
		return err // loginrocket.ErrUnavailable: try again later
	}
	if err := login.Err(); err != nil {
		return err // loginrocket.ErrConditions: see login.Conditions
	}
	return keep(login.SessionID().Reveal())
}

// get calls your server, whose middleware verifies the token. Make the TokenSource once, by
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
		name   string
		answer answerFunc
		kept   string
		want   string // part of the error
	}{
		{name: "a full login", answer: answer(200, fullLogin), kept: sessionID},
		{name: "a wrong password", answer: answer(422, refusal), want: "not signed in: Login failed."},
		{name: "a login on conditions", answer: answer(200, conditional), want: "no_account_selected"},
		{name: "trouble", answer: answer(503, ""), want: "does not answer now"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			kept := ""
			err := signIn(t.Context(), clientOf(t, newLR(row.answer)), "ada", password, func(session string) error {
				kept = session
				return nil
			})
			if (err != nil) != (row.want != "") || err != nil && !strings.Contains(err.Error(), row.want) || kept != row.kept {
				t.Errorf("got %v and session %q, want %q and %q", err, kept, row.want, row.kept)
			}
		})
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
