// Package coreapi is a client of AuthRocket's Core API. It is for trusted servers that
// manage users, accounts (orgs), memberships, sessions and invitations. It needs an API
// key, which is the master key of a realm. Programs without a key use the LoginRocket
// API; see the package loginrocket.
//
//	api, err := coreapi.New(coreapi.ConfigFromEnv())
//	if err != nil {
//		log.Fatal(err) // the error names every problem in the configuration
//	}
//	org, err := coreapi.Once(ctx, // a lost answer creates no second account
//		func(ctx context.Context) (coreapi.Org, error) {
//			return api.Orgs.Create(ctx, coreapi.NewOrg{Name: "Widgets Inc", Reference: "42"})
//		},
//		func(ctx context.Context) (coreapi.Org, error) { return api.Orgs.ByReference(ctx, "42") })
//	if err != nil {
//		return err
//	}
//	for m, err := range api.Memberships.OfOrg(ctx, org.ID, coreapi.MembershipQuery{}) {
//		...
//	}
//
// # Errors
//
// Every error of a call matches one kind with [errors.Is]:
//
//   - [ErrInvalid] and [ErrNotFound] are caused by the input.
//   - [ErrDenied] is caused by the setup: the key or the subscription.
//   - [ErrUnavailable] means that the call may succeed later.
//   - [ErrUnexpected] means that the API or this package has a defect, or that the URL is
//     wrong.
//
// [Messages] returns AuthRocket's own messages, which a form can show. [Error] contains
// the other details.
//
// # Repeats
//
// The Client repeats a GET, a PUT or a DELETE after a network error or a 5xx, and any
// call after a 429. Config.Retries and the context's deadline limit the repeats. It never
// repeats a POST that the API may have carried out. Such a call returns
// [ErrOutcomeUnknown]. Use [Once], which looks for the record before it repeats the POST.
// A call whose context has no deadline ends after 30 seconds.
//
// # Secrets
//
// Passwords, tokens, session IDs and the API key are of type [Secret], which prints as
// "(hidden)". Methods such as [Session.Token] return the credentials in an answer.
// Errors, events and log lines of this package never contain a credential.
//
// # Your responsibilities
//
//   - Use the record that a write returns. Lists and other processes may not see the
//     change at once; [Until] waits for it.
//   - Use [Client.For] to tell AuthRocket on whose behalf you act. Use the IP address
//     that your own proxy reports, because clients can forge headers.
//   - The API key gives access to every record of the realm. If a form sends the ID of a
//     record, compare the org of that record with the org of the user.
//   - A login token keeps its permissions until it expires. If you take permissions away
//     from a user, end the user's sessions.
//   - Find records by your own Reference, not only by an email address, because another
//     person may have signed up with that address.
//   - [User] and other records may contain personal data. Printing a record prints that data.
package coreapi
