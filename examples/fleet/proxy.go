package main

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
)

// proxy sends each request to the next instance that runs. It sends requests below
// /instances/2/ to the second instance.
type proxy struct {
	backends []backend
	turn     atomic.Uint64
}

// backend is the URL of an instance, or nil while the instance does not run.
type backend struct {
	atomic.Pointer[httputil.ReverseProxy]
}

func newProxy(instances int) *proxy { return &proxy{backends: make([]backend, instances)} }

func (b *backend) set(target *url.URL) {
	b.Store(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // the host that the browser uses
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			slog.WarnContext(r.Context(), "an instance does not answer", "error", err)
			http.Error(w, "an instance of the app does not answer; try again", http.StatusBadGateway)
		},
	})
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	forward := p.pick(r.URL.Path)
	if forward == nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "this instance of the app does not run; try again", http.StatusServiceUnavailable)
		return
	}
	forward.ServeHTTP(w, r)
}

func (p *proxy) pick(path string) *httputil.ReverseProxy {
	if rest, ok := strings.CutPrefix(path, "/instances/"); ok {
		number, _, _ := strings.Cut(rest, "/")
		if n, err := strconv.Atoi(number); err == nil && n >= 1 && n <= len(p.backends) {
			return p.backends[n-1].Load()
		}
	}
	for range p.backends {
		next := &p.backends[p.turn.Add(1)%uint64(len(p.backends))]
		if forward := next.Load(); forward != nil {
			return forward
		}
	}
	return nil
}
