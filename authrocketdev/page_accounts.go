package authrocketdev

import (
	"net/http"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// account is an org in the account selector.
type account struct {
	Org        authrockettest.Org
	IsSelected bool
	IsManager  bool
}

// showAccounts shows the account selector. If the user has only one account and force
// is not set, the flow continues at once.
func (s *Server) showAccounts(w http.ResponseWriter, r *http.Request, f flow) error {
	if s.adoptSession(w, r) {
		return nil
	}
	session, user, ok := s.signedIn(w, r, f, "/accounts")
	if !ok {
		return nil
	}
	if memberships := s.realm.MembershipsOf(user.ID); len(memberships) == 1 && !f.Force {
		f.Account = memberships[0].OrgID
		return s.finish(w, r, session, f)
	}
	return s.renderAccounts(w, r, f, session, nil)
}

func (s *Server) renderAccounts(w http.ResponseWriter, r *http.Request, f flow, session authrockettest.HostedSession, err error) error {
	user, userErr := s.realm.User(session.UserID)
	if userErr != nil {
		return errNoSession
	}
	var accounts []account
	for _, m := range s.realm.MembershipsOf(session.UserID) {
		org, err := s.realm.Org(m.OrgID)
		if err != nil {
			return err
		}
		accounts = append(accounts, account{org, m.OrgID == session.OrgID, isManager(m)})
	}
	return s.render(w, r, f, statusOf(err), "accounts", formView("Choose an account", err, struct {
		Accounts []account
		MayAdd   bool
		OrgName  string // as the user entered it
		User     authrockettest.User
		Other    string
	}{accounts, s.realm.Settings().OrgMode == authrockettest.MultiUser || len(accounts) == 0, r.PostForm.Get("org_name"), user, f.asSomebodyElse("/accounts")}))
}

// submitAccounts continues with the chosen account, or creates a new account.
func (s *Server) submitAccounts(w http.ResponseWriter, r *http.Request, f flow) error {
	session, user, ok := s.signedIn(w, r, f, "/accounts")
	if !ok {
		return nil
	}
	chosen := r.PostForm.Get("choose")
	if chosen == "" {
		if strings.TrimSpace(r.PostForm.Get("org_name")) == "" {
			return s.renderAccounts(w, r, f, session, invalid("Choose an account, or enter a name for a new one."))
		}
		if s.realm.Settings().OrgMode == authrockettest.SingleUser && len(s.realm.MembershipsOf(user.ID)) > 0 {
			return s.renderAccounts(w, r, f, session, invalid("Users of this realm can have only one account."))
		}
		org, err := s.newOrg(user, r.PostForm.Get("org_name"))
		if err != nil {
			return s.renderAccounts(w, r, f, session, err)
		}
		chosen = org.ID
	}
	if err := s.realm.SelectOrg(session.ID, chosen); err != nil {
		return s.renderAccounts(w, r, f, session, errNotMember)
	}
	f.Account, f.PickAccount = chosen, false
	return s.finish(w, r, session, f)
}

var errNotMember = refuse(http.StatusNotFound, "You are not a member of this account.")
