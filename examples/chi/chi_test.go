package main_test

import (
	"testing"

	"github.com/authrocket-go/authrocket/examples/internal/walk"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	walk.Shop(t)
}
