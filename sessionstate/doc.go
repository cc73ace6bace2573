// Package sessionstate ends sessions before their login tokens expire: signed out at
// AuthRocket means signed out here, on every instance of the app.
//
//	state, err := sessionstate.New(sessionstate.Config{API: api})
//	if err != nil {
//		log.Fatal(err)
//	}
//	go state.Run(ctx) // until ctx ends
//
//	config := authrocket.ConfigFromEnv()
//	config.SessionState = state
//
// A [State] answers from memory with every request. It knows from three sources what has
// ended:
//
//   - The API: each session is looked up again every Config.CheckInterval.
//   - Webhooks: give [State.HandleEvent] and [State.Suspect] to the package webhook. A
//     session is then refused a moment after AuthRocket has reported its end.
//   - Other instances, by a [Log] such as that of the package valkeystate.
//
// # What an outage does
//
// While the API does not answer, sessions go on, for Config.MaxStale; then
// Config.AfterMaxStale decides. A restart refuses no session. Without a Log, a restart
// forgets what has ended until the next check, see [State.Replay].
//
// # Your responsibilities
//
//   - Call [State.Run], for as long as the app serves: it checks, and follows the Log.
//   - Without webhooks, an ended session goes on for up to 1.2 times CheckInterval, longer
//     if Config.RequestsPerSecond is too small for the number of active sessions. On each
//     instance, the first request after that goes on as well: it starts the check.
//   - A permission that was taken from a user stays in their tokens: see Config.EndOn, or
//     end the user's sessions yourself.
package sessionstate
