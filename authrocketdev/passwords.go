package authrocketdev

import (
	"sync"

	"golang.org/x/crypto/bcrypt"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// passwords holds the hashes of the users' passwords. The one that was set last
// counts, be it here or in the realm.
type passwords struct {
	mu     sync.Mutex
	hashes map[string]passwordHash // by user ID
}

type passwordHash struct {
	hash    []byte
	inRealm string // what the realm had when it was made
}

// bcryptCost is low: it slows down who steals a database, and here is none.
const bcryptCost = bcrypt.MinCost

const (
	minPasswordLength = 8
	maxPasswordBytes  = 72 // bcrypt reads no more
)

func newPasswords() *passwords { return &passwords{hashes: make(map[string]passwordHash)} }

// noUser is compared with when there is no user, so that it takes as long.
var noUser = hashOf("there is no such user")

func hashOf(password string) []byte {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcryptCost)
	if err != nil {
		return nil // longer than bcrypt reads: matches nothing
	}
	return hash
}

func (p *passwords) set(user authrockettest.User, password string) {
	hash := hashOf(password)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hashes[user.ID] = passwordHash{hash, user.Password}
}

// hash returns nil for a user without a password.
func (p *passwords) hash(user authrockettest.User) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if entry, ok := p.hashes[user.ID]; ok && entry.inRealm == user.Password {
		return entry.hash
	}
	if user.Password == "" {
		return nil
	}
	hash := hashOf(user.Password)
	p.hashes[user.ID] = passwordHash{hash, user.Password}
	return hash
}

func (p *passwords) match(user authrockettest.User, password string) bool {
	hash := p.hash(user)
	hasPassword := hash != nil
	if !hasPassword {
		hash = noUser
	}
	isSame := bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil
	return hasPassword && isSame && len(password) <= maxPasswordBytes
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
