package authrocketdev

import "net/http"

func (s *Server) showForgot(w http.ResponseWriter, r *http.Request, f flow) error {
	return s.render(w, r, f, http.StatusOK, "forgot", view{Title: "Forgot your password?"})
}

// submitForgot gives the same answer whether or not the user exists.
func (s *Server) submitForgot(w http.ResponseWriter, r *http.Request, f flow) error {
	s.forgotPassword(r.PostForm.Get("email"), f.Values())
	return s.render(w, r, f, http.StatusOK, "done", view{
		Title: "Check your email",
		Page:  "If this user exists, we have sent an email with a link.",
	})
}

func (s *Server) showReset(w http.ResponseWriter, r *http.Request, f flow) error {
	return s.renderReset(w, r, f, r.URL.Query().Get("token"), nil)
}

func (s *Server) renderReset(w http.ResponseWriter, r *http.Request, f flow, token string, err error) error {
	return s.render(w, r, f, statusOf(err), "reset", formView("Set a new password", err, token))
}

func (s *Server) submitReset(w http.ResponseWriter, r *http.Request, f flow) error {
	token := r.PostForm.Get("token")
	l, err := s.resetPassword(token, r.PostForm.Get("password"), r.PostForm.Get("password_confirmation"), true)
	if err != nil {
		return s.renderReset(w, r, f, token, err)
	}
	return s.goOn(w, r, f, l)
}
