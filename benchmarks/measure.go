package benchmarks

import (
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Cost is what one request of a case costs.
type Cost struct {
	Case   Case
	CPU    time.Duration // the median over the rounds
	Ratios map[string]float64
	Allocs float64 // the average, rounded down
}

// Measure runs the cases in turn in each round, for about slice of CPU time each.
// It counts the CPU time of the whole process, including garbage collection. Ratios
// compare each case with the cases named in against. They are medians of the ratios
// within a round, so a machine that gets slower over time does not change them.
func Measure(cases []Case, rounds int, slice time.Duration, against ...string) []Cost {
	sizes := make([]int, len(cases))
	for i, c := range cases {
		sizes[i] = calibrate(c.Run, slice)
	}
	perRound := make([][]float64, rounds)
	for round := range perRound {
		perRound[round] = make([]float64, len(cases))
		for i, c := range cases {
			perRound[round][i] = cpuOf(func() { c.Run(sizes[i]) }).Seconds() / float64(sizes[i])
		}
	}
	costs := make([]Cost, len(cases))
	for i, c := range cases {
		costs[i] = Cost{
			Case:   c,
			CPU:    seconds(medianOf(perRound, func(round []float64) float64 { return round[i] })),
			Ratios: map[string]float64{},
			Allocs: allocsOf(c),
		}
		for j, other := range cases {
			if slices.Contains(against, other.Name) {
				costs[i].Ratios[other.Name] = medianOf(perRound, func(round []float64) float64 { return round[i] / round[j] })
			}
		}
	}
	return costs
}

// calibrate returns how many requests take about slice.
func calibrate(run func(n int), slice time.Duration) int {
	n := 1
	for {
		took := cpuOf(func() { run(n) })
		if took >= slice/4 {
			return max(1, int(float64(n)*float64(slice)/float64(took)))
		}
		n *= 4
	}
}

func cpuOf(f func()) time.Duration {
	before := processCPU()
	f()
	return processCPU() - before
}

func processCPU() time.Duration {
	// getrusage also returns this time, but counts a running thread only until its
	// last tick.
	var spent unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &spent); err != nil {
		panic(err)
	}
	return time.Duration(spent.Nano())
}

func medianOf(rounds [][]float64, value func(round []float64) float64) float64 {
	values := make([]float64, len(rounds))
	for i, round := range rounds {
		values[i] = value(round)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// allocsOf returns the number of allocations for each request, rounded down. It is
// an average over many requests, because other goroutines also make a few
// allocations.
func allocsOf(c Case) float64 {
	const n = 200
	c.Run(1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.Run(n)
	runtime.ReadMemStats(&after)
	return math.Floor(float64(after.Mallocs-before.Mallocs) / n)
}
