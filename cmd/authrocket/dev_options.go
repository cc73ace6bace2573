package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// options are the values of the flags.
type options struct {
	listensEverywhere bool
	seedFile          string // "" for the demo
	dataFile, envFile string // "" for none

	// Options of the LoginRocket.
	addr         string
	realm        authrockettest.RealmConfig
	jwksFault    authrockettest.Fault // nil for none
	rotateEvery  time.Duration        // 0 for never
	keyOverlap   time.Duration
	tokenChanges []authrockettest.TokenOption

	// Options of the Core API.
	coreAddr      string // "" for none
	service       authrocketdev.ServiceConfig
	coreFaults    []authrockettest.Fault
	webhookFaults authrocketdev.WebhookFaults
}

// mistakes collects what is wrong with the flags.
type mistakes []error

func (m *mistakes) add(format string, args ...any) { *m = append(*m, fmt.Errorf(format, args...)) }

// parseOptions reads the flags. The error joins all mistakes. If the flags cannot be
// parsed, it contains only the first mistake.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.addr, "addr", "localhost:8081", "`host:port` of the LoginRocket; the address must be on loopback")
	flags.BoolVar(&o.listensEverywhere, "dangerously-listen-everywhere", false, "permit any address in -addr and -core-addr: anyone who can reach it can read all emails and log in as any user")
	flags.StringVar(&o.realm.URL, "url", "", "`URL` at which browsers reach the LoginRocket (default http:// and the address)")
	flags.StringVar(&o.seedFile, "seed", "", "JSON `file` with the realm, its users and accounts (default: two demo users)")
	flags.StringVar(&o.dataFile, "data", "", "`file` that keeps the realm, so that it survives a restart; it contains keys and tokens (default: none)")
	flags.StringVar(&o.envFile, "env", "", "`file` to write the variables of the app to, including the API key (default: none)")
	jwks := flags.String("jwks", "ok", "`fault` of the key set: ok, an HTTP status such as 500, a delay such as 3s, hang, garbage, empty or disconnect")
	flags.DurationVar(&o.rotateEvery, "rotate-keys", 0, "`duration` after which the keys are rotated each time, 1s or more (default: never)")
	flags.DurationVar(&o.keyOverlap, "key-overlap", 0, "`duration` for which an old key stays published after a rotation (default: it is withdrawn at once)")
	skew := flags.Duration("clock-skew", 0, "`duration` by which the clock of the tokens is ahead; negative if it is behind")
	omit := flags.String("omit", "", "`claims` to leave out of tokens, separated by commas, such as email_verified,locale")
	flags.DurationVar(&o.realm.TokenLifetime, "token-lifetime", 0, "`duration` for which a token is valid, 1s or more (default: that of the seed, or 24h)")
	flags.StringVar(&o.realm.Algorithm, "algorithm", "", "`name` of the algorithm that signs tokens, RS256 or HS256 (default: that of the seed, or RS256)")
	flags.BoolVar(&o.realm.ReissueTokens, "reissue-tokens", false, "issue the same token again within a session, even if the seed does not say so")
	flags.StringVar(&o.coreAddr, "core-addr", "localhost:8083", "`host:port` of the Core API; the address must be on loopback; empty for no Core API")
	flags.StringVar(&o.service.Host, "core-host", "", "`host:port` at which programs reach the Core API (default: that of -core-addr)")
	flags.StringVar(&o.service.APIKey, "api-key", "", "`key` of the Core API, ks_ and 16 characters or more (default: a new one)")
	flags.StringVar(&o.service.ReadOnlyAPIKey, "read-only-api-key", "", "`key` of the Core API that can only read (default: none)")
	flags.DurationVar(&o.service.VisibleAfter, "visible-after", 0, "`duration` after which reads of the Core API show a write (default: at once)")
	var coreFaults, webhooks, webhookFaults texts
	flags.Var(&coreFaults, "core-fault", "`fault` of the Core API: a status such as 503, 429, a delay such as 3s, hang, garbage, disconnect, clock:1h; with done:, every:3: or only:POST /v2/users: in front for a condition; may be given several times")
	flags.IntVar(&o.service.RequestsPerMinute, "core-requests-per-minute", 0, "`number` of requests per minute that a key may send to the Core API, -1 for no limit (default 1200)")
	flags.Var(&webhooks, "webhook", "`URL` on loopback that gets the events; may be given several times")
	flags.Var(&webhookFaults, "webhook-fault", "`fault` of the webhooks: lose:3 to lose every third one, twice or reverse; may be given several times")
	flags.BoolVar(&o.service.ConfigurationAPI, "configuration-api", false, "also serve the Configuration API: several realms, each with a LoginRocket at 127.0.1.N")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, "Usage: authrocket dev [flags]")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; -h lists the flags", err)
	}

	isSet := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { isSet[f.Name] = true })
	var m mistakes
	for _, arg := range flags.Args() {
		if !plainWord.MatchString(arg) {
			arg = "..." // it may be a key whose flag is missing
		}
		m.add("unexpected argument %q; -h lists the flags", arg)
	}
	o.readLoginRocket(&m, isSet, *jwks, *skew, *omit)
	o.readCore(&m, isSet, coreFaults, webhooks, webhookFaults)
	return o, errors.Join(m...)
}

// plainWord matches words that cannot be a key.
var plainWord = regexp.MustCompile(`^[a-z]{1,15}$`)

// readLoginRocket checks the flags of the LoginRocket.
func (o *options) readLoginRocket(m *mistakes, isSet map[string]bool, jwks string, skew time.Duration, omit string) {
	checkAddr(m, "addr", o.addr)
	if o.realm.URL != "" {
		if err := authrocketdev.CheckOrigin(strings.TrimSuffix(o.realm.URL, "/")); err != nil {
			m.add("-url is %w", err)
		}
	}
	var err error
	if o.jwksFault, err = parseJWKSFault(jwks); err != nil {
		m.add("%w", err)
	}
	if isSet["rotate-keys"] && o.rotateEvery < time.Second {
		m.add("-rotate-keys %s is less than 1s", o.rotateEvery)
	}
	switch {
	case o.keyOverlap < 0:
		m.add("-key-overlap %s is negative", o.keyOverlap)
	case isSet["key-overlap"] && !isSet["rotate-keys"]:
		m.add("-key-overlap has no effect without -rotate-keys")
	case isSet["rotate-keys"] && o.keyOverlap > maxOldKeys*o.rotateEvery:
		m.add("-key-overlap %s is more than %d times -rotate-keys: the key set would be too large", o.keyOverlap, maxOldKeys)
	}
	if isSet["token-lifetime"] && o.realm.TokenLifetime < time.Second {
		m.add("-token-lifetime %s is less than 1s", o.realm.TokenLifetime)
	}
	if isSet["algorithm"] && !slices.Contains([]string{"RS256", "HS256"}, o.realm.Algorithm) {
		m.add("-algorithm %q is neither RS256 nor HS256", o.realm.Algorithm)
	}
	if skew != 0 {
		o.tokenChanges = append(o.tokenChanges, authrockettest.ClockSkew(skew))
	}
	for name := range strings.SplitSeq(omit, ",") {
		switch name = strings.TrimSpace(name); {
		case slices.Contains(claimNames, name):
			o.tokenChanges = append(o.tokenChanges, authrockettest.WithoutClaim(name))
		case name != "" || strings.Contains(omit, ","):
			m.add("-omit: there is no claim %q; use some of %s", name, strings.Join(claimNames, ", "))
		}
	}
}

// readCore checks the flags of the Core API. No error contains a key, or the URL of a
// webhook, because the URL may contain a secret.
func (o *options) readCore(m *mistakes, isSet map[string]bool, coreFaults, webhooks, webhookFaults texts) {
	if o.coreAddr == "" {
		for _, name := range []string{"core-host", "api-key", "read-only-api-key", "visible-after", "core-fault", "core-requests-per-minute", "configuration-api"} {
			if isSet[name] {
				m.add("-%s has no effect with an empty -core-addr", name)
			}
		}
	} else {
		checkAddr(m, "core-addr", o.coreAddr)
	}
	if host := o.service.Host; host != "" && authrocketdev.CheckOrigin("http://"+host) != nil {
		m.add("-core-host %q is not host:port in lower case; use, for example, authrocket:8083", host)
	}
	checkAPIKey(m, isSet, "api-key", o.service.APIKey)
	checkAPIKey(m, isSet, "read-only-api-key", o.service.ReadOnlyAPIKey)
	if o.service.ReadOnlyAPIKey != "" && o.service.ReadOnlyAPIKey == o.service.APIKey {
		m.add("-read-only-api-key is the same as -api-key, which can write; use another key")
	}
	if o.service.VisibleAfter < 0 {
		m.add("-visible-after %s is negative", o.service.VisibleAfter)
	}
	if n := o.service.RequestsPerMinute; isSet["core-requests-per-minute"] && n < 1 && n != -1 {
		m.add("-core-requests-per-minute %d is neither a positive number nor -1, which means no limit", n)
	}
	for _, text := range coreFaults {
		fault, err := parseCoreFault(text)
		if err != nil {
			m.add("%w", err)
		}
		o.coreFaults = append(o.coreFaults, fault)
	}
	for _, text := range webhooks {
		if err := authrocketdev.CheckWebhook(text); err != nil {
			m.add("-webhook is %w", err)
		}
	}
	o.service.Webhooks = webhooks
	for _, text := range webhookFaults {
		if err := parseWebhookFault(text, &o.webhookFaults); err != nil {
			m.add("%w", err)
		}
	}
	if len(webhookFaults) > 0 && len(webhooks) == 0 {
		m.add("-webhook-fault has no effect without -webhook")
	}
}

func checkAPIKey(m *mistakes, isSet map[string]bool, name, key string) {
	if err := authrocketdev.CheckAPIKey(key); isSet[name] && err != nil {
		m.add("-%s is %w", name, err)
	}
}

func checkAddr(m *mistakes, name, addr string) {
	if _, port, err := net.SplitHostPort(addr); err != nil || !isPort(port) {
		m.add("-%s %q is not host:port; use, for example, localhost:8081", name, addr)
	}
}

// maxOldKeys is the maximum number of old keys that are published at the same time.
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
