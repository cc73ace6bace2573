package authrocketdev_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// Values that are set are returned, and values that are cleared are gone.
func TestValuesOfTheCoreAPI(t *testing.T) {
	t.Parallel()
	onCoreAPI(t, map[string]func(*sdk){
		"PUT /users/{id}: every field, set and cleared": func(s *sdk) {
			id := s.user().ID
			user := must(s.api.Users.Update(s.ctx, id, coreapi.UserChange{
				Email: new("Two+Tag@Example.com"), FirstName: new("Ada"), LastName: new("King"), Username: new("ada.king"), Locale: new("es"),
				Reference: new("42"), State: new(coreapi.UserInactive), EmailVerification: new(coreapi.EmailVerified),
				Custom: map[string]any{"plan": "pro", "seats": 7, "tags": []string{"a", "ü"}, "yes": true},
			}))
			s.want(user.Email == "two+tag@example.com" && user.Name == "Ada King" && user.Username == "ada.king" && user.Locale == "es" && user.Reference == "42" &&
				user.State == coreapi.UserInactive && user.EmailVerification == coreapi.EmailVerified && !user.CreatedAt.IsZero() && user.LastLoginAt.IsZero(), "got %+v", user)
			s.want(fmt.Sprint(user.Custom) == "map[plan:pro seats:7 tags:[a ü] yes:true]", "got %v", user.Custom)
			for _, by := range []string{"two+tag@example.com", "TWO+TAG@example.com", "ada.king"} {
				s.want(must(s.api.Users.Get(s.ctx, by)).ID == id, "%s is another user", by)
			}
			user = must(s.api.Users.Update(s.ctx, id, coreapi.UserChange{LastName: new(""), Username: new(""), Locale: new(""), Reference: new(""), Custom: map[string]any{}}))
			s.want(user.Name == "Ada" && user.Username == "" && user.Locale == "" && user.Reference == "" && len(user.Custom) == 0, "got %+v", user)
			same := must(s.api.Users.Update(s.ctx, id, coreapi.UserChange{}))
			s.want(same.FirstName == "Ada" && same.State == coreapi.UserInactive, "no change has changed it: %+v", same)
		},
		"GET /users: filters that have no field": func(s *sdk) {
			s.user()
			must(s.api.Users.Create(s.ctx, coreapi.NewUser{Email: "b@example.com", Password: coreapi.Hide(anotherPassword), Reference: "42", Custom: map[string]any{"plan": "pro"}}))
			found := collected(s.api.Users.All(s.ctx, coreapi.UserQuery{Extra: url.Values{"reference": {"42"}}, ExpandCustom: true}))
			s.want(len(found) == 1 && found[0].Email == "b@example.com" && found[0].Custom["plan"] == "pro", "got %+v", found)
		},
		"GET /users: page by page": func(s *sdk) {
			var want, got []string
			for i := range 7 {
				want = append(want, must(s.api.Users.Create(s.ctx, coreapi.NewUser{Email: fmt.Sprintf("user-%d@example.com", i), Password: coreapi.Hide(anotherPassword)})).ID)
			}
			for _, user := range collected(s.api.Users.All(s.ctx, coreapi.UserQuery{PageSize: 2, Direction: coreapi.Descending})) {
				got = append(got, user.ID)
			}
			slices.Sort(want)
			slices.Reverse(want)
			s.want(slices.Equal(got, want), "got %v, want %v", got, want)
		},
		"GET /users/{id}: hostile IDs": func(s *sdk) {
			s.user()
			for _, id := range []string{"a/b", "a%2Fb", "..%2f", "x?force=true", "x#y", "a b", "a\x00b", "ü", "%", strings.Repeat("x", 2_000)} {
				_, err := s.api.Users.Get(s.ctx, id)
				reason := coreapi.Reason(err)
				s.want(reason == "not_found" || reason == "invalid", "%.10q: got %v", id, err)
			}
			for _, id := range []string{"", " ", ".", ".."} {
				s.wantRefused(s.api.Users.Delete(s.ctx, id), coreapi.ErrInvalid, "")
			}
			s.want(len(collected(s.api.Users.All(s.ctx, coreapi.UserQuery{}))) == 1, "something was deleted")
		},
		"PUT /orgs/{id}: every field, set and cleared": func(s *sdk) {
			org := must(s.api.Orgs.Create(s.ctx, coreapi.NewOrg{Name: "One", Reference: "42", Custom: map[string]any{"plan": "pro"}}))
			found := must(s.api.Orgs.ByReference(s.ctx, "42"))
			s.want(found.ID == org.ID && found.Name == "One" && !found.CreatedAt.IsZero(), "got %+v", found)
			org = must(s.api.Orgs.Update(s.ctx, org.ID, coreapi.OrgChange{Reference: new(""), State: new(coreapi.OrgInactive)}))
			s.want(org.Reference == "" && org.State == coreapi.OrgInactive && org.Custom["plan"] == "pro", "got %+v", org)
			_, err := s.api.Orgs.ByReference(s.ctx, "42")
			s.wantRefused(err, coreapi.ErrNotFound, "")
		},
		"DELETE /orgs/{id}: a closed one is not found by its reference": func(s *sdk) {
			org := must(s.api.Orgs.Create(s.ctx, coreapi.NewOrg{Name: "One", Reference: "42"}))
			must(s.api.Orgs.Close(s.ctx, org.ID))
			_, err := s.api.Orgs.ByReference(s.ctx, "42")
			s.wantRefused(err, coreapi.ErrNotFound, "")
		},
		"PUT /memberships/{id}: an end, set and cleared": func(s *sdk) {
			end := time.Now().Add(time.Hour).Truncate(time.Second)
			user, org := s.user(), s.org("one")
			membership := must(s.api.Memberships.Create(s.ctx, coreapi.NewMembership{UserID: user.ID, OrgID: org.ID, Permissions: []string{"ar:owner"}, ExpiresAt: end}))
			s.want(membership.ExpiresAt.Equal(end) && slices.Equal(membership.Permissions, []string{"ar:owner"}), "got %+v", membership)
			membership = must(s.api.Memberships.Update(s.ctx, membership.ID, coreapi.MembershipChange{ExpiresAt: new(time.Time{})}))
			s.want(membership.ExpiresAt.IsZero() && len(membership.Permissions) == 1, "got %+v", membership)
			page := must(s.api.Memberships.List(s.ctx, coreapi.MembershipQuery{UserID: user.ID, OrgID: org.ID}))
			s.want(len(page.Items) == 1 && page.Items[0].ID == membership.ID, "got %+v", page)
			_, err := s.api.Memberships.Create(s.ctx, coreapi.NewMembership{UserID: user.ID, OrgID: org.ID})
			s.wantRefused(err, coreapi.ErrInvalid, "")
		},
		"PUT /invitations/{id}: every field": func(s *sdk) {
			end := time.Now().Add(time.Hour).Truncate(time.Second)
			invitation := must(s.api.Invitations.Create(s.ctx, coreapi.NewOrgInvitation("B@Example.com", s.org("one").ID, "widget:read")))
			changed := must(s.api.Invitations.Update(s.ctx, invitation.ID, coreapi.InvitationChange{Permissions: []string{"a", "b"}, Locale: new("es"), ExpiresAt: &end}))
			s.want(slices.Equal(changed.Permissions, []string{"a", "b"}) && changed.Locale == "es" && changed.ExpiresAt.Equal(end) && changed.InvitedAt.IsZero(), "got %+v", changed)
			referral := must(s.api.Invitations.Create(s.ctx, coreapi.NewReferral("c@example.com", s.user().ID)))
			s.want(referral.Type == coreapi.InvitationReferral && referral.InvitingUserID != "", "got %+v", referral)
		},
		"POST /sessions: for somebody": func(s *sdk) {
			user, by := s.user(), coreapi.Request{IP: "192.0.2.1", Client: "Firefox/3141.5 & <more>"}
			session := must(s.api.For(by).Sessions.Create(s.ctx, user.ID))
			s.want(session.Request == by && session.User.Email == user.Email && session.ExpiresAt.After(session.CreatedAt), "got %+v", session)
			done(s.api.For(by).Sessions.Delete(s.ctx, session.ID()))
			events := collected(s.api.Events.All(s.ctx, coreapi.EventQuery{Type: coreapi.EventSessionDeleted}))
			s.want(len(events) == 1 && events[0].Request == by && events[0].SessionID().Equal(session.ID()) && events[0].ExpiresAt.Equal(session.ExpiresAt), "got %+v", events)
		},
		"POST /sessions/oauth2/code: the local AuthRocket has no such app": func(s *sdk) {
			_, err := s.api.Sessions.OAuth2Token(s.ctx, "app_1", coreapi.Hide("secret"), coreapi.Hide("code"))
			s.wantRefused(err, coreapi.ErrInvalid, "")
		},
	})
}
