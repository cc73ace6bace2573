package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/authrocket-go/authrocket"
)

const explainUsage = `Usage: authrocket explain [flags] < token

Shows what is in the login token on standard input, and whether an app with the same
environment accepts it: LOGINROCKET_URL, LOGINROCKET_JWKS_URL, AUTHROCKET_JWT_KEY and
AUTHROCKET_REALM. It shows names and email addresses in the token, but neither the
signature nor the session ID.

The exit status is 0 if the token is accepted, 1 if it is refused, 2 if a flag or an
environment variable is wrong, and 3 if the keys cannot be fetched.
`

// explain prints the content of a token, and whether the token is accepted.
func explain(ctx context.Context, args []string, c console) error {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "write one JSON object")
	if err := parseFlags(flags, args, c.stdout, explainUsage); err != nil {
		return err
	}
	config := authrocket.ConfigFromEnv()
	auth, err := newTokenAuth(config)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	token, err := readToken(c)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	u, readErr := readUnverified(token)
	v := judge(ctx, auth, config, token, u)
	if *asJSON {
		writeExplanationJSON(c.stdout, u, v)
	} else {
		writeExplanation(c.stdout, u, readErr, v, time.Now())
	}
	switch v.Status {
	case verdictValid:
		return nil
	case verdictUndecided:
		return &exitError{status: exitUndecided}
	}
	return &exitError{status: exitRefused}
}

func writeExplanation(w io.Writer, u unverified, readErr error, v verdict, now time.Time) {
	if readErr != nil {
		fmt.Fprintf(w, "The token cannot be read: %v.\n\n", readErr)
	} else {
		title := "Claims"
		if v.Status != verdictValid {
			title = "Claims, not verified"
		}
		writeMembers(w, "Header", u.header, now)
		writeMembers(w, title, u.claims, now)
	}
	fmt.Fprintf(w, "Verdict: %s: %s.\n", v.Status, v.Why)
	if v.Do != "" {
		fmt.Fprintf(w, "-> %s\n", v.Do)
	}
}

func writeMembers(w io.Writer, title string, members []member, now time.Time) {
	width := 0
	for _, m := range members {
		width = max(width, len(printable(m.name)))
	}
	fmt.Fprintln(w, title)
	for _, m := range members {
		text := jsonText(m.value)
		if m.value == hiddenText {
			text = hiddenText
		}
		if at, ok := timeOf(m.value); ok && timeClaims[m.name] {
			text += ", " + at.Format(time.RFC3339) + ", " + fromNow(at, now)
		}
		fmt.Fprintf(w, "  %-*s  %s\n", width, printable(m.name), text)
	}
	fmt.Fprintln(w)
}

func writeExplanationJSON(w io.Writer, u unverified, v verdict) {
	object := func(members []member) map[string]any {
		values := map[string]any{}
		for _, m := range members {
			values[m.name] = m.value
		}
		return values
	}
	times := map[string]string{}
	for _, m := range u.claims {
		if at, ok := timeOf(m.value); ok && timeClaims[m.name] {
			times[m.name] = at.Format(time.RFC3339)
		}
	}
	fmt.Fprintln(w, jsonText(struct {
		Header  map[string]any    `json:"header"`
		Claims  map[string]any    `json:"claims"`
		Times   map[string]string `json:"times"`
		Verdict verdict           `json:"verdict"`
	}{object(u.header), object(u.claims), times, v}))
}
