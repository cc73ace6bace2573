package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// options are what the flags say.
type options struct {
	addr              string
	listensEverywhere bool
	seedFile          string // "" for the demo
	realm             authrockettest.RealmConfig
	jwksFault         authrockettest.Fault // nil for none
	rotateEvery       time.Duration        // 0 for never
	keyOverlap        time.Duration
	tokenChanges      []authrockettest.TokenOption
}

// parseOptions reads the flags. The error joins all mistakes, or is the first
// one where the flags cannot be told apart.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.addr, "addr", "localhost:8081", "`host:port` to listen at; the address has to be on loopback")
	flags.BoolVar(&o.listensEverywhere, "dangerously-listen-everywhere", false, "let -addr be any address: whoever reaches it can read all mails, and so log in as every user")
	flags.StringVar(&o.realm.URL, "url", "", "`URL` under which browsers find it (default http:// and the address)")
	flags.StringVar(&o.seedFile, "seed", "", "JSON `file` with the realm, its users and accounts (default two demo users)")
	jwks := flags.String("jwks", "ok", "`fault` of the key set: ok, an HTTP status such as 500, a time such as 3s by which it is late, hang, garbage, empty or disconnect")
	flags.DurationVar(&o.rotateEvery, "rotate-keys", 0, "rotate the keys each time that this `duration` has passed, 1s or more (default never)")
	flags.DurationVar(&o.keyOverlap, "key-overlap", 0, "keep an old key published for this `duration` after a rotation (default it is withdrawn at once)")
	skew := flags.Duration("clock-skew", 0, "`duration` by which the clock of the tokens is ahead; behind, if negative")
	omit := flags.String("omit", "", "`claims` to leave out of tokens, separated by commas, such as email_verified,locale")
	flags.DurationVar(&o.realm.TokenLifetime, "token-lifetime", 0, "`duration` for which a token is valid, 1s or more (default the seed's, else 24h)")
	flags.StringVar(&o.realm.Algorithm, "algorithm", "", "`name` of the algorithm that signs tokens, RS256 or HS256 (default the seed's, else RS256)")
	flags.BoolVar(&o.realm.ReissueTokens, "reissue-tokens", false, "hand out the same token again inside one session, also if the seed does not say so")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, "Usage: authrocket dev [flags]")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; -h lists the flags", err)
	}

	var mistakes []error
	add := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	for _, arg := range flags.Args() {
		add("unexpected argument %q; -h lists the flags", arg)
	}
	if _, port, err := net.SplitHostPort(o.addr); err != nil || !isPort(port) {
		add("-addr %q is not host:port, such as localhost:8081", o.addr)
	}
	if o.realm.URL != "" {
		if err := authrocketdev.CheckOrigin(strings.TrimSuffix(o.realm.URL, "/")); err != nil {
			add("-url is %w", err)
		}
	}
	var err error
	if o.jwksFault, err = parseFault(*jwks); err != nil {
		mistakes = append(mistakes, err)
	}
	isSet := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { isSet[f.Name] = true })
	if isSet["rotate-keys"] && o.rotateEvery < time.Second {
		add("-rotate-keys %s is less than 1s", o.rotateEvery)
	}
	switch {
	case o.keyOverlap < 0:
		add("-key-overlap %s is negative", o.keyOverlap)
	case isSet["key-overlap"] && !isSet["rotate-keys"]:
		add("-key-overlap does nothing without -rotate-keys")
	case isSet["rotate-keys"] && o.keyOverlap > maxOldKeys*o.rotateEvery:
		add("-key-overlap %s is more than %d times -rotate-keys: the key set would be too large", o.keyOverlap, maxOldKeys)
	}
	if isSet["token-lifetime"] && o.realm.TokenLifetime < time.Second {
		add("-token-lifetime %s is less than 1s", o.realm.TokenLifetime)
	}
	if isSet["algorithm"] && !slices.Contains([]string{"RS256", "HS256"}, o.realm.Algorithm) {
		add("-algorithm %q is neither RS256 nor HS256", o.realm.Algorithm)
	}
	if *skew != 0 {
		o.tokenChanges = append(o.tokenChanges, authrockettest.ClockSkew(*skew))
	}
	for name := range strings.SplitSeq(*omit, ",") {
		switch name = strings.TrimSpace(name); {
		case slices.Contains(claimNames, name):
			o.tokenChanges = append(o.tokenChanges, authrockettest.WithoutClaim(name))
		case name != "" || strings.Contains(*omit, ","):
			add("-omit: there is no claim %q; there are %s", name, strings.Join(claimNames, ", "))
		}
	}
	return o, errors.Join(mistakes...)
}

// maxOldKeys is how many old keys may be published at a time.
const maxOldKeys = 20

// claimNames are the claims that a token may have.
var claimNames = []string{
	"iss", "sub", "rid", "sid", "iat", "exp", "name", "given_name", "family_name", "preferred_username",
	"email", "email_verified", "locale", "ref", "cs", "orgs",
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

// maxLateness is less than the server takes for an answer.
const maxLateness = time.Minute

// parseFault reads the flag -jwks. nil is no fault.
func parseFault(text string) (authrockettest.Fault, error) {
	switch text {
	case "ok":
		return nil, nil
	case "hang":
		return authrockettest.Hang(), nil
	case "garbage":
		return authrockettest.Garbage(), nil
	case "empty":
		return authrockettest.Body("application/json", `{"keys":[]}`), nil
	case "disconnect":
		return authrockettest.Disconnect(), nil
	}
	if status, err := strconv.Atoi(text); err == nil && status >= 200 && status <= 599 {
		return authrockettest.Status(status), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 && d <= maxLateness {
		return authrockettest.Slow(d), nil
	}
	return nil, fmt.Errorf("-jwks %q is none of ok, a status from 200 to 599, a time up to %s, hang, garbage, empty, disconnect", text, maxLateness)
}
