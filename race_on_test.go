//go:build race

package authrocket_test

const manyTokens = 50_000
