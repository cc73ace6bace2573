package main_test

import "testing"

func TestCommands(t *testing.T) {
	t.Parallel()
	const usage = "Usage: authrocket command [flags]\n\n" +
		"  dev      run a local AuthRocket, for development without an account\n" +
		"  doctor   check the setup of an app, and say what to do\n" +
		"  explain  show what is in a login token, and whether it is accepted\n" +
		"  login    log in through the LoginRocket API, and get a login token for tests\n\n" +
		"authrocket command -h lists the flags of a command.\n"
	for _, row := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{name: "no command", code: 2, stderr: usage},
		{name: "an unknown command", args: []string{"serve", "-h"}, code: 2, stderr: "authrocket: unknown command \"serve\"\n\n" + usage},
		{name: "a flag before the command", args: []string{"-addr", "localhost:0", "dev"}, code: 2, stderr: "authrocket: unknown command \"-addr\"\n\n" + usage},
		{name: "an empty command", args: []string{""}, code: 2, stderr: "authrocket: unknown command \"\"\n\n" + usage},
		{name: "-h lists the commands", args: []string{"-h"}, stdout: usage},
		{name: "help lists the commands", args: []string{"help"}, stdout: usage},
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
