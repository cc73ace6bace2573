package authrocketdev

import "net/http"

// showVerify asks for a click, so that programs that open the links in an email verify
// nothing.
func (s *Server) showVerify(w http.ResponseWriter, r *http.Request, f flow) error {
	return s.render(w, r, f, http.StatusOK, "verify", view{Title: "Verify your email address", Page: r.URL.Query().Get("token")})
}

func (s *Server) submitVerify(w http.ResponseWriter, r *http.Request, f flow) error {
	user, err := s.verifyEmail(r.PostForm.Get("token"))
	if err != nil {
		return err
	}
	return s.render(w, r, f, http.StatusOK, "done", view{Title: "Thank you", Page: user.Email + " is verified."})
}

// showOutbox shows the emails that LoginRocket would have sent.
func (s *Server) showOutbox(w http.ResponseWriter, r *http.Request, f flow) error {
	return s.render(w, r, f, http.StatusOK, "outbox", view{Title: "Outbox", Page: s.Outbox()})
}
