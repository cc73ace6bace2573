package authrocketrpc_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		err     error
		code    code.Code
		reason  string
		message string
	}{
		{name: "a reason", err: fmt.Errorf("%w: at 12:00 of usr_1", authrocket.ErrTokenExpired), code: code.Code_UNAUTHENTICATED, reason: "TOKEN_EXPIRED", message: authrocket.ErrTokenExpired.Error()},
		{name: "a permission", err: authrocket.ErrPermissionDenied, code: code.Code_PERMISSION_DENIED, reason: "PERMISSION_DENIED", message: authrocket.ErrPermissionDenied.Error()},
		{name: "an org", err: authrocket.ErrWrongOrg, code: code.Code_PERMISSION_DENIED, reason: "WRONG_ORG", message: authrocket.ErrWrongOrg.Error()},
		{name: "another site", err: authrocket.ErrCrossSite, code: code.Code_PERMISSION_DENIED, reason: "CROSS_SITE", message: authrocket.ErrCrossSite.Error()},
		{name: "no keys", err: authrocket.ErrKeysUnavailable, code: code.Code_UNAVAILABLE, reason: "KEYS_UNAVAILABLE", message: authrocket.ErrKeysUnavailable.Error()},
		{name: "too many lookups", err: authrocket.ErrTooManyKeyLookups, code: code.Code_UNAVAILABLE, reason: "TOO_MANY_KEY_LOOKUPS", message: authrocket.ErrTooManyKeyLookups.Error()},
		{name: "an error of no kind", err: errors.New("row usr_1 is locked"), code: code.Code_PERMISSION_DENIED, reason: "FORBIDDEN", message: "Forbidden"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := authrocketrpc.Status(row.err)
			if s.Code != int32(row.code) || s.Message != row.message {
				t.Errorf("got %d %q", s.Code, s.Message)
			}
			var info errdetails.ErrorInfo
			if err := s.Details[0].UnmarshalTo(&info); err != nil || info.Reason != row.reason || info.Domain != authrocketrpc.ErrorDomain || len(info.Metadata) > 0 {
				t.Errorf("got %+v, %v", &info, err)
			}
			if row.code != code.Code_UNAVAILABLE {
				if len(s.Details) != 1 {
					t.Errorf("got %d details", len(s.Details))
				}
				return
			}
			var retry errdetails.RetryInfo
			if err := s.Details[1].UnmarshalTo(&retry); err != nil || retry.RetryDelay.AsDuration() != authrocket.RetryAfter(row.err) {
				t.Errorf("got %+v, %v", &retry, err)
			}
		})
	}
}
