package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// runFleet starts all programs and serves until ctx ends, or until one of its servers
// fails.
func runFleet(ctx context.Context) error {
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "`host:port` of the app, where the proxy is")
	loginRocketAddr := flags.String("loginrocket-addr", "localhost:8081", "`host:port` of the local LoginRocket")
	coreAddr := flags.String("core-addr", "localhost:8083", "`host:port` of the local Core API")
	err := flags.Parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	instances, redis := 3, findRedis()
	redisAddr, valkeyURL := "", ""
	if redis == "" {
		fmt.Println("redis-server is not installed, so that one instance runs instead of three.")
		instances = 1
	} else if redisAddr, err = freeAddress(); err != nil {
		return err
	} else {
		valkeyURL = "redis://" + redisAddr
	}

	appListener, appURL, err := listen("-addr", *addr)
	if err != nil {
		return err
	}
	defer appListener.Close()
	loginRocketListener, loginRocketURL, err := listen("-loginrocket-addr", *loginRocketAddr)
	if err != nil {
		return err
	}
	defer loginRocketListener.Close()
	coreListener, coreURL, err := listen("-core-addr", *coreAddr)
	if err != nil {
		return err
	}
	defer coreListener.Close()

	// The local AuthRocket. It sends its webhooks to the proxy, so each webhook can
	// reach any instance.
	secret := rand.Text()
	loginRocket, err := authrocketdev.DemoSeed().Open(authrockettest.RealmConfig{URL: loginRocketURL, AppURL: appURL})
	if err != nil {
		return err
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{
		Server:   loginRocket,
		Webhooks: []string{strings.Replace(appURL, "http://", "http://authrocket:"+secret+"@", 1) + "/hooks/authrocket"},
	})
	if err != nil {
		return err
	}
	env := []string{
		"LOGINROCKET_URL=" + loginRocketURL,
		"LOGINROCKET_JWKS_URL=",
		"AUTHROCKET_JWT_KEY=",
		"AUTHROCKET_APP_URL=" + appURL,
		"AUTHROCKET_REALM=" + loginRocket.Realm().ID(),
		"AUTHROCKET_URL=" + coreURL + "/v2",
		"AUTHROCKET_API_KEY=" + service.APIKey(),
		"WEBHOOK_SECRET=" + secret,
		"VALKEY_URL=" + valkeyURL,
	}

	stopped := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel(nil)
	proxy := newProxy(instances)
	for _, s := range []site{{appListener, proxy}, {loginRocketListener, loginRocket}, {coreListener, service.CoreAPI()}} {
		parts.Go(func() {
			if err := serve(ctx, s); err != nil {
				cancel(err)
			}
		})
	}
	parts.Go(func() { service.RunWebhooks(ctx) })

	// start starts a program, and restarts it when it ends.
	start := func(f func(context.Context) (*process, error)) (*process, error) {
		p, err := f(ctx)
		if err == nil {
			parts.Go(func() { keep(ctx, p, f) })
		}
		return p, err
	}
	var processes []*process
	if redis != "" {
		p, err := start(func(ctx context.Context) (*process, error) { return startRedis(ctx, redis, redisAddr) })
		if err != nil {
			return err
		}
		processes = append(processes, p)
	}
	for i := range instances {
		at := place{i + 1, instances}
		p, err := start(func(ctx context.Context) (*process, error) { return startInstance(ctx, at, &proxy.backends[i], env) })
		if err != nil {
			return err
		}
		processes = append(processes, p)
	}

	announce(appURL, coreURL, service, loginRocket, processes)
	<-ctx.Done()
	if stopped.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

func announce(appURL, coreURL string, service *authrocketdev.Service, loginRocket *authrocketdev.Server, processes []*process) {
	fmt.Printf("Open %s and sign in as\n\n", appURL)
	for _, u := range loginRocket.Realm().Users() {
		fmt.Printf("  %-28s %s\n", u.Email+" / "+u.Password, u.Name)
	}
	fmt.Print("\nA process that is killed is started again, redis-server without its data:\n\n")
	for _, p := range processes {
		fmt.Printf("  %-14s process %d\n", p.name, p.pid)
	}
	fmt.Printf("\nAda picks Analytical Engines to see its members.\n")
	fmt.Printf("\nThe Core API deletes sessions, too. They are listed and deleted by\n\n")
	fmt.Printf("  curl -H 'Authrocket-Api-Key: %s' '%s/v2/sessions?user_id=usr_ada'\n", service.APIKey(), coreURL)
	fmt.Printf("  curl -H 'Authrocket-Api-Key: %s' -X DELETE %s/v2/sessions/kss_...\n", service.APIKey(), coreURL)
	fmt.Printf("\nCtrl-C stops all.\n")
}
