package authrocketdev

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what fmt and slog print instead of a credential. Code can read the
// fields.
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
	printedConfig ServiceConfig
	printedMail   Mail
)

func (c ServiceConfig) printed() printedConfig {
	c.APIKey, c.ReadOnlyAPIKey = hide(c.APIKey), hide(c.ReadOnlyAPIKey)
	webhooks := make([]string, len(c.Webhooks))
	for i, url := range c.Webhooks {
		webhooks[i] = hide(url)
	}
	c.Webhooks = webhooks
	return printedConfig(c)
}

// Format prints the config without API keys and webhook URLs.
func (c ServiceConfig) Format(f fmt.State, verb rune) { printRecord(f, verb, c.printed()) }

// LogValue returns the config in the form that Format prints.
func (c ServiceConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", c)) }

func (m Mail) printed() printedMail {
	m.Link = hide(m.Link)
	return printedMail(m)
}

// Format prints the email without the link.
func (m Mail) Format(f fmt.State, verb rune) { printRecord(f, verb, m.printed()) }

// LogValue returns the email without the link.
func (m Mail) LogValue() slog.Value { return slog.AnyValue(m.printed()) }

// Format prints a fixed text, and nothing that the service contains.
func (s *Service) Format(f fmt.State, _ rune) { io.WriteString(f, "authrocketdev.Service") }

// Format prints a fixed text, and nothing that the server contains.
func (s *Server) Format(f fmt.State, _ rune) { io.WriteString(f, "authrocketdev.Server") }
