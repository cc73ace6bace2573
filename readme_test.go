package authrocket_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The README is for a reader in a hurry: what is more than this goes to docs/.
func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	const maxBytes, maxProgramLines, maxPictureBytes = 6_000, 20, 60_000
	readme := readText(t, "README.md")
	if len(readme) > maxBytes {
		t.Errorf("README.md has %d bytes, want at most %d", len(readme), maxBytes)
	}
	programs := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(readme, -1)
	if len(programs) != 1 || strings.Count(programs[0][1], "\n") > maxProgramLines {
		t.Errorf("README.md has the programs %q, want one of at most %d lines", programs, maxProgramLines)
	}
	for _, command := range []string{"\n    go run ./examples/quickstart ", "\n    go test work "} {
		if !strings.Contains(readme, command) {
			t.Errorf("README.md lacks the command %q", strings.TrimSpace(command))
		}
	}
	pictures := regexp.MustCompile(`!\[[^\]]+\]\(([^)]+)\)`).FindAllStringSubmatch(readme, -1)
	if len(pictures) != 2 {
		t.Errorf("README.md has %d pictures with a text, want the quickstart and the flow of a login", len(pictures))
	}
	for _, picture := range pictures {
		if info, err := os.Stat(picture[1]); err != nil || info.Size() > maxPictureBytes {
			t.Errorf("the picture %s of README.md: %v; want a file of at most %d bytes", picture[1], err, maxPictureBytes)
		}
	}
}
