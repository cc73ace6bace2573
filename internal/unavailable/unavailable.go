// Package unavailable holds one error, which every package of this module wraps when
// something cannot be decided now. So a gate answers 503 to an error of any of them.
package unavailable

import "errors"

// Err is the root package's ErrUnavailable.
var Err = errors.New("cannot be decided now")
