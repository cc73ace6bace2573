// Command authrocket is the tool beside an app with AuthRocket logins. Its first
// argument is a command:
//
//	go run github.com/authrocket-go/authrocket/cmd/authrocket@latest dev
//
// authrocket dev is a local AuthRocket, LoginRocket and Core API, for developing
// without an account. It prints the environment variables that an app needs.
// Everything is in memory, unless a flag names a file that keeps it; a seed file
// fills it. What is faithful to the service, and what the flags do, is in
// docs/local-authrocket.md of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// commands are what the first argument may be. A command gets the arguments
// after it, and returns flag.ErrHelp when it was only asked what its flags are.
var commands = []struct {
	name, summary string
	run           func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}{
	{"dev", "serve a local AuthRocket, for developing without an account", dev},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for anything
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command that args begin with, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		printUsage(stderr)
		return 2
	}
	for _, command := range commands {
		if command.name != args[0] {
			continue
		}
		if err := command.run(ctx, args[1:], stdout, stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "authrocket %s: %v\n", command.name, err)
			return 1
		}
		return 0
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		printUsage(stdout)
		return 0
	}
	fmt.Fprintf(stderr, "authrocket: there is no command %q\n\n", args[0])
	printUsage(stderr)
	return 2
}

func printUsage(w io.Writer) {
	fmt.Fprint(w, "Usage: authrocket command [flags]\n\n")
	for _, command := range commands {
		fmt.Fprintf(w, "  %-5s %s\n", command.name, command.summary)
	}
	fmt.Fprint(w, "\nauthrocket command -h lists the flags of a command.\n")
}
