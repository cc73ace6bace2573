package authrocketdev

import (
	"html/template"
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// showDevice shows what an authenticator app needs to add a new device, and asks for
// the device's first code.
func (s *Server) showDevice(w http.ResponseWriter, r *http.Request, f flow) error {
	_, user, ok := s.signedIn(w, r, f, "/profile")
	if !ok {
		return nil
	}
	return s.renderDevice(w, r, f, user, nil)
}

func (s *Server) renderDevice(w http.ResponseWriter, r *http.Request, f flow, user authrockettest.User, err error) error {
	device, deviceErr := s.device(user.ID, r.PathValue("id"))
	if deviceErr != nil {
		return deviceErr
	}
	uri := s.provisioningURI(device)
	if uri == "" { // it is already active
		return redirect(w, r, f.At("/profile"))
	}
	return s.render(w, r, f, statusOf(err), "device", formView("Add "+device.Name, err, struct {
		Device authrockettest.Credential
		SVG    template.HTML
		URI    template.URL
		Secret string
	}{device, template.HTML(provisioningSVG(uri)), template.URL(uri), device.Secret()}))
}

// submitDevice makes the device active.
func (s *Server) submitDevice(w http.ResponseWriter, r *http.Request, f flow) error {
	_, user, ok := s.signedIn(w, r, f, "/profile")
	if !ok {
		return nil
	}
	device, err := s.device(user.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	if device.State == authrockettest.StateNew {
		if err := s.activate(device, r.PostForm.Get("code")); err != nil {
			return s.renderDevice(w, r, f, user, err)
		}
	}
	return redirectDone(w, r, f, "/profile", "device")
}
