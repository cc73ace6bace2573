package members

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/authrocket-go/authrocket/coreapi"
)

// maxInvitations is the maximum number of invitations that are read. The page reads the
// invitations of the whole realm, because AuthRocket documents no way to list those of
// one account.
const maxInvitations = 5000

// invitations calls yield with the open invitations of this account, until yield returns
// false. It reports whether it has read all of them.
func (t *team) invitations(ctx context.Context, yield func(coreapi.Invitation) bool) (isAll bool, err error) {
	seen := 0
	for i, err := range t.api.Invitations.All(ctx, coreapi.InvitationQuery{PageSize: maxPageSize}) {
		if err != nil {
			return false, err
		}
		if i.OrgID == t.orgID && !yield(i) {
			return true, nil
		}
		if seen++; seen == maxInvitations {
			return false, nil
		}
	}
	return true, nil
}

// invitation returns an invitation to this account, with the same check as member.
func (t *team) invitation(ctx context.Context, id string) (coreapi.Invitation, error) {
	i, err := t.api.Invitations.Get(ctx, id)
	if err == nil && i.OrgID != t.orgID {
		return coreapi.Invitation{}, coreapi.ErrNotFound
	}
	if err == nil {
		err = t.mayManage(i.Permissions)
	}
	return i, err
}

// invite creates and sends an invitation. If the address already has an invitation, that
// invitation gets the permissions that are ticked now, and is sent again.
func (t *team) invite(ctx context.Context, r *http.Request) error {
	email := strings.TrimSpace(r.PostFormValue("email"))
	if email == "" {
		return errNoEmail
	}
	wanted, err := t.replaced(nil, ticked(r))
	if err != nil {
		return err
	}
	find := func(ctx context.Context) (found coreapi.Invitation, err error) {
		_, err = t.invitations(ctx, func(i coreapi.Invitation) bool {
			if strings.EqualFold(i.Email, email) {
				found = i
			}
			return found.ID == ""
		})
		if err == nil && found.ID == "" {
			err = coreapi.ErrNotFound
		}
		return found, err
	}
	invitation, err := find(ctx)
	switch {
	case err == nil:
		wanted, err = t.replaced(invitation.Permissions, ticked(r))
		if err != nil {
			return err
		}
		invitation, err = t.api.Invitations.Update(ctx, invitation.ID, coreapi.InvitationChange{Permissions: wanted})
	case errors.Is(err, coreapi.ErrNotFound):
		invitation, err = coreapi.Once(ctx, func(ctx context.Context) (coreapi.Invitation, error) {
			i := coreapi.NewOrgInvitation(email, t.orgID, wanted...)
			i.InvitingUserID = t.userID
			return t.api.Invitations.Create(ctx, i)
		}, find)
	}
	if err != nil {
		return err
	}
	return t.send(ctx, invitation)
}

// resend sends the email of an invitation again.
func (t *team) resend(ctx context.Context, r *http.Request) error {
	invitation, err := t.invitation(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	return t.send(ctx, invitation)
}

// send sends the email of an invitation. If AuthRocket's answer is lost, send checks
// whether the email was sent, and repeats the call only if it was not.
func (t *team) send(ctx context.Context, invitation coreapi.Invitation) error {
	_, err := coreapi.Once(ctx,
		func(ctx context.Context) (coreapi.Invitation, error) {
			return t.api.Invitations.Invite(ctx, invitation.ID)
		},
		func(ctx context.Context) (coreapi.Invitation, error) {
			sent, err := t.api.Invitations.Get(ctx, invitation.ID)
			if err == nil && !sent.InvitedAt.After(invitation.InvitedAt) {
				err = coreapi.ErrNotFound
			}
			return sent, err
		})
	return err
}

// withdraw deletes an invitation.
func (t *team) withdraw(ctx context.Context, r *http.Request) error {
	invitation, err := t.invitation(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	return t.api.Invitations.Delete(ctx, invitation.ID)
}
