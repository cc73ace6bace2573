package rpctest_test

import (
	"testing"

	"connectrpc.com/connect"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
)

func TestHealthAndReflection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, row := range []struct {
		name                     string
		methods                  authrocketrpc.Methods
		isHealthOpen, isListOpen bool
	}{
		{name: "closed by default"},
		{name: "closed beside a public service", methods: authrocketrpc.Methods{service: {Public: true}}},
		{name: "health open by choice", methods: authrocketrpc.Methods{"grpc.health.v1.Health": {Public: true}}, isHealthOpen: true},
		{name: "a method of health open by choice", methods: authrocketrpc.Methods{"grpc.health.v1.Health/Check": {Public: true}}, isHealthOpen: true},
		{name: "reflection open by choice", methods: authrocketrpc.Methods{"grpc.reflection.v1.ServerReflection": {Public: true}}, isListOpen: true},
	} {
		for _, s := range servers {
			t.Run(row.name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				sv := f.serve(t, s, row.methods, false, nil, sayWho)
				health := connect.NewClient[healthpb.HealthCheckRequest, healthpb.HealthCheckResponse](newHTTPClient(t), sv.url+"/grpc.health.v1.Health/Check", s.client)
				answer, err := health.CallUnary(t.Context(), connect.NewRequest(&healthpb.HealthCheckRequest{}))
				switch {
				case !row.isHealthOpen:
					expectRefusal(t, err, authrocket.ErrNoToken)
				case err != nil || answer.Msg.GetStatus() != healthpb.HealthCheckResponse_SERVING:
					t.Errorf("health: got %v %v", answer, err)
				}

				reflection := connect.NewClient[reflectionpb.ServerReflectionRequest, reflectionpb.ServerReflectionResponse](newHTTPClient(t),
					sv.url+"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", s.client)
				list := reflection.CallBidiStream(t.Context())
				list.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
				services, err := list.Receive()
				list.CloseRequest()
				list.CloseResponse()
				switch {
				case !row.isListOpen:
					expectRefusal(t, err, authrocket.ErrNoToken)
				case err != nil || len(services.GetListServicesResponse().GetService()) == 0:
					t.Errorf("reflection: got %v %v", services, err)
				}
			})
		}
	}
}
