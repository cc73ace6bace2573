package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCommandsOfContributing fails when CONTRIBUTING.md names a test, a script or a folder that does not exist.
func TestCommandsOfContributing(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^    ((?:cd|go|\.ci/|release/).*)$`).FindAllStringSubmatch(read(t, "../CONTRIBUTING.md"), -1)
	tests := 0
	for _, match := range commands {
		command, _, _ := strings.Cut(match[1], " # ")
		folder := root
		if rest, ok := strings.CutPrefix(command, "cd "); ok {
			into, after, _ := strings.Cut(rest, " && ")
			folder, command = filepath.Join(root, into), after
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
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)\w+`).FindAllString(command, -1) {
			tests++
			if !declares(t, filepath.Join(folder, pkg), name) {
				t.Errorf("%s: there is no %s in %s", command, name, pkg)
			}
		}
	}
	if len(commands) < 10 || tests < 5 {
		t.Errorf("CONTRIBUTING.md has %d commands, which name %d tests", len(commands), tests)
	}
}

// declares reports whether a test file of the folder has this function.
func declares(t *testing.T, folder, function string) bool {
	t.Helper()
	for _, name := range glob(t, filepath.Join(folder, "*_test.go")) {
		if strings.Contains(read(t, name), "\nfunc "+function+"(") {
			return true
		}
	}
	return false
}
