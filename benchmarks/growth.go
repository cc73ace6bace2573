package benchmarks

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/authrocket-go/authrocket"
)

// CostInTurn is the CPU time of a request when that many tokens are in use, one
// after the other, and at most kept of them are kept. The tokens are HS256, since
// nobody wants to wait for 100,000 RSA signatures.
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
	app, next := guarded(auth), 0
	run := func(n int) {
		for range n {
			app.ServeHTTP(&writer{http.Header{}}, requests[next])
			next = (next + 1) % tokens
		}
	}
	run(tokens) // each has been seen once
	n := calibrate(run, slice)
	costs := make([][]float64, rounds)
	for i := range costs {
		costs[i] = []float64{cpuOf(func() { run(n) }).Seconds() / float64(n)}
	}
	return seconds(medianOf(costs, func(round []float64) float64 { return round[0] }))
}

// HeapPerSession is by how many bytes the heap grows for each of many RS256 tokens
// that are kept, and how long one is.
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
	runtime.GC() // what the first one found to be finalized
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
