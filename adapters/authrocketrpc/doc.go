// Package authrocketrpc decides who may call which method of an RPC service. The
// interceptors of [authrocketgrpc] and [authrocketconnect] are built on it, and take
// [Methods]:
//
//	authrocketrpc.Methods{
//		"acme.v1.Invoices":      {Org: authrocketrpc.OrgIDFromField("org_id")},
//		"acme.v1.Invoices/Send": {Rules: []authrocket.Rule{authrocket.Permission("billing:write")}},
//		"grpc.health.v1.Health": {Public: true},
//	}
//
// The caller of every other method must be signed in. A caller signs in with a bearer token in
// the metadata key authorization (RFC 6750 section 2.1) or, behind
// [authrocket.Auth.Authenticate], with the session cookie: see
// [authrocket.Auth.CheckAuthorization].
//
// [authrocketgrpc]: https://pkg.go.dev/github.com/authrocket-go/authrocket/adapters/authrocketgrpc
// [authrocketconnect]: https://pkg.go.dev/github.com/authrocket-go/authrocket/adapters/authrocketconnect
package authrocketrpc
