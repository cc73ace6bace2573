package members

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// keepingAnOwner performs a write that gives a member the permissions next, or that
// removes the member if next is nil. It refuses the write if the write would leave the
// account without an owner.
func (t *team) keepingAnOwner(ctx context.Context, member coreapi.Membership, next []string, write func() error) error {
	if !isOwner(member.Permissions) || isOwner(next) {
		return write()
	}
	select {
	case t.ownerChange <- struct{}{}:
		defer func() { <-t.ownerChange }()
	case <-ctx.Done():
		return coreapi.ErrUnavailable
	}
	for other, err := range t.api.Memberships.OfOrg(ctx, t.orgID, coreapi.MembershipQuery{PageSize: maxPageSize}) {
		if err != nil {
			return err
		}
		hasEnded := !other.ExpiresAt.IsZero() && !time.Now().Before(other.ExpiresAt)
		if other.ID != member.ID && isOwner(other.Permissions) && !hasEnded {
			return write()
		}
	}
	return errLastOwner
}

const maxPageSize = 1000 // AuthRocket's limit
