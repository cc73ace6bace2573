package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// profileNotices are what the page says after a change.
var profileNotices = map[string]string{
	"names":    "Your profile is changed.",
	"email":    "Follow the link in the mail to the new address. Until then the old one stays.",
	"password": "Your password is changed. Other browsers have to log in again.",
	"verify":   "A mail with a link is on its way.",
	"device":   "The device is added. Your next login asks for a code.",
	"remove":   "The device is removed.",
}

func (s *Server) showProfile(w http.ResponseWriter, r *http.Request, f flow) error {
	if s.adoptSession(w, r) {
		return nil
	}
	session, user, ok := s.signedIn(w, r, f, "/profile")
	if !ok {
		return nil
	}
	if f.Account != "" {
		s.realm.SelectOrg(session.ID, f.Account) // only if the user is a member
	}
	return s.renderProfile(w, r, f, user, nil)
}

func (s *Server) renderProfile(w http.ResponseWriter, r *http.Request, f flow, user authrockettest.User, err error) error {
	v := formView("Your profile", err, struct {
		User       authrockettest.User
		Verified   bool
		Pending    string
		Incomplete bool
		Locales    []string
		NewEmail   string // as it was entered
		OffersTOTP bool
		Devices    []authrockettest.Credential
		DeviceName string // as it was entered
	}{
		user, user.EmailVerification == authrocket.EmailVerified, user.EmailPending, !s.isNamed(user), locales, r.PostForm.Get("email"),
		s.offersTOTP(), s.devices(user.ID, authrockettest.StateNew, authrockettest.StateActive), r.PostForm.Get("device_name"),
	})
	v.Notice = profileNotices[r.URL.Query().Get("done")]
	return s.render(w, r, f, statusOf(err), "profile", v)
}

// submitProfile does what the action of the form names.
func (s *Server) submitProfile(w http.ResponseWriter, r *http.Request, f flow) error {
	session, user, ok := s.signedIn(w, r, f, "/profile")
	if !ok {
		return nil
	}
	field := func(name string) *string {
		value := r.PostForm.Get(name)
		return &value
	}
	action := r.PostForm.Get("action")
	var err error
	switch action {
	case "names":
		_, err = s.updateProfile(user.ID, profile{
			FirstName: field("first_name"), LastName: field("last_name"), Username: field("username"), Locale: field("locale"),
		})
	case "email":
		_, err = s.updateProfile(user.ID, profile{Email: field("email")})
	case "password":
		err = s.changePassword(session, *field("current_password"), *field("password"), *field("password_confirmation"), true)
	case "verify":
		s.requestEmailVerification(user)
	case "enrol":
		var device authrockettest.Credential
		if device, err = s.enrol(user.ID, *field("device_name")); err == nil {
			return redirect(w, r, f.At("/profile/devices/"+device.ID))
		}
	case "remove":
		err = s.removeDevice(user.ID, *field("device"))
	default:
		err = errForm
	}
	if err != nil {
		if action == "names" { // shown as they were entered
			user.FirstName, user.LastName = *field("first_name"), *field("last_name")
			user.Username, user.Locale = *field("username"), *field("locale")
		}
		return s.renderProfile(w, r, f, user, err)
	}
	return redirectDone(w, r, f, "/profile", action)
}
