package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket/benchmarks"
)

// The apps of the load test. A separate process serves each app.
const (
	appBare = "no auth"
	appOurs = "authrocket, known"
)

var appPeers = []string{"golang-jwt/jwt v5 + keyfunc v3", "coreos/go-oidc v3"}

// serveApp serves the app called name on loopback until in ends. It writes its
// address and a valid token to out.
func serveApp(name string, in io.Reader, out io.Writer) error {
	world := benchmarks.NewWorld()
	defer world.Close()
	var handler http.Handler
	for _, c := range append([]benchmarks.Contender{{Name: appBare, Handler: benchmarks.Bare}}, append(world.AuthRocket(), world.Peers()...)...) {
		if c.Name == name {
			handler = c.Handler()
		}
	}
	if handler == nil {
		return fmt.Errorf("there is no app called %q", name)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		io.Copy(io.Discard, in)
		server.Close()
	}()
	if err := json.NewEncoder(out).Encode(served{listener.Addr().String(), world.One.Text}); err != nil {
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

type served struct{ Address, Token string }

// result is what the clients of one app measured.
type result struct {
	perSecond float64
	p99       time.Duration
}

// writeLoad puts each app under load in turn, for a part of the time in each round.
func writeLoad(out io.Writer, world *benchmarks.World, o options) error {
	names := append([]string{appBare, appOurs}, appPeers...)
	results := make([][]result, len(names))
	for range o.rounds {
		for i, name := range names {
			r, err := loadProcess(name, o.load/time.Duration(o.rounds), o.clients)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			results[i] = append(results[i], r)
		}
	}
	fmt.Fprintf(out, "%d connections, %s for each app in %d rounds, clients on the same machine:\n\n", o.clients, o.load, o.rounds)
	fmt.Fprintln(out, "| app | requests per second | of no auth | p99 |")
	fmt.Fprintln(out, "|---|---|---|---|")
	for i, name := range names {
		perSecond := medianBy(results[i], func(r result) float64 { return r.perSecond })
		var ratios []result
		for round := range results[i] {
			ratios = append(ratios, result{perSecond: results[i][round].perSecond / results[0][round].perSecond})
		}
		fmt.Fprintf(out, "| %s | %.0f | %.2f | %.2f ms |\n", name, perSecond,
			medianBy(ratios, func(r result) float64 { return r.perSecond }),
			medianBy(results[i], func(r result) float64 { return r.p99.Seconds() * 1e3 }))
	}
	return nil
}

func medianBy(results []result, value func(result) float64) float64 {
	values := make([]float64, len(results))
	for i, r := range results {
		values[i] = value(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// loadProcess starts the app as a process and measures it under load.
func loadProcess(name string, duration time.Duration, clients int) (result, error) {
	program, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	cmd := exec.Command(program, "-serve", name)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return result{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	defer cmd.Wait()
	defer stdin.Close() // ends the process
	var s served
	if err := json.NewDecoder(stdout).Decode(&s); err != nil {
		return result{}, err
	}
	if _, err := load(s, duration/5, clients); err != nil { // warms up
		return result{}, err
	}
	return load(s, duration, clients)
}

// load sends requests from clients connections, one after the other on each. The
// clients do as little as they can, since they share the CPUs with the server.
func load(s served, duration time.Duration, clients int) (result, error) {
	request := []byte("GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + s.Token + "\r\n\r\n")
	took := make([][]time.Duration, clients)
	errs := make([]error, clients)
	deadline := time.Now().Add(duration)
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() { took[i], errs[i] = client(s.Address, request, deadline) })
	}
	group.Wait()
	if err := cmp.Or(errs...); err != nil {
		return result{}, err
	}
	all := slices.Concat(took...)
	slices.Sort(all)
	return result{float64(len(all)) / duration.Seconds(), all[len(all)*99/100]}, nil
}

func client(address string, request []byte, deadline time.Time) ([]time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(deadline.Add(time.Minute)) // ends the test if the server hangs, but not if it is slow
	var took []time.Duration
	reader := bufio.NewReader(conn)
	for start := time.Now(); len(took) == 0 || start.Before(deadline); start = time.Now() {
		if _, err := conn.Write(request); err != nil {
			return nil, err
		}
		if err := readAnswer(reader); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// readAnswer reads a response. It returns an error unless the status is 200 and
// there is a Content-Length.
func readAnswer(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(status), "HTTP/1.1 200") {
		return fmt.Errorf("got %q", status)
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if value, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if _, err := fmt.Sscan(value, &length); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("the answer has no Content-Length")
	}
	_, err = r.Discard(length)
	return err
}
