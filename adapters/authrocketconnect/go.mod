module github.com/authrocket-go/authrocket/adapters/authrocketconnect

go 1.26.0

replace github.com/authrocket-go/authrocket => ../..

replace github.com/authrocket-go/authrocket/adapters/authrocketrpc => ../authrocketrpc

require connectrpc.com/connect v1.21.1

require google.golang.org/protobuf v1.36.11 // indirect
