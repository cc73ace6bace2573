package authrockettest

import (
	"fmt"
	"log/slog"
)

// hidden is what fmt and slog print instead of a credential, because records end up
// in logs and in the output of failed tests. Code can read the fields.
const hidden = "(hidden)"

func hide(credential string) string {
	if credential == "" {
		return ""
	}
	return hidden
}

// printRecord prints a record whose Format and LogValue methods have been removed.
func printRecord(f fmt.State, verb rune, record any) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), record)
}

type (
	printedUser       User
	printedSession    HostedSession
	printedInvitation Invitation
	printedCredential Credential
	printedProvider   AuthProvider
	printedOneTime    OneTime
	printedEvent      Event
)

func (u User) printed() printedUser {
	u.Password = hide(u.Password)
	return printedUser(u)
}

// Format prints the user without the password.
func (u User) Format(f fmt.State, verb rune) { printRecord(f, verb, u.printed()) }

// LogValue returns the user without the password.
func (u User) LogValue() slog.Value { return slog.AnyValue(u.printed()) }

func (s HostedSession) printed() printedSession {
	s.ID = hide(s.ID)
	return printedSession(s)
}

// Format prints the session without its ID.
func (s HostedSession) Format(f fmt.State, verb rune) { printRecord(f, verb, s.printed()) }

// LogValue returns the session without its ID.
func (s HostedSession) LogValue() slog.Value { return slog.AnyValue(s.printed()) }

func (i Invitation) printed() printedInvitation {
	i.Token = hide(i.Token)
	return printedInvitation(i)
}

// Format prints the invitation without its token.
func (i Invitation) Format(f fmt.State, verb rune) { printRecord(f, verb, i.printed()) }

// LogValue returns the invitation without its token.
func (i Invitation) LogValue() slog.Value { return slog.AnyValue(i.printed()) }

func (c Credential) printed() printedCredential {
	c.secret, c.hash = hide(c.secret), passwordHash{}
	return printedCredential(c)
}

// Format prints the credential without its secret and hash.
func (c Credential) Format(f fmt.State, verb rune) { printRecord(f, verb, c.printed()) }

// LogValue returns the credential without its secret and hash.
func (c Credential) LogValue() slog.Value { return slog.AnyValue(c.printed()) }

func (p AuthProvider) printed() printedProvider {
	p.ClientSecret = hide(p.ClientSecret)
	return printedProvider(p)
}

// Format prints the auth provider without its client secret.
func (p AuthProvider) Format(f fmt.State, verb rune) { printRecord(f, verb, p.printed()) }

// LogValue returns the auth provider without its client secret.
func (p AuthProvider) LogValue() slog.Value { return slog.AnyValue(p.printed()) }

func (o OneTime) printed() printedOneTime {
	o.Token = hide(o.Token)
	return printedOneTime(o)
}

// Format prints the OneTime without its token.
func (o OneTime) Format(f fmt.State, verb rune) { printRecord(f, verb, o.printed()) }

// LogValue returns the OneTime without its token.
func (o OneTime) LogValue() slog.Value { return slog.AnyValue(o.printed()) }

func (e Event) printed() printedEvent {
	e.Token, e.SessionID = hide(e.Token), hide(e.SessionID)
	return printedEvent(e)
}

// Format prints the event without its token and session ID.
func (e Event) Format(f fmt.State, verb rune) { printRecord(f, verb, e.printed()) }

// LogValue returns the event without its token and session ID.
func (e Event) LogValue() slog.Value { return slog.AnyValue(e.printed()) }
