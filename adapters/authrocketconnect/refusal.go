package authrocketconnect

import (
	"errors"

	"connectrpc.com/connect"

	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

// refusal is an error with the text that the client may see. For the server, it wraps the
// complete error.
type refusal struct {
	message string
	err     error
}

func (r *refusal) Error() string { return r.message }
func (r *refusal) Unwrap() error { return r.err }

// refuse returns the answer to a call that err refuses.
func refuse(err error) *connect.Error {
	status := authrocketrpc.Status(err)
	refused := connect.NewError(connect.Code(status.GetCode()), &refusal{status.GetMessage(), err})
	for _, packed := range status.GetDetails() {
		if detail, err := connect.NewErrorDetail(packed); err == nil {
			refused.AddDetail(detail)
		}
	}
	return refused
}

// refuseIfRefusal returns the answer to a call whose handler has returned err.
func refuseIfRefusal(err error) error {
	var decided *connect.Error
	if errors.As(err, &decided) || !authrocketrpc.IsRefusal(err) {
		return err
	}
	return refuse(err)
}
