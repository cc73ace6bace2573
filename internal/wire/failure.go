package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
)

// Failure returns why a request got no answer. The text of the result contains only
// addresses and names. The text of err may contain the URL, with a session ID in its
// query, or data that the server sent.
func Failure(err error) error {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e
	}
	for _, known := range []error{io.ErrUnexpectedEOF, io.EOF, ErrTooLarge} {
		if errors.Is(err, known) {
			return known
		}
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return fmt.Errorf("the connection failed (%T)", err)
}
