package authrockettest

// What the tests of the suite build their broken adapters of.
var (
	NetHTTP = netHTTP
	Wrap    = wrap
)
