// Command sync copies the users, orgs and memberships of a realm into a SQL database, for
// reports and joins with your own tables:
//
//	go run ./examples/sync -local                # with a local AuthRocket and a new file, to try it
//	go run ./examples/sync -db users.db          # all records; once a night
//	go run ./examples/sync -db users.db -events  # only the records that events refer to; every few minutes
//
// AUTHROCKET_URL and AUTHROCKET_API_KEY select the realm: see coreapi.ConfigFromEnv. You
// can stop the program at any time, because the next run still produces the same result.
//
// The exit status is 0 if everything is copied, 1 if there is a problem to fix, 2 for
// wrong flags, and 75 if the API does not answer now or the program got a signal. After
// exit status 75, run the program again later.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/examples/sync/usersync"
)

const (
	exitMend  = 1
	exitUsage = 2
	exitLater = 75 // EX_TEMPFAIL of sysexits.h
)

func main() {
	os.Exit(run())
}

func run() (status int) {
	flags := flag.NewFlagSet("sync", flag.ContinueOnError)
	file := flags.String("db", "", "`file` of the database, made if it is missing (default users.db, with -local a new one)")
	byEvents := flags.Bool("events", false, "copy only what events since the last run are about")
	isLocal := flags.Bool("local", false, "try it with a local AuthRocket, without an account: a complete run, some changes, and a run by events")
	if err := flags.Parse(os.Args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return exitUsage // flags has printed the reason
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "sync: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	}
	if *file == "" && *isLocal {
		folder, err := os.MkdirTemp("", "authrocket-sync-")
		if err != nil {
			fmt.Fprintln(os.Stderr, "sync:", err)
			return exitMend
		}
		*file = filepath.Join(folder, "users.db")
		fmt.Printf("the copy is in %s; look at it by sqlite3, for example\n", *file)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := sync(ctx, cmp.Or(*file, "users.db"), *byEvents, *isLocal); err != nil {
		fmt.Fprintln(os.Stderr, "sync:", err)
		if ctx.Err() != nil || errors.Is(err, coreapi.ErrUnavailable) {
			return exitLater
		}
		return exitMend
	}
	return 0
}

func sync(ctx context.Context, file string, byEvents, isLocal bool) error {
	config := coreapi.ConfigFromEnv()
	changeSomething := func() error { return nil }
	if isLocal {
		var err error
		if config, changeSomething, err = startLocal(); err != nil {
			return err
		}
	}
	api, err := coreapi.New(config)
	if err != nil {
		return err
	}
	db, err := usersync.Open(ctx, file)
	if err != nil {
		return err
	}
	defer db.Close()
	job := &usersync.Job{API: api, DB: db, Progress: usersync.NewProgress(os.Stderr, usersync.IsTerminal(os.Stderr))}
	runs := []func(context.Context) (usersync.Result, error){job.Full}
	switch {
	case isLocal:
		runs = append(runs, job.Events)
	case byEvents:
		runs[0] = job.Events
	}
	for i, run := range runs {
		if i > 0 {
			if err := changeSomething(); err != nil {
				return err
			}
		}
		result, err := run(ctx)
		if err != nil {
			return err
		}
		fmt.Println(result)
	}
	return nil
}
