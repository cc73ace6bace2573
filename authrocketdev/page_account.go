package authrocketdev

import (
	"net/http"
	"net/url"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// member is a membership in the list on the account page.
type member struct {
	authrockettest.Membership
	User authrockettest.User
}

// accountNotices are the messages of the page after a change.
var accountNotices = map[string]string{
	"rename":      "The name has been changed.",
	"permissions": "The permissions have been changed.",
	"remove":      "The member has been removed.",
	"invite":      "The invitation has been sent.",
	"uninvite":    "The invitation has been withdrawn.",
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, f flow) error {
	if s.adoptSession(w, r) {
		return nil
	}
	_, user, ok := s.signedIn(w, r, f, r.URL.Path)
	if !ok {
		return nil
	}
	own, err := s.membershipIn(user.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.renderAccount(w, r, f, own, nil, nil)
}

// renderAccount shows the page. After a refused form, it shows the entered values
// again.
func (s *Server) renderAccount(w http.ResponseWriter, r *http.Request, f flow, own authrockettest.Membership, entered url.Values, err error) error {
	org, orgErr := s.realm.Org(own.OrgID)
	if orgErr != nil {
		return orgErr
	}
	var members []member
	for _, m := range s.realm.Members(org.ID) {
		user, err := s.realm.User(m.UserID)
		if err != nil {
			return err
		}
		members = append(members, member{m, user})
	}
	invited, listErr := s.invitedTo(org.ID)
	if listErr != nil {
		return listErr
	}
	v := formView(org.Name, err, struct {
		Org     authrockettest.Org
		Own     authrockettest.Membership
		Manages bool
		Members []member
		Invited []authrockettest.Invitation
		Entered url.Values
	}{org, own, isManager(own), members, invited, entered})
	v.Notice = accountNotices[r.URL.Query().Get("done")]
	return s.render(w, r, f, statusOf(err), "account", v)
}

// submitAccount carries out the action of the form.
func (s *Server) submitAccount(w http.ResponseWriter, r *http.Request, f flow) error {
	_, user, ok := s.signedIn(w, r, f, r.URL.Path)
	if !ok {
		return nil
	}
	action := r.PostForm.Get("action")
	own, err := s.changeAccount(user.ID, r.PathValue("id"), action, r.PostForm.Get)
	if err != nil && own.ID != "" {
		return s.renderAccount(w, r, f, own, r.PostForm, err)
	} else if err != nil {
		return err
	}
	if action == "remove" && r.PostForm.Get("membership") == own.ID {
		return redirect(w, r, f.At("/accounts"))
	}
	return redirectDone(w, r, f, "/accounts/"+own.OrgID, action)
}
