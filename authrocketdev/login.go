package authrocketdev

import (
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// errLogin is the same for a wrong password and for an unknown user, so that it does
// not reveal which email addresses exist.
var errLogin = invalid(textLoginFailed)

// logIn checks the password of a user and starts the login.
func (s *Server) logIn(name, password string) (login, error) {
	user, err := s.realm.UserByLogin(name)
	key := user.ID
	if err != nil {
		key = strings.ToLower(strings.TrimSpace(name))
		key = key[:min(len(key), maxEmailBytes)]
	}
	isSame, err := s.tryPassword(key, user, password)
	if err != nil {
		return login{}, err
	}
	if !isSame {
		return login{}, s.failLogin(user.ID)
	}
	return s.startLogin(user)
}

var errManyPasswords = invalid("Too many wrong passwords. Try again in a minute.")

// tryPassword reports whether password is the user's password. It returns an error if
// too many wrong passwords were entered for key. It counts an attempt before it
// compares the passwords, so that parallel attempts cannot exceed the limit.
func (s *Server) tryPassword(key string, user authrockettest.User, password string) (isSame bool, err error) {
	if left, _ := s.wrongLogins.add(key); left < 0 {
		return false, errManyPasswords
	}
	if !s.realm.CheckPassword(user.ID, password) {
		return false, nil
	}
	s.wrongLogins.undo(key)
	return true, nil
}
