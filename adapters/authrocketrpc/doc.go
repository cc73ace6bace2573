// Package authrocketrpc says who may call which method of an RPC service. The interceptors
// of [authrocketgrpc] and [authrocketconnect] stand on it, and take its [Methods]:
//
//	authrocketrpc.Methods{
//		"acme.v1.Invoices":      {Org: authrocketrpc.OrgIDFromField("org_id")},
//		"acme.v1.Invoices/Send": {Rules: []authrocket.Rule{authrocket.Permission("billing:write")}},
//		"grpc.health.v1.Health": {Public: true},
//	}
//
// The caller of every other method must be signed in. Credentials are a bearer token in the
// metadata key authorization (RFC 6750 section 2.1) or, behind [authrocket.Auth.Authenticate],
// the session cookie; see [authrocket.Auth.CheckAuthorization].
//
// [authrocketgrpc]: https://pkg.go.dev/github.com/authrocket-go/authrocket/adapters/authrocketgrpc
// [authrocketconnect]: https://pkg.go.dev/github.com/authrocket-go/authrocket/adapters/authrocketconnect
package authrocketrpc
