// Command quickstart is a web app with AuthRocket logins. The program also runs a local
// AuthRocket with LoginRocket and the Core API, so that you can try it without an
// account:
//
//	go run ./examples/quickstart
//
// If LOGINROCKET_URL is set, users sign in at that realm instead. See
// authrocket.ConfigFromEnv for the other variables.
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
	"syscall"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/examples/internal/sites"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stdout)
	addr := flags.String("addr", "127.0.0.1:8080", "`host:port` of the app")
	loginRocketAddr := flags.String("loginrocket-addr", "localhost:8081", "`host:port` of the local LoginRocket, which LOGINROCKET_URL replaces")
	coreAddr := flags.String("core-addr", "", "`host:port` of the local Core API (default localhost:8083, or a free port when that is taken)")
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

	config := authrocket.ConfigFromEnv()
	config.AppURL = cmp.Or(config.AppURL, appSite.URL)
	isLocal := config.LoginRocketURL == ""
	var a app
	var local localAuthRocket
	if isLocal {
		loginRocket, err := sites.Listen("-loginrocket-addr", *loginRocketAddr)
		if err != nil {
			return err
		}
		defer loginRocket.Close()
		server, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{URL: loginRocket.URL, AppURL: appSite.URL})
		if err != nil {
			return err
		}
		loginRocket.Handler = server
		service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
		if err != nil {
			return err
		}
		core, err := listenCore(*coreAddr)
		if err != nil {
			return err
		}
		defer core.Close()
		core.Handler = service.CoreAPI()
		served = append(served, loginRocket, core)
		local = localAuthRocket{coreURL: core.URL + "/v2", apiKey: service.APIKey(), loginRocketURL: loginRocket.URL}
		a = app{outboxURL: loginRocket.URL + "/outbox", demoUsers: demoUsersOf(server.Realm())}
		config = server.Realm().Config()
		config.AppURL = "" // permits every loopback name that the browser may use
	}
	config.Observer = authrocket.LogObserver(slog.Default())
	config.Deny = a.deny
	auth, err := authrocket.New(config)
	if err != nil {
		return err
	}
	appSite.Handler = a.routes(auth)

	if isLocal {
		local.announce(stdout, a, appSite.URL)
	} else {
		fmt.Fprintf(stdout, "Open %s and sign in at %s\nIts Connected App needs %s among the Login URLs. Ctrl-C stops the app.\n",
			config.AppURL, config.LoginRocketURL, config.AppURL)
	}
	return sites.Serve(ctx, served...)
}

// listenCore opens the port of the Core API. Without a flag, it uses any free port, since
// the program prints the port.
func listenCore(addr string) (*sites.Site, error) {
	if addr != "" {
		return sites.Listen("-core-addr", addr)
	}
	if core, err := sites.Listen("-core-addr", "localhost:8083"); err == nil {
		return core, nil
	}
	return sites.Listen("-core-addr", "localhost:0")
}
