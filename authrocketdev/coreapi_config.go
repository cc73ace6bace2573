package authrocketdev

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/authrocket-go/authrocket/coreapi"
)

// CoreAPIConfig returns the Config of a client that calls the Core API in memory,
// without a port. The client has no request budget, so it never waits. The Config
// contains the API key. To call a Core API over the network instead, set its URL to the
// address of that Core API, and its HTTPClient to nil.
func (s *Service) CoreAPIConfig() coreapi.Config {
	return coreapi.Config{
		URL:               "http://localhost/v2",
		APIKey:            coreapi.Hide(s.APIKey()),
		HTTPClient:        &http.Client{Transport: transportFunc(s.roundTrip)},
		RequestsPerSecond: -1,
	}
}

// transportFunc is a transport. Because it is a function, printing it does not show
// the Service or its API key.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// roundTrip calls the Core API without a port.
func (s *Service) roundTrip(r *http.Request) (*http.Response, error) {
	served := r.Clone(r.Context())
	served.RequestURI, served.Host = r.URL.RequestURI(), r.URL.Host
	served.URL.Scheme, served.URL.Host = "", ""
	if served.Body == nil {
		served.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat)) // as a server on a port does
	// The goroutine ends when the handler returns, which is when the context ends at
	// the latest.
	done := make(chan error, 1)
	go func() {
		defer served.Body.Close()
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
		s.CoreAPI().ServeHTTP(recorder, served)
	}()
	select {
	case err := <-done:
		// If the context of the request ended before the handler did, the client gets
		// the error of the context and no answer.
		if err = cmp.Or(r.Context().Err(), err); err != nil {
			return nil, err
		}
		response := recorder.Result()
		response.Request = r
		return response, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}
