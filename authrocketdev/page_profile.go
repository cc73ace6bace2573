package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// profileNotices are the messages of the page after a change.
var profileNotices = map[string]string{
	"names":    "Your profile has been changed.",
	"email":    "Follow the link in the email to your new address. Until then, your old address stays valid.",
	"password": "Your password has been changed. Log in again in your other browsers.",
	"verify":   "We have sent you an email with a link.",
	"device":   "The device has been added. Your next login will ask for a code.",
	"remove":   "The device has been removed.",
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
		s.realm.SelectOrg(session.ID, f.Account) // this fails if the user is not a member
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
		NewEmail   string // as the user entered it
		OffersTOTP bool
		Devices    []authrockettest.Credential
		DeviceName string // as the user entered it
	}{
		user, user.EmailVerification == authrocket.EmailVerified, user.EmailPending, !s.isNamed(user), locales, r.PostForm.Get("email"),
		s.offersTOTP(), s.devices(user.ID, authrockettest.StateNew, authrockettest.StateActive), r.PostForm.Get("device_name"),
	})
	v.Notice = profileNotices[r.URL.Query().Get("done")]
	return s.render(w, r, f, statusOf(err), "profile", v)
}

// submitProfile carries out the action of the form.
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
		if action == "names" { // shown again as the user entered them
			user.FirstName, user.LastName = *field("first_name"), *field("last_name")
			user.Username, user.Locale = *field("username"), *field("locale")
		}
		return s.renderProfile(w, r, f, user, err)
	}
	return redirectDone(w, r, f, "/profile", action)
}
