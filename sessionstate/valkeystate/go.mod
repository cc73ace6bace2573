module github.com/authrocket-go/authrocket/sessionstate/valkeystate

go 1.26.0

require (
	github.com/authrocket-go/authrocket v0.0.0
	github.com/valkey-io/valkey-go v1.0.79
)

require golang.org/x/sys v0.47.0 // indirect

replace github.com/authrocket-go/authrocket => ../..
