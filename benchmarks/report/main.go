// Command report compares authrocket with other packages and prints the tables of
// the README. With -chart it also writes the chart that the README shows.
package main

import (
	"errors"
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

// options say how much is measured, and where the results go.
type options struct {
	rounds   int           // of each measurement; the results are medians over the rounds
	slice    time.Duration // CPU time of a case in a round
	load     time.Duration // the duration of the load test, for each app
	clients  int
	tokens   []int  // rows of the growth table
	live     int    // RS256 tokens in use, far more than the cache keeps
	sessions int    // the number of sessions whose memory is measured
	chart    string // the file that the chart is written to, if any
	serve    string // the app of the load test to serve, instead of all of the above
}

// parse reads the command line.
func parse(args []string) (options, error) {
	o := options{clients: 16, tokens: []int{1, 100, 10_000, 100_000}, live: 100_000, sessions: 2_000}
	flags := flag.NewFlagSet("report", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 7, "rounds, in each of which everything is measured")
	flags.DurationVar(&o.slice, "slice", 150*time.Millisecond, "CPU time of a case in a round")
	flags.DurationVar(&o.load, "load", 10*time.Second, "time of the load test, for each app")
	flags.StringVar(&o.chart, "chart", "", "write the chart to this `file`")
	flags.StringVar(&o.serve, "serve", "", "serve one app of the load test, for the command itself")
	err := flags.Parse(args)
	return o, err
}

func main() {
	log.SetFlags(0)
	o, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2) // parse has printed the error
	case o.serve != "":
		err = serveApp(o.serve, os.Stdin, os.Stdout)
	default:
		err = report(os.Stdout, o)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func report(out io.Writer, o options) error {
	world := benchmarks.NewWorld()
	defer world.Close()
	fmt.Fprintf(out, "%s, %d CPUs (%s), %d rounds\n\n", runtime.Version(), runtime.NumCPU(), processor(), o.rounds)
	cases := world.Cases()
	for _, c := range cases {
		if err := c.Check(); err != nil {
			return err
		}
	}
	costs := benchmarks.Measure(cases, o.rounds, o.slice,
		benchmarks.NameFloor, benchmarks.NameRSACheck, benchmarks.NameRSACheck20, benchmarks.NameOpen, benchmarks.NameGate)
	writeCosts(out, costs)
	writeExtras(out, costs)
	writeAdapters(out, costs)
	if o.chart != "" {
		if err := os.WriteFile(o.chart, []byte(chart(costs)), 0o644); err != nil {
			return err
		}
	}
	writeGrowth(out, o)
	writeSeenBefore(out, world, o)
	writeMemory(out, world, o)
	if err := writeAmplified(out, o); err != nil {
		return err
	}
	return writeLoad(out, world, o)
}

func writeCosts(out io.Writer, costs []benchmarks.Cost) {
	fmt.Fprintln(out, "| request | CPU | times the floor | times the RSA check | allocations |")
	fmt.Fprintln(out, "|---|---|---|---|---|")
	bare := costs[0].Allocs // the allocations for the response, which every handler writes
	for _, c := range costs {
		check := benchmarks.NameRSACheck
		if strings.Contains(c.Case.Name, "twenty") {
			check = benchmarks.NameRSACheck20
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s | %.0f |\n", c.Case.Name, micros(c.CPU),
			times(c.Ratios[benchmarks.NameFloor]), times(c.Ratios[check]), max(c.Allocs-bare, 0))
	}
	fmt.Fprintln(out)
}

// writeExtras writes what a Config.SessionState and authrocketotel add to the cost
// of a known token.
func writeExtras(out io.Writer, costs []benchmarks.Cost) {
	byName := map[string]benchmarks.Cost{}
	for _, c := range costs {
		byName[c.Case.Name] = c
	}
	fmt.Fprintln(out, "| known token | with | times without | allocations more |")
	fmt.Fprintln(out, "|---|---|---|---|")
	for _, row := range []struct{ label, name string }{{"open route", benchmarks.NameOpen}, {"gate", benchmarks.NameGate}} {
		for _, extra := range []string{benchmarks.SessionState, benchmarks.Telemetry} {
			with, without := byName[benchmarks.NameWith(row.name, extra)], byName[row.name]
			fmt.Fprintf(out, "| %s | %s | %s | %.0f |\n", row.label, extra, times(with.Ratios[row.name]), with.Allocs-without.Allocs)
		}
	}
	fmt.Fprintln(out)
}

// writeAdapters writes how much more CPU time each adapter takes than the middleware
// on net/http. In the last column, the additional time that the framework itself
// needs for two middlewares, compared with net/http, is subtracted.
func writeAdapters(out io.Writer, costs []benchmarks.Cost) {
	cpu := map[string]time.Duration{}
	for _, c := range costs {
		cpu[c.Case.Name] = c.CPU
	}
	gate := cpu[benchmarks.NameGate]
	fmt.Fprintln(out, "| adapter | over net/http | over net/http and the framework |")
	fmt.Fprintln(out, "|---|---|---|")
	for _, framework := range benchmarks.Frameworks {
		over := cpu[benchmarks.NameAdapter(framework)] - gate
		own := cpu[benchmarks.NameControl(framework)] - cpu[benchmarks.NameControl("net/http")]
		fmt.Fprintf(out, "| %s | %d ns | %d ns |\n", framework, over.Nanoseconds(), (over - own).Nanoseconds())
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

// processor returns the model name of the CPU, or the architecture if the model name
// is not known.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}
