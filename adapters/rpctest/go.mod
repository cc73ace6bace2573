module github.com/authrocket-go/authrocket/adapters/rpctest

go 1.26.0

replace github.com/authrocket-go/authrocket => ../..

replace github.com/authrocket-go/authrocket/adapters/authrocketrpc => ../authrocketrpc

replace github.com/authrocket-go/authrocket/adapters/authrocketgrpc => ../authrocketgrpc

replace github.com/authrocket-go/authrocket/adapters/authrocketconnect => ../authrocketconnect
