package benchmarks

// NewKey and Forge are for tests of what Forge promises.
var (
	NewKey = newKey
	Forge  = forge
)
