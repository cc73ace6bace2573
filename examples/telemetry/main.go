// Command telemetry is a web app whose logins, decisions, sessions and API calls can be
// monitored. The program serves metrics for Prometheus, and also runs a local AuthRocket:
//
//	go run ./examples/telemetry
//
// The file app.go contains the code to copy into an app. dashboard.json is a dashboard
// for Grafana, and alerts.yml contains rules for Prometheus.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/internal/sites"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "telemetry:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("telemetry", flag.ContinueOnError)
	flags.SetOutput(stdout)
	addr := flags.String("addr", "127.0.0.1:8080", "`host:port` of the app")
	metricsAddr := flags.String("metrics-addr", "127.0.0.1:9464", "`host:port` of /metrics, which Prometheus reads and no visitor")
	loginRocketAddr := flags.String("loginrocket-addr", "localhost:8081", "`host:port` of the local LoginRocket")
	checkInterval := flags.Duration("check-interval", 15*time.Second, "how long a session goes on before the API is asked about it")
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
	metricsSite, err := sites.Listen("-metrics-addr", *metricsAddr)
	if err != nil {
		return err
	}
	defer metricsSite.Close()
	loginRocket, err := sites.Listen("-loginrocket-addr", *loginRocketAddr)
	if err != nil {
		return err
	}
	defer loginRocket.Close()

	// The local AuthRocket, with webhooks to the app.
	server, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{URL: loginRocket.URL, AppURL: appSite.URL})
	if err != nil {
		return err
	}
	loginRocket.Handler = server
	secret := rand.Text()
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{
		Server:   server,
		Webhooks: []string{strings.Replace(appSite.URL, "http://", "http://authrocket:"+secret+"@", 1) + "/hooks/authrocket"},
	})
	if err != nil {
		return err
	}

	telemetry, metrics, err := newTelemetry()
	if err != nil {
		return err
	}
	metricsSite.Handler = metrics
	a, err := newApp(telemetry, settings{
		auth:          server.Realm().Config(),
		api:           service.CoreAPIConfig(),
		webhookSecret: coreapi.Hide(secret),
		checkInterval: *checkInterval,
	})
	if err != nil {
		return err
	}
	appSite.Handler = a.routes()

	ctx, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { a.state.Run(ctx) })
	background.Go(func() { service.RunWebhooks(ctx) })
	defer background.Wait()
	defer cancel()

	fmt.Fprintf(stdout, "Open %s and sign in as\n\n", appSite.URL)
	for _, u := range server.Realm().Users() {
		fmt.Fprintf(stdout, "  %-28s %s\n", u.Email+" / "+u.Password, u.Name)
	}
	fmt.Fprintf(stdout, "\nMetrics are at %s/metrics.\n", metricsSite.URL)
	fmt.Fprintf(stdout, "The local LoginRocket is at %s. Ctrl-C stops all.\n", loginRocket.URL)
	return sites.Serve(ctx, appSite, metricsSite, loginRocket)
}
