// Command team is a web app with a members page. The program also runs a local
// AuthRocket, so that you can try it without an account:
//
//	go run ./examples/team
//
// If LOGINROCKET_URL is set, users sign in at that realm instead. In that case, also set
// AUTHROCKET_URL and AUTHROCKET_API_KEY for the realm's Core API.
//
// The members page is in the folder members.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/internal/sites"
	"github.com/authrocket-go/authrocket/examples/team/members"
	"github.com/authrocket-go/authrocket/sessionstate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "team:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("team", flag.ContinueOnError)
	flags.SetOutput(stdout)
	addr := flags.String("addr", "127.0.0.1:8080", "`host:port` of the app")
	loginRocketAddr := flags.String("loginrocket-addr", "localhost:8081", "`host:port` of the local LoginRocket, which LOGINROCKET_URL replaces")
	extra := flags.Int("members", 0, "`number` of further members in the local AuthRocket, to see a long list")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	appSite, err := sites.Listen("-addr", *addr)
	if err != nil {
		return err
	}
	defer appSite.Close()
	served := []*sites.Site{appSite}
	config, apiConfig := authrocket.ConfigFromEnv(), coreapi.ConfigFromEnv()
	config.AppURL = cmp.Or(config.AppURL, appSite.URL)
	announce := func() {
		fmt.Fprintf(stdout, "Open %s and sign in at %s\nIts Connected App needs %s among the Login URLs. Ctrl-C stops the app.\n",
			config.AppURL, config.LoginRocketURL, config.AppURL)
	}
	if config.LoginRocketURL == "" {
		loginRocket, err := sites.Listen("-loginrocket-addr", *loginRocketAddr)
		if err != nil {
			return err
		}
		defer loginRocket.Close()
		local, err := newLocalAuthRocket(loginRocket.URL, appSite.URL, *extra)
		if err != nil {
			return err
		}
		loginRocket.Handler = local.server
		served = append(served, loginRocket)
		config, apiConfig = local.server.Realm().Config(), local.service.CoreAPIConfig()
		announce = func() { local.announce(stdout, appSite.URL, loginRocket.URL) }
	}

	// The code that a product needs begins here.
	api, err := coreapi.New(apiConfig)
	if err != nil {
		return err
	}
	// When the members page ends sessions, it informs the state at once. If a session
	// ends elsewhere, for example in AuthRocket's portal, the state notices within
	// CheckInterval, or earlier with webhooks. If a permission is withdrawn elsewhere,
	// the state notices this only with webhooks; see sessionstate.MembershipChanged.
	state, err := sessionstate.New(sessionstate.Config{API: api, RequestsPerSecond: 2})
	if err != nil {
		return err
	}
	config.SessionState = state
	config.Observer = authrocket.LogObserver(slog.Default())
	auth, err := authrocket.New(config)
	if err != nil {
		return err
	}
	appSite.Handler = auth.Authenticate(routes(auth, members.New(auth, api, state)))

	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { state.Run(ctx) })
	defer background.Wait()
	defer cancel()
	announce()
	return sites.Serve(ctx, served...)
}
