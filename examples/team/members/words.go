package members

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/authrocket-go/authrocket/coreapi"
)

// refusal is the error of a form that this page refuses. It has a message for the user.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

var (
	errNoForm     = &refusal{http.StatusBadRequest, "This form cannot be read. Please try again."}
	errNoEmail    = &refusal{http.StatusUnprocessableEntity, "Enter an email address."}
	errOwnersOnly = &refusal{http.StatusForbidden, "Only an owner can do this to an owner."}
	errNotOffered = &refusal{http.StatusForbidden, "You cannot give a permission that you do not have yourself."}
	errLastOwner  = &refusal{http.StatusConflict, "An account needs an owner. Make somebody else an owner first."}
)

// wordsFor returns the HTTP status and the messages with which the page reports an error.
func wordsFor(r *http.Request, err error) (status int, texts []string) {
	refused, isRefusal := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		return http.StatusOK, nil
	case isRefusal:
		return refused.status, []string{refused.text}
	case errors.Is(err, coreapi.ErrInvalid) && len(coreapi.Messages(err)) > 0:
		return http.StatusUnprocessableEntity, coreapi.Messages(err) // AuthRocket's texts about the form
	case errors.Is(err, coreapi.ErrInvalid):
		return http.StatusUnprocessableEntity, []string{"This is not valid. Please check what you entered."}
	case errors.Is(err, coreapi.ErrNotFound):
		return http.StatusNotFound, []string{"This is no longer in your account. Somebody else may have changed it."}
	}
	// The text of err can be logged, because it contains no secret.
	slog.ErrorContext(r.Context(), "members: the API", "reason", coreapi.Reason(err), "error", err)
	switch {
	case errors.Is(err, coreapi.ErrOutcomeUnknown):
		return http.StatusServiceUnavailable, []string{"We could not find out whether this was done. Please look at the list before you try again."}
	case errors.Is(err, coreapi.ErrUnavailable):
		return http.StatusServiceUnavailable, []string{"This cannot be done right now. Please try again in a moment."}
	}
	return http.StatusInternalServerError, []string{"This does not work because of a mistake on our side. Please contact us."}
}

// doneTexts are the messages that the page shows above the list after a form. The URL
// contains only the key of a message, so that a link cannot put other text on the page.
var doneTexts = map[string]string{
	"invited":   "The invitation is sent.",
	"sent":      "The invitation is sent again.",
	"withdrawn": "The invitation is withdrawn.",
	"changed":   "The permissions are changed.",
	"removed":   "The member is removed and signed out.",
	"ended":     "The member is signed out everywhere.",
}
