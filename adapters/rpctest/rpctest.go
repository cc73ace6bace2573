// Package rpctest has the suite of tests that authrocketgrpc and authrocketconnect pass, and
// the service that it calls.
package rpctest

// With protoc 3.21 and the commands protoc-gen-go (google.golang.org/protobuf v1.36.12),
// protoc-gen-go-grpc (google.golang.org/grpc/cmd/protoc-gen-go-grpc v1.6.2) and
// protoc-gen-connect-go (connectrpc.com/connect v1.21.1).
//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative --connect-go_out=. --connect-go_opt=paths=source_relative rpctest.proto
