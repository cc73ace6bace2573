package authrocketrpc

import (
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/authrocket-go/authrocket"
)

// ErrorDomain is the domain in the ErrorInfo of every refusal.
const ErrorDomain = "github.com/authrocket-go/authrocket"

// Status returns the answer to a refused call: UNAUTHENTICATED for errors of kind
// [authrocket.ErrUnauthenticated], UNAVAILABLE with a google.rpc.RetryInfo for
// [authrocket.ErrUnavailable], and PERMISSION_DENIED for all others. A google.rpc.ErrorInfo
// contains the [authrocket.Reason] in upper case, such as TOKEN_EXPIRED, and [ErrorDomain]. The
// message is [authrocket.PublicMessage].
func Status(err error) *status.Status {
	s := &status.Status{Code: int32(code.Code_PERMISSION_DENIED), Message: authrocket.PublicMessage(err)}
	details := []proto.Message{&errdetails.ErrorInfo{Reason: strings.ToUpper(authrocket.Reason(err)), Domain: ErrorDomain}}
	switch authrocket.StatusCode(err) {
	case http.StatusUnauthorized:
		s.Code = int32(code.Code_UNAUTHENTICATED)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		s.Code = int32(code.Code_UNAVAILABLE)
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(authrocket.RetryAfter(err))})
	}
	for _, detail := range details {
		packed, err := anypb.New(detail)
		if err != nil {
			panic(err) // never happens with these two types
		}
		s.Details = append(s.Details, packed)
	}
	return s
}
