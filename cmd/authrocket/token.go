package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/authrocket-go/authrocket"
)

// maxTokenInput is longer than any token that is accepted.
const maxTokenInput = 64 << 10

// readToken reads the token, which is the first line of standard input. Errors contain no
// part of the token.
func readToken(c console) (string, error) {
	if isTerminal(c.stdin) {
		fmt.Fprintln(c.stderr, "Paste the login token, and press Enter. A terminal cuts lines after 4,095 bytes: use a pipe for longer tokens.")
	}
	line, err := bufio.NewReader(io.LimitReader(c.stdin, maxTokenInput+1)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("standard input: %w", err)
	}
	token := strings.TrimSpace(line)
	switch {
	case token == "":
		return "", errors.New("there is no token on standard input; use, for example, authrocket login | authrocket explain")
	case len(line) > maxTokenInput:
		return "", fmt.Errorf("standard input has a line of more than %d bytes, which is not a token; check the input", maxTokenInput)
	}
	return token, nil
}

// member is a member of a JSON object in a token. Session IDs in its value are hidden.
type member struct {
	name  string
	value any // numbers are json.Number
}

// unverified is the content of a token that is not verified.
type unverified struct {
	header, claims []member
}

// readUnverified decodes a token. It only checks that the token can be read.
func readUnverified(token string) (unverified, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return unverified{}, fmt.Errorf("it has %d parts between dots, but a token has 3", len(parts))
	}
	header, err := readPart(parts[0])
	if err != nil {
		return unverified{}, fmt.Errorf("the header is %w", err)
	}
	claims, err := readPart(parts[1])
	if err != nil {
		return unverified{}, fmt.Errorf("the payload is %w", err)
	}
	u := unverified{header, claims}
	sessionID, _ := u.claim("sid").(string)
	for _, members := range [][]member{u.header, u.claims} {
		for i, m := range members {
			if m.name == "sid" {
				members[i].value = hiddenText
				continue
			}
			members[i].name, members[i].value = hideText(m.name, sessionID), hide(m.value, sessionID)
		}
	}
	return u, nil
}

// readPart reads a JSON object in base64url, in the order of its members.
func readPart(part string) ([]member, error) {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil, errors.New("not base64url")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	var members []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errors.New("not a JSON object")
		}
		m := member{name: fmt.Sprint(name)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, errors.New("not a JSON object")
		}
		members = append(members, m)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, errors.New("not a JSON object")
	}
	return members, nil
}

// claim returns the value of the claim with this name, or nil if there is none.
func (u unverified) claim(name string) any { return valueOf(u.claims, name) }

// text returns the value of a claim, or "" if it is not a string.
func (u unverified) text(name string) string {
	text, _ := u.claim(name).(string)
	return text
}

func (u unverified) algorithm() string {
	text, _ := valueOf(u.header, "alg").(string)
	return text
}

func valueOf(members []member, name string) any {
	for _, m := range members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

const hiddenText = "(hidden)"

// hide replaces session IDs anywhere in value, because anyone who has a session ID can
// get tokens.
func hide(value any, sessionID string) any {
	switch value := value.(type) {
	case string:
		return hideText(value, sessionID)
	case []any:
		for i := range value {
			value[i] = hide(value[i], sessionID)
		}
	case map[string]any:
		for name, inner := range value {
			delete(value, name)
			value[hideText(name, sessionID)] = hide(inner, sessionID)
		}
	}
	return value
}

func hideText(text, sessionID string) string {
	if strings.Contains(text, "kss_") || sessionID != "" && strings.Contains(text, sessionID) {
		return hiddenText
	}
	return text
}

// timeClaims are the claims whose values are times.
var timeClaims = map[string]bool{"iat": true, "nbf": true, "exp": true, "auth_time": true}

// timeOf returns the time of a claim, which is a number of seconds.
func timeOf(value any) (time.Time, bool) {
	number, ok := value.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	const endOfYear9999 = 253402300799
	seconds, err := number.Float64()
	if err != nil || math.Abs(seconds) > endOfYear9999 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}

// fromNow returns the time between now and at as text, such as "in 5m00s" or "5m00s
// ago".
func fromNow(at, now time.Time) string {
	d := at.Sub(now).Round(time.Second)
	if d <= 0 {
		return shortDuration(-d) + " ago"
	}
	return "in " + shortDuration(d)
}

// shortDuration returns d in days, in hours and minutes, or in minutes and seconds.
func shortDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return d.String()
}

// jsonText returns value as JSON that can be printed on a terminal. Characters that move
// the cursor or change the direction of text are escaped.
func jsonText(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return `"(unreadable)"`
	}
	return printable(strings.TrimSuffix(text.String(), "\n"))
}

// printable escapes characters that are not printable, as JSON does.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// verdict says whether a token is accepted, and what to do if it is not.
type verdict struct {
	Status string `json:"status"`           // valid, refused, undecided
	Reason string `json:"reason,omitempty"` // as authrocket.Reason returns it
	Why    string `json:"why"`
	Do     string `json:"do,omitempty"`
}

const (
	verdictValid     = "valid"
	verdictRefused   = "refused"
	verdictUndecided = "undecided"
)

// keysTimeout is how long a fetch of the key set may take.
const keysTimeout = 10 * time.Second

// newTokenAuth returns an Auth that only verifies tokens, and therefore needs no AppURL.
func newTokenAuth(config authrocket.Config) (*authrocket.Auth, error) {
	config.DisableCookie, config.AppURL = true, ""
	config.Observer = authrocket.SilentObserver()
	return authrocket.New(config)
}

// judge verifies the token as an app with this configuration does.
func judge(ctx context.Context, auth *authrocket.Auth, config authrocket.Config, token string, u unverified) verdict {
	warmCtx, cancel := context.WithTimeout(ctx, keysTimeout)
	defer cancel()
	auth.Warm(warmCtx) // if this fails, Verify returns an error, unless it needs no key set
	_, err := auth.Verify(ctx, token)
	if err == nil {
		return verdict{Status: verdictValid, Why: "the signature is that of " + keyText(config) + ", and the claims are valid now"}
	}
	v := verdict{Status: verdictRefused, Reason: authrocket.Reason(err), Why: printable(err.Error()), Do: adviceOn(err, config, u)}
	if errors.Is(err, authrocket.ErrUnavailable) {
		v.Status = verdictUndecided
	}
	return v
}

// keyText returns a message that says which keys verify tokens.
func keyText(config authrocket.Config) string {
	switch {
	case config.JWTKey != "":
		return "the key of AUTHROCKET_JWT_KEY"
	case config.JWKSURL != "":
		return "a key that " + config.JWKSURL + " publishes"
	}
	return "a key that " + strings.TrimSuffix(config.LoginRocketURL, "/") + " publishes"
}

// adviceOn returns what to do about a token that is not accepted.
func adviceOn(err error, config authrocket.Config, u unverified) string {
	realm := jsonText(u.text("rid"))
	is := func(reason error) bool { return errors.Is(err, reason) }
	switch {
	case is(authrocket.ErrKeysUnavailable):
		return "Run authrocket doctor to find out why the keys cannot be fetched. Then try again."
	case is(authrocket.ErrUnavailable):
		return "Try again in a minute."
	case is(authrocket.ErrTokenMalformed):
		return "Copy the whole token: it has three parts with two dots between them, and nothing else."
	case is(authrocket.ErrTokenTooLarge):
		return "Reduce the custom attributes of users and accounts, or raise Config.MaxTokenBytes. Cookies hold at most 19,000 bytes."
	case is(authrocket.ErrWrongAlgorithm) && u.algorithm() == "HS256":
		return "Set AUTHROCKET_JWT_KEY to the realm's secret (jsk_...) from the portal, or switch the realm to RS256."
	case is(authrocket.ErrWrongAlgorithm) && config.JWTKey != "":
		return "Leave AUTHROCKET_JWT_KEY out to use the published keys, or set it to the key that this realm signs with now."
	case is(authrocket.ErrUnknownKey):
		return "Set LOGINROCKET_URL to the LoginRocket URL of the token's realm, " + realm + ". If it is that already, the key was withdrawn: sign in again."
	case is(authrocket.ErrBadSignature) && config.JWTKey != "":
		return "Set AUTHROCKET_JWT_KEY to the key of the token's realm, " + realm + ", or leave it out to use the published keys. If it is that key already, the token was changed: copy it again."
	case is(authrocket.ErrBadSignature):
		return "Copy the token again: a part of it was changed after it was signed."
	case is(authrocket.ErrWrongIssuer):
		return "Use a login token from LoginRocket: this is a token of another service."
	case is(authrocket.ErrWrongRealm):
		return "If " + realm + " is your realm, set AUTHROCKET_REALM to it. If not, sign in at the LoginRocket of your realm."
	case is(authrocket.ErrWrongAudience):
		return "Set Config.Audience in the app to its aud. There is no environment variable for it, so this command refuses every token with an aud."
	case is(authrocket.ErrTokenExpired):
		return "Sign in again. If the token is new, the clock of this machine is ahead: set it, and keep it right with NTP."
	case is(authrocket.ErrTokenNotYetValid):
		return "Set the clock of this machine, which is behind, and keep it right with NTP."
	case is(authrocket.ErrCriticalHeader), is(authrocket.ErrInvalidClaims), is(authrocket.ErrWrongAlgorithm):
		return "Use an unchanged login token from LoginRocket."
	}
	return "Sign in again."
}
