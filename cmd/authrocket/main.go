// Command authrocket helps to develop and operate an app with AuthRocket logins. Its
// first argument is a command:
//
//	go run github.com/authrocket-go/authrocket/cmd/authrocket@latest dev
//
// authrocket dev runs a local AuthRocket with LoginRocket and the Core API, for
// development without an account. It prints the environment variables that an app needs.
// It keeps its data in memory, unless a flag names a file for the data. A seed file
// provides the first users and accounts. docs/local-authrocket.md in the repository
// describes the flags, and says where the behaviour follows that of the real service.
//
// authrocket doctor reads the environment of an app, checks its setup and says what to
// do. authrocket explain shows what is in a login token and whether it is accepted.
// authrocket login gets a login token for tests. docs/doctor.md in the repository
// describes them.
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

// console holds the streams that a command reads and writes.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands are the possible first arguments. A command gets the other arguments. The
// function run of a command returns flag.ErrHelp if it has only printed the flags.
var commands = []struct {
	name, summary string
	run           func(ctx context.Context, args []string, c console) error
}{
	{"dev", "run a local AuthRocket, for development without an account", dev},
	{"doctor", "check the setup of an app, and say what to do", doctor},
	{"explain", "show what is in a login token, and whether it is accepted", explain},
	{"login", "log in through the LoginRocket API, and get a login token for tests", login},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], console{os.Stdin, os.Stdout, os.Stderr}))
}

// The exit statuses of doctor, explain and login.
const (
	exitRefused   = 1 // something is wrong
	exitUsage     = 2 // a flag or an environment variable is wrong
	exitUndecided = 3 // the result is not known now
)

// exitError ends the program with this status. If err is nil, the command has already
// written the reason.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// run runs the command args[0], and returns the exit status.
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
	fmt.Fprintf(c.stderr, "authrocket: unknown command %q\n\n", args[0])
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
	case err != nil && strings.HasPrefix(err.Error(), "invalid boolean value "): // the value may be a token, so the error does not repeat it
		return &exitError{exitUsage, errors.New("a flag that takes no value was given one; -h lists the flags")}
	case err != nil:
		return &exitError{exitUsage, fmt.Errorf("%w; -h lists the flags", err)}
	}
	if flags.NArg() > 0 { // the argument may be a token or a key, so it is not repeated
		return &exitError{exitUsage, errors.New("there is an argument that is not a flag; -h lists the flags")}
	}
	return nil
}
