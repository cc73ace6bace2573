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
// contains the API key. If the Core API is served on a port, set URL to it and
// HTTPClient to nil.
func (s *Service) CoreAPIConfig() coreapi.Config {
	return coreapi.Config{
		URL:               "http://localhost/v2",
		APIKey:            coreapi.Hide(s.APIKey()),
		HTTPClient:        &http.Client{Transport: transportFunc(s.roundTrip)},
		RequestsPerSecond: -1,
	}
}

// transportFunc is a transport that hides the Service and its API key from printers.
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
	// The goroutine ends with the handler, which ends with the context at the latest.
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
		// The client may have given up before the handler ended. It then gets no
		// answer.
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
