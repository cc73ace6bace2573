package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// dev serves a local AuthRocket until ctx ends.
func dev(ctx context.Context, args []string, c console) error {
	o, err := parseOptions(args, c.stdout)
	if err != nil {
		return err
	}
	seed, err := readSeed(o.seedFile)
	if err != nil {
		return err
	}
	data := &dataFile{}
	if o.dataFile != "" {
		if data, err = openData(o.dataFile); err != nil {
			return err
		}
		defer data.Close()
	}
	listener, err := listen("addr", o.addr, o.listensEverywhere)
	if err != nil {
		return err
	}
	defer listener.Close()
	if o.realm.URL == "" {
		o.realm.URL = urlOf(o.addr, listener)
	}
	server, err := openRealm(o, seed, data)
	if err != nil {
		return err
	}
	realm := server.Realm()
	if o.rotateEvery > 0 && realm.KeyID() == "" {
		return errors.New("-rotate-keys: an HS256 realm publishes no keys, so there are none to rotate; leave the flag out")
	}
	realm.Break(o.jwksFault)
	realm.ChangeTokens(o.tokenChanges...)

	logger := slog.New(slog.NewTextHandler(c.stderr, nil))
	opened := &domains{logger: logger, servers: make(map[*http.Server]bool)}
	o.service.Server, o.service.Listen = server, opened.listen
	service, err := authrocketdev.NewService(o.service)
	if err != nil {
		return err
	}
	if len(o.coreFaults) > 0 {
		service.Break(authrockettest.Chain(o.coreFaults...))
	}
	service.BreakWebhooks(o.webhookFaults)
	opened.handler = logRequests(logger, wholePath, service.LoginRocket())
	sites := []site{{listener, opened.handler}}
	variables := variablesOf(realm)
	if o.coreAddr != "" {
		coreListener, err := listen("core-addr", o.coreAddr, o.listensEverywhere)
		if err != nil {
			return err
		}
		defer coreListener.Close()
		coreURL := urlOf(o.coreAddr, coreListener)
		if o.service.Host != "" {
			coreURL = "http://" + o.service.Host
		}
		sites = append(sites, site{coreListener, logRequests(logger.With("server", "core"), coreRoute, withHealth(service.CoreAPI()))})
		variables = append(variables, "AUTHROCKET_URL="+coreURL+"/v2", "AUTHROCKET_API_KEY="+service.APIKey())
	}
	if o.service.ConfigurationAPI && !hasDomains() {
		logger.Warn("this machine has no address such as 127.0.1.1, so POST /v2/domains answers 422; on macOS, add one with sudo ifconfig lo0 alias 127.0.1.1")
	}
	if o.dataFile != "" {
		if err := data.save(realm); err != nil {
			return err
		}
	}
	if o.envFile != "" {
		if err := writeEnv(o.envFile, variables); err != nil {
			return err
		}
	}
	announce(c.stdout, realm, variables, o.seedFile == "")

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	if o.rotateEvery > 0 {
		group.Go(func() { realm.RotateKeysEvery(ctx, o.rotateEvery, o.keyOverlap) })
	}
	group.Go(func() { service.RunWebhooks(ctx) })
	if o.dataFile != "" {
		changed := changesOf(realm) // before the first request, so that no change is missed
		group.Go(func() { data.keepSaved(ctx, realm, changed, logger) })
	}
	err = serve(ctx, logger, sites)
	cancel()
	opened.close()
	group.Wait()
	if o.dataFile != "" {
		err = errors.Join(err, data.save(realm)) // saves the last changes
	}
	return err
}

// openRealm returns the LoginRocket of the realm in data. If data is empty, it returns
// the LoginRocket of a new realm with the content of the seed.
func openRealm(o options, seed authrocketdev.Seed, data *dataFile) (*authrocketdev.Server, error) {
	o.realm.Saved = data.reader()
	server, err := seed.Open(o.realm)
	if errors.Is(err, authrockettest.ErrSaved) {
		text := strings.ReplaceAll(err.Error(), "authrockettest: ", "")
		return nil, fmt.Errorf("-data %s: %s; delete the file, which was not changed, or name another one", o.dataFile, text)
	}
	if err != nil || o.realm.Saved == nil || o.realm.Algorithm == "" {
		return server, err
	}
	_, err = server.Realm().ChangeSettings(func(s *authrockettest.Settings) { s.Algorithm = o.realm.Algorithm })
	return server, err
}

// hasDomains reports whether this machine has the loopback addresses at which the
// Configuration API opens LoginRockets.
func hasDomains() bool {
	listener, err := net.Listen("tcp", "127.0.1.1:0")
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

func readSeed(name string) (authrocketdev.Seed, error) {
	if name == "" {
		return authrocketdev.DemoSeed(), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return authrocketdev.Seed{}, fmt.Errorf("-seed: %w", err)
	}
	defer file.Close()
	seed, err := authrocketdev.ReadSeed(file)
	if err != nil {
		return authrocketdev.Seed{}, fmt.Errorf("-seed %s:\n%w", name, err)
	}
	return seed, nil
}

// urlOf returns the URL at which a browser on this machine reaches the listener. Its host
// is the host in the flag, since cookies belong to a host name.
func urlOf(addr string, listener net.Listener) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" || net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return "http://" + net.JoinHostPort(host, port)
}

// variablesOf returns the environment variables that an app needs for its logins.
func variablesOf(realm *authrockettest.Realm) []string {
	variables := []string{"LOGINROCKET_URL=" + realm.URL(), "AUTHROCKET_REALM=" + realm.ID()}
	if realm.KeyID() == "" {
		variables = append(variables, "AUTHROCKET_JWT_KEY="+realm.JWTKey())
	}
	return variables
}

// announce prints the address of LoginRocket, the environment variables of an app, and
// the users. It prints passwords of demo users only.
func announce(stdout io.Writer, realm *authrockettest.Realm, variables []string, isDemo bool) {
	fmt.Fprintf(stdout, "The local LoginRocket is at %s. Ctrl-C stops it.\n\n", realm.URL())
	fmt.Fprintf(stdout, "%s\n\n", strings.Join(variables, "\n"))
	users := realm.Users()
	for _, user := range users[:min(len(users), maxAnnounced)] {
		login := user.Email
		if isDemo && user.Password != "" { // a saved realm has hashes only
			login += " / " + user.Password
		}
		fmt.Fprintf(stdout, "  %-28s %s%s\n", login, user.Name, accountsOf(realm, user))
	}
	if more := len(users) - maxAnnounced; more > 0 {
		fmt.Fprintf(stdout, "  and %d more\n", more)
	}
	fmt.Fprintf(stdout, "\nEmails are not sent. Read them at %s/outbox\n", realm.URL())
}

// maxAnnounced is the maximum number of users that are printed.
const maxAnnounced = 20

func accountsOf(realm *authrockettest.Realm, user authrockettest.User) string {
	text := ""
	for _, m := range realm.MembershipsOf(user.ID) {
		org, err := realm.Org(m.OrgID)
		if err != nil {
			continue
		}
		text += ", " + org.Name
		if len(m.Permissions) > 0 {
			text += fmt.Sprint(" ", m.Permissions)
		}
	}
	return text
}
