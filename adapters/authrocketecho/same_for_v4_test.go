package authrocketecho_test

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "make the test files of the adapter for echo v4 that are the same as these")

// The adapters for echo v5 and v4 have these test files in common. After a change
// here, this makes those of v4:
//
//	go test -run TestSameForV4 -update .
var sameForV4 = []string{"common_test.go", "conformance_test.go"}

// v4Words is all that differs.
var v4Words = strings.NewReplacer(
	"authrocketecho", "authrocketechov4",
	"labstack/echo/v5", "labstack/echo/v4",
	"*echo.Context", "echo.Context",
)

func TestSameForV4(t *testing.T) {
	t.Parallel()
	for _, name := range sameForV4 {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want := "// Code generated from ../authrocketecho/" + name + " by its TestSameForV4; DO NOT EDIT.\n\n" + v4Words.Replace(string(source))
		twin := "../authrocketechov4/" + name
		if *update {
			if err := os.WriteFile(twin, []byte(want), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(twin); err != nil || string(got) != want {
			t.Errorf("%s is not what %s makes it (%v): change the latter and run go test -run TestSameForV4 -update .", twin, name, err)
		}
	}
}
