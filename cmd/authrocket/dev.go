package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// dev serves a local LoginRocket until ctx ends.
func dev(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	seed, err := readSeed(o.seedFile)
	if err != nil {
		return err
	}
	listener, err := listen(o.addr, o.listensEverywhere)
	if err != nil {
		return err
	}
	defer listener.Close()
	if o.realm.URL == "" {
		o.realm.URL = urlOf(o.addr, listener)
	}
	server, err := seed.Open(o.realm)
	if err != nil {
		return err
	}
	realm := server.Realm()
	if o.rotateEvery > 0 && realm.KeyID() == "" {
		return errors.New("-rotate-keys: an HS256 realm publishes no keys that could be rotated")
	}
	realm.Break(o.jwksFault)
	realm.ChangeTokens(o.tokenChanges...)

	ctx, cancel := context.WithCancel(ctx)
	var rotation sync.WaitGroup
	defer rotation.Wait()
	defer cancel()
	if o.rotateEvery > 0 {
		rotation.Go(func() { realm.RotateKeysEvery(ctx, o.rotateEvery, o.keyOverlap) })
	}
	announce(stdout, realm, o.seedFile == "")
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	return serve(ctx, listener, logRequests(logger, server), logger)
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

// urlOf is where a browser on this machine finds the listener, by the name that
// the flag has: cookies belong to a name.
func urlOf(addr string, listener net.Listener) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" || net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return "http://" + net.JoinHostPort(host, port)
}

// announce prints what a person needs to go on. Passwords are printed of the
// demo users only.
func announce(stdout io.Writer, realm *authrockettest.Realm, isDemo bool) {
	fmt.Fprintf(stdout, "The local LoginRocket is at %s. Ctrl-C stops it.\n\n", realm.URL())
	fmt.Fprintf(stdout, "LOGINROCKET_URL=%s\nAUTHROCKET_REALM=%s\n", realm.URL(), realm.ID())
	if realm.KeyID() == "" {
		fmt.Fprintf(stdout, "AUTHROCKET_JWT_KEY=%s\n", realm.JWTKey())
	}
	fmt.Fprintln(stdout)
	users := realm.Users()
	for _, user := range users[:min(len(users), maxAnnounced)] {
		login := user.Email
		if isDemo {
			login += " / " + user.Password
		}
		fmt.Fprintf(stdout, "  %-28s %s%s\n", login, user.Name, accountsOf(realm, user))
	}
	if more := len(users) - maxAnnounced; more > 0 {
		fmt.Fprintf(stdout, "  and %d more\n", more)
	}
	fmt.Fprintf(stdout, "\nMails are not sent, but shown at %s/outbox\n", realm.URL())
}

// maxAnnounced is how many users are printed.
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
