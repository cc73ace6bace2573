package members

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

// takeAway does a write that takes something from a user, with effect at once: a login token
// holds permissions until it expires, and without a session there is no new one.
func (t *team) takeAway(ctx context.Context, userID string, write func() error) error {
	// Before the write: when it is tried again after a failure, nobody knows any more that
	// something was taken. But nobody escapes it by having more sessions than can be deleted in
	// time: their login tokens are refused already, and new ones will hold what is left.
	first, cancel := context.WithTimeout(ctx, timeout/2)
	defer cancel()
	begun := time.Now()
	tokensEnded, err := t.endSessions(first, t.api, userID)
	if tookLong := time.Since(begun) > timeout/4; err != nil && !(tokensEnded && tookLong) {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	_, err = t.endSessions(ctx, t.api, userID) // those that began meanwhile
	return err
}

// endSessionsOfMember signs a member out everywhere. A session is of the user, not of an account:
// it ends in the user's other accounts, too.
func (t *team) endSessionsOfMember(ctx context.Context, r *http.Request) error {
	member, err := t.member(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := t.mayManage(member.Permissions); err != nil {
		return err
	}
	_, err = t.endSessions(ctx, t.api, member.UserID)
	return err
}

// endSessions ends all sessions of a user. It reports whether their login tokens are refused
// from now on, which may be so although not all sessions could be deleted.
func (m *Members) endSessions(ctx context.Context, api *coreapi.Client, userID string) (tokensEnded bool, err error) {
	deleted, err := api.Sessions.DeleteAllOf(ctx, userID)
	if m.state != nil && !deleted.At.IsZero() {
		// If that cannot be shared with other instances now, the state goes on trying.
		tokensEnded = true
		if err := m.state.EndUser(ctx, userID, deleted.At); err != nil {
			slog.WarnContext(ctx, "members: an end of sessions is not shared yet", "error", err)
		}
	}
	return tokensEnded, err
}

// signOutEverywhere ends all sessions of who asks for it, on every device.
func (m *Members) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	user, _ := authrocket.CurrentUser(ctx)
	if _, err := m.endSessions(ctx, m.api.For(client(r)), user.ID); err != nil {
		m.showProblem(w, r, err)
		return
	}
	http.Redirect(w, r, m.auth.LogoutPath("/"), http.StatusSeeOther) // clears the cookies here, too
}
