// Command report measures authrocket beside other packages and prints the tables
// of the README. It writes the chart that the README shows.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// budget is how much is measured.
type budget struct {
	rounds   int           // of everything; medians are taken over them
	slice    time.Duration // CPU time of a case in a round
	load     time.Duration // of the load test, for each app
	clients  int
	tokens   []int // rows of the growth table
	sessions int   // whose memory is measured
}

func main() {
	log.SetFlags(0)
	full := budget{rounds: 7, slice: 150 * time.Millisecond, load: 10 * time.Second, clients: 16,
		tokens: []int{1, 100, 10_000, 100_000}, sessions: 2_000}
	flag.IntVar(&full.rounds, "rounds", full.rounds, "rounds, in each of which everything is measured")
	flag.DurationVar(&full.slice, "slice", full.slice, "CPU time of a case in a round")
	flag.DurationVar(&full.load, "load", full.load, "time of the load test, for each app")
	chart := flag.String("chart", "chart.svg", "where the chart is written")
	serve := flag.String("serve", "", "serve one app of the load test, for the command itself")
	flag.Parse()
	if *serve != "" {
		if err := serveApp(*serve, os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := report(os.Stdout, full, *chart); err != nil {
		log.Fatal(err)
	}
}

func report(out io.Writer, b budget, chartFile string) error {
	world := benchmarks.NewWorld()
	defer world.Close()
	fmt.Fprintf(out, "%s, %d CPUs (%s), %d rounds\n\n", runtime.Version(), runtime.NumCPU(), processor(), b.rounds)
	cases := world.Cases()
	for _, c := range cases {
		if err := c.Check(); err != nil {
			return err
		}
	}
	costs := benchmarks.Measure(cases, b.rounds, b.slice, benchmarks.NameFloor, benchmarks.NameRaw, benchmarks.NameRaw20)
	writeCosts(out, costs)
	if err := os.WriteFile(chartFile, []byte(chart(costs)), 0o644); err != nil {
		return err
	}
	writeGrowth(out, b)
	writeMemory(out, world, b)
	return writeLoad(out, world, b)
}

func writeCosts(out io.Writer, costs []benchmarks.Cost) {
	fmt.Fprintln(out, "| request | CPU | times the floor | times the RSA check | allocations |")
	fmt.Fprintln(out, "|---|---|---|---|---|")
	bare := costs[0].Allocs // of the response, whatever answers
	for _, c := range costs {
		raw := benchmarks.NameRaw
		if strings.Contains(c.Case.Name, "twenty") {
			raw = benchmarks.NameRaw20
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %.0f |\n", c.Case.Name, micros(c.CPU),
			times(c.Ratios[benchmarks.NameFloor]), times(c.Ratios[raw]), max(c.Allocs-bare, 0))
	}
	fmt.Fprintln(out)
}

func micros(d time.Duration) string {
	if d < 10*time.Microsecond {
		return fmt.Sprintf("%.2f µs", d.Seconds()*1e6)
	}
	return fmt.Sprintf("%.1f µs", d.Seconds()*1e6)
}

func times(ratio float64) string {
	switch {
	case ratio < 0.1:
		return fmt.Sprintf("%.3f", ratio)
	case ratio < 20:
		return fmt.Sprintf("%.2f", ratio)
	}
	return fmt.Sprintf("%.0f", ratio)
}

// processor names the model, if the system tells.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}
