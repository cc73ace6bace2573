// Package webhook receives the webhooks of AuthRocket, such as session.deleted, and gives an
// app the events that AuthRocket's API confirms. AuthRocket does not sign webhooks: a secret in
// the URL says who sends, and what is sent is read back before it counts.
//
//	api, err := coreapi.New(coreapi.ConfigFromEnv())
//	...
//	hook, err := webhook.New(webhook.Config{
//		API:      api,
//		Secrets:  []coreapi.Secret{coreapi.Hide(os.Getenv("WEBHOOK_SECRET"))}, // openssl rand -hex 32
//		Handle:   state.HandleEvent, // of the package sessionstate, or your own
//		Suspect:  state.Suspect,
//		Observer: webhook.LogObserver(nil),
//	})
//	...
//	mux.Handle("/hooks/authrocket", hook) // outside Authenticate, on a path that takes any method
//
// In AuthRocket's portal, add a webhook with the URL
// https://authrocket:SECRET@app.example.com/hooks/authrocket and the types of events that you
// handle. Where the URL cannot have a password, mount "/hooks/authrocket/{secret}" and write
// https://app.example.com/hooks/authrocket/SECRET.
//
// # What is confirmed
//
// An event is read back by its ID for as long as 3 seconds, and Handle gets what was read. Only
// a plan with event history has events to read. Where yours has none, choose in the portal the
// three types that need none: session.deleted, user.deleted and membership.deleted.
//
// Of those three the record has to be gone from the API, which means something only if the API
// key is of the webhook's realm. A user of the realm proves that: while a realm has no user, no
// deletion is confirmed. Handle gets an event with ID, type and realm, the IDs of session, user
// and membership, and times within bounds. Of these only the ID of the deleted record is
// confirmed; whoever has the secret may make up the rest.
//
// # Answers
//
// 204 says that the event was handled now or before, is a ping, or is older than 3 days, when
// AuthRocket does not repeat it any more. 503 makes AuthRocket send the event again, for about
// 2 days: it is not confirmed yet, Handle returned an error, the API does not answer, or there
// is too much at once. So AuthRocket's retries are the queue; this package has no goroutine, and
// a crash loses nothing. 404 means a wrong secret, 405 a method other than POST; 400, 408
// and 413 a body that is not an event, takes more than 5 seconds, or has more than 256 KiB.
// [Outcome] has the reason.
//
// # Your responsibilities
//
//   - Handle gets an event at least once, and events in any order: let it read the present
//     state, and not conclude that from the event.
//   - Handle has to be done within what is left of 8 seconds. Put what takes longer into a
//     queue of your own.
//   - A secret in the path is in the access logs of proxies and servers, unless you cut it out.
//     Use the password where you can. If a secret may have leaked, set Secrets to the new and
//     the old one, change the URL in the portal, and leave the old one out.
//   - A middleware around the handler needs a ResponseWriter with Unwrap, as
//     [http.ResponseController] asks for; else only Server.ReadTimeout ends a slow body.
package webhook
