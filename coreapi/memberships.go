package coreapi

import (
	"cmp"
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Membership is a user's place in an org, with permissions.
type Membership struct {
	record
	ID          string    `json:"id"`
	UserID      string    `json:"user_id"`
	OrgID       string    `json:"org_id"`
	Permissions []string  `json:"permissions"`   // your own, and AuthRocket's: ar:owner and ar:admin
	User        User      `json:"user,omitzero"` // in lists by org
	Org         Org       `json:"org,omitzero"`  // in lists by user
	ExpiresAt   time.Time `json:"expires_at"`    // zero for never
}

func (m Membership) identity() string { return m.ID }

// UnmarshalJSON reads a membership as AuthRocket sends it.
func (m *Membership) UnmarshalJSON(data []byte) (err error) {
	type plain Membership
	*m = Membership{}
	fields := struct {
		*plain
		ExpiresAt wire.Time `json:"expires_at"`
	}{plain: (*plain)(m)}
	m.record, err = decodeRecord(data, &fields)
	m.ExpiresAt = time.Time(fields.ExpiresAt)
	return err
}

// NewMembership is a membership to create. UserID and OrgID are required.
type NewMembership struct {
	UserID      string         `json:"user_id"`
	OrgID       string         `json:"org_id"`
	Permissions []string       `json:"permissions"`
	ExpiresAt   time.Time      `json:"expires_at"`
	Extra       map[string]any `json:"-"` // further attributes, as they are
}

// MembershipChange says what to change. Nil leaves alone. Permissions replaces all of them,
// and empties them if it is not nil and empty. A pointer to the zero time lets the
// membership last for ever.
//
// A login token holds permissions until it expires: see [Sessions.DeleteAllOf].
type MembershipChange struct {
	Permissions []string       `json:"permissions"`
	ExpiresAt   *time.Time     `json:"expires_at"`
	Extra       map[string]any `json:"-"` // further attributes, as they are
}

// MembershipQuery selects memberships.
type MembershipQuery struct {
	UserID    string
	OrgID     string
	After     string // of the page before
	PageSize  int    // 1 to 1,000. Default: AuthRocket's, which is 100
	Direction Direction
	Extra     url.Values // further parameters, as they are
}

func (q MembershipQuery) list() listQuery {
	return listQuery{
		filters: map[string]string{"user_id": q.UserID, "org_id": q.OrgID},
		after:   q.After, pageSize: q.PageSize, direction: q.Direction, extra: q.Extra,
	}
}

// Memberships join users and orgs.
type Memberships struct{ scope handle }

// Get returns a membership.
func (m Memberships) Get(ctx context.Context, id string) (Membership, error) {
	return get[Membership](ctx, m.scope.open(), to("/memberships/{id}", id), nil)
}

// List returns one page of memberships, of a user, of an org, or of both. Without either it is
// [ErrInvalid]: the page of an account whose ID is missing must not show all accounts.
func (m Memberships) List(ctx context.Context, q MembershipQuery) (Page[Membership], error) {
	return listOf[Membership](ctx, m.scope.open(), listBy("/memberships", cmp.Or(q.OrgID, q.UserID)), q.list())
}

// OfUser reads all memberships of a user, with their Org, as far as the loop goes. It yields
// an error once, and ends.
func (m Memberships) OfUser(ctx context.Context, userID string, q MembershipQuery) iter.Seq2[Membership, error] {
	q.UserID = userID
	return allOf[Membership](ctx, m.scope.open(), listBy("/memberships", userID), q.list())
}

// OfOrg reads all memberships of an org, with their User, as far as the loop goes. It yields
// an error once, and ends.
func (m Memberships) OfOrg(ctx context.Context, orgID string, q MembershipQuery) iter.Seq2[Membership, error] {
	q.OrgID = orgID
	return allOf[Membership](ctx, m.scope.open(), listBy("/memberships", orgID), q.list())
}

// Create makes a membership. There is one for each user and org, by which List finds it in
// [Once].
func (m Memberships) Create(ctx context.Context, membership NewMembership) (Membership, error) {
	return do[Membership](ctx, m.scope.post(to("/memberships"), "membership", membership))
}

// Update changes a membership.
func (m Memberships) Update(ctx context.Context, id string, change MembershipChange) (Membership, error) {
	return do[Membership](ctx, m.scope.put(to("/memberships/{id}", id), "membership", change))
}

// Delete takes the user out of the org.
func (m Memberships) Delete(ctx context.Context, id string) error {
	return m.scope.delete(to("/memberships/{id}", id), nil).run(ctx)
}
