// Package authrocketotel measures what authrocket and its packages do, by the API of
// OpenTelemetry, and writes each decision to the span of its request.
//
//	telemetry, err := authrocketotel.New(authrocketotel.Config{})
//	...
//	config.Observer = telemetry.Observer(config.Observer)
//
// An Observer that is passed on still gets every event. The zero Observer still logs what it
// logs without this package.
//
// # Metrics
//
//	metric                             unit         kind       attributes
//	authrocket.decisions               {decision}   counter    authrocket.gate, authrocket.outcome, authrocket.reason, authrocket.source
//	authrocket.logins                  {login}      counter    authrocket.login.started, authrocket.outcome, authrocket.reason
//	authrocket.logouts                 {logout}     counter    authrocket.logout.local
//	authrocket.warnings                {warning}    counter
//	authrocket.key_set.refreshes       {refresh}    counter    authrocket.outcome
//	authrocket.key_set.age             s            gauge
//	authrocket.key_set.size            {key}        gauge
//	authrocket.key_set.skipped         {key}        gauge
//	authrocket.api.call.duration       s            histogram  authrocket.api, error.type, http.request.method, http.response.status_code, url.template
//	authrocket.api.call.attempts       {attempt}    counter    authrocket.api
//	authrocket.api.call.wait           s            histogram  authrocket.api
//	authrocket.session.check.duration  s            histogram  authrocket.outcome, error.type
//	authrocket.session.check.overdue   s            histogram
//	authrocket.session.ends            {end}        counter    authrocket.session.source
//	authrocket.session.troubles        {trouble}    counter
//	authrocket.session.list.size       {entry}      gauge
//	authrocket.session.list.age        s            gauge
//	authrocket.webhook.duration        s            histogram  authrocket.reason, http.response.status_code
//
// Decisions are those of Authenticate (authrocket.gate is false; the outcome is signed_in,
// anonymous or undecided) and those of gates, of Check and its siblings and of login routes (true; allowed, refused
// or undecided). A request that passes Authenticate and a gate makes one of each. A token whose
// kid is unknown has the reason unknown_key or, where the budget for key lookups was spent,
// too_many_key_lookups. Reasons are those of [authrocket.Reason].
//
// Logins have the outcome signed_in, pending (the user is asked to confirm), refused or
// undecided. Refreshes of the key set have replaced or failed.
//
// The age of the key set grows between refreshes. While no key set is usable, size is 0 and
// there is no age. Where one Telemetry observes several Auths, key_set.age is that of the
// oldest set, key_set.size that of the smallest, key_set.skipped that of the one with the most.
// An Auth with a static key has no key set.
//
// API calls are those of the packages coreapi and loginrocket (authrocket.api says which), with
// all attempts of a call; wait is the part that the call waited for its budget, of coreapi only.
// error.type is the Reason of the call's error.
//
// Checks of sessions have the outcome goes_on, ended or unknown. overdue is how long a check had
// been due when it began. list.size and list.age are State.Entries and State.Age of package
// sessionstate: how many ended sessions are known, and how long ago the State last learned
// anything. Trouble is counted at most once in 10 seconds for each kind, as it is reported.
//
// # What is never in a metric
//
// Every attribute has one of a fixed set of values; another value is written as _OTHER, and a
// status outside of 100 to 599 is left out. So no metric has a token, a session ID, a user or
// org ID, an email address, a path, a query or the text of an error, and the number of time
// series is bounded.
//
// # Span attributes
//
// A decision is written to the span of its context, if that span records: authrocket.allowed,
// authrocket.reason ("" if allowed) and authrocket.source; of several decisions of a request,
// the last one counts. With Config.UserIDs, user.id is written too, also that of a user whom a
// rule refuses. The status of the span and its error.type are left to who has started it.
package authrocketotel
