package authrockettest

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
)

// memoryTransport sends requests to the realm without a port.
type memoryTransport struct{ realm *Realm }

func (t memoryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if own, err := url.Parse(memoryURL); err != nil || req.URL.Host != own.Host {
		return nil, fmt.Errorf("%s is not the in-memory realm; its client reaches no other host", req.URL.Host)
	}
	served := req.Clone(req.Context())
	served.RequestURI = req.URL.RequestURI()
	served.Host = req.URL.Host
	served.URL.Scheme, served.URL.Host = "", ""
	if served.Body == nil {
		served.Body = http.NoBody
	}
	defer served.Body.Close()
	recorder := httptest.NewRecorder()
	// The goroutine ends with the handler, which must end when the context ends.
	done := make(chan error, 1)
	go func() {
		defer func() {
			switch p := recover(); p {
			case nil:
				done <- nil
			case http.ErrAbortHandler:
				done <- io.ErrUnexpectedEOF
			default:
				panic(p)
			}
		}()
		t.realm.ServeHTTP(recorder, served)
	}()
	select {
	case err := <-done:
		// The client may have given up before the handler ended. It then gets no
		// answer.
		if err = cmp.Or(req.Context().Err(), err); err != nil {
			return nil, err
		}
		response := recorder.Result()
		response.Request = req
		return response, nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}
