package authrocketdev

const (
	minPasswordLength = 8
	maxPasswordBytes  = 72
)

// checkNewPassword returns what is wrong with a new password. confirmation
// counts only when it was sent.
func checkNewPassword(password, confirmation string, isConfirmed bool) []string {
	var problems []string
	switch {
	case len([]rune(password)) < minPasswordLength:
		problems = append(problems, "Password is too short: it needs 8 characters or more.")
	case len(password) > maxPasswordBytes:
		problems = append(problems, "Password is too long: it may have 72 bytes.")
	}
	if isConfirmed && password != confirmation {
		problems = append(problems, "Password confirmation does not match.")
	}
	return problems
}
