package authrocketdev

import (
	"slices"
	"sync"
	"time"
)

// Mail is an email that LoginRocket would have sent.
type Mail struct {
	To      string
	Subject string
	Text    string
	Link    string // the link in the email, as an absolute URL
	SentAt  time.Time
}

// outbox stores the latest emails.
type outbox struct {
	mu    sync.Mutex
	mails []Mail
}

const maxMails = 100

func (o *outbox) send(m Mail) {
	m.SentAt = time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.mails) == maxMails {
		o.mails = slices.Delete(o.mails, 0, 1)
	}
	o.mails = append(o.mails, m)
}

// Outbox returns the latest 100 emails, the newest first. The page /outbox also shows
// them.
func (s *Server) Outbox() []Mail {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	mails := slices.Clone(s.outbox.mails)
	slices.Reverse(mails)
	return mails
}
