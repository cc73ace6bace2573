package examples_test

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
	readme := read(t, "../README.md")
	if len(readme) > maxBytes {
		t.Errorf("README.md has %d bytes, want at most %d", len(readme), maxBytes)
	}
	for _, block := range markdownCode(readme) {
		if lines := strings.Count(block, "\n"); lines > maxProgramLines {
			t.Errorf("the program of README.md has %d lines, want at most %d", lines, maxProgramLines)
		}
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
		if info, err := os.Stat("../" + picture[1]); err != nil || info.Size() > maxPictureBytes {
			t.Errorf("the picture %s of README.md: %v; want a file of at most %d bytes", picture[1], err, maxPictureBytes)
		}
	}
}
