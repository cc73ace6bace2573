package main

import (
	"fmt"
	"io"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// writeAmplified writes the costs of requests whose few bytes unpack to many
// cookies. For each request, the other cases are compared with the first one.
func writeAmplified(out io.Writer, o options) error {
	fmt.Fprintln(out, "| over HTTP/2 | request | CPU | times r.Cookies() alone |")
	fmt.Fprintln(out, "|---|---|---|---|")
	for _, a := range benchmarks.Amplifications() {
		defer a.Close()
		for _, c := range a.Cases {
			if err := c.Check(); err != nil {
				return err
			}
		}
		for _, c := range benchmarks.Measure(a.Cases, o.rounds, o.slice, a.Cases[0].Name) {
			fmt.Fprintf(out, "| %s | %s | %s | %s |\n", a.Name, c.Case.Name, micros(c.CPU), times(c.Ratios[a.Cases[0].Name]))
		}
	}
	fmt.Fprintln(out)
	return nil
}
