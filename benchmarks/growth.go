package benchmarks

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/authrocket-go/authrocket"
)

// CostInTurn returns the CPU time of a request. The requests use the given number
// of tokens in turn, and the cache keeps at most kept of them. The tokens are
// signed with HS256, since 100,000 RSA signatures take minutes.
func CostInTurn(tokens, kept, rounds int, slice time.Duration) time.Duration {
	day := time.Now().Add(24 * time.Hour)
	requests := make([]*http.Request, tokens)
	for i := range requests {
		requests[i] = bearer(Token{Text: signHS256(payload(fmt.Sprintf("usr_%d", i), day, 1))})[0]
	}
	auth, err := authrocket.New(authrocket.Config{JWTKey: secret, DisableCookie: true, Audience: []string{audience}, TokenCacheSize: kept})
	if err != nil {
		panic(err)
	}
	run := inTurn(guarded(auth), requests)
	run(tokens) // verifies each token once
	n := calibrate(run, slice)
	costs := make([][]float64, rounds)
	for i := range costs {
		costs[i] = []float64{cpuOf(func() { run(n) }).Seconds() / float64(n)}
	}
	return seconds(medianOf(costs, func(round []float64) float64 { return round[0] }))
}

// CostSeenBefore returns the CPU time of a request, and the ratio of this time to
// that of the RSA check. The requests use the given number of RS256 tokens in turn.
// orgs is the number of orgs in a token. All tokens have been verified before, and
// the cache keeps at most kept of them.
func (w *World) CostSeenBefore(tokens, kept, orgs, rounds int, slice time.Duration) (cpu time.Duration, timesRSACheck float64) {
	day := time.Now().Add(24 * time.Hour)
	signed := make([]Token, tokens)
	var signers sync.WaitGroup
	cpus := runtime.NumCPU()
	for signer := range cpus {
		signers.Go(func() {
			for i := signer; i < tokens; i += cpus {
				signed[i].Text = w.sign(rs256Header, payload(fmt.Sprintf("usr_%d", i), day, orgs))
			}
		})
	}
	signers.Wait()
	run := inTurn(guarded(w.newAuth(func(c *authrocket.Config) { c.TokenCacheSize = kept })), bearer(signed...))
	check := inTurn(rsaCheck(w.PublicKey(), signed[0]), bearer(signed[0]))
	run(tokens) // verifies each token once
	n, checks := calibrate(run, slice), calibrate(check, slice)
	costs := make([][]float64, rounds)
	for i := range costs {
		costs[i] = []float64{
			cpuOf(func() { run(n) }).Seconds() / float64(n),
			cpuOf(func() { check(checks) }).Seconds() / float64(checks),
		}
	}
	return seconds(medianOf(costs, func(round []float64) float64 { return round[0] })),
		medianOf(costs, func(round []float64) float64 { return round[0] / round[1] })
}

// inTurn returns a function that makes app answer the next n requests. Each call
// continues where the last one ended.
func inTurn(app http.Handler, requests []*http.Request) func(n int) {
	next := 0
	return func(n int) {
		for range n {
			app.ServeHTTP(&writer{http.Header{}}, requests[next])
			next = (next + 1) % len(requests)
		}
	}
}

// HeapPerSession returns the number of bytes by which the heap grows for each RS256
// token in the cache, and the length of a token.
func (w *World) HeapPerSession(sessions, orgs int) (heapBytes, tokenBytes int) {
	day := time.Now().Add(24 * time.Hour)
	tokens := make([]string, sessions)
	for i := range tokens {
		tokens[i] = w.sign(rs256Header, payload(fmt.Sprintf("usr_0v1zUpWdE4IiFc2w%06d", i), day, orgs))
	}
	auth := w.newAuth(func(c *authrocket.Config) { c.TokenCacheSize = 2 * sessions })
	before := heap()
	for _, token := range tokens {
		if _, err := auth.Verify(context.Background(), token); err != nil {
			panic(err)
		}
	}
	grown := heap() - before
	runtime.KeepAlive(auth)
	runtime.KeepAlive(tokens)
	return grown / sessions, len(tokens[0])
}

func heap() int {
	runtime.GC()
	runtime.GC() // frees what finalizers have released after the first call
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
