package examples_test

import (
	"go/doc/comment"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources are the files that the code of the docs is taken from. All of them
// are compiled, and their tests serve requests with them.
var sources = []string{
	"nethttp/main.go", "chi/main.go", "gin/main.go", "echo/main.go", "api/main.go", "websocket/main.go", "pages/pages.go", "goredislog/log.go", "sessions_recipe_test.go",
	"../recipes_test.go", "../recipes_proxy_test.go", "../loginrocket/recipe_test.go", "../authrocketdev/recipe_test.go", "../authrocketdev/coreapi_recipe_test.go", "../browsertest/nginx_recipe_test.go", "../browsertest/caddy_recipe_test.go",
	"../adapters/authrocketechov4/example_test.go", "../adapters/authrocketgin/conformance_test.go",
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestCodeOfTheDocsIsCompiledCode fails when a Go block of a README, or the
// code in a comment of an adapter, is not, line by line, part of a source.
func TestCodeOfTheDocsIsCompiledCode(t *testing.T) {
	t.Parallel()
	docs := map[string][]string{} // their code, by name
	for _, pattern := range []string{"../README.md", "../docs/*.md", "../adapters/*/README.md"} {
		for _, name := range glob(t, pattern) {
			docs[name] = markdownCode(read(t, name))
		}
	}
	for _, pattern := range []string{"../authrockettest/adapter.go", "../adapters/*/authrocket*.go"} {
		for _, name := range glob(t, pattern) {
			if !strings.HasSuffix(name, "_test.go") {
				docs[name] = commentCode(t, name)
			}
		}
	}
	var compiled []string
	for _, name := range sources {
		compiled = append(compiled, read(t, name))
	}
	for doc, blocks := range docs {
		if isAboutCode := doc != "../docs/doctor.md" && doc != "../docs/evidence.md"; isAboutCode != (len(blocks) > 0) {
			t.Errorf("%s has %d blocks of Go code", doc, len(blocks))
		}
		for _, block := range blocks {
			if !isPartOfOne(compiled, block) {
				t.Errorf("%s has code that is in none of %q:\n%s", doc, sources, block)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s are no files: %v", pattern, err)
	}
	return names
}

func markdownCode(text string) []string {
	var blocks []string
	for _, block := range goBlock.FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, block[1])
	}
	return blocks
}

// commentCode returns the code in the comments of a Go file.
func commentCode(t *testing.T, name string) []string {
	t.Helper()
	file, err := goparser.ParseFile(token.NewFileSet(), name, nil, goparser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var parser comment.Parser
	var blocks []string
	for _, group := range file.Comments {
		for _, block := range parser.Parse(group.Text()).Content {
			if code, ok := block.(*comment.Code); ok {
				blocks = append(blocks, code.Text)
			}
		}
	}
	return blocks
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
