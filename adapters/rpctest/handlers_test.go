package rpctest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/rpctest"
)

// What a handler returns reaches the client: a refusal as that of an interceptor.
func TestErrorsOfHandlers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, row := range []struct {
		name string
		err  func(*authrocket.Auth, call) error

		want    error // a refusal, or
		code    connect.Code
		message string // of the end of it, since a framework may put something in front
	}{
		{name: "a refusal of CheckContext", want: authrocket.ErrWrongOrg, err: func(auth *authrocket.Auth, c call) error {
			_, err := auth.CheckContext(c.ctx, "org_x")
			return err
		}},
		{name: "a refusal that is wrapped", want: authrocket.ErrPermissionDenied, err: func(auth *authrocket.Auth, c call) error {
			_, err := auth.CheckContext(c.ctx, "org_2", authrocket.Permission("write"))
			return fmt.Errorf("org_2: %w", err)
		}},
		{name: "no session any more", want: authrocket.ErrSessionEnded, err: func(*authrocket.Auth, call) error { return authrocket.ErrSessionEnded }},
		{name: "undecided", want: authrocket.ErrSessionUnknown, err: func(*authrocket.Auth, call) error { return authrocket.ErrSessionUnknown }},
		{name: "an error of its own", code: connect.CodeUnknown, message: "own", err: func(*authrocket.Auth, call) error { return errors.New("own") }},
		{name: "a status", code: connect.CodeDataLoss, message: "own", err: func(_ *authrocket.Auth, c call) error { return c.status(connect.CodeDataLoss, "own") }},
		{name: "a status for a refusal", code: connect.CodeNotFound, message: "own", err: func(_ *authrocket.Auth, c call) error {
			return errors.Join(authrocket.ErrWrongOrg, c.status(connect.CodeNotFound, "own"))
		}},
	} {
		for _, s := range servers {
			t.Run(row.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				sv := f.serve(t, s, nil, false, nil, func(auth *authrocket.Auth, c call) error {
					if err := receiveAll(c); err != nil {
						return err
					}
					return row.err(auth, c)
				})
				for _, k := range allKinds {
					_, err := sv.open(t, k, headersOf(f.bearer(f.ada)), &rpctest.Request{}, false).rest()
					if row.want != nil {
						expectRefusal(t, err, row.want, f.ada.ID, "org_", "eyJ")
						continue
					}
					got, ok := errors.AsType[*connect.Error](err)
					if !ok || got.Code() != row.code || !strings.HasSuffix(got.Message(), row.message) || len(got.Details()) > 0 {
						t.Errorf("%s: got %v, want %s: %s", k, err, row.code, row.message)
					}
				}
			})
		}
	}
}
