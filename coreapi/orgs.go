package coreapi

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// OrgState is the state of an org. Values that this package does not know stay as they are.
type OrgState string

// States of an org.
const (
	OrgActive   OrgState = "active"
	OrgInactive OrgState = "inactive"
	OrgClosed   OrgState = "closed" // for ever
)

// Org is an account, as AuthRocket's pages call it: a customer, a team.
type Org struct {
	record
	ID        string         `json:"id"`
	RealmID   string         `json:"realm_id"`
	Name      string         `json:"name"`
	State     OrgState       `json:"state"`
	Reference string         `json:"reference"` // your own ID of the org
	Custom    map[string]any `json:"custom"`    // nil when the answer has none
	CreatedAt time.Time      `json:"created_at"`
}

func (o Org) identity() string { return o.ID }

// UnmarshalJSON reads an org as AuthRocket sends it.
func (o *Org) UnmarshalJSON(data []byte) (err error) {
	type plain Org
	*o = Org{}
	fields := struct {
		*plain
		CreatedAt wire.Time `json:"created_at"`
	}{plain: (*plain)(o)}
	o.record, err = decodeRecord(data, &fields)
	o.CreatedAt = time.Time(fields.CreatedAt)
	return err
}

// NewOrg is an org to create. Zero fields are not sent.
type NewOrg struct {
	Name      string         `json:"name"`
	State     OrgState       `json:"state"`
	Reference string         `json:"reference"` // your own ID of the org
	Custom    map[string]any `json:"custom"`
	Extra     map[string]any `json:"-"` // further attributes, as they are
}

// OrgChange says what to change: nil leaves alone, a pointer to the zero value clears, which
// Name and State do not permit.
type OrgChange struct {
	Name      *string        `json:"name" wire:"required"`
	State     *OrgState      `json:"state" wire:"required"`
	Reference *string        `json:"reference"`
	Custom    map[string]any `json:"custom"` // nil leaves alone
	Extra     map[string]any `json:"-"`      // further attributes, as they are
}

// OrgQuery selects orgs. The zero value selects all of them.
type OrgQuery struct {
	Reference    string
	State        OrgState
	After        string // of the page before
	PageSize     int    // 1 to 1,000. Default: AuthRocket's, which is 100
	Sort         string // id or name. Default: name
	Direction    Direction
	ExpandCustom bool       // lists leave Custom out without it
	Extra        url.Values // further parameters, as they are
}

func (q OrgQuery) list() listQuery {
	return listQuery{
		filters: map[string]string{"reference": q.Reference, "state": string(q.State)},
		after:   q.After, pageSize: q.PageSize, sort: q.Sort, direction: q.Direction, expand: expandCustom(q.ExpandCustom), extra: q.Extra,
	}
}

// Orgs are the orgs of the realm.
type Orgs struct{ scope handle }

// Get returns an org.
func (o Orgs) Get(ctx context.Context, id string) (Org, error) {
	return get[Org](ctx, o.scope.open(), to("/orgs/{id}", id), nil)
}

// List returns one page of orgs.
func (o Orgs) List(ctx context.Context, q OrgQuery) (Page[Org], error) {
	return listOf[Org](ctx, o.scope.open(), to("/orgs"), q.list())
}

// All reads all orgs, page by page, as far as the loop goes. It yields an error once, and
// ends.
func (o Orgs) All(ctx context.Context, q OrgQuery) iter.Seq2[Org, error] {
	return allOf[Org](ctx, o.scope.open(), to("/orgs"), q.list())
}

// ByReference returns the org of that Reference that is not closed, or [ErrNotFound]. Lists
// may show a new org late; see [Until].
func (o Orgs) ByReference(ctx context.Context, reference string) (Org, error) {
	r := to("/orgs")
	if reference == "" {
		r.err = errors.New("the reference is blank, which would address all orgs")
	}
	for org, err := range allOf[Org](ctx, o.scope.open(), r, OrgQuery{Reference: reference}.list()) {
		if err != nil {
			return Org{}, err
		}
		if org.Reference == reference && org.State != OrgClosed {
			return org, nil
		}
	}
	return Org{}, &Error{Method: "GET", Path: r.template, reason: ErrNotFound}
}

// Create makes an org, also when there is one of that name and Reference. Put it into [Once]
// with ByReference, so that a lost answer makes no second one.
func (o Orgs) Create(ctx context.Context, org NewOrg) (Org, error) {
	return do[Org](ctx, o.scope.post(to("/orgs"), "org", org))
}

// Update changes an org.
func (o Orgs) Update(ctx context.Context, id string, change OrgChange) (Org, error) {
	return do[Org](ctx, o.scope.put(to("/orgs/{id}", id), "org", change))
}

// Close closes an org for ever; it stays on record.
func (o Orgs) Close(ctx context.Context, id string) (Org, error) {
	return do[Org](ctx, o.scope.delete(to("/orgs/{id}", id), nil))
}

// Delete deletes an org, and its history.
func (o Orgs) Delete(ctx context.Context, id string) error {
	return o.scope.delete(to("/orgs/{id}", id), url.Values{"force": {"true"}}).run(ctx)
}
