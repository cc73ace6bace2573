package authrocketdev

import (
	"errors"
	"net/http"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// refusal is the reason why a request was refused, in words for the person who sent
// it.
type refusal struct {
	status int
	texts  []string
}

func (r *refusal) Error() string { return strings.Join(r.texts, " ") }

func refuse(status int, texts ...string) error { return &refusal{status, texts} }

// invalid refuses input with 422. AuthRocket also answers 422 to a wrong password.
func invalid(texts ...string) error { return refuse(http.StatusUnprocessableEntity, texts...) }

var (
	errNoSession = refuse(http.StatusForbidden, "The session is missing or has ended.")
	errNotFound  = refuse(http.StatusNotFound, "There is nothing here.")
)

// asRefusal converts err into a refusal that a client may see.
func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	switch {
	case errors.Is(err, authrockettest.ErrEmailTaken):
		return &refusal{http.StatusUnprocessableEntity, []string{"Email is already in use."}}
	case errors.Is(err, authrockettest.ErrUsernameTaken):
		return &refusal{http.StatusUnprocessableEntity, []string{"Username is already in use."}}
	case errors.Is(err, authrockettest.ErrMember):
		return &refusal{http.StatusUnprocessableEntity, []string{"This user is already a member."}}
	case errors.Is(err, authrockettest.ErrClosed):
		return &refusal{http.StatusConflict, []string{"The org is closed permanently."}}
	case errors.Is(err, authrockettest.ErrInactive):
		return &refusal{http.StatusUnprocessableEntity, []string{"The user is inactive."}}
	case errors.Is(err, authrockettest.ErrCredential):
		return &refusal{http.StatusUnprocessableEntity, []string{"The user cannot have this credential."}}
	case errors.Is(err, authrockettest.ErrAfter):
		return &refusal{http.StatusUnprocessableEntity, []string{"After is not the ID of a record in the list."}}
	case errors.Is(err, authrockettest.ErrFull):
		return &refusal{http.StatusUnprocessableEntity, []string{"This local realm is full."}}
	case errors.Is(err, authrockettest.ErrNotFound):
		return &refusal{http.StatusNotFound, []string{"There is no such record."}}
	}
	return &refusal{http.StatusUnprocessableEntity, []string{"This is not possible."}}
}
