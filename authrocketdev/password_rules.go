package authrocketdev

import (
	"fmt"

	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	minPasswordLength = 8 // for a realm whose provider has no minimum
	maxPasswordBytes  = 72
)

// minPassword returns the current minimum length of a new password.
func (s *Server) minPassword() int {
	provider, err := s.realm.AuthProvider(authrockettest.TypePassword)
	if err != nil || provider.MinLength <= 0 {
		return minPasswordLength
	}
	return provider.MinLength
}

// checkNewPassword returns what is wrong with a new password. confirmation is
// compared only if it was sent.
func (s *Server) checkNewPassword(password, confirmation string, isConfirmed bool) []string {
	var problems []string
	switch shortest := s.minPassword(); {
	case len([]rune(password)) < shortest:
		problems = append(problems, fmt.Sprintf("Password is too short. Use at least %d characters.", shortest))
	case len(password) > maxPasswordBytes:
		problems = append(problems, "Password is too long. Use at most 72 bytes.")
	}
	if isConfirmed && password != confirmation {
		problems = append(problems, "Password confirmation does not match.")
	}
	return problems
}
