// Package loginrocket is a client of the LoginRocket API. It is for programs without an API
// key: command line tools, desktop programs, workers with their own session, and tests.
//
//	client, err := loginrocket.New(loginrocket.Config{URL: "https://sample.e2.loginrocket.com/", Agent: "shop-cli/1.4"})
//	if err != nil {
//		log.Fatal(err) // the error names every problem in the configuration
//	}
//	login, err := client.Login(ctx, email, coreapi.Hide(password))
//	if err != nil {
//		return err // ErrRefused: show Messages(err) and ask again
//	}
//	if err := login.Err(); err != nil {
//		return err // ErrConditions: for example, the user must select an account
//	}
//	keyring.Save(login.SessionID().Reveal(), login.Account) // the session does not remember the account
//	tokens := client.TokenSource(login.SessionID(), login.Account)
//	token, err := tokens.Token(ctx) // for the header Authorization of each request
//
// # On a server, use coreapi
//
// The LoginRocket API has low rate limits for each IP address, and all users of a server
// share the server's IP address. On a server, log users in with Users.Authenticate of the
// package coreapi, and use its Client.For to say on whose behalf you act. Alternatively,
// send browsers to LoginRocket's pages, with the package authrocket.
//
// # This package verifies no tokens
//
// This package returns the login token that LoginRocket sent, without verifying it. The
// server that receives the token must verify it. To do this, it can call Auth.Verify of the
// package authrocket, or use that package's middleware, which accepts bearer tokens. Do not
// base decisions on the claims of an unverified token.
//
// # Errors
//
// Every error of a call matches one kind with [errors.Is]:
//
//   - [ErrRefused] means that LoginRocket refuses the input.
//   - [ErrSessionEnded] means that the user must log in again.
//   - [ErrConditions] means that the login is not complete.
//   - [ErrUnavailable] means that the call may succeed later.
//   - [ErrUnexpected] means that LoginRocket or this package has a defect, or that the URL
//     is wrong.
//
// # Repeats
//
// The Client repeats only [Client.Session], at most twice, after a network error or a 5xx.
// It sends every call that changes something only once. After a 429 it does not repeat the
// call, because the wait may take a minute; see [Error.RetryAfter]. It follows no redirect.
//
// # Secrets
//
// Passwords, session IDs and the tokens from emails are of the type Secret of coreapi,
// which prints as "(hidden)". Errors, events and log lines of this package never contain
// such a secret. [Client.Session] and [Client.Logout] send the session ID in the query. If
// you run a proxy between your program and LoginRocket, do not let the proxy log queries.
package loginrocket
