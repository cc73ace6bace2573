// Package authrocketotel uses the API of OpenTelemetry to measure what authrocket and its
// packages do. It also writes each decision to the span of its request.
//
//	telemetry, err := authrocketotel.New(authrocketotel.Config{})
//	...
//	config.Observer = telemetry.Observer(config.Observer)
//
// The Observer that you pass still gets every event. If you pass the zero Observer, the same
// warnings are logged as without this package.
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
// For decisions of Authenticate, authrocket.gate is false. Their outcome is signed_in, anonymous or
// undecided. For decisions of gates, Check and its related functions, and login routes,
// authrocket.gate is true. Their outcome is allowed, refused or undecided. A request that passes
// through Authenticate and a gate is counted twice, once for each of them. If the kid of a token
// is unknown, the reason is unknown_key or, if the budget for key lookups was spent,
// too_many_key_lookups. The reasons are those of [authrocket.Reason].
//
// The outcome of a login is signed_in, pending (the user must confirm it), refused or undecided.
// The outcome of a refresh of the key set is replaced or failed.
//
// The age of the key set grows between refreshes. While no key set can be used, key_set.size is 0
// and key_set.age is not reported. If one Telemetry observes several Auths, key_set.age is the
// age of the oldest set, key_set.size is the size of the smallest set, and key_set.skipped is the
// largest number of skipped entries. An Auth with a static key has no key set.
//
// API calls are the calls of the packages coreapi and loginrocket. authrocket.api names the
// package. api.call.duration includes all attempts of a call. api.call.wait is how long a call
// waited for the request budget. Only coreapi reports it. error.type is the Reason of the call's
// error.
//
// The outcome of a check of a session is goes_on, ended or unknown. session.check.overdue is
// the time between the moment when a check was due and the moment when it began.
// session.list.size is State.Entries of package sessionstate, the number of entries in the list
// of ended sessions. session.list.age is State.Age, the time since the API last answered or the
// Log was last read. Each kind of trouble is reported, and therefore counted, at most once
// every 10 seconds.
//
// # What is never in a metric
//
// Every attribute has one of a fixed set of values. Any other value is written as _OTHER, and a
// status that is not between 100 and 599 is left out. Therefore, no metric contains a token, a
// session ID, a user or org ID, an email address, a path, a query or the text of an error, and
// the number of time series is limited.
//
// # Span attributes
//
// A decision is written to the span in its context, if that span is recording, as
// authrocket.allowed, authrocket.reason ("" if allowed) and authrocket.source. If there are
// several decisions for a request, the last one remains. With Config.UserIDs, user.id is also
// written, even if a rule refuses the user. The code that started the span is responsible for its
// status and its error.type.
package authrocketotel
