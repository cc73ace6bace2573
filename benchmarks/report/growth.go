package main

import (
	"fmt"
	"io"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// writeGrowth writes what a request costs for each number of tokens in use.
func writeGrowth(out io.Writer, o options) {
	fmt.Fprintln(out, "| live tokens | CPU, 10,000 are kept | CPU, all are kept |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, n := range o.tokens {
		fmt.Fprintf(out, "| %d | %s | %s |\n", n,
			micros(benchmarks.CostInTurn(n, 10_000, o.rounds, o.slice)),
			micros(benchmarks.CostInTurn(n, 2*n+1_000, o.rounds, o.slice)))
	}
	fmt.Fprintln(out)
}

// writeSeenBefore writes the cost of a request whose token was verified before, but
// is not kept in the cache.
func writeSeenBefore(out io.Writer, world *benchmarks.World, o options) {
	fmt.Fprintln(out, "| live RS256 tokens, 10,000 are kept | CPU | times the RSA check |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, orgs := range []int{1, 20} {
		cpu, timesRSACheck := world.CostSeenBefore(o.live, 10_000, orgs, o.rounds, o.slice)
		fmt.Fprintf(out, "| %d, orgs: %d | %s | %s |\n", o.live, orgs, micros(cpu), times(timesRSACheck))
	}
	fmt.Fprintln(out)
}

// writeMemory writes how much the heap grows for each kept session.
func writeMemory(out io.Writer, world *benchmarks.World, o options) {
	fmt.Fprintln(out, "| kept session | heap | of it the token |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, orgs := range []int{1, 20} {
		heapBytes, tokenBytes := world.HeapPerSession(o.sessions, orgs)
		fmt.Fprintf(out, "| RS256, orgs: %d | %.1f KB | %.1f KB |\n", orgs, float64(heapBytes)/1000, float64(tokenBytes)/1000)
	}
	fmt.Fprintln(out)
}
