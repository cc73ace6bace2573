module github.com/authrocket-go/authrocket/adapters/rpctest

go 1.26.0

replace github.com/authrocket-go/authrocket => ../..

replace github.com/authrocket-go/authrocket/adapters/authrocketrpc => ../authrocketrpc

replace github.com/authrocket-go/authrocket/adapters/authrocketgrpc => ../authrocketgrpc

replace github.com/authrocket-go/authrocket/adapters/authrocketconnect => ../authrocketconnect

require (
	connectrpc.com/connect v1.21.1
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

require (
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.42.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261110000943-09e21b237f2c // indirect
)
