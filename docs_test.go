package authrocket_test

import (
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// The tests of this file hold for all Markdown of the repository, in every module.

// repositoryFiles returns the files of the repository whose name ends with suffix, by path.
func repositoryFiles(t *testing.T, suffix string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() && name != "." && (base[0] == '.' || base == "testdata" || base == "node_modules") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(base, suffix) {
			return nil
		}
		data, err := os.ReadFile(name)
		files[name] = string(data)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("no files end with %s: %v", suffix, err)
	}
	return files
}

// maxColumns is how long a line of Markdown may be, unless it is a row of a table. A tab
// counts as 4 columns.
const maxColumns = 120

func TestMarkdownLinesAreShort(t *testing.T) {
	t.Parallel()
	for name, text := range repositoryFiles(t, ".md") {
		number := 0
		for line := range strings.Lines(text) {
			number++
			line = strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")
			columns := utf8.RuneCountInString(line)
			isOneWord := !strings.Contains(strings.TrimSpace(line), " ") // such as a URL
			if columns > maxColumns && !strings.HasPrefix(line, "|") && !isOneWord {
				t.Errorf("%s:%d has %d columns, want at most %d", name, number, columns, maxColumns)
			}
		}
	}
}

var readersPattern = regexp.MustCompile(`^(For |[^.]* (is|are) for )`)

// Each page of docs/ says in its first sentence whom it is for. README.md is their index.
func TestDocsSayWhomTheyAreFor(t *testing.T) {
	t.Parallel()
	for name, text := range repositoryFiles(t, ".md") {
		if path.Dir(name) != "docs" || path.Base(name) == "README.md" {
			continue
		}
		title, rest, _ := strings.Cut(text, "\n\n")
		first, _, _ := strings.Cut(rest, "\n\n")
		if !strings.HasPrefix(title, "# ") || !readersPattern.MatchString(strings.ReplaceAll(first, "\n", " ")) {
			t.Errorf("%s begins with %q and %q, want a title and for whom the page is", name, title, first)
		}
	}
}

var (
	markdownLink    = regexp.MustCompile(`\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)`)
	referenceDef    = regexp.MustCompile(`(?m)^\[[^]]+\]:\s+(\S+)`)
	htmlLink        = regexp.MustCompile(`(?:href|src|srcset)="([^"]+)"`)
	inlineCode      = regexp.MustCompile("`[^`]+`")
	markdownHeading = regexp.MustCompile(`(?m)^#{1,6} +(.+?)[ #]*$`)
	htmlAnchor      = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
	lineAnchor      = regexp.MustCompile(`^L[0-9]+(-L[0-9]+)?$`)
)

func TestMarkdownLinksResolve(t *testing.T) {
	t.Parallel()
	files := repositoryFiles(t, ".md")
	for name, text := range files {
		for _, link := range linkTargets(text) {
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			target, anchor, hasAnchor := strings.Cut(link, "#")
			file := name
			if target != "" {
				file = path.Join(path.Dir(name), target)
			}
			_, err := os.Stat(file)
			linked, isMarkdown := files[file]
			switch {
			case strings.HasPrefix(file, "..") || path.IsAbs(target):
				t.Errorf("%s: %s leaves the repository", name, link)
			case err != nil:
				t.Errorf("%s: %s is no file", name, link)
			case hasAnchor && isMarkdown && !hasAnchorOf(linked, anchor):
				t.Errorf("%s: %s has no such heading", name, link)
			case hasAnchor && !isMarkdown && !lineAnchor.MatchString(anchor):
				t.Errorf("%s: %s names a heading of a file that has none", name, link)
			}
		}
	}
}

// linkTargets returns the targets of all links, those in code excepted.
func linkTargets(text string) []string {
	var links []string
	for paragraph := range strings.SplitSeq(withoutCode(text), "\n\n") {
		paragraph = inlineCode.ReplaceAllString(paragraph, "")
		for _, pattern := range []*regexp.Regexp{markdownLink, referenceDef, htmlLink} {
			for _, match := range pattern.FindAllStringSubmatch(paragraph, -1) {
				links = append(links, match[1])
			}
		}
	}
	return links
}

// withoutCode removes fenced and indented code.
func withoutCode(text string) string {
	var kept strings.Builder
	isFenced := false
	for line := range strings.Lines(text) {
		isFence := strings.HasPrefix(strings.TrimLeft(line, " "), "```")
		if isFence {
			isFenced = !isFenced
		}
		if !isFence && !isFenced && !strings.HasPrefix(line, "    ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// hasAnchorOf reports whether GitHub gives a heading of text this anchor.
func hasAnchorOf(text, anchor string) bool {
	count := map[string]int{}
	text = withoutCode(text)
	for _, match := range markdownHeading.FindAllStringSubmatch(text, -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, markdownLink.ReplaceAllString(match[1], "]"))
		numbered := slug
		if n := count[slug]; n > 0 {
			numbered += "-" + strconv.Itoa(n)
		}
		count[slug]++
		if numbered == anchor {
			return true
		}
	}
	for _, match := range htmlAnchor.FindAllStringSubmatch(text, -1) {
		if match[1] == anchor {
			return true
		}
	}
	return false
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// TestCodeOfTheDocsIsCompiledCode fails when a Go block of Markdown, or the code in a
// comment of an adapter, is not, line by line, part of a Go file. A module's tests compile
// and test all of these.
func TestCodeOfTheDocsIsCompiledCode(t *testing.T) {
	t.Parallel()
	blocks := map[string][]string{} // by file
	for name, text := range repositoryFiles(t, ".md") {
		for _, block := range goBlock.FindAllStringSubmatch(text, -1) {
			blocks[name] = append(blocks[name], block[1])
		}
	}
	sources := repositoryFiles(t, ".go")
	for name, text := range sources {
		base := path.Base(name)
		isAdapter := strings.HasPrefix(name, "adapters/") && strings.HasPrefix(base, "authrocket")
		if (isAdapter || name == "authrockettest/adapter.go") && !strings.HasSuffix(base, "_test.go") {
			blocks[name] = commentCode(t, name, text)
		}
	}
	for _, name := range []string{"docs/recipes.md", "authrockettest/adapter.go"} {
		if len(blocks[name]) == 0 {
			t.Errorf("%s has no Go code", name)
		}
	}
	for name, found := range blocks {
		for _, block := range found {
			if !isPartOfOne(sources, block) {
				t.Errorf("%s has code that is in no Go file:\n%s", name, block)
			}
		}
	}
}

// commentCode returns the code in the comments of a Go file.
func commentCode(t *testing.T, name, text string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var comments comment.Parser
	var blocks []string
	for _, group := range file.Comments {
		for _, block := range comments.Parse(group.Text()).Content {
			if code, ok := block.(*comment.Code); ok {
				blocks = append(blocks, code.Text)
			}
		}
	}
	return blocks
}

func isPartOfOne(sources map[string]string, block string) bool {
	if strings.TrimSpace(block) == "" {
		return false
	}
	for _, source := range sources {
		if strings.Contains("\n"+source, "\n"+block) {
			return true
		}
	}
	return false
}
