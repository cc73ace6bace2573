// Package webhook receives AuthRocket's webhooks, for example session.deleted. It passes
// an event to your app only after AuthRocket's API has confirmed it. AuthRocket does not
// sign webhooks. Instead, the sender must present a secret in the URL, and the API
// confirms the content of each event.
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
// In the AuthRocket portal, add a webhook with the URL
// https://authrocket:SECRET@app.example.com/hooks/authrocket and the event types that you
// handle. If the URL cannot have a password, mount "/hooks/authrocket/{secret}" and use
// https://app.example.com/hooks/authrocket/SECRET.
//
// # How events are confirmed
//
// The handler reads the event from the API by its ID. If that fails, it tries again for up
// to 3 seconds.
// Handle gets the event that the API returned. This needs an AuthRocket plan with event
// history. Without event history, select only these three types in the portal, which do
// not need it: session.deleted, user.deleted and membership.deleted.
//
// For these three types, the handler checks that the API no longer finds the record. This
// check is meaningful only if the API key belongs to the realm of the webhook. To verify
// the realm, the handler reads any user through the API. While a realm has no users, no
// deletion is confirmed. Handle gets an event with its ID, type and realm, the IDs of the
// session, user and membership, and times within plausible limits. Only the deletion of
// the record with that ID is confirmed. Anyone who has the secret can make up the rest.
//
// # Answers
//
// 204: the event was handled now or before, is a ping, or is older than 3 days.
// AuthRocket no longer repeats events of that age.
//
// 503: the event is not confirmed yet, Handle returned an error, the API does not answer,
// or there are too many webhooks. AuthRocket then keeps sending the event for about 2
// days. This package therefore needs no queue and no goroutine, and a crash loses no
// event.
//
// 404: the secret is wrong. 405: the method is not POST. 400, 408 and 413: the body is
// not an event, takes more than 5 seconds to arrive, or is larger than 256 KiB. [Outcome]
// contains the reason.
//
// # Your responsibilities
//
//   - Handle gets each event at least once, and gets events in any order. Handle should
//     read the current state instead of deriving the state from the event.
//   - Handle must return within 8 seconds of the arrival of the webhook. Put longer work into
//     your own queue.
//   - A secret in the path appears in the access logs of proxies and servers, unless you remove
//     it there. Use the password if you can. If a secret may have leaked, set Secrets to
//     the new and the old one, change the URL in the portal, and then remove the old one.
//   - Middleware around the handler must use a ResponseWriter with Unwrap, which
//     [http.ResponseController] needs. Otherwise only Server.ReadTimeout ends a slow body.
package webhook
