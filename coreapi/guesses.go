package coreapi

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// What is here is guessed: no page of AuthRocket that could be read says it. Each
// guess has its reason. Where one is wrong, this is the file to change.

// keyHeader carries the API key. AuthRocket takes Authorization as well; proxies log
// and forward that one more often.
const keyHeader = "Authrocket-Api-Key"

// realmHeader selects the realm. AuthRocket also takes realm_id in the query or the
// body; the header works for every method alike, and the official clients send it.
const realmHeader = "Authrocket-Realm"

// requestQueryIP and requestQueryClient carry a [Request] in a DELETE. The official
// clients for Node and Ruby put options of a DELETE into the query; the nested form is
// that of Rails, which AuthRocket's array parameters (name[]) follow too.
const (
	requestQueryIP     = "request[ip]"
	requestQueryClient = "request[client]"
)

// statusNotAuthenticated is 401. AuthRocket 2 answers 403 to a wrong key; 401 was a
// failed login in AuthRocket 1, and what stands before an API answers it to a key that
// it does not know.
const statusNotAuthenticated = 401

// isLoginRefusal reports whether a status of a login means that it is refused. A wrong
// password is 422 and an unknown user 404; 409 is like 422 in all of AuthRocket, and 401
// was a failed login in AuthRocket 1.
func isLoginRefusal(status int) bool {
	return status == 422 || status == 409 || status == 404 || status == statusNotAuthenticated
}

// loginMessages are the words for a refused login. An unknown user, whom AuthRocket answers
// 404, gets those for a wrong password, so that a form that shows them does not tell strangers
// which emails exist. They are known in English and Spanish, but not whether they end with a
// period, so none does here; in Japanese they are not known.
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
// an answer is not known, so any 2xx is fine.
const pendingObject = "token"

// eventFilters are the filters of lists of events: those of AuthRocket 1, since the page of
// AuthRocket 2 could not be read.
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

// notificationTime is a time or a text: the pages call all of a notification's last_...
// members texts, and every other time is a number of seconds. A text that is no time of
// RFC 3339 is the zero time, as it is display only.
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
//   - Clearing by null: the answers of AuthRocket show null for what is not there.
//   - Custom is sent as it is. Whether an update merges or replaces it is not known; send
//     all of it, which is right for both unless a key is to go.
//   - UserQuery and InvitationQuery have no filters: the pages with them could not be read.
//     AuthRocket 1 knew reference and email; UserQuery.Extra takes them.
//   - A session that ended is not found (404), as every record that is not there; nothing
//     says that it is refused (403) instead.
//   - A repeated DELETE that finds nothing is done, since records are deleted at once.
//   - The names of the Ratelimit headers but Ratelimit-Reset, after AuthRocket 1's.
