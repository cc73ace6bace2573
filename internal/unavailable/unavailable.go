// Package unavailable contains only the error Err. Every package of this module wraps it
// if a decision cannot be made now, so that a gate answers such an error with 503.
package unavailable

import "errors"

// Err is the root package's ErrUnavailable.
var Err = errors.New("the decision cannot be made right now")
