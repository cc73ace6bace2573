package authrockettest

import (
	"errors"
	"time"
)

// ErrAfter means that [List.After] is not the ID of an existing record. Only lists
// that are not sorted by ID return this error.
var ErrAfter = errors.New("there is no record with the ID in After")

// List selects a page of a list. The zero List selects all records, the lowest ID
// first. Each ID that the realm makes is higher than all earlier IDs of the same
// kind.
type List struct {
	After      string // the ID of the record before the page. Default: start with the first record
	Limit      int    // the maximum number of records to return. Default: all
	Descending bool   // the highest ID first
}

// Page is a page of a list.
type Page[T any] struct {
	Items []T
	More  bool // there are more records after this page
}

func (p Page[T]) clone(clone func(T) T) Page[T] {
	for i, item := range p.Items {
		p.Items[i] = clone(item)
	}
	return p
}

// UserList selects users. Empty fields select all.
type UserList struct {
	List
	Email     string // case-insensitive
	Username  string // case-insensitive
	Reference string
	State     UserState
}

// OrgList selects orgs. Empty fields select all.
type OrgList struct {
	List
	ByName    bool // sort by name, not by ID
	Reference string
	State     OrgState
}

// MembershipList selects memberships, including expired ones. Empty fields select
// all.
type MembershipList struct {
	List
	UserID, OrgID string
}

// SessionList selects active sessions. An empty UserID selects those of all users.
type SessionList struct {
	List
	UserID string
}

// InvitationList selects invitations that have not expired. Empty fields select all.
type InvitationList struct {
	List
	Email string // case-insensitive
	OrgID string
	Type  InvitationType
}

// EventList selects events. Empty fields select all.
type EventList struct {
	List
	Type           string // a complete type, or the start of a type, for example "user.login."
	UserID         string
	OrgID          string
	MembershipID   string
	SessionID      string
	InvitationID   string
	AuthProviderID string
	Since          time.Time // inclusive
}
