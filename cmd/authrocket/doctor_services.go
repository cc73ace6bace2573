package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
)

// checkCoreAPI checks the API key.
func checkCoreAPI(ctx context.Context, p *patient) []finding {
	if p.core.URL == "" && p.core.APIKey.IsZero() {
		return []finding{skipped("Not checked: AUTHROCKET_URL and AUTHROCKET_API_KEY are not set. Logins need neither.")}
	}
	config := p.core
	config.UserAgent, config.Retries, config.Timeout = "authrocket-doctor", -1, probeTimeout
	api, err := coreapi.New(config)
	if err != nil {
		return judgeCoreConfig(err)
	}
	page, err := api.Users.List(ctx, coreapi.UserQuery{PageSize: 1})
	findings := []finding{judgeCoreRead(page, err, config)}
	if errors.Is(err, coreapi.ErrNotFound) && config.RealmID != "" && readsOwnRealm(ctx, config) {
		findings[0] = wrong("Set AUTHROCKET_REALM to the realm of the key, or leave it out.", "The API key can read users, but not those of the realm %s in AUTHROCKET_REALM.", jsonText(config.RealmID))
	}
	switch {
	case err != nil:
	case !p.write:
		findings = append(findings, skipped("Not checked: whether the API key can write. With -write, the doctor creates a user and deletes it again."))
	default:
		findings = append(findings, tryWrite(ctx, api))
	}
	return findings
}

// readsOwnRealm reports whether the key can read users of its own realm, without
// AUTHROCKET_REALM.
func readsOwnRealm(ctx context.Context, config coreapi.Config) bool {
	config.RealmID = ""
	api, err := coreapi.New(config)
	if err != nil {
		return false
	}
	_, err = api.Users.List(ctx, coreapi.UserQuery{PageSize: 1})
	return err == nil
}

func judgeCoreConfig(err error) []finding {
	problems := []error{err}
	if joined, isJoined := err.(interface{ Unwrap() []error }); isJoined {
		problems = joined.Unwrap()
	}
	var findings []finding
	for _, problem := range problems {
		e, isConfig := errors.AsType[*coreapi.ConfigError](problem)
		if !isConfig {
			findings = append(findings, wrong("", "%v", problem))
			continue
		}
		name := e.Env
		if name == "" {
			name = "Config." + e.Field
		}
		if e.Value != "" {
			name += " " + jsonText(e.Value)
		}
		what, do, _ := strings.Cut(e.Problem, "; ")
		if do != "" {
			do = strings.ToUpper(do[:1]) + do[1:] + "."
		}
		findings = append(findings, wrong(do, "%s %s.", name, what))
	}
	return findings
}

// judgeCoreRead judges the first page of users.
func judgeCoreRead(page coreapi.Page[coreapi.User], err error, config coreapi.Config) finding {
	if err != nil {
		return judgeCoreError(err, config.URL, "read users")
	}
	for _, user := range page.Items {
		if config.RealmID != "" && user.RealmID != "" && user.RealmID != config.RealmID {
			return wrong("Set AUTHROCKET_REALM to it, or use a key of the other realm.", "The API key belongs to the realm %s, but AUTHROCKET_REALM is %s.", jsonText(user.RealmID), config.RealmID)
		}
	}
	return fine("The API key can read users.")
}

func judgeCoreError(err error, target, what string) finding {
	is := func(kind error) bool { return errors.Is(err, kind) }
	why := shortText(err.Error())
	switch {
	case is(coreapi.ErrAccountInactive):
		return wrong("Renew the subscription in AuthRocket's portal.", "The Core API refuses: %s.", why)
	case is(coreapi.ErrDenied):
		return wrong("Set AUTHROCKET_API_KEY to a key from the portal that has the permission for this, and AUTHROCKET_REALM to the realm of the key.", "The API key may not %s: %s.", what, why)
	case is(coreapi.ErrNotFound), is(coreapi.ErrUnexpected):
		return wrong("Set AUTHROCKET_URL to the URL of the API, which the portal shows next to the key, for example https://api-e2.authrocket.com/v2.", "%s is not the Core API: %s.", target, why)
	case is(coreapi.ErrRateLimited):
		return unknown("Try again in a minute.", "The Core API's rate limit is used up.")
	case is(coreapi.ErrUnavailable):
		var e *coreapi.Error
		if errors.As(err, &e) && e.Status != 0 {
			return unknown("Try again.", "The Core API answers %s.", statusText(e.Status))
		}
		return diagnose(err, target)
	}
	return wrong("", "The API key may not %s: %s.", what, why)
}

// cleanUpTimeout is how long the deletion of the user may take, even after Ctrl-C.
const cleanUpTimeout = 10 * time.Second

// tryWrite creates a user with an email address that cannot exist, and deletes the user.
func tryWrite(ctx context.Context, api *coreapi.Client) finding {
	email := "doctor-" + strings.ToLower(rand.Text()) + "@authrocket-doctor.invalid"
	const leftOver = "Look in AuthRocket's portal for a user whose email ends with @authrocket-doctor.invalid, and delete it."
	user, err := api.Users.Create(ctx, coreapi.NewUser{Email: email, Password: coreapi.Hide(rand.Text()), FirstName: "Doctor", LastName: "Check"})
	switch {
	case errors.Is(err, coreapi.ErrOutcomeUnknown):
		return unknown(leftOver, "It is not known whether a user was created: %s.", shortText(err.Error()))
	case errors.Is(err, coreapi.ErrInvalid):
		return unknown("If users cannot be created, ask AuthRocket's support.", "The realm does not accept the user that the doctor wants to create: %s.", shortText(err.Error()))
	case err != nil:
		return judgeCoreError(err, "", "write users")
	}
	cleanUp, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTimeout)
	defer cancel()
	if err := api.Users.Delete(cleanUp, user.ID); err != nil && !errors.Is(err, coreapi.ErrNotFound) {
		return wrong(leftOver, "A user was created, but cannot be deleted: %s.", shortText(err.Error()))
	}
	return fine("The API key can write users: one was created and deleted.")
}

// checkWebhook sends two pings to the app's webhook: one with the right secret, and one
// with another secret.
func checkWebhook(ctx context.Context, p *patient) []finding {
	if p.webhook == "" {
		return []finding{skipped("Not checked: use -webhook with the URL of the app's webhook.")}
	}
	right, err := url.Parse(p.webhook)
	if err != nil || right.Host == "" || right.Scheme != "http" && right.Scheme != "https" {
		return []finding{wrong("Use the URL from AuthRocket's portal, with its secret, for example https://authrocket:SECRET@app.example.com/hooks/authrocket.", "-webhook is not an http or https URL.")}
	}
	if right.Scheme == "http" && !authrockettest.IsLoopback(right.Hostname()) {
		return []finding{wrong("Use https://.", "The webhook's URL is http, so its secret would be sent unencrypted. The doctor sent nothing.")}
	}
	other, hasSecret := withOtherSecret(right)
	if !hasSecret {
		return []finding{wrong("Put a secret into the URL, as its password or as a part of its path: AuthRocket does not sign webhooks.", "The webhook's URL has no secret: anyone who knows the URL can send events.")}
	}
	rightAnswer := p.sendPing(ctx, right)
	if rightAnswer.err != nil {
		return []finding{diagnose(rightAnswer.err, shownWebhook(right))}
	}
	return judgeWebhook(rightAnswer, p.sendPing(ctx, other), shownWebhook(right))
}

// minSecretBytes is the minimum length of a path segment or a query value that counts as
// a secret.
const minSecretBytes = 16

// withOtherSecret returns the URL with another secret. The secret is the password, a long
// value of the query, or the longest segment of the path.
func withOtherSecret(u *url.URL) (other *url.URL, ok bool) {
	changed := *u
	if password, has := u.User.Password(); has && password != "" {
		changed.User = url.UserPassword(u.User.Username(), otherText(password))
		return &changed, true
	}
	for name, values := range u.Query() {
		if len(values) == 1 && len(values[0]) >= minSecretBytes {
			query := u.Query()
			query.Set(name, otherText(values[0]))
			changed.RawQuery = query.Encode()
			return &changed, true
		}
	}
	parts := strings.Split(u.Path, "/")
	longest := 0
	for i, part := range parts {
		if len(part) > len(parts[longest]) {
			longest = i
		}
	}
	if len(parts[longest]) < minSecretBytes {
		return nil, false
	}
	parts[longest] = otherText(parts[longest])
	changed.Path, changed.RawPath = strings.Join(parts, "/"), ""
	return &changed, true
}

// otherText returns a different text of the same length.
func otherText(text string) string {
	other := strings.Repeat("x", len(text))
	if other == text {
		other = strings.Repeat("y", len(text))
	}
	return other
}

// shownWebhook returns the URL of a webhook without the parts that may be secret.
func shownWebhook(u *url.URL) string {
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		if len(part) >= minSecretBytes {
			parts[i] = "..."
		}
	}
	return u.Scheme + "://" + u.Host + strings.Join(parts, "/")
}

// sendPing sends an event of type ping, which has no effect on a receiver.
func (p *patient) sendPing(ctx context.Context, u *url.URL) answer {
	body := `{"object":"event","id":"ev_doctor` + rand.Text() + `","event_type":"ping"}`
	return p.prober.do(ctx, http.MethodPost, u.String(), body, "Content-Type", "application/json", "Accept", "application/json")
}

// judgeWebhook judges the answers to the right secret and to another secret.
func judgeWebhook(right, other answer, shown string) []finding {
	isTaken := func(a answer) bool { return a.err == nil && a.status/100 == 2 }
	refusesSecret := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	var findings []finding
	switch {
	case isTaken(right):
		findings = append(findings, fine("%s accepts a ping with the secret: %s.", shown, statusText(right.status)))
	case slices.Contains(refusesSecret, right.status):
		findings = append(findings, wrong("Add the secret in the URL to Config.Secrets of the app's webhook, and check that the path is where the webhook is mounted, outside Authenticate.",
			"%s answers %s to a ping with the secret: the app has another secret, or there is no webhook.", shown, statusText(right.status)))
	case right.status/100 == 3:
		findings = append(findings, wrong("Use the URL of the webhook after the redirect, and mount the webhook outside the gates.", "%s answers %s, a redirect, which AuthRocket treats as a failure.", shown, statusText(right.status)))
	case right.status == http.StatusServiceUnavailable, right.status == http.StatusTooManyRequests:
		findings = append(findings, unknown("Read the app's log, and try again.", "%s answers %s.", shown, statusText(right.status)))
	default:
		findings = append(findings, wrong("Read the app's log. The webhook must accept POST with JSON, and answer a ping with 204.", "%s answers %s to a ping with the secret.", shown, statusText(right.status)))
	}
	switch {
	case isTaken(other):
		return append(findings, wrong("Make the app compare the secret, as package webhook does.", "It also accepts a ping with a wrong secret: anyone who knows the URL can send events."))
	case other.err != nil:
		return append(findings, unknown("Try again.", "There is no answer to a ping with a wrong secret."))
	case other.status >= 500:
		return append(findings, unknown("Read the app's log.", "It answers %s to a ping with a wrong secret.", statusText(other.status)))
	}
	return append(findings, fine("It refuses a ping with a wrong secret: %s.", statusText(other.status)))
}
