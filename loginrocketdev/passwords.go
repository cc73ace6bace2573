package loginrocketdev

import (
	"sync"

	"golang.org/x/crypto/bcrypt"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// passwords holds the hashes of passwords that were set here. A user who has
// none yet has the password of the realm.
type passwords struct {
	mu     sync.Mutex
	hashes map[string][]byte // by user ID
}

// bcryptCost is low: it slows down who steals a database, and here is none.
const bcryptCost = bcrypt.MinCost

const (
	minPasswordLength = 8
	maxPasswordBytes  = 72 // bcrypt reads no more
)

func newPasswords() *passwords { return &passwords{hashes: make(map[string][]byte)} }

// noUser is compared with when there is no user, so that it takes as long.
var noUser = hashOf("there is no such user")

func hashOf(password string) []byte {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
	if err != nil {
		return nil // longer than bcrypt reads: matches nothing
	}
	return hash
}

func (p *passwords) set(userID, password string) {
	hash := hashOf(password)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hashes[userID] = hash
}

func (p *passwords) match(user authrockettest.User, password string) bool {
	if len(password) > maxPasswordBytes {
		return false
	}
	p.mu.Lock()
	hash, ok := p.hashes[user.ID]
	p.mu.Unlock()
	if !ok && user.Password != "" {
		p.set(user.ID, user.Password)
		return p.match(user, password)
	}
	if !ok {
		hash = noUser
	}
	isSame := bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil
	return ok && isSame
}

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
