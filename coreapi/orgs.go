package coreapi

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"time"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// OrgState is the state of an org. This package keeps unknown states unchanged.
type OrgState string

// States of an org.
const (
	OrgActive   OrgState = "active"
	OrgInactive OrgState = "inactive"
	OrgClosed   OrgState = "closed" // permanently
)

// Org is a customer or a team. AuthRocket's pages call it an account.
type Org struct {
	record
	ID        string         `json:"id"`
	RealmID   string         `json:"realm_id"`
	Name      string         `json:"name"`
	State     OrgState       `json:"state"`
	Reference string         `json:"reference"` // your own ID for the org
	Custom    map[string]any `json:"custom"`    // nil if the answer does not contain it
	CreatedAt time.Time      `json:"created_at"`
}

func (o Org) identity() string { return o.ID }

// UnmarshalJSON decodes an org that AuthRocket sent.
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

// NewOrg describes an org to create. Zero fields are not sent.
type NewOrg struct {
	Name      string         `json:"name"`
	State     OrgState       `json:"state"`
	Reference string         `json:"reference"` // your own ID for the org
	Custom    map[string]any `json:"custom"`
	Extra     map[string]any `json:"-"` // further attributes, sent unchanged
}

// OrgChange says what to change. A nil field stays unchanged. A pointer to the zero value
// clears the field, except for Name and State, which cannot be cleared.
type OrgChange struct {
	Name      *string        `json:"name" wire:"required"`
	State     *OrgState      `json:"state" wire:"required"`
	Reference *string        `json:"reference"`
	Custom    map[string]any `json:"custom"` // nil means no change
	Extra     map[string]any `json:"-"`      // further attributes, sent unchanged
}

// OrgQuery selects orgs. The zero value selects all of them.
type OrgQuery struct {
	Reference    string
	State        OrgState
	After        string // Page.After of the previous page
	PageSize     int    // 1 to 1,000. Default: AuthRocket's default, 100
	Sort         string // id or name. Default: name
	Direction    Direction
	ExpandCustom bool       // without it, AuthRocket leaves Custom out of lists
	Extra        url.Values // further parameters, sent unchanged
}

func (q OrgQuery) list() listQuery {
	return listQuery{
		filters: map[string]string{"reference": q.Reference, "state": string(q.State)},
		after:   q.After, pageSize: q.PageSize, sort: q.Sort, direction: q.Direction, expand: expandCustom(q.ExpandCustom), extra: q.Extra,
	}
}

// Orgs manages the orgs of the realm.
type Orgs struct{ scope handle }

// Get returns an org.
func (o Orgs) Get(ctx context.Context, id string) (Org, error) {
	return get[Org](ctx, o.scope.open(), to("/orgs/{id}", id), nil)
}

// List returns one page of orgs.
func (o Orgs) List(ctx context.Context, q OrgQuery) (Page[Org], error) {
	return listOf[Org](ctx, o.scope.open(), to("/orgs"), q.list())
}

// All yields all orgs. It reads one page at a time and stops when the loop ends. If a
// read fails, it yields the error and stops.
func (o Orgs) All(ctx context.Context, q OrgQuery) iter.Seq2[Org, error] {
	return allOf[Org](ctx, o.scope.open(), to("/orgs"), q.list())
}

// ByReference returns the org that has this Reference and is not closed, or
// [ErrNotFound]. A new org may not appear in lists at once; see [Until].
func (o Orgs) ByReference(ctx context.Context, reference string) (Org, error) {
	r := to("/orgs")
	if reference == "" {
		r.err = errors.New("the reference is blank; pass one, since a blank one would match all orgs")
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

// Create creates an org, even if there is an org with the same name and Reference. Call
// it through [Once], with ByReference as find, so that a lost answer does not create a
// second org.
func (o Orgs) Create(ctx context.Context, org NewOrg) (Org, error) {
	return do[Org](ctx, o.scope.post(to("/orgs"), "org", org))
}

// Update changes an org.
func (o Orgs) Update(ctx context.Context, id string, change OrgChange) (Org, error) {
	return do[Org](ctx, o.scope.put(to("/orgs/{id}", id), "org", change))
}

// Close closes an org permanently. AuthRocket keeps its record.
func (o Orgs) Close(ctx context.Context, id string) (Org, error) {
	return do[Org](ctx, o.scope.delete(to("/orgs/{id}", id), nil))
}

// Delete deletes an org and its history.
func (o Orgs) Delete(ctx context.Context, id string) error {
	return o.scope.delete(to("/orgs/{id}", id), url.Values{"force": {"true"}}).run(ctx)
}
