package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// maxLateness is the longest delay of a fault. It is shorter than the time in which the
// server must send an answer.
const maxLateness = time.Minute

// simpleFault reads a fault that can be applied to every handler.
func simpleFault(text string) (fault authrockettest.Fault, ok bool) {
	switch text {
	case "hang":
		return authrockettest.Hang(), true
	case "garbage":
		return authrockettest.Garbage(), true
	case "disconnect":
		return authrockettest.Disconnect(), true
	}
	if status, err := strconv.Atoi(text); err == nil && status >= 200 && status <= 599 {
		return authrockettest.Status(status), true
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 && d <= maxLateness {
		return authrockettest.Slow(d), true
	}
	return nil, false
}

// parseJWKSFault reads the flag -jwks. It returns nil if the flag names no fault.
func parseJWKSFault(text string) (authrockettest.Fault, error) {
	switch text {
	case "ok":
		return nil, nil
	case "empty":
		return authrockettest.Body("application/json", `{"keys":[]}`), nil
	}
	if fault, ok := simpleFault(text); ok {
		return fault, nil
	}
	return nil, fmt.Errorf("-jwks %q is not a fault; use ok, a status from 200 to 599, a delay up to %s, hang, garbage, empty or disconnect", text, maxLateness)
}

// tooManyFor is the time between an answer of the fault 429 and the time in its
// Ratelimit-Reset header.
const tooManyFor = time.Minute

// parseCoreFault reads the flag -core-fault, in which a condition may precede the fault.
func parseCoreFault(text string) (authrockettest.Fault, error) {
	if text == "429" {
		return authrockettest.TooMany(tooManyFor), nil
	}
	if fault, ok := simpleFault(text); ok {
		return fault, nil
	}
	kind, rest, _ := strings.Cut(text, ":")
	withInner := func(inner string, with func(authrockettest.Fault) authrockettest.Fault) (authrockettest.Fault, error) {
		if inner == "" {
			return nil, fmt.Errorf("-core-fault: the fault after %q is missing; use, for example, %s:500", text, strings.TrimSuffix(text, ":"))
		}
		fault, err := parseCoreFault(inner)
		if err != nil {
			return nil, err
		}
		return with(fault), nil
	}
	switch kind {
	case "clock":
		if d, err := time.ParseDuration(rest); err == nil {
			return authrockettest.ClockOff(d), nil
		}
		return nil, fmt.Errorf("-core-fault: clock:%q is not clock: with a duration; use, for example, clock:1h", rest)
	case "done":
		return withInner(rest, authrockettest.AfterWrite)
	case "every":
		number, inner, _ := strings.Cut(rest, ":")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-core-fault: every:%q has no positive whole number; use, for example, every:3:500", number)
		}
		return withInner(inner, func(fault authrockettest.Fault) authrockettest.Fault { return authrockettest.EveryNth(n, fault) })
	case "only":
		pattern, inner, _ := strings.Cut(rest, ":")
		if !isRoute(pattern) {
			return nil, fmt.Errorf("-core-fault: only:%q is not METHOD /v2/... with the method GET, POST, PUT or DELETE; use, for example, only:POST /v2/users:500", pattern)
		}
		return withInner(inner, func(fault authrockettest.Fault) authrockettest.Fault { return authrockettest.Only(pattern, fault) })
	}
	return nil, fmt.Errorf("-core-fault %q is not a fault; use a status from 200 to 599, a delay up to %s, hang, garbage, disconnect, clock:duration, done:fault, every:number:fault or only:route:fault", text, maxLateness)
}

var routeForm = regexp.MustCompile(`^(GET|POST|PUT|DELETE) /v2/\S+$`)

// isRoute reports whether requests to the Core API can match the pattern. http.ServeMux
// panics if a pattern is invalid, but a mistake in a flag must not cause a panic.
func isRoute(pattern string) (ok bool) {
	defer func() { ok = recover() == nil && ok }()
	authrockettest.Only(pattern, authrockettest.Hang())
	return routeForm.MatchString(pattern)
}

// parseWebhookFault adds the fault of one flag -webhook-fault to faults.
func parseWebhookFault(text string, faults *authrocketdev.WebhookFaults) error {
	kind, number, _ := strings.Cut(text, ":")
	switch n, err := strconv.Atoi(number); {
	case text == "twice":
		faults.Twice = true
		return nil
	case text == "reverse":
		faults.Reverse = true
		return nil
	case kind == "lose" && err == nil && n >= 1:
		faults.LoseEvery = n
		return nil
	}
	return fmt.Errorf("-webhook-fault %q is not a fault; use lose:number, twice or reverse", text)
}

// texts holds the values of a flag that may be given several times. They are checked
// together with the other flags, so that all mistakes are reported.
type texts []string

func (t *texts) String() string { return "" }

func (t *texts) Set(text string) error {
	*t = append(*t, text)
	return nil
}
