package authrocketdev_test

import (
	"fmt"
	"testing"
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
