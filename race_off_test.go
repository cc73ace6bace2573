//go:build !race

package authrocket_test

const manyTokens = 1_000_000
