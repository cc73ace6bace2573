//go:build race

package verified_test

const fullSize = 100_000
