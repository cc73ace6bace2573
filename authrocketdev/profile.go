package authrocketdev

import (
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// profile is a change that users can make to their own data. A nil field changes
// nothing.
type profile struct {
	Email, FirstName, LastName, Username, Locale *string
}

// updateProfile changes a user. A new email address replaces the old one after it has
// been verified.
func (s *Server) updateProfile(userID string, p profile) (authrockettest.User, error) {
	user, err := s.realm.User(userID)
	if err != nil {
		return user, err
	}
	value := func(p *string) string {
		if p == nil {
			return ""
		}
		return strings.TrimSpace(*p)
	}
	var problems []string
	problems = checkName(problems, "First name", value(p.FirstName))
	problems = checkName(problems, "Last name", value(p.LastName))
	problems = checkUsername(problems, value(p.Username))
	problems = checkLocale(problems, value(p.Locale))
	email, isEmail := normalEmail(value(p.Email))
	if p.Email != nil && !isEmail {
		problems = append(problems, "Email is not an email address.")
	}
	if len(problems) > 0 {
		return user, invalid(problems...)
	}
	if isEmail && email != user.Email {
		if other, err := s.realm.UserByLogin(email); err == nil && other.ID != user.ID {
			return user, authrockettest.ErrEmailTaken
		}
	}
	user, err = s.realm.UpdateUser(userID, func(u *authrockettest.User) {
		set := func(field, p *string) {
			if p != nil {
				*field = value(p)
			}
		}
		set(&u.FirstName, p.FirstName)
		set(&u.LastName, p.LastName)
		set(&u.Username, p.Username)
		set(&u.Locale, p.Locale)
		if p.FirstName != nil || p.LastName != nil {
			u.Name = "" // built again from the two names
		}
	})
	if err != nil {
		return user, err
	}
	switch {
	case isEmail && email != user.Email:
		_, err = s.requestEmailChange(user, email)
	case isEmail:
		s.dropEmailChange(user.ID)
	}
	if err != nil {
		return user, err
	}
	s.realm.Emit(authrockettest.Event{Type: "user.profile.updated", UserID: user.ID})
	return s.realm.User(userID)
}

// isNamed reports whether the profile has the names that the realm requires.
func (s *Server) isNamed(user authrockettest.User) bool {
	return !s.realm.Settings().RequireName || user.FirstName != "" || user.LastName != ""
}
