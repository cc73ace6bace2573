package authrocketdev

import (
	"fmt"
	"io"
	"log/slog"
)

// hidden is what packages fmt and slog print in the place of a credential. Code
// reads the fields.
const hidden = "(hidden)"

func hide(credential string) string {
	if credential == "" {
		return ""
	}
	return hidden
}

// printRecord writes what has no methods of its own any more.
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

// Format prints the config without keys and URLs of webhooks.
func (c ServiceConfig) Format(f fmt.State, verb rune) { printRecord(f, verb, c.printed()) }

// LogValue is the config as Format prints it.
func (c ServiceConfig) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", c)) }

func (m Mail) printed() printedMail {
	m.Link = hide(m.Link)
	return printedMail(m)
}

// Format prints the mail without the link.
func (m Mail) Format(f fmt.State, verb rune) { printRecord(f, verb, m.printed()) }

// LogValue is the mail without the link.
func (m Mail) LogValue() slog.Value { return slog.AnyValue(m.printed()) }

// Format prints nothing of what the service holds.
func (s *Service) Format(f fmt.State, _ rune) { io.WriteString(f, "authrocketdev.Service") }

// Format prints nothing of what the server holds.
func (s *Server) Format(f fmt.State, _ rune) { io.WriteString(f, "authrocketdev.Server") }
