//go:build !race

package verified_test

const fullSize = 1_000_000
