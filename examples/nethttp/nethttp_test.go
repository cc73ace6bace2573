package main_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	walk.Shop(t)
}

func TestProgramSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := walk.Start(t, walk.Build(t), nil)
	if got := p.ExitCode(t); got != 1 {
		t.Errorf("got exit code %d, want 1", got)
	}
	for _, field := range []string{"Config.LoginRocketURL", "Config.AppURL"} {
		if !strings.Contains(p.Stderr.String(), field) {
			t.Errorf("%s is missing in %s", field, p.Stderr)
		}
	}
}
