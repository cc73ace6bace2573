package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/authrocket-go/authrocket/coreapi"
	notesv1 "github.com/authrocket-go/authrocket/examples/internal/notes/v1"
	"github.com/authrocket-go/authrocket/loginrocket"
)

// call logs in and calls one method.
func call(ctx context.Context, o options, args []string, stdout io.Writer) error {
	login, err := loginrocket.New(loginrocket.Config{URL: "http://" + o.loginRocketAddr})
	if err != nil {
		return err
	}
	result, err := login.Login(ctx, o.email, coreapi.Hide(o.password))
	if err == nil {
		err = result.Err()
	}
	if err != nil {
		return err
	}
	token := bearer{login.TokenSource(result.SessionID(), result.Account)}
	conn, err := grpc.NewClient(o.addr, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(token))
	if err != nil {
		return err
	}
	defer conn.Close()
	return explain(callMethod(ctx, conn, o.org, args, stdout))
}

// bearer sends a login token with each call, and gets a new one when it expires.
type bearer struct{ source *loginrocket.TokenSource }

func (b bearer) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := b.source.Token(ctx)
	return map[string]string{"authorization": "Bearer " + token}, err
}

// RequireTransportSecurity returns false, because this example stays on one machine. Everywhere
// else, use TLS and return true, because anyone who gets the token can act as the user.
func (bearer) RequireTransportSecurity() bool { return false }

func callMethod(ctx context.Context, conn *grpc.ClientConn, org string, args []string, stdout io.Writer) error {
	client := notesv1.NewNotesServiceClient(conn)
	switch command, text := args[0], strings.Join(args[1:], " "); {
	case command == "list" && text == "":
		response, err := client.List(ctx, &notesv1.ListRequest{OrgId: org})
		for _, note := range response.GetNotes() {
			write(stdout, note)
		}
		return err
	case command == "add":
		response, err := client.Add(ctx, &notesv1.AddRequest{OrgId: org, Text: text})
		if err == nil {
			write(stdout, response.GetNote())
		}
		return err
	case command == "watch" && text == "":
		stream, err := client.Watch(ctx, &notesv1.WatchRequest{OrgId: org})
		for err == nil {
			var response *notesv1.WatchResponse
			if response, err = stream.Recv(); err == nil {
				write(stdout, response.GetNote())
			}
		}
		return err
	case command == "sign-out-everywhere" && text == "":
		_, err := notesv1.NewSessionServiceClient(conn).SignOutEverywhere(ctx, &notesv1.SignOutEverywhereRequest{})
		return err
	}
	return fmt.Errorf("unknown command %q; use list, add TEXT, watch or sign-out-everywhere", strings.Join(args, " "))
}

func write(stdout io.Writer, note *notesv1.Note) {
	fmt.Fprintf(stdout, "%s  %q by %s\n", note.GetAddedAt().AsTime().Format("15:04:05"), note.GetText(), note.GetAuthor())
}

// explain adds the reason for a refusal to the message. Programs should check the code and the
// reason, not the message.
func explain(err error) error {
	refused, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	for _, detail := range refused.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return fmt.Errorf("%s, %s: %s", refused.Code(), info.GetReason(), refused.Message())
		}
	}
	return errors.New(refused.Message())
}
