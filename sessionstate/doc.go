// Package sessionstate ends sessions before their login tokens expire. When a user signs
// out at AuthRocket, every instance of your app refuses the session.
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
// A [State] decides from memory whether the session of a request is active. Three sources
// report which sessions have ended:
//
//   - The API: the State looks up each session again every Config.CheckInterval.
//   - Webhooks: pass [State.HandleEvent] and [State.Suspect] to the package webhook. The State
//     then refuses a session moments after AuthRocket reports its end.
//   - Other instances of your app, through a shared [Log]. The package valkeystate
//     implements one in Valkey or Redis.
//
// # Outages and restarts
//
// While the API does not answer, sessions stay active for Config.MaxStale. After that,
// Config.AfterMaxStale decides. A restart does not cause any session to be refused.
// Without a Log, a restarted instance does not know which sessions have ended until it
// looks them up again. See [State.Replay].
//
// # Your responsibilities
//
//   - Call [State.Run], and keep it running for as long as your app serves requests. It
//     looks up sessions and reads the Log.
//   - Without webhooks, an ended session stays active for up to 1.2 times CheckInterval.
//     It stays active for longer if Config.RequestsPerSecond is too small for the number
//     of active sessions. After that time, each instance accepts one more request with
//     the session, and that request starts the check.
//   - If you take a permission away from a user, the user's existing tokens still contain
//     the permission. Set Config.EndOn, or end the user's sessions yourself.
package sessionstate
