package loginrocket

import (
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// This file contains guesses about the API, because none of AuthRocket's accessible pages
// states these facts. A comment gives the reason for each guess. If a guess is wrong,
// change this file.

// kindOfRefusal returns the kind of error for a status that is not a success. isAPI says
// whether the answer is JSON or empty, and may therefore come from LoginRocket itself.
//
// An HTML page comes from a server in front of LoginRocket, or from a URL that is not
// LoginRocket's. A 403 or 404 from such a server must not end a session. For a call without
// a session, it is not known what 403 means. A 404 means that a record does not exist. In
// such a call, only the input can cause either status.
func (r *run) kindOfRefusal(status int, isAPI bool) error {
	switch {
	case (status == http.StatusForbidden || status == http.StatusNotFound) && !isAPI:
		return ErrUnexpected
	case status == http.StatusForbidden && r.call.session == nil:
		return ErrRefused
	}
	return kindOfStatus(status)
}

// pauseAfter returns how long to wait after a 429. It is not known which header of the
// answer contains this time. The Core API sends Ratelimit-Reset, and Retry-After is the
// standard. Limits per minute are the most common, so the pause is a minute if there is no
// such header, and is never longer.
func pauseAfter(h http.Header) time.Duration {
	if reset := wire.UntilReset(h); reset > 0 {
		return min(reset, time.Minute)
	}
	if told := wire.RetryAfter(h); told > 0 {
		return min(told, time.Minute)
	}
	return time.Minute
}

// pendingToken is the parameter of [Client.VerifyLogin] that contains the token of the
// pending login. The Core API uses the same name. The token is removed from AuthRocket's
// messages.
const pendingToken = "token"

// Further guesses that have no code of their own:
//
//   - [Client.VerifyLogin] accepts any parameters, because it is not known which ones the
//     service expects. In the Core API they are token and code. [Result.Decode] returns the
//     members of a conditional login.
//   - [NewSignup] has the parameters of signups through the Core API and LoginRocket's pages.
//     Only email and password are documented. Extra can send others.
//   - password_confirmation is sent with each new password, because a realm may require it.
//   - [ProfileChange] has the fields of the Core API's profile. Only email is documented.
//   - A conditional login may lack a session, because it is not known whether a login that
//     needs a second factor has one.
//   - No redirect is followed, because none is documented.
//   - The time for which a token is kept depends on the local clock. See [TokenSource].
