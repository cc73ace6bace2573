package main

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// chart draws the cost of a request with a valid token of one org as bars on a
// logarithmic scale.
func chart(costs []benchmarks.Cost) string {
	const (
		left, width, row, top = 250, 760, 26, 40
		shortest              = 0.1 // µs
		longest               = 1000.0
	)
	var bars strings.Builder
	y := top
	for _, c := range costs {
		if c.Case.Status != 200 || strings.Contains(c.Case.Name, "twenty") {
			continue
		}
		cost := c.CPU.Seconds() * 1e6
		length := (width - left - 90) * math.Log(max(cost, shortest)/shortest) / math.Log(longest/shortest)
		color := map[benchmarks.Kind]string{benchmarks.Floor: "#8a8f98", benchmarks.AuthRocket: "#1f7a4d", benchmarks.Peer: "#b06a2c"}[c.Case.Kind]
		fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%d" y="%d" width="%.0f" height="16" fill="%s"/><text x="%.0f" y="%d">%s</text>`+"\n",
			left-8, y+13, html.EscapeString(c.Case.Name), left, y, max(length, 1), color, left+length+6, y+13, micros(c.CPU))
		y += row
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" role="img" aria-label="CPU time of one request">
<rect width="100%%" height="100%%" fill="#fff"/>
<text x="%d" y="22" font-weight="bold">CPU time of one request (logarithmic scale)</text>
%s</svg>
`, width, y+10, left, bars.String())
}
