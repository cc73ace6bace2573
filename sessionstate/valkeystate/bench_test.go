package valkeystate_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
)

// BenchmarkArrival measures the time from the call of Append until After of another,
// waiting Log returns.
func BenchmarkArrival(b *testing.B) {
	s := newServer(b)
	writer, reader := openLog(b, s.url()), openLog(b, s.url())
	add(b, writer, session(0))
	_, position := readAll(b, reader)
	var times []time.Duration
	for i := range b.N {
		after := follow(reader, position)
		s.waitForReader(b)
		start := time.Now()
		add(b, writer, session(i))
		got := <-after
		times = append(times, time.Since(start))
		if len(got.entries) != 1 || got.err != nil {
			b.Fatal(got.err)
		}
		position = got.next
	}
	slices.Sort(times)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(times[len(times)-1].Microseconds()), "max-µs")
}

// BenchmarkAppend measures the bytes that the server needs for b.N entries about
// different users.
func BenchmarkAppend(b *testing.B) {
	s := newServer(b)
	log := openLog(b, s.url())
	for i := range b.N {
		e := session(i)
		e.UserID = fmt.Sprintf("usr_%022d", i)
		add(b, log, e)
	}
	b.StopTimer()
	usage := s.do(b, "MEMORY", "USAGE", key, "SAMPLES", "0")
	n, err := usage.ToInt64()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(n)/float64(b.N), "server-B/entry")
	start := time.Now()
	read, position := 0, ""
	for read < b.N {
		entries, next, err := log.After(b.Context(), position, 1000)
		if err != nil {
			b.Fatal(err)
		}
		read, position = read+len(entries), next
	}
	b.ReportMetric(float64(time.Since(start).Microseconds())/float64(b.N), "read-µs/entry")
}

// BenchmarkIdle measures the memory of an idle Log with both connections.
func BenchmarkIdle(b *testing.B) {
	s := newServer(b, "--maxclients", "20000")
	logs := make([]*valkeystate.Log, b.N)
	add(b, openLog(b, s.url()), session(0))
	before := heap()
	for i := range logs {
		log, err := valkeystate.Open(s.url())
		if err != nil {
			b.Fatal(err)
		}
		logs[i] = log
		_, position := readAll(b, log)
		after := follow(log, position)
		s.waitForReader(b)
		add(b, log, session(i))
		if got := <-after; got.err != nil {
			b.Fatal(got.err)
		}
	}
	b.ReportMetric(float64(heap()-before)/float64(b.N), "B/log")
	for _, log := range logs {
		log.Close()
	}
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
