package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources are the files that the code of the docs is taken from. All of them
// are compiled, and their tests serve requests with them.
var sources = []string{"nethttp/main.go", "../recipes_test.go", "../loginrocketdev/recipe_test.go"}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestCodeOfTheDocsIsCompiledCode fails when a Go block of the docs is not,
// line by line, part of a source.
func TestCodeOfTheDocsIsCompiledCode(t *testing.T) {
	t.Parallel()
	var compiled []string
	for _, name := range sources {
		compiled = append(compiled, read(t, name))
	}
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil || len(docs) == 0 {
		t.Fatalf("docs/ has no pages: %v", err)
	}
	for _, doc := range append(docs, "../README.md") {
		blocks := goBlock.FindAllStringSubmatch(read(t, doc), -1)
		if len(blocks) == 0 {
			t.Errorf("%s has no Go code", doc)
		}
		for _, block := range blocks {
			if !isPartOfOne(compiled, block[1]) {
				t.Errorf("%s has code that is in none of %q:\n%s", doc, sources, block[1])
			}
		}
	}
}

func isPartOfOne(compiled []string, block string) bool {
	if strings.TrimSpace(block) == "" {
		return false
	}
	for _, source := range compiled {
		if strings.Contains(source, "\n"+block) {
			return true
		}
	}
	return false
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return "\n" + string(data)
}
