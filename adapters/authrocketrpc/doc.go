// Package authrocketrpc decides who can call which method of an RPC service. The interceptors
// of [authrocketgrpc] and [authrocketconnect] use this package, and take a table of type
// [Methods]:
//
//	authrocketrpc.Methods{
//		"acme.v1.Invoices":      {Org: authrocketrpc.OrgIDFromField("org_id")},
//		"acme.v1.Invoices/Send": {Rules: []authrocket.Rule{authrocket.Permission("billing:write")}},
//		"grpc.health.v1.Health": {Public: true},
//	}
//
// If a method has no entry in the table, its caller must be signed in. The caller sends a
// bearer token in the metadata key authorization (RFC 6750 section 2.1) or, behind
// [authrocket.Auth.Authenticate], the session cookie: see [authrocket.Auth.CheckAuthorization].
//
// [authrocketgrpc]: https://pkg.go.dev/github.com/authrocket-go/authrocket/adapters/authrocketgrpc
// [authrocketconnect]: https://pkg.go.dev/github.com/authrocket-go/authrocket/adapters/authrocketconnect
package authrocketrpc
