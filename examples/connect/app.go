package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketconnect"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/examples/internal/notes"
	notesv1 "github.com/authrocket-go/authrocket/examples/internal/notes/v1"
	"github.com/authrocket-go/authrocket/examples/internal/notes/v1/notesv1connect"
)

func routes(auth *authrocket.Auth, service *notes.Service) (http.Handler, error) {
	interceptor, err := authrocketconnect.New(auth, authrocketrpc.Methods{
		"notes.v1.NotesService":     {Org: authrocketrpc.OrgIDFromField("org_id")}, // members of that org
		"notes.v1.NotesService/Add": {Rules: []authrocket.Rule{authrocket.Permission("notes:write")}},
		// All other methods are for everybody who is signed in.
	})
	if err != nil {
		return nil, err
	}
	options := connect.WithHandlerOptions(
		connect.WithInterceptors(interceptor),
		connect.WithReadMaxBytes(64<<10), // Connect reads a message before the interceptor decides
	)
	mux := http.NewServeMux()
	mux.Handle(notesv1connect.NewNotesServiceHandler(server{service}, options))
	mux.Handle(notesv1connect.NewSessionServiceHandler(server{service}, options))
	mux.Handle("/", pages())
	return auth.Authenticate(mux), nil // calls from the page carry its session cookie
}

// server implements the services for Connect.
type server struct{ *notes.Service }

func (s server) Add(ctx context.Context, r *notesv1.AddRequest) (*notesv1.AddResponse, error) {
	response, err := s.Service.Add(ctx, r)
	if errors.Is(err, notes.ErrInvalid) {
		return nil, connect.NewError(connect.CodeInvalidArgument, err)
	}
	return response, err
}

func (s server) Watch(ctx context.Context, _ *notesv1.WatchRequest, stream *connect.ServerStream[notesv1.WatchResponse]) error {
	if err := stream.Send(nil); err != nil { // sends the headers even if there is no note yet
		return err
	}
	return s.Service.Watch(ctx, stream.Send)
}

//go:embed page.html
var pageHTML string

//go:embed static
var static embed.FS

var page = template.Must(template.New("page").Parse(pageHTML))

func pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.Handle("GET /static/", http.FileServerFS(static))
	return mux
}

func home(w http.ResponseWriter, r *http.Request) {
	var view struct {
		SignedIn   bool
		User       authrocket.User
		Membership authrocket.Membership
	}
	view.User, view.SignedIn = authrocket.CurrentUser(r.Context())
	view.Membership, _ = authrocket.CurrentMembership(r.Context())
	var body bytes.Buffer
	if err := page.Execute(&body, view); err != nil {
		slog.ErrorContext(r.Context(), "page cannot be shown", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src data:; frame-ancestors 'none'")
	body.WriteTo(w)
}
