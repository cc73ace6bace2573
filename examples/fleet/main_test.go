package main_test

import (
	"os"
	"testing"

	fleet "github.com/authrocket-go/authrocket/examples/fleet"
)

// The binary of the tests is the program, too, so that the race detector looks at the
// instances.
func TestMain(m *testing.M) {
	if os.Getenv("FLEET_INSTANCE") != "" || os.Getenv("RUN_FLEET") != "" {
		fleet.Main()
		return
	}
	os.Exit(m.Run())
}
