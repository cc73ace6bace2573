package loginrocket

import (
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// What is here is guessed: no page of AuthRocket that could be read says it. Each guess has
// its reason. Where one is wrong, this is the file to change.

// kindOfRefusal returns the kind of a status that is no success. isAPI reports whether the
// answer may be LoginRocket's own: JSON, or empty.
//
// A page is of what stands before LoginRocket, or of a URL that is not LoginRocket's: a 403 or
// a 404 of that kind must not end a session. What 403 means without a session is not known;
// 404 is known to mean an unknown record. Both can only be about the input.
func (r *run) kindOfRefusal(status int, isAPI bool) error {
	switch {
	case (status == http.StatusForbidden || status == http.StatusNotFound) && !isAPI:
		return ErrUnexpected
	case status == http.StatusForbidden && r.call.session == nil:
		return ErrRefused
	}
	return kindOfStatus(status)
}

// pauseAfter returns how long to wait after a 429. Whether the answer says so, and how, is
// not known: the Core API has Ratelimit-Reset, and Retry-After is the standard. Limits
// "per minute" are the most common, hence a minute when it says nothing, and at most.
func pauseAfter(h http.Header) time.Duration {
	if reset := wire.UntilReset(h); reset > 0 {
		return min(reset, time.Minute)
	}
	if told := wire.RetryAfter(h); told > 0 {
		return min(told, time.Minute)
	}
	return time.Minute
}

// pendingToken is the parameter of a second factor that holds the token of the pending
// login, as in the Core API. It is cut out of AuthRocket's words.
const pendingToken = "token"

// Further guesses that have no code of their own:
//
//   - [Client.VerifyLogin] takes any parameters, since those of the service are not known. In
//     the Core API they are token and code. [Result.Decode] has what a login on conditions
//     came with.
//   - [NewSignup] has the parameters that signups of the Core API and of LoginRocket's pages
//     have. Known are email and password only. Extra takes others.
//   - password_confirmation is sent with each new password, as a realm may require it.
//   - [ProfileChange] has the fields of the Core API's profile. Known is email only.
//   - A conditional login may lack a session: that of a second factor is not known.
//   - No redirect is followed, since none is documented.
//   - A token is kept by our clock. See [TokenSource].
