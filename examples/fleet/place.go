package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// place is the number of this instance, and the number of all instances.
type place struct{ Number, Count int }

// Numbers returns the numbers of all instances.
func (p place) Numbers() []int {
	var numbers []int
	for number := range p.Count {
		numbers = append(numbers, number+1)
	}
	return numbers
}

func (p place) String() string { return fmt.Sprintf("%d/%d", p.Number, p.Count) }

// placeFromEnv reads FLEET_INSTANCE, such as 2/3.
func placeFromEnv() (place, error) {
	var p place
	if n, err := fmt.Sscanf(os.Getenv("FLEET_INSTANCE"), "%d/%d", &p.Number, &p.Count); n != 2 || err != nil || p.Number < 1 || p.Count < p.Number || p.Count > 9 {
		return place{}, errors.New("FLEET_INSTANCE is not the number of an instance and the number of all instances; set it, for example, to 2/3")
	}
	return p, nil
}

// untilFleetEnds returns a context that ends with the parent process. Standard input
// is a pipe from the parent, and is closed when the parent exits.
func untilFleetEnds(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx
}
