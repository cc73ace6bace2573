package main

import (
	"fmt"
	"io"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// writeGrowth writes what a request costs when so many tokens are in use.
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

// writeSeenBefore writes what a request costs whose token verified before, but is not
// one of the tokens that are kept.
func writeSeenBefore(out io.Writer, world *benchmarks.World, o options) {
	fmt.Fprintln(out, "| live RS256 tokens, 10,000 are kept | CPU | times the RSA check |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, orgs := range []int{1, 20} {
		cpu, timesRSACheck := world.CostSeenBefore(o.live, 10_000, orgs, o.rounds, o.slice)
		fmt.Fprintf(out, "| %d, orgs: %d | %s | %s |\n", o.live, orgs, micros(cpu), times(timesRSACheck))
	}
	fmt.Fprintln(out)
}

// writeMemory writes how much the heap grows for a kept session.
func writeMemory(out io.Writer, world *benchmarks.World, o options) {
	fmt.Fprintln(out, "| kept session | heap | of it the token |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, orgs := range []int{1, 20} {
		heapBytes, tokenBytes := world.HeapPerSession(o.sessions, orgs)
		fmt.Fprintf(out, "| RS256, orgs: %d | %.1f KB | %.1f KB |\n", orgs, float64(heapBytes)/1000, float64(tokenBytes)/1000)
	}
	fmt.Fprintln(out)
}
