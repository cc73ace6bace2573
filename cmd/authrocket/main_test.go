package main_test

import "testing"

func TestCommands(t *testing.T) {
	t.Parallel()
	const usage = "Usage: authrocket command [flags]\n\n" +
		"  dev   serve a local LoginRocket, for developing without an account\n\n" +
		"authrocket command -h lists the flags of a command.\n"
	for _, row := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"no command", nil, 2, "", usage},
		{"an unknown command", []string{"serve", "-h"}, 2, "", "authrocket: there is no command \"serve\"\n\n" + usage},
		{"a flag before the command", []string{"-addr", "localhost:0", "dev"}, 2, "", "authrocket: there is no command \"-addr\"\n\n" + usage},
		{"an empty command", []string{""}, 2, "", "authrocket: there is no command \"\"\n\n" + usage},
		{"-h lists the commands", []string{"-h"}, 0, usage, ""},
		{"help lists the commands", []string{"help"}, 0, usage, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := execute(t, row.args...)
			if code := p.exitCode(); code != row.code || p.stdout.String() != row.stdout || p.stderr.String() != row.stderr {
				t.Errorf("got exit code %d, %q, %q, want %d, %q, %q", code, p.stdout, p.stderr, row.code, row.stdout, row.stderr)
			}
		})
	}
}
