package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Break makes the Core API answer with fault until [Service.Repair] is called. To
// break only some requests, use [authrockettest.Only], [authrockettest.EveryNth] and
// [authrockettest.AfterWrite].
func (s *Service) Break(fault authrockettest.Fault) { s.fault.Store(&fault) }

// Repair ends the fault that [Service.Break] set. Requests that already hang continue
// to hang.
func (s *Service) Repair() { s.fault.Store(nil) }

// breakable returns a handler that answers with the fault that Break set, or calls
// next if there is no fault.
func (s *Service) breakable(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := s.fault.Load(); fault != nil && *fault != nil {
			(*fault)(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}
