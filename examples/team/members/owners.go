package members

import (
	"context"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// keepingAnOwner does a write after which a member has the permissions next, or nil if
// the member is removed. It refuses the write if the account would then have no owner.
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
