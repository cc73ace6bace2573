package authrocketdev

import (
	"fmt"

	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	minPasswordLength = 8 // of a realm whose provider says none
	maxPasswordBytes  = 72
)

// minPassword is how many characters a new password needs now.
func (s *Server) minPassword() int {
	provider, err := s.realm.AuthProvider(authrockettest.TypePassword)
	if err != nil || provider.MinLength <= 0 {
		return minPasswordLength
	}
	return provider.MinLength
}

// checkNewPassword returns what is wrong with a new password. confirmation
// counts only when it was sent.
func (s *Server) checkNewPassword(password, confirmation string, isConfirmed bool) []string {
	var problems []string
	switch shortest := s.minPassword(); {
	case len([]rune(password)) < shortest:
		problems = append(problems, fmt.Sprintf("Password is too short: it needs %d characters or more.", shortest))
	case len(password) > maxPasswordBytes:
		problems = append(problems, "Password is too long: it may have 72 bytes.")
	}
	if isConfirmed && password != confirmation {
		problems = append(problems, "Password confirmation does not match.")
	}
	return problems
}
