package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/internal/strictjson"
)

// notice holds the members of a body that this package uses. If the body lacks a member,
// the field is "" or the zero time.
type notice struct {
	id                      string
	kind                    coreapi.EventType
	realm, user, membership string
	session                 coreapi.Secret
	at, expires             time.Time
}

const (
	maxAge     = 3 * 24 * time.Hour // AuthRocket repeats an event for about 2 days
	clocksOff  = 5 * time.Minute
	minExpires = time.Hour
	maxExpires = 7 * 24 * time.Hour

	maxSeconds = 253402300799 // the end of the year 9999
)

var (
	typeSyntax = regexp.MustCompile(`^[a-z0-9_]{1,30}(\.[a-z0-9_]{1,30}){0,3}$`)

	// idSyntax describes the IDs that may be looked up. All other strings are refused,
	// because the API would also find a user by an email address or a username.
	idSyntax = map[string]*regexp.Regexp{
		"id":            regexp.MustCompile(`^ev_[A-Za-z0-9]{1,61}$`),
		"realm_id":      regexp.MustCompile(`^rl_[A-Za-z0-9_-]{1,61}$`),
		"session_id":    regexp.MustCompile(`^kss_[A-Za-z0-9_-]{1,60}$`),
		"user_id":       regexp.MustCompile(`^usr_[A-Za-z0-9_-]{1,60}$`),
		"membership_id": regexp.MustCompile(`^mb_[A-Za-z0-9_-]{1,61}$`),
	}

	// recordOf maps the type of a deletion event to the name of the member that contains
	// the ID of the deleted record.
	recordOf = map[coreapi.EventType]string{
		coreapi.EventSessionDeleted:    "session_id",
		coreapi.EventUserDeleted:       "user_id",
		coreapi.EventMembershipDeleted: "membership_id",
	}
)

// readNotice reads a body. If it returns an error, the notice contains only members that
// may be reported.
func readNotice(body []byte) (notice, error) {
	texts, times, err := readMembers(body)
	if err != nil {
		return notice{}, err
	}
	if !typeSyntax.MatchString(texts["event_type"]) {
		return notice{}, errors.New("event_type is missing or is not a valid event type")
	}
	n := notice{kind: coreapi.EventType(texts["event_type"])}
	realm, isNamed := texts["realm_id"]
	for name, syntax := range idSyntax {
		if !syntax.MatchString(texts[name]) {
			delete(texts, name)
		}
	}
	n.id = texts["id"]
	if n.kind == coreapi.EventPing {
		return n, nil // the rest is not needed
	}
	if n.id == "" {
		return n, errors.New("id is missing or is not the ID of an event")
	}
	if isNamed && texts["realm_id"] != realm {
		return n, errors.New("realm_id is not the ID of a realm")
	}
	if name, ok := recordOf[n.kind]; ok && texts[name] == "" {
		return n, fmt.Errorf("%s is missing or is not a valid ID", name)
	}
	n.realm, n.user, n.membership, n.session = texts["realm_id"], texts["user_id"], texts["membership_id"], coreapi.Hide(texts["session_id"])
	n.at, n.expires = times["event_at"], times["expires_at"]
	return n, nil
}

// readMembers reads the members of the body that a notice can contain. The other members
// only need to be valid JSON.
func readMembers(body []byte) (texts map[string]string, times map[string]time.Time, err error) {
	texts, times = map[string]string{}, map[string]time.Time{}
	r := strictjson.Open(body)
	r.Require('{')
	for name := r.Name(); name != nil; name = r.Name() {
		switch name := string(name); name {
		case "id", "event_type", "realm_id", "session_id", "user_id", "membership_id":
			if token, ok := r.Optional('"'); ok {
				texts[name] = token.Text()
			}
		case "event_at", "expires_at":
			token, ok := r.Optional('0')
			if !ok {
				break
			}
			seconds, err := strconv.ParseFloat(string(token), 64)
			if err != nil || math.Abs(seconds) > maxSeconds {
				r.Fail("is out of range")
				break
			}
			times[name] = time.UnixMilli(int64(seconds * 1000))
		default:
			r.Skip(r.Token())
		}
	}
	err = r.Close()
	if problem, ok := errors.AsType[*strictjson.Error](err); ok && problem.Place == "" {
		err = fmt.Errorf("the body %w", err)
	}
	return texts, times, err
}

// isOld reports whether an event is so old that AuthRocket no longer sends it.
func isOld(at, now time.Time) bool { return !at.IsZero() && at.Before(now.Add(-maxAge)) }

// event returns the event of the notice, with times within bounds.
func (n notice) event(now time.Time) (coreapi.Event, error) {
	members := map[string]any{"id": n.id, "event_type": n.kind, "event_at": float64(n.eventAt(now).UnixMilli()) / 1000}
	for name, id := range map[string]string{"realm_id": n.realm, "user_id": n.user, "membership_id": n.membership, "session_id": n.session.Reveal()} {
		if id != "" {
			members[name] = id
		}
	}
	if n.kind == coreapi.EventSessionDeleted {
		members["expires_at"] = float64(n.expiresAt(now).UnixMilli()) / 1000
	}
	text, err := json.Marshal(members)
	if err != nil {
		return coreapi.Event{}, err
	}
	var event coreapi.Event
	err = event.UnmarshalJSON(text)
	return event, err
}

// eventAt returns when the event happened, or now if the body does not contain the time.
// The result is never later than AuthRocket's clock can be.
func (n notice) eventAt(now time.Time) time.Time {
	if n.at.IsZero() {
		return now
	}
	return earlier(n.at, now.Add(clocksOff))
}

// expiresAt returns when the session would have expired, or the latest possible time if
// the body does not contain the time.
func (n notice) expiresAt(now time.Time) time.Time {
	latest := now.Add(maxExpires)
	if n.expires.IsZero() {
		return latest
	}
	if earliest := now.Add(minExpires); n.expires.Before(earliest) {
		return earliest
	}
	return earlier(n.expires, latest)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
