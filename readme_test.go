package authrocket_test

import (
	"os"
	"path/filepath"
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

// TestCommandsOfContributing fails when CONTRIBUTING.md names a test, a script or a folder
// that does not exist.
func TestCommandsOfContributing(t *testing.T) {
	t.Parallel()
	lines := regexp.MustCompile(`(?m)^    ((?:cd|go|\.ci/|release/).*)$`).FindAllStringSubmatch(readText(t, "CONTRIBUTING.md"), -1)
	names := regexp.MustCompile(`\b(?:Test|Fuzz)\w+`)
	tests := 0
	for _, line := range lines {
		command, _, _ := strings.Cut(line[1], " # ")
		folder := "."
		if rest, ok := strings.CutPrefix(command, "cd "); ok {
			folder, command, _ = strings.Cut(rest, " && ")
		}
		words := strings.Fields(command)
		if words[0] != "go" {
			if _, err := os.Stat(filepath.Join(folder, words[0])); err != nil {
				t.Errorf("%s: %v", command, err)
			}
			continue
		}
		pkg := ""
		for _, word := range words[1:] {
			if word == "." || strings.HasPrefix(word, "./") {
				pkg = word
			}
		}
		for _, name := range names.FindAllString(command, -1) {
			tests++
			if !hasTest(t, filepath.Join(folder, pkg), name) {
				t.Errorf("%s: there is no %s in %s", command, name, pkg)
			}
		}
	}
	if len(lines) < 10 || tests < 5 {
		t.Errorf("CONTRIBUTING.md has %d commands, which name %d tests", len(lines), tests)
	}
}

// hasTest reports whether a test file of the folder has this function.
func hasTest(t *testing.T, folder, function string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.Contains(readText(t, file), "\nfunc "+function+"(") {
			return true
		}
	}
	return false
}
