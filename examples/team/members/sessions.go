package members

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

// takeAway performs a write that withdraws something from a user. It also ends the user's
// sessions, so that the write takes effect at once. Otherwise, login tokens would contain
// the old permissions until they expire.
func (t *team) takeAway(ctx context.Context, userID string, write func() error) error {
	// The sessions end before the write, because a retry after a failure would not see
	// that something was withdrawn. A user who has more sessions than can be deleted in
	// time cannot prevent the write. The login tokens of these sessions are then already
	// refused, and new login tokens contain only the permissions that are left.
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
	_, err = t.endSessions(ctx, t.api, userID) // the sessions that began in the meantime
	return err
}

// endSessionsOfMember signs a member out everywhere. A session belongs to the user and
// not to an account, so it also ends in the user's other accounts.
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

// endSessions ends all sessions of a user. It reports whether their login tokens are
// refused from now on. That can be true even if not all sessions could be deleted.
func (m *Members) endSessions(ctx context.Context, api *coreapi.Client, userID string) (tokensEnded bool, err error) {
	deleted, err := api.Sessions.DeleteAllOf(ctx, userID)
	if m.state != nil && !deleted.At.IsZero() {
		// If other instances cannot be informed now, the state keeps trying.
		tokensEnded = true
		if err := m.state.EndUser(ctx, userID, deleted.At); err != nil {
			slog.WarnContext(ctx, "members: an end of sessions is not shared yet", "error", err)
		}
	}
	return tokensEnded, err
}

// signOutEverywhere ends all sessions of the current user, on every device.
func (m *Members) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	user, _ := authrocket.CurrentUser(ctx)
	if _, err := m.endSessions(ctx, m.api.For(client(r)), user.ID); err != nil {
		m.showProblem(w, r, err)
		return
	}
	http.Redirect(w, r, m.auth.LogoutPath("/"), http.StatusSeeOther) // also clears the cookies in this browser
}
