package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

const doctorUsage = `Usage: authrocket doctor [flags]

Reads the environment of an app, and sends requests to LoginRocket, the app and
AuthRocket's API. Each line says what is ok, wrong or unknown, and what to do. Run it
where the app runs, with the environment of the app:

  LOGINROCKET_URL, LOGINROCKET_JWKS_URL, AUTHROCKET_JWT_KEY, AUTHROCKET_REALM,
  AUTHROCKET_APP_URL      as the package authrocket reads them
  AUTHROCKET_URL, AUTHROCKET_API_KEY
                          as the package coreapi reads them; optional
  AUTHROCKET_WEBHOOK_URL  like -webhook, but hidden from other users of the machine;
                          optional

It completes no login, and changes nothing unless -write is given. It prints no token,
no key and no secret of a webhook.

The exit status is 0 if everything is ok, 1 if something is wrong, 2 if a flag is wrong,
and 3 if something is unknown and nothing is wrong.
`

// The statuses of a finding.
const (
	statusOK      = "ok"
	statusWrong   = "wrong"
	statusUnknown = "unknown"
	statusSkipped = "skipped" // not checked; it does not affect the result
)

// finding is a line of the report.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Text   string `json:"text"`
	Do     string `json:"do,omitempty"`
}

func found(status, do, format string, args ...any) finding {
	return finding{Status: status, Text: fmt.Sprintf(format, args...), Do: do}
}

func fine(format string, args ...any) finding      { return found(statusOK, "", format, args...) }
func wrong(do, format string, args ...any) finding { return found(statusWrong, do, format, args...) }
func unknown(do, format string, args ...any) finding {
	return found(statusUnknown, do, format, args...)
}
func skipped(format string, args ...any) finding { return found(statusSkipped, "", format, args...) }

// checks are the doctor's checks, in the order in which they run.
var checks = []struct {
	name string
	run  func(context.Context, *patient) []finding
}{
	{"config", checkConfig},
	{"dns", checkDNS},
	{"tls", checkTLS},
	{"jwks", checkKeys},
	{"clock", checkClock},
	{"token", checkToken},
	{"hosted login", checkHostedLogin},
	{"app", checkApp},
	{"app login", checkAppLogin},
	{"headers", checkHeaders},
	{"core api", checkCoreAPI},
	{"webhook", checkWebhook},
}

// patient is the app that the environment describes, with the results so far.
type patient struct {
	config  authrocket.Config
	core    coreapi.Config
	token   string // "" for none
	webhook string // "" for none
	write   bool

	problems        map[string]bool // the fields of config with a problem
	isNoLoginRocket bool            // another server answers at LOGINROCKET_URL
	prober          *prober
}

// doctor reports what is wrong with the setup of an app.
func doctor(ctx context.Context, args []string, c console) error {
	p := &patient{config: authrocket.ConfigFromEnv(), core: coreapi.ConfigFromEnv(), prober: newProber()}
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.StringVar(&p.config.AuthPath, "auth-path", "/auth", "`path` of the login routes, if the app sets Config.AuthPath")
	flags.BoolVar(&p.config.DisableCookie, "api", false, "the app is an API that sets Config.DisableCookie; send no requests to it")
	withToken := flags.Bool("token", false, "read a login token from standard input, check it, and check that the proxy accepts headers of its size")
	flags.BoolVar(&p.write, "write", false, "check that the API key can write: create a user, and delete it again")
	flags.StringVar(&p.webhook, "webhook", "", "`URL` of the app's webhook with its secret, which gets two pings (default $AUTHROCKET_WEBHOOK_URL)")
	asJSON := flags.Bool("json", false, "write one JSON object")
	if err := parseFlags(flags, args, c.stdout, doctorUsage); err != nil {
		return err
	}
	if p.webhook == "" {
		p.webhook = strings.TrimSpace(os.Getenv("AUTHROCKET_WEBHOOK_URL"))
	}
	if *withToken {
		var err error
		if p.token, err = readToken(c); err != nil {
			return &exitError{exitUsage, err}
		}
	}
	var findings []finding
	for _, check := range checks {
		for _, f := range check.run(ctx, p) {
			f.Check = check.name
			findings = append(findings, f)
			if !*asJSON {
				writeFinding(c.stdout, f)
			}
		}
		if ctx.Err() != nil {
			return &exitError{exitUndecided, errors.New("interrupted")}
		}
	}
	result := resultOf(findings)
	if *asJSON {
		fmt.Fprintln(c.stdout, jsonText(struct {
			Result string    `json:"result"`
			Checks []finding `json:"checks"`
		}{result, findings}))
	}
	switch result {
	case statusWrong:
		return &exitError{status: exitRefused}
	case statusUnknown:
		return &exitError{status: exitUndecided}
	}
	return nil
}

// resultOf returns the worst status of the findings.
func resultOf(findings []finding) string {
	result := statusOK
	for _, f := range findings {
		switch {
		case f.Status == statusWrong:
			return statusWrong
		case f.Status == statusUnknown:
			result = statusUnknown
		}
	}
	return result
}

func writeFinding(w io.Writer, f finding) {
	fmt.Fprintf(w, "%-8s %-13s %s\n", f.Status, f.Check, printable(strings.ReplaceAll(f.Text, "\n", " ")))
	if f.Do != "" {
		fmt.Fprintf(w, "%-8s %-13s -> %s\n", "", "", printable(strings.ReplaceAll(f.Do, "\n", " ")))
	}
}
