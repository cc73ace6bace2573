package authrocket_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// bannedPhrases are idioms that readers stumble over, with what to write instead. Words
// match in any case, and across line ends. In words, a|b is a choice.
var bannedPhrases = []bannedPhrase{
	{words: "no good", instead: "invalid"},
	{words: "in vain", instead: "failed"},
	{words: "is|are|was|were|be told", instead: "reports, logs, calls; is known; can be distinguished"},
	{words: "allows whose", instead: "allows users whose"},
	{words: "of ours|yours|theirs", instead: "our, your, their, custom"},
	{words: "come|comes|came back without", instead: "did not produce, failed"},
	{words: "get|gets|got through", instead: "succeeds, is accepted"},
	{words: "do|does for", instead: "is enough for"},
	{words: "made up for", instead: "takes precedence"},
	{words: "some make room", instead: "some are evicted"},
	{words: "stays|stay yours", instead: "your responsibilities"},
	{words: "is|are stopped by", instead: "mitigation"},
	{words: "write one such as", instead: "use, for example,"},
	{words: "fetch|fetches ahead", instead: "prefetches"},
	{words: "landing", instead: "callback", except: "page"},
}

type bannedPhrase struct {
	words, instead string
	except         string // the word after it that makes it ordinary English
	pattern        *regexp.Regexp
}

func init() {
	// A line of a quotation or a comment begins with more than white space.
	const betweenWords = `\s+(?:(?:>|//)\s+)?`
	for i, phrase := range bannedPhrases {
		words := strings.Fields(phrase.words)
		for j, word := range words {
			words[j] = "(?:" + word + ")"
		}
		bannedPhrases[i].pattern = regexp.MustCompile(`(?i)\b(` + strings.Join(words, betweenWords) + `)\b(?:\s+(\w+))?`)
	}
}

// bannedNames are identifiers that say nothing without their comments.
var bannedNames = regexp.MustCompile(`^(landing|isLanding|serveLanding|isOurs|fetchmeta|breakLoop|nobody|noGood|hope)$`)

// No doc comment, comment, text of a program or document has a banned phrase. Code blocks
// of documents count, too: readers read their comments.
func TestTextsArePlainEnglish(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); name == "node_modules" || name == "testdata" || name != "." && strings.HasPrefix(name, ".") {
				return fs.SkipDir
			}
			return nil
		}
		switch {
		case strings.HasSuffix(path, "_test.go"):
		case strings.HasSuffix(path, ".go"):
			checkGoWords(t, path)
		case strings.HasSuffix(path, ".md"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			checkWords(t, path, 1, string(text))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkGoWords checks the comments, the strings and the names of a file.
func checkGoWords(t *testing.T, path string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	line := func(node ast.Node) int { return files.Position(node.Pos()).Line }
	for _, group := range file.Comments {
		var text strings.Builder
		for _, comment := range group.List {
			text.WriteString(strings.TrimPrefix(comment.Text, "//") + "\n")
		}
		checkWords(t, path, line(group), text.String())
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); node.Kind == token.STRING && err == nil {
				checkWords(t, path, line(node), text)
			}
		case *ast.Ident:
			if bannedNames.MatchString(node.Name) {
				t.Errorf("%s:%d: the name %s needs its comment to be understood", path, line(node), node.Name)
			}
		}
		return true
	})
}

func checkWords(t *testing.T, path string, line int, text string) {
	t.Helper()
	for _, found := range findBanned(text) {
		t.Errorf("%s:%d: %q: write, for example: %s", path, line+found.line, found.text, found.instead)
	}
}

type finding struct {
	text, instead string
	line          int // after the first one
}

func findBanned(text string) []finding {
	var found []finding
	for _, phrase := range bannedPhrases {
		for _, at := range phrase.pattern.FindAllStringSubmatchIndex(text, -1) {
			if at[4] >= 0 && phrase.except != "" && text[at[4]:at[5]] == phrase.except {
				continue
			}
			found = append(found, finding{text[at[2]:at[3]], phrase.instead, strings.Count(text[:at[2]], "\n")})
		}
	}
	return found
}

// A phrase is found in any case, across line ends, and as whole words only.
func TestBannedPhrasesAreFound(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text, want string
		line             int
	}{
		{name: "on one line", text: "A token that is no good.", want: "no good"},
		{name: "in upper case", text: "No good.", want: "No good"},
		{name: "across a line end", text: "A login comes\nback without a session.", want: "comes\nback without"},
		{name: "across a line end of a quotation", text: "> it comes back\n> without", want: "comes back\n> without"},
		{name: "across a line end of a comment in a code block", text: "// it comes back\n// without", want: "comes back\n// without"},
		{name: "on the second line", text: "One.\nIt is in vain.", want: "in vain", line: 1},
		{name: "one of several forms", text: "The app got through.", want: "got through"},
		{name: "only as whole words", text: "no goods, in vainglory, his toldo"},
		{name: "not with other words between", text: "no very good"},
		{name: "not before the exception", text: "the landing page of a shop"},
		{name: "before another word", text: "the landing route of a login", want: "landing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var want []finding
			if row.want != "" {
				want = []finding{{text: row.want, line: row.line}}
			}
			got := findBanned(row.text)
			for i := range got {
				got[i].instead = ""
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}
