package coreapi

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// This file contains guesses about the API, because none of AuthRocket's accessible pages
// states these facts. A comment gives the reason for each guess. If a guess is wrong,
// change this file.

// keyHeader carries the API key. AuthRocket also accepts the Authorization header, but
// proxies log and forward that header more often.
const keyHeader = "Authrocket-Api-Key"

// realmHeader selects the realm. AuthRocket also accepts realm_id in the query or the
// body. The header works for every method, and the official clients send it.
const realmHeader = "Authrocket-Realm"

// requestQueryIP and requestQueryClient carry a [Request] in a DELETE. The official
// clients for Node and Ruby put the options of a DELETE into the query. The nested form
// is that of Rails, whose syntax AuthRocket also uses for array parameters (name[]).
const (
	requestQueryIP     = "request[ip]"
	requestQueryClient = "request[client]"
)

// statusNotAuthenticated is 401. AuthRocket 2 answers 403 to a wrong key. In AuthRocket
// 1, a 401 meant a failed login. Gateways in front of an API also answer 401 to an
// unknown key.
const statusNotAuthenticated = 401

// isLoginRefusal reports whether a status means that a login is refused. AuthRocket
// answers 422 to a wrong password and 404 to an unknown user. A 409 means the same as a
// 422 everywhere in AuthRocket, and a 401 meant a failed login in AuthRocket 1.
func isLoginRefusal(status int) bool {
	return status == 422 || status == 409 || status == 404 || status == statusNotAuthenticated
}

// loginMessages returns the messages for a refused login. AuthRocket answers 404 to an
// unknown user. This package then returns the messages for a wrong password, so that a
// form that shows them does not tell strangers which email addresses exist. The English
// and Spanish texts are known, but it is not known whether they end with a period. In
// this package they do not. The Japanese text is not known.
func loginMessages(status int, locale string, messages []string) []string {
	if status == 404 {
		if strings.HasPrefix(strings.ToLower(locale), "es") {
			return []string{"Error al iniciar sesión"}
		}
		return []string{"Login failed"}
	}
	for i := range messages {
		messages[i] = strings.TrimSuffix(messages[i], ".")
	}
	return messages
}

// pendingObject marks an answer to a login that needs a second factor. The status of such
// an answer is not known, so any 2xx is accepted.
const pendingObject = "token"

// eventFilters returns the filters for lists of events. They are those of AuthRocket 1,
// because the page about AuthRocket 2 was not accessible.
func eventFilters(q EventQuery) map[string]string {
	return map[string]string{
		"event_type":       string(q.Type),
		"user_id":          q.UserID,
		"org_id":           q.OrgID,
		"membership_id":    q.MembershipID,
		"auth_provider_id": q.AuthProviderID,
		"created_at_after": unixSeconds(q.Since),
	}
}

// notificationTime is a time or a string. According to the documentation, all last_...
// members of a notification are strings, while every other time is a number of seconds. A
// string that is not an RFC 3339 time becomes the zero time, because these members are
// only displayed.
type notificationTime time.Time

func (t *notificationTime) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		at, _ := time.Parse(time.RFC3339, text)
		*t = notificationTime(at)
		return nil
	}
	return (*wire.Time)(t).UnmarshalJSON(data)
}

// Further guesses that have no code of their own:
//
//   - Sending null clears a member, because AuthRocket's answers contain null for members
//     without a value.
//   - Custom is sent unchanged. It is not known whether an update merges or replaces it.
//     Always send all attributes. That is correct in both cases, unless you want to
//     remove a key.
//   - UserQuery and InvitationQuery have no filters, because the pages about them were
//     not accessible. AuthRocket 1 had the filters reference and email; UserQuery.Extra
//     can send them.
//   - For a session that has ended, the API answers 404, as for every record that does
//     not exist. Nothing suggests that it answers 403 instead.
//   - A repeated DELETE that finds no record counts as successful, because AuthRocket
//     deletes records at once.
//   - The names of the Ratelimit headers, except Ratelimit-Reset, are those of AuthRocket 1.
