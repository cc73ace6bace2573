package rpctest_test

import (
	"testing"

	"github.com/authrocket-go/authrocket/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
