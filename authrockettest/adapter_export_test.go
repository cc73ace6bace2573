package authrockettest

// The tests of the suite build their broken adapters with these.
var (
	NetHTTP = netHTTP
	Wrap    = wrap
)
