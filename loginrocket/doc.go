// Package loginrocket is a client of the LoginRocket API, for programs that hold no API key: a
// command line tool, a desktop program, a worker with a session of its own, tests.
//
//	client, err := loginrocket.New(loginrocket.Config{URL: "https://sample.e2.loginrocket.com/", Agent: "shop-cli/1.4"})
//	if err != nil {
//		log.Fatal(err) // every problem of the configuration at once
//	}
//	login, err := client.Login(ctx, email, coreapi.Hide(password))
//	if err != nil {
//		return err // ErrRefused: show Messages(err) and ask again
//	}
//	if err := login.Err(); err != nil {
//		return err // ErrConditions: an account has to be selected, for instance
//	}
//	keyring.Save(login.SessionID().Reveal(), login.Account) // the session does not keep the account
//	tokens := client.TokenSource(login.SessionID(), login.Account)
//	token, err := tokens.Token(ctx) // for the header Authorization of each request
//
// # From a server, use coreapi
//
// The limits of the LoginRocket API are tight, and counted for each address. Behind a server
// all users share one. A server logs users in by Users.Authenticate of the package coreapi,
// with For to say for whom; or it sends browsers to LoginRocket's pages, with the package
// authrocket.
//
// # Nothing is verified here
//
// A login token is what LoginRocket sent. The server that gets it verifies it, by Auth.Verify
// of the package authrocket or by its middleware, which takes it as a bearer token. Do not
// decide anything by the claims of a token that was not verified.
//
// # Errors
//
// Every error of a call matches one kind with [errors.Is]: [ErrRefused] is about the input,
// [ErrSessionEnded] and [ErrConditions] mean another login, [ErrUnavailable] says to try
// again later, and [ErrUnexpected] is a defect.
//
// # Repeats
//
// Only [Client.Session] is repeated, twice at most, after a network error or a 5xx. What
// changes something is sent once. After a 429 nothing is repeated, since a wait may take a
// minute: [Error.RetryAfter] says how long. No redirect is followed.
//
// # Secrets
//
// Passwords, session IDs and the tokens of mails are of the type Secret of coreapi, which
// prints as "(hidden)". No error, event or log line of this package holds one. LoginRocket takes
// the session ID of [Client.Session] and [Client.Logout] in the query: a proxy that you run
// between must not log it.
package loginrocket
