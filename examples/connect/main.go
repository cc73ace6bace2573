// Command connect is a web app with a Connect service behind AuthRocket logins, and a page that
// calls the service. The program also runs a local AuthRocket, so that you can try it without
// an account:
//
//	go run ./examples/connect
//
// Open the page in two tabs. A note that you add in one tab appears in the other tab at once.
// "Sign out everywhere" signs you out in both tabs.
package main

import (
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
	"github.com/authrocket-go/authrocket/examples/internal/notes"
	"github.com/authrocket-go/authrocket/examples/internal/sites"
	"github.com/authrocket-go/authrocket/sessionstate"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "connect:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("connect", flag.ContinueOnError)
	flags.SetOutput(stdout)
	addr := flags.String("addr", "127.0.0.1:8080", "`host:port` of the app")
	loginRocketAddr := flags.String("loginrocket-addr", "localhost:8081", "`host:port` of the local LoginRocket")
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
	loginRocket, err := sites.Listen("-loginrocket-addr", *loginRocketAddr)
	if err != nil {
		return err
	}
	defer loginRocket.Close()
	server, service, err := notes.OpenLocal(loginRocket.URL, appSite.URL)
	if err != nil {
		return err
	}
	loginRocket.Handler = server

	// The code that a product needs begins here. A product uses coreapi.ConfigFromEnv and
	// authrocket.ConfigFromEnv.
	api, err := coreapi.New(service.CoreAPIConfig())
	if err != nil {
		return err
	}
	state, err := sessionstate.New(sessionstate.Config{API: api})
	if err != nil {
		return err
	}
	config := server.Realm().Config()
	config.SessionState = state
	config.Observer = authrocket.LogObserver(slog.Default())
	auth, err := authrocket.New(config)
	if err != nil {
		return err
	}
	if appSite.Handler, err = routes(auth, &notes.Service{API: api, State: state}); err != nil {
		return err
	}
	appSite.Streams = true

	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { state.Run(ctx) })
	defer background.Wait()
	defer cancel()
	fmt.Fprintf(stdout, "Open %s and sign in as\n\n", appSite.URL)
	notes.WriteUsers(stdout, server.Realm())
	fmt.Fprintf(stdout, "\nThe local LoginRocket is at %s. Ctrl-C stops all.\n", loginRocket.URL)
	return sites.Serve(ctx, appSite, loginRocket)
}
