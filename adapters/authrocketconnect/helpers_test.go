package authrocketconnect_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/adapters/authrocketconnect"
	"github.com/authrocket-go/authrocket/adapters/authrocketrpc"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The service calls.v1.Calls, whose messages are strings.
const (
	unary  = "/calls.v1.Calls/Unary"
	server = "/calls.v1.Calls/Server"
	client = "/calls.v1.Calls/Client"
	bidi   = "/calls.v1.Calls/Bidi"
)

type text = wrapperspb.StringValue

func init() {
	message := proto.String(".google.protobuf.StringValue")
	method := func(name string, sends, answers bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{
			Name: proto.String(name), InputType: message, OutputType: message, ClientStreaming: proto.Bool(sends), ServerStreaming: proto.Bool(answers),
		}
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("calls/v1/calls.proto"), Package: proto.String("calls.v1"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Calls"), Method: []*descriptorpb.MethodDescriptorProto{
			method("Unary", false, false), method("Server", false, true), method("Client", true, false), method("Bidi", true, true),
		}}},
	}, protoregistry.GlobalFiles)
	if err == nil {
		err = protoregistry.GlobalFiles.RegisterFile(file)
	}
	if err != nil {
		panic(err)
	}
}

// maxWait bounds waits that a broken interceptor would make endless.
const maxWait = time.Minute

// sessions is a SessionState in which all sessions end at once.
type sessions struct {
	ended context.Context
	end   context.CancelFunc
}

func newSessions(t *testing.T) *sessions {
	ended, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	return &sessions{ended, end}
}

func (s *sessions) CheckSession(context.Context, authrocket.Session, time.Duration) error {
	if s.ended.Err() != nil {
		return authrocket.ErrSessionEnded
	}
	return nil
}

func (s *sessions) Bind(ctx context.Context, _ authrocket.Session) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.ended, func() { end(authrocket.ErrSessionEnded) })
	return ctx, func() { stop(); end(context.Canceled) }
}

// site is a realm with a user, and an Auth.
type site struct {
	*sessions
	realm *authrockettest.Realm
	ada   authrockettest.User
	org   authrockettest.Org
	auth  *authrocket.Auth
}

func newSite(t *testing.T, configure ...func(*authrocket.Config)) site {
	t.Helper()
	s := newSessions(t)
	f := authrockettest.NewAdapterFixture(t, append([]func(*authrocket.Config){func(c *authrocket.Config) { c.SessionState = s }}, configure...)...)
	return site{s, f.Realm, f.Ada, f.Org, f.Auth}
}

func (s site) interceptor(t *testing.T, methods authrocketrpc.Methods) connect.HandlerOption {
	t.Helper()
	i, err := authrocketconnect.New(s.auth, methods)
	if err != nil {
		t.Fatal(err)
	}
	return connect.WithInterceptors(i)
}

// as returns the headers of a call of the user's.
func (s site) as(user authrockettest.User) http.Header {
	return http.Header{"Authorization": {"Bearer " + s.realm.Token(user)}}
}

// transport is what calls travel on.
type transport struct {
	name    string
	http1   bool
	options []connect.ClientOption
}

var (
	onConnect = transport{name: "Connect"}
	onHTTP1   = transport{name: "Connect on HTTP/1.1", http1: true}
	onGRPC    = transport{name: "gRPC", options: []connect.ClientOption{connect.WithGRPC()}}
	onGRPCWeb = transport{name: "gRPC-Web", options: []connect.ClientOption{connect.WithGRPCWeb()}}
)

// serve serves handler, and returns its URL and a client for it.
func (on transport) serve(t *testing.T, handler http.Handler) (string, *http.Client) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.EnableHTTP2 = !on.http1
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: !on.http1}
	t.Cleanup(transport.CloseIdleConnections)
	return s.URL, &http.Client{Transport: transport, Timeout: maxWait}
}

// stream opens a stream as user at handler.
func (s site) stream(t *testing.T, on transport, procedure string, handler http.Handler) *connect.BidiStreamForClient[text, text] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), maxWait)
	t.Cleanup(cancel)
	url, httpClient := on.serve(t, handler)
	stream := connect.NewClient[text, text](httpClient, url+procedure, on.options...).CallBidiStream(ctx)
	stream.RequestHeader()["Authorization"] = s.as(s.ada)["Authorization"]
	return stream
}

// hello is a unary handler.
func hello(ctx context.Context, r *connect.Request[text]) (*connect.Response[text], error) {
	user, _ := authrocket.CurrentUser(ctx)
	org, _ := authrocket.CurrentOrg(ctx)
	return connect.NewResponse(wrapperspb.String("hello " + user.Name + " of " + org.Name + r.Msg.GetValue())), nil
}

// reasonOf returns the code of a call's error, and the reason in its ErrorInfo: "not_found"
// without one, "" for no error.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	code := connect.CodeOf(err).String()
	var answer *connect.Error
	if !errors.As(err, &answer) {
		return err.Error()
	}
	for _, detail := range answer.Details() {
		if value, err := detail.Value(); err == nil {
			if info, ok := value.(*errdetails.ErrorInfo); ok {
				return code + " " + info.GetReason()
			}
		}
	}
	return code
}

func waitFor(t *testing.T, done <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(maxWait):
		t.Fatal(what)
	}
}
