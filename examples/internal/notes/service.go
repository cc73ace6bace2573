// Package notes is the app of examples/grpc and examples/connect. It stores notes for each org.
// The interceptors decide who can call its methods.
package notes

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	notesv1 "github.com/authrocket-go/authrocket/examples/internal/notes/v1"
	"github.com/authrocket-go/authrocket/sessionstate"
)

// Service implements what gRPC and Connect have in common. The zero value has no notes.
type Service struct {
	API   *coreapi.Client
	State *sessionstate.State

	mu    sync.Mutex
	notes map[string]*list // by org ID
}

type list struct {
	notes []*notesv1.Note
	grows chan struct{} // closed when a note is added
}

const (
	maxTextRunes = 500
	maxNotes     = 1000 // the maximum number of notes of an org
)

// ErrInvalid means that a note cannot be added.
var ErrInvalid = errors.New("a note has 1 to 500 characters, and an org 1000 notes")

// List returns the notes of an org.
func (s *Service) List(ctx context.Context, _ *notesv1.ListRequest) (*notesv1.ListResponse, error) {
	notes, _ := s.after(ctx, 0)
	return &notesv1.ListResponse{Notes: notes}, nil
}

// Add adds a note. The only error is ErrInvalid.
func (s *Service) Add(ctx context.Context, r *notesv1.AddRequest) (*notesv1.AddResponse, error) {
	if n := utf8.RuneCountInString(r.GetText()); n == 0 || n > maxTextRunes {
		return nil, ErrInvalid
	}
	user, _ := authrocket.CurrentUser(ctx)
	note := &notesv1.Note{Text: r.GetText(), Author: user.Name, AddedAt: timestamppb.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.listOf(ctx)
	if len(l.notes) == maxNotes {
		return nil, ErrInvalid
	}
	l.notes = append(l.notes, note)
	close(l.grows)
	l.grows = make(chan struct{})
	return &notesv1.AddResponse{Note: note}, nil
}

// Watch sends the existing notes of an org, and then the notes that are added, until ctx ends.
func (s *Service) Watch(ctx context.Context, send func(*notesv1.WatchResponse) error) error {
	for sent := 0; ; {
		notes, grows := s.after(ctx, sent)
		for _, note := range notes {
			if err := send(&notesv1.WatchResponse{Note: note}); err != nil {
				return err
			}
		}
		sent += len(notes)
		select {
		case <-grows:
		case <-ctx.Done():
			return ctx.Err() // the interceptor replaces it with the reason why the session has ended
		}
	}
}

// errNotEnded is the only error that callers get. The errors of the API belong in the log.
var errNotEnded = errors.New("your sessions could not be ended; try again")

// SignOutEverywhere ends all sessions of the caller.
func (s *Service) SignOutEverywhere(ctx context.Context, _ *notesv1.SignOutEverywhereRequest) (*notesv1.SignOutEverywhereResponse, error) {
	user, _ := authrocket.CurrentUser(ctx)
	deleted, err := s.API.Sessions.DeleteAllOf(ctx, user.ID)
	if err == nil {
		// Without this call, the state would notice the end only at its next check, which can be
		// a whole CheckInterval later.
		err = s.State.EndUser(ctx, user.ID, deleted.At)
	}
	if err != nil {
		slog.ErrorContext(ctx, "sessions are not ended", "error", err)
		return nil, errNotEnded
	}
	return &notesv1.SignOutEverywhereResponse{}, nil
}

// after returns the notes of the org in ctx, without the first notes, whose number is first. It
// also returns a channel that is closed when a note is added.
func (s *Service) after(ctx context.Context, first int) ([]*notesv1.Note, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.listOf(ctx)
	return l.notes[first:], l.grows
}

// listOf returns the list of the org that the interceptor has checked, even if the request
// names another org. The number of orgs in the realm limits the size of the map.
func (s *Service) listOf(ctx context.Context) *list {
	org, _ := authrocket.CurrentOrg(ctx)
	if s.notes == nil {
		s.notes = map[string]*list{}
	}
	if s.notes[org.ID] == nil {
		s.notes[org.ID] = &list{grows: make(chan struct{})}
	}
	return s.notes[org.ID]
}
