// Package coreapi is a client of AuthRocket's Core API, for trusted servers that manage
// users, accounts (orgs), memberships, sessions and invitations. It holds an API key, which
// is the master key of a realm: a program that has none uses the LoginRocket API.
//
//	api, err := coreapi.New(coreapi.ConfigFromEnv())
//	if err != nil {
//		log.Fatal(err) // every problem of the configuration at once
//	}
//	org, err := coreapi.Once(ctx, // a lost answer makes no second account
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
// Every error of a call matches one kind with [errors.Is]: [ErrInvalid] and [ErrNotFound] are
// about the input, [ErrDenied] about the setup, [ErrUnavailable] says to try again later,
// and [ErrUnexpected] is a defect. [Messages] are AuthRocket's words for a form. [Error] has
// the rest.
//
// # Repeats
//
// A GET, a PUT and a DELETE are repeated after a network error or a 5xx, any call after a 429,
// as far as Config.Retries and the context allow. A POST that may have been carried out is
// never repeated: it ends with [ErrOutcomeUnknown], and [Once] looks before it creates again.
// A call whose context has no deadline ends after 30 seconds.
//
// # Secrets
//
// Passwords, tokens, session IDs and the API key are of type [Secret], which prints as
// "(hidden)". Credentials in answers are behind methods, such as [Session.Token]. No error,
// event or log line of this package holds one.
//
// # Your responsibilities
//
//   - Use what a write returns: lists and other processes may see it late. [Until] waits.
//   - Say for whom you act: [Client.For], with an address that your proxy vouches for.
//   - The API key reaches every record of the realm: compare the org of a record whose ID
//     comes from a form with that of the user who sends it.
//   - A login token is valid until it expires, with the permissions that it has: end the
//     sessions of a user whose permissions you take.
//   - Find records by a Reference of yours, not by an email address alone, which another
//     person may have signed up with.
//   - Members of [User] and the like may hold personal data. Printing them prints that.
package coreapi
