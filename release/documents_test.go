package release_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fence       = regexp.MustCompile("^ *```([a-z]*)")
	comment     = regexp.MustCompile(`(^|\s+)# .*$`)
	yamlCommand = regexp.MustCompile(`^ *command: (.+)$`)
	codeSpan    = regexp.MustCompile("`([^`]+)`")
	assignments = regexp.MustCompile(`^(\w+=\S+ )*`)
)

// programs are those whose commands can be within a sentence.
var programs = []string{
	"apt-get", "authrocket", "cd", "curl", "docker", "git", "go", "npm", "oathtool", "openssl", "redis-cli", "redis-server", "sh", "sudo",
}

// commandsIn returns the commands of a Markdown document, without comments. These are the lines
// of indented blocks and of blocks that are fenced as shell script or without a language, the
// commands of containers, and code within sentences that begins with the name of a program. A
// name with up to one word, such as `go get`, is no command.
func commandsIn(document string) (blocks [][]string) {
	var block []string
	var prose strings.Builder
	endBlock := func() {
		if len(block) > 0 {
			blocks = append(blocks, block)
		}
		block = nil
	}
	addLine := func(line string) {
		if line = comment.ReplaceAllString(strings.TrimSpace(line), ""); line != "" {
			block = append(block, line)
		}
	}
	isFenced, language, isAfterBlank := false, "", true
	for line := range strings.Lines(document) {
		line = strings.TrimRight(line, "\n")
		isBlank := strings.TrimSpace(line) == ""
		switch found := fence.FindStringSubmatch(line); {
		case found != nil && (len(block) == 0 || isFenced || !strings.HasPrefix(line, "    ")):
			endBlock()
			isFenced, language = !isFenced, found[1]
		case isFenced && slices.Contains([]string{"", "bash", "console", "sh", "shell"}, language):
			addLine(line)
		case isFenced:
			if command := yamlCommand.FindStringSubmatch(line); command != nil && language == "yaml" {
				blocks = append(blocks, []string{command[1]})
			}
		case isBlank:
			prose.WriteString("\n")
		case strings.HasPrefix(line, "    ") && (isAfterBlank || len(block) > 0):
			addLine(line)
		default:
			endBlock()
			prose.WriteString(line + "\n")
		}
		isAfterBlank = isBlank
	}
	endBlock()
	for paragraph := range strings.SplitSeq(prose.String(), "\n\n") {
		for _, span := range codeSpan.FindAllStringSubmatch(paragraph, -1) {
			command := strings.Join(strings.Fields(span[1]), " ")
			words := strings.Fields(assignments.ReplaceAllString(command, ""))
			if len(words) > 2 && slices.Contains(programs, words[0]) {
				blocks = append(blocks, []string{command})
			}
		}
	}
	return blocks
}

func TestCommandsIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, document string
		want           [][]string
	}{
		{name: "lines of an indented block", document: "Run:\n\n    go build .    # a comment\n    ./app #1\n\nThen\n", want: [][]string{{"go build .", "./app #1"}}},
		{name: "a blank line within a block", document: "\n    a=1\n\n    # a comment\n    echo $a\n", want: [][]string{{"a=1", "echo $a"}}},
		{name: "a block in a list", document: "1. Run:\n\n       export A=1\n       make\n\n   More.\n", want: [][]string{{"export A=1", "make"}}},
		{name: "two blocks", document: "    a b c\n\ntext\n\n    d e f\n", want: [][]string{{"a b c"}, {"d e f"}}},
		{name: "a line of a paragraph that is indented", document: "- an item\n    that goes on\n"},
		{name: "fenced shell", document: "```sh\nmake all\n```\n\n```\nmake\n```\n", want: [][]string{{"make all"}, {"make"}}},
		{name: "fenced code", document: "```go\ngo func() {}\n\n    go run .\n```\n"},
		{name: "a fence in a list, and a block after it", document: "   ```js\n   go run .\n   ```\n\n    make all\n", want: [][]string{{"make all"}}},
		{name: "the command of a container", document: "```yaml\n    command: app serve -a b\n```\n", want: [][]string{{"app serve -a b"}}},
		{name: "code in a sentence", document: "Run `go test .`, and\n`openssl rand -hex 32`.\n", want: [][]string{{"go test ."}, {"openssl rand -hex 32"}}},
		{name: "code over two lines", document: "Run `go\ntest .` now.\n", want: [][]string{{"go test ."}}},
		{name: "code in a table", document: "| a | `go test .` in `b` |\n", want: [][]string{{"go test ."}}},
		{name: "code with variables", document: "`A=1 B=c go run .`", want: [][]string{{"A=1 B=c go run ."}}},
		{name: "names in a sentence", document: "`go get`, `authrocket doctor`, `A=1`, `no such program`, `go`\n"},
		{name: "a quote mark that is alone in a paragraph", document: "One ` here.\n\n`go vet .`\n", want: [][]string{{"go vet ."}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := commandsIn(row.document); !slices.EqualFunc(got, row.want, slices.Equal) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
