package main

import (
	"fmt"
	"io"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// writeGrowth tells what a request costs when so many tokens are in use.
func writeGrowth(out io.Writer, b budget) {
	fmt.Fprintln(out, "| live tokens | CPU, 10,000 are kept | CPU, all are kept |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, n := range b.tokens {
		fmt.Fprintf(out, "| %d | %s | %s |\n", n,
			micros(benchmarks.CostInTurn(n, 10_000, b.rounds, b.slice)),
			micros(benchmarks.CostInTurn(n, 2*n+1_000, b.rounds, b.slice)))
	}
	fmt.Fprintln(out)
}

// writeMemory tells how much the heap grows for a kept session.
func writeMemory(out io.Writer, world *benchmarks.World, b budget) {
	fmt.Fprintln(out, "| kept session | heap | of it the token |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, orgs := range []int{1, 20} {
		heapBytes, tokenBytes := world.HeapPerSession(b.sessions, orgs)
		fmt.Fprintf(out, "| RS256, orgs: %d | %.1f KB | %.1f KB |\n", orgs, float64(heapBytes)/1000, float64(tokenBytes)/1000)
	}
	fmt.Fprintln(out)
}
