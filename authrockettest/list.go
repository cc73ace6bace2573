package authrockettest

import (
	"errors"
	"time"
)

// ErrAfter is the error of a list whose After names no record, where the order
// of the list needs one.
var ErrAfter = errors.New("there is no record to list after")

// List says which part of a list is wanted. The zero List is all of it, the
// lowest ID first. IDs that the realm makes grow with time.
type List struct {
	After      string // ID of the record before the part. Default: from the start
	Limit      int    // how many records at most. Default: all
	Descending bool   // the highest first
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	More  bool // there are more after the last one
}

func (p Page[T]) clone(clone func(T) T) Page[T] {
	for i, item := range p.Items {
		p.Items[i] = clone(item)
	}
	return p
}

// UserList picks users. Empty fields pick all.
type UserList struct {
	List
	Email     string // in any case
	Username  string // in any case
	Reference string
	State     UserState
}

// OrgList picks orgs. Empty fields pick all.
type OrgList struct {
	List
	ByName    bool // sorted by name, not by ID
	Reference string
	State     OrgState
}

// MembershipList picks memberships, also those that have expired. Empty fields
// pick all.
type MembershipList struct {
	List
	UserID, OrgID string
}

// SessionList picks sessions that have not ended. An empty UserID picks those of
// all users.
type SessionList struct {
	List
	UserID string
}

// InvitationList picks invitations that have not expired. Empty fields pick all.
type InvitationList struct {
	List
	Email string // in any case
	OrgID string
	Type  InvitationType
}

// EventList picks events. Empty fields pick all.
type EventList struct {
	List
	Type           string // or how it begins, such as "user.login."
	UserID         string
	OrgID          string
	MembershipID   string
	SessionID      string
	InvitationID   string
	AuthProviderID string
	Since          time.Time // inclusive
}
