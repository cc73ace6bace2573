package authrocketdev_test

import (
	"fmt"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestOutboxKeepsTheLatest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 103 {
		s.invitation(t, fmt.Sprintf("new%d@example.com", i), "")
	}
	mails := s.server.Outbox()
	if len(mails) != 100 || mails[0].To != "new102@example.com" || mails[99].To != "new3@example.com" {
		t.Errorf("got %d mails, to %s and before to %s", len(mails), mails[0].To, mails[len(mails)-1].To)
	}
	mails[0].To = "changed@example.com"
	if s.server.Outbox()[0].To != "new102@example.com" {
		t.Error("the caller's slice is the server's")
	}
	s.newBrowser(t).get("/outbox").wants(200, "Outbox (100)", "new102@example.com", "new3@example.com")
}

func TestInvitationsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	paths := make([]string, 1_001)
	for i := range paths {
		paths[i] = s.invite(t, fmt.Sprintf("new%d@example.com", i), s.engines)
	}
	b := s.newBrowser(t)
	b.get(paths[0]).wants(404)
	b.get(paths[1]).wants(200)
	b.get(paths[1_000]).wants(200)
}

func TestOneTimeTokensAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.newBrowser(t).inMemory()
	csrf := b.csrf()
	var first string
	for i := range 1_001 {
		user := s.realm.AddUser(authrockettest.User{Email: fmt.Sprintf("user%d@example.com", i)})
		b.send(b.formRequest("/password/forgot", valuesOf([]string{"email", user.Email, "csrf", csrf}))).wants(200)
		if i == 0 {
			first = s.lastMail(t).Link
		}
	}
	form := []string{"password", "analytical", "password_confirmation", "analytical"}
	b.get(first).submit("/password/reset", form...).wants(422, "has been used")
	b.get(s.lastMail(t).Link).submit("/password/reset", form...).wants(200, "You are signed in")
}
