package wire

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// ErrTooLarge means that an answer is longer than its limit.
var ErrTooLarge = errors.New("the answer is too large")

// Read returns the body of an answer without the white space around it, and whether its
// headers say that it is JSON. If the body is longer than limit, Read returns
// [ErrTooLarge]. Read does not read the body of a 101 Switching Protocols answer, because
// that body is the connection itself, and no context would end the read.
func Read(response *http.Response, limit int64) (body []byte, isJSON bool, err error) {
	if response.StatusCode == http.StatusSwitchingProtocols {
		return nil, false, nil
	}
	var buffer bytes.Buffer
	if known := response.ContentLength; known > 0 && known <= limit {
		buffer.Grow(int(min(known, 64<<10)) + bytes.MinRead)
	}
	switch n, err := buffer.ReadFrom(io.LimitReader(response.Body, limit+1)); {
	case err != nil:
		return nil, false, err
	case n > limit:
		return nil, false, ErrTooLarge
	}
	return bytes.TrimSpace(buffer.Bytes()), isJSONType(response.Header.Get("Content-Type")), nil
}

func isJSONType(contentType string) bool {
	const plain = "application/json"
	if contentType == plain {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == plain || strings.HasSuffix(mediaType, "+json"))
}
