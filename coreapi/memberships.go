package coreapi

import (
	"cmp"
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Membership makes a user a member of an org, with permissions.
type Membership struct {
	record
	ID          string    `json:"id"`
	UserID      string    `json:"user_id"`
	OrgID       string    `json:"org_id"`
	Permissions []string  `json:"permissions"`   // your own permissions, and those of AuthRocket: ar:owner and ar:admin
	User        User      `json:"user,omitzero"` // set in the list of an org's memberships
	Org         Org       `json:"org,omitzero"`  // set in the list of a user's memberships
	ExpiresAt   time.Time `json:"expires_at"`    // zero if it never expires
}

func (m Membership) identity() string { return m.ID }

// UnmarshalJSON decodes a membership that AuthRocket sent.
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

// NewMembership describes a membership to create. UserID and OrgID are required.
type NewMembership struct {
	UserID      string         `json:"user_id"`
	OrgID       string         `json:"org_id"`
	Permissions []string       `json:"permissions"`
	ExpiresAt   time.Time      `json:"expires_at"`
	Extra       map[string]any `json:"-"` // further attributes, sent unchanged
}

// MembershipChange says what to change. A nil field stays unchanged. Permissions replaces
// all permissions; an empty list that is not nil removes them all. A pointer to the zero
// time means that the membership never expires.
//
// A login token keeps its permissions until it expires; see [Sessions.DeleteAllOf].
type MembershipChange struct {
	Permissions []string       `json:"permissions"`
	ExpiresAt   *time.Time     `json:"expires_at"`
	Extra       map[string]any `json:"-"` // further attributes, sent unchanged
}

// MembershipQuery selects the memberships of a user, of an org, or of a user in an org.
type MembershipQuery struct {
	UserID    string
	OrgID     string
	After     string // Page.After of the previous page
	PageSize  int    // 1 to 1,000. Default: AuthRocket's default, 100
	Direction Direction
	Extra     url.Values // further parameters, sent unchanged
}

func (q MembershipQuery) list() listQuery {
	return listQuery{
		filters: map[string]string{"user_id": q.UserID, "org_id": q.OrgID},
		after:   q.After, pageSize: q.PageSize, direction: q.Direction, extra: q.Extra,
	}
}

// Memberships manages which users belong to which orgs.
type Memberships struct{ scope handle }

// Get returns a membership.
func (m Memberships) Get(ctx context.Context, id string) (Membership, error) {
	return get[Membership](ctx, m.scope.open(), to("/memberships/{id}", id), nil)
}

// List returns one page of the memberships of a user, of an org, or of a user in an org.
// If neither ID is set, it returns [ErrInvalid]. This prevents a page about one account
// from showing all accounts if the ID is missing.
func (m Memberships) List(ctx context.Context, q MembershipQuery) (Page[Membership], error) {
	return listOf[Membership](ctx, m.scope.open(), listBy("/memberships", cmp.Or(q.OrgID, q.UserID)), q.list())
}

// OfUser yields all memberships of a user, each with its Org. It reads one page at a time
// and stops when the loop ends. If a read fails, it yields the error and stops.
func (m Memberships) OfUser(ctx context.Context, userID string, q MembershipQuery) iter.Seq2[Membership, error] {
	q.UserID = userID
	return allOf[Membership](ctx, m.scope.open(), listBy("/memberships", userID), q.list())
}

// OfOrg yields all memberships of an org, each with its User. It reads one page at a time
// and stops when the loop ends. If a read fails, it yields the error and stops.
func (m Memberships) OfOrg(ctx context.Context, orgID string, q MembershipQuery) iter.Seq2[Membership, error] {
	q.OrgID = orgID
	return allOf[Membership](ctx, m.scope.open(), listBy("/memberships", orgID), q.list())
}

// Create creates a membership. A user has at most one membership in an org. To create it
// with [Once], let find look for the membership with List.
func (m Memberships) Create(ctx context.Context, membership NewMembership) (Membership, error) {
	return do[Membership](ctx, m.scope.post(to("/memberships"), "membership", membership))
}

// Update changes a membership.
func (m Memberships) Update(ctx context.Context, id string, change MembershipChange) (Membership, error) {
	return do[Membership](ctx, m.scope.put(to("/memberships/{id}", id), "membership", change))
}

// Delete removes the user from the org.
func (m Memberships) Delete(ctx context.Context, id string) error {
	return m.scope.delete(to("/memberships/{id}", id), nil).run(ctx)
}
