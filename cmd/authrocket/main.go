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
//
// authrocket doctor reads the environment of an app and says what is right and what
// is wrong with its set-up, and what to do. authrocket explain says what is in a login
// token and whether it is accepted. authrocket login gets one, for trying. They are
// in docs/doctor.md of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// console is what a command reads and writes.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands are what the first argument may be. A command gets the arguments
// after it, and returns flag.ErrHelp when it was only asked what its flags are.
var commands = []struct {
	name, summary string
	run           func(ctx context.Context, args []string, c console) error
}{
	{"dev", "serve a local AuthRocket, for developing without an account", dev},
	{"doctor", "check the set-up of an app, and say what to do", doctor},
	{"explain", "say what is in a login token, and whether it is accepted", explain},
	{"login", "log in by the LoginRocket API, for trying, and get a login token", login},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for anything
	os.Exit(run(ctx, os.Args[1:], console{os.Stdin, os.Stdout, os.Stderr}))
}

// The exit statuses of doctor, explain and login.
const (
	exitRefused   = 1 // something is wrong
	exitUsage     = 2 // a flag or the environment is
	exitUndecided = 3 // it cannot be known now
)

// exitError ends the program with a status other than 1. Without err the command has
// written why.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// run runs the command that args begin with, and returns the exit status.
func run(ctx context.Context, args []string, c console) int {
	if len(args) == 0 {
		printUsage(c.stderr)
		return exitUsage
	}
	for _, command := range commands {
		if command.name != args[0] {
			continue
		}
		err := command.run(ctx, args[1:], c)
		if err == nil || errors.Is(err, flag.ErrHelp) {
			return 0
		}
		status := 1
		if exit, ok := errors.AsType[*exitError](err); ok {
			status, err = exit.status, exit.err
		}
		if err != nil {
			fmt.Fprintf(c.stderr, "authrocket %s: %v\n", command.name, err)
		}
		return status
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		printUsage(c.stdout)
		return 0
	}
	fmt.Fprintf(c.stderr, "authrocket: there is no command %q\n\n", args[0])
	printUsage(c.stderr)
	return exitUsage
}

func printUsage(w io.Writer) {
	fmt.Fprint(w, "Usage: authrocket command [flags]\n\n")
	for _, command := range commands {
		fmt.Fprintf(w, "  %-8s %s\n", command.name, command.summary)
	}
	fmt.Fprint(w, "\nauthrocket command -h lists the flags of a command.\n")
}

// parseFlags reads the arguments of a command that takes flags only. usage is what -h
// prints before the flags.
func parseFlags(flags *flag.FlagSet, args []string, stdout io.Writer, usage string) error {
	flags.SetOutput(io.Discard)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return err
	case err != nil && strings.HasPrefix(err.Error(), "invalid boolean value "): // it may be a token, as below
		return &exitError{exitUsage, errors.New("a flag that takes no value has one; -h lists the flags")}
	case err != nil:
		return &exitError{exitUsage, fmt.Errorf("%w; -h lists the flags", err)}
	}
	if flags.NArg() > 0 { // it may be a token or a key, so that it is not repeated
		return &exitError{exitUsage, errors.New("there is an argument that is no flag; -h lists the flags")}
	}
	return nil
}
