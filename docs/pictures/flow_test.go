// Package pictures_test makes the picture of README.md from its text.
package pictures_test

import (
	"flag"
	"fmt"
	"html"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "draw flow.svg")

// TestFlow fails if flow.svg is not what flow.txt says.
func TestFlow(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("flow.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, err := draw(string(source))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("flow.svg", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("flow.svg"); err != nil || string(got) != want {
		t.Errorf("flow.svg is not what flow.txt says (%v): run go test ./docs/pictures -update", err)
	}
}

const (
	left, between = 90, 310 // the first lifeline, and how far the next ones are away
	top, step     = 56, 40  // the first arrow, and how far the next ones are below
)

var line = regexp.MustCompile(`^(.+) (->|=>) (.+?): (.+)$`)

// draw returns the sequence diagram of source as an SVG.
func draw(source string) (string, error) {
	var parties []string
	var arrows, alternative strings.Builder
	place := func(party string) int {
		i := slices.Index(parties, party)
		if i < 0 {
			i = len(parties)
			parties = append(parties, party)
		}
		return left + i*between
	}
	y := top
	for text := range strings.Lines(source) {
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		found := line.FindStringSubmatch(text)
		if found == nil {
			return "", fmt.Errorf("%q is not as in: Browser -> Your app: text", text)
		}
		from, to, class := place(found[1]), place(found[3]), ""
		if found[2] == "=>" {
			class = ` class="token"`
		}
		end := to - 8 // of the line, where the head begins
		if to < from {
			end = to + 8
		}
		// The text stands beside the first party, where no other lifeline crosses it.
		middle := (from + to) / 2
		if max(from, to)-min(from, to) > between {
			middle = min(from, to) + between/2
		}
		fmt.Fprintf(&arrows, "<g%s><path d=\"M%d %dH%d\"/><path class=\"head\" d=\"M%d %dL%d %dV%dz\"/><text x=\"%d\" y=\"%d\">%s</text></g>\n",
			class, from, y, end, to, y, end, y-5, y+5, middle, y-8, html.EscapeString(found[4]))
		fmt.Fprintf(&alternative, "%s to %s: %s. ", found[1], found[3], found[4])
		y += step
	}
	var lifelines strings.Builder
	for i, party := range parties {
		x := left + i*between
		fmt.Fprintf(&lifelines, "<path class=\"life\" d=\"M%d 34V%d\"/><text class=\"party\" x=\"%d\" y=\"22\">%s</text>\n", x, y-step+16, x, html.EscapeString(party))
	}
	return fmt.Sprintf(frame, 2*left+(len(parties)-1)*between, y-step+24, html.EscapeString(strings.TrimSpace(alternative.String())), &lifelines, &arrows), nil
}

// frame has no background, so that the page behind shows.
const frame = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" text-anchor="middle" role="img">
<title>%s</title>
<style>
text { fill: #1f2328 } path { stroke: #57606a; stroke-width: 1.5; fill: none } .head { fill: #57606a; stroke: none }
.party { font-weight: bold; font-size: 15px } .life { stroke: #afb8c1; stroke-dasharray: 4 4 }
.token path { stroke: #1a7f37 } .token .head { fill: #1a7f37; stroke: none }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } path { stroke: #9198a1 } .head { fill: #9198a1 } .life { stroke: #57606a }
.token path { stroke: #3fb950 } .token .head { fill: #3fb950 }
}
</style>
%s%s</svg>
`
