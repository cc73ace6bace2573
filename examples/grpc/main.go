// Command grpc is a gRPC server with AuthRocket logins. The program also runs a local
// AuthRocket, so that you can try it without an account:
//
//	go run ./examples/grpc
//
// In other terminals, the same program is a client that logs in with the LoginRocket API:
//
//	go run ./examples/grpc watch
//	go run ./examples/grpc add "Cards for the engine"
//	go run ./examples/grpc -email george@example.com -password trains add "Refused"
//	go run ./examples/grpc sign-out-everywhere
//
// The last command ends the stream of the first one.
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "grpc:", err)
		os.Exit(1)
	}
}

// options holds the flags of the server and of the client.
type options struct {
	addr, loginRocketAddr string
	email, password       string
	org                   string
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	var o options
	flags := flag.NewFlagSet("grpc", flag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`host:port` of the gRPC server")
	flags.StringVar(&o.loginRocketAddr, "loginrocket-addr", "localhost:8081", "`host:port` of the local LoginRocket")
	flags.StringVar(&o.email, "email", "ada@example.com", "`address` of the client's user")
	flags.StringVar(&o.password, "password", "engine", "`password` of the client's user")
	flags.StringVar(&o.org, "org", "org_engines", "`ID` of the org whose notes the client asks for")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return serve(ctx, o, stdout)
	}
	return call(ctx, o, flags.Args(), stdout)
}
