// Command fleet shows how sessions end in several instances of an app. It runs three
// instances behind a proxy, a local AuthRocket that sends them webhooks, and
// redis-server. Through redis-server, each instance tells the others which sessions have
// ended.
//
//	go run ./examples/fleet
//
// For your own app, copy the function serveInstance.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
	"github.com/authrocket-go/authrocket/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	run := runFleet
	if os.Getenv("FLEET_INSTANCE") != "" {
		run = serveInstance // runFleet has started this process
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

// serveInstance serves one instance of the app until ctx ends. The environment configures
// it.
func serveInstance(ctx context.Context) error {
	place, err := placeFromEnv()
	if err != nil {
		return err
	}
	ctx = untilFleetEnds(ctx)
	logger := slog.Default().With("instance", place.Number)

	// The client of the Core API: AUTHROCKET_URL and AUTHROCKET_API_KEY.
	api, err := coreapi.New(coreapi.ConfigFromEnv())
	if err != nil {
		return err
	}

	// The state of sessions. Webhooks, the other instances and, once an hour, the API
	// report which sessions have ended.
	ends := newEnds()
	stateConfig := sessionstate.Config{
		API:           api,
		CheckInterval: time.Hour,
		EndOn:         sessionstate.MembershipChanged,
		Observer:      ends.observe(sessionstate.LogObserver(logger)),
	}
	if url := os.Getenv("VALKEY_URL"); url != "" {
		log, err := valkeystate.Open(url)
		if err != nil {
			return err
		}
		defer log.Close()
		stateConfig.Log = log
	}
	state, err := sessionstate.New(stateConfig)
	if err != nil {
		return err
	}

	// The receiver of webhooks, for http://authrocket:SECRET@HOST/hooks/authrocket.
	hook, err := webhook.New(webhook.Config{
		API:      api,
		Secrets:  []coreapi.Secret{coreapi.Hide(os.Getenv("WEBHOOK_SECRET"))},
		Handle:   state.HandleEvent,
		Suspect:  state.Suspect,
		Observer: webhook.LogObserver(logger),
	})
	if err != nil {
		return err
	}

	// The logins: LOGINROCKET_URL and AUTHROCKET_APP_URL, which is the URL of the proxy.
	config := authrocket.ConfigFromEnv()
	config.SessionState = state
	auth, err := authrocket.New(config)
	if err != nil {
		return err
	}

	running := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	go func() { running <- state.Run(ctx) }()
	defer func() { <-running }()
	defer stop()

	// Before an instance serves, it reads which sessions have ended. If it cannot read
	// them, it still serves.
	if err := state.Warm(ctx); err != nil {
		logger.Warn("session state is not complete yet", "error", err)
	}
	if err := auth.Warm(ctx); err != nil {
		logger.Warn("keys are not there yet", "error", err)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr()) // for runFleet
	a := &app{place: place, auth: auth, api: api, state: state, ends: ends}
	return serve(ctx, site{listener, a.routes(hook)})
}
