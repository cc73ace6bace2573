// Package authrocketgrpc puts AuthRocket logins into a gRPC server.
package authrocketgrpc

import _ "google.golang.org/grpc"
