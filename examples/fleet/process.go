package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// process is a program that this program has started.
type process struct {
	name string
	pid  int
	url  *url.URL      // the URL of an instance
	done chan struct{} // closed when the program has ended
}

// startProcess starts a program, and interrupts it when ctx ends. It calls onEnd when the
// program has ended.
func startProcess(name string, cmd *exec.Cmd, onEnd func()) (*process, error) {
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{name: name, pid: cmd.Process.Pid, done: make(chan struct{})}
	go func() {
		cmd.Wait()
		onEnd()
		close(p.done)
	}()
	return p, nil
}

// keep restarts a program each time the program ends, until ctx ends.
func keep(ctx context.Context, p *process, start func(context.Context) (*process, error)) {
	for {
		<-p.done
		for {
			if ctx.Err() != nil {
				return
			}
			slog.WarnContext(ctx, p.name+" has ended and is started again")
			next, err := start(ctx)
			if err == nil {
				p = next
				break
			}
			slog.WarnContext(ctx, p.name+" does not start", "error", err)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}
}

// startInstance starts this program again, as an instance of the app, and waits until it
// listens.
func startInstance(ctx context.Context, at place, b *backend, env []string) (*process, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(append(os.Environ(), env...), "FLEET_INSTANCE="+at.String())
	// The instance ends when this pipe is closed, so that it does not outlive this
	// process.
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	cmd.Stdout = in
	p, err := startProcess(fmt.Sprintf("instance %d", at.Number), cmd, func() {
		b.Store(nil)
		in.Close()
	})
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	go io.Copy(io.Discard, out)
	if err != nil {
		return nil, fmt.Errorf("%s has ended before it listened", p.name)
	}
	if p.url, err = url.Parse(strings.TrimSpace(line)); err != nil {
		return nil, err
	}
	b.set(p.url)
	return p, nil
}

// findRedis returns the path of a server that speaks the Redis protocol, or "" if none is
// installed.
func findRedis() string {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// startRedis starts a server that stores nothing on disk, and waits until it listens.
func startRedis(ctx context.Context, path, addr string) (*process, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--loglevel", "warning")
	p, err := startProcess("redis-server", cmd, func() {})
	if err != nil {
		return nil, err
	}
	for {
		if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			conn.Close()
			return p, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-p.done:
			return nil, errors.New("redis-server has ended before it listened")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// freeAddress returns an address on loopback that is not in use.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
