// Package notesv1 is the generated code of notes.proto, for gRPC and, in the folder
// notesv1connect, for Connect. To generate the code, run these commands in
// examples/internal. They need protoc (Debian's package protobuf-compiler):
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
//	go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
//	go install connectrpc.com/connect/cmd/protoc-gen-connect-go@v1.21.1
//	protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative \
//		--connect-go_out=. --connect-go_opt=paths=source_relative,simple notes/v1/notes.proto
package notesv1
