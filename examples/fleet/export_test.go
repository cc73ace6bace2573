package main

import "net/url"

// The tests start themselves as the program, see TestMain.
var Main = main

// What a drill starts one by one, to break it.
var (
	NewProxy      = newProxy
	FindRedis     = findRedis
	StartRedis    = startRedis
	StartInstance = startInstance
	FreeAddress   = freeAddress
)

type (
	Process = process
	Place   = place
	Proxy   = proxy
)

func (p *proxy) Backend(i int) *backend { return &p.backends[i] }

func (p *process) PID() int { return p.pid }

func (p *process) URL() *url.URL { return p.url }

func (p *process) Done() <-chan struct{} { return p.done }
