package authrocketrpc

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/authrocket-go/authrocket"
)

// Methods defines who can call which methods. A key is the full name of a service, such as
// "acme.v1.Invoices", or of a method, such as "acme.v1.Invoices/Send". If neither a method nor
// its service has an entry, its caller must be signed in. A nil map is valid.
type Methods map[string]Method

// Method defines who can call a method, or the methods of a service. The zero value allows
// everybody who is signed in.
type Method struct {
	// Public allows everybody. If the call has a valid token, the handler finds its session. An
	// invalid token is reported to the Observer, and the call is anonymous. In the entry of a
	// service, Public applies to the methods that do not have their own entry. In the entry of a
	// method, it overrides Rules and Org of the service.
	Public bool

	// Rules are checked after Config.Rules. The rules of the service are checked first, and
	// then the rules of the method.
	Rules []authrocket.Rule

	// Org specifies where a call names its account. Rules and the handler's
	// [authrocket.CurrentOrg] use that account. The Org of a method takes precedence over the
	// Org of its service. Default: the account that the user picked.
	Org Org
}

// access is what [Methods] defines for one method.
type access struct {
	Method
	first protoreflect.MessageType // the type of a stream's first message; nil unless that message decides
}

// serviceOf returns the name of a method's service, which is everything before the last slash, as
// in gRPC. A longer path therefore never counts as a path of a public service.
func serviceOf(method string) string {
	return method[:max(0, strings.LastIndex(method, "/"))]
}

const (
	reflectionV1      = "grpc.reflection.v1.ServerReflection"
	reflectionV1alpha = "grpc.reflection.v1alpha.ServerReflection"
)

// methodsOfGRPC lists the methods of gRPC's own services whose descriptors Go packages register
// under other names, or not at all.
var methodsOfGRPC = map[string][]string{
	"grpc.health.v1.Health": {"Check", "List", "Watch"},
	reflectionV1:            {"ServerReflectionInfo"},
	reflectionV1alpha:       {"ServerReflectionInfo"},
}

// checkReflection returns an error if name is one of the two reflection services and has rules,
// but the other service has no entry. Servers usually offer both, and both return the same
// information.
func checkReflection(methods Methods, name string) error {
	service, _, _ := strings.Cut(name, "/")
	other := map[string]string{reflectionV1: reflectionV1alpha, reflectionV1alpha: reflectionV1}[service]
	if other == "" || len(methods[name].Rules) == 0 {
		return nil
	}
	for of := range methods {
		if of == other || serviceOf(of) == other {
			return nil
		}
	}
	return fmt.Errorf("%s has no entry, so callers could use it without these rules; give it the same entry", other)
}

// compile returns the access for each name in methods, and for each method of a service in
// methods that needs its own access. The error names every problem.
func compile(methods Methods) (map[string]access, error) {
	compiled := map[string]access{}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("authrocketrpc: Methods[%q]: "+format, append([]any{name}, args...)...))
		}
		m := methods[name]
		if m.Public && (len(m.Rules) > 0 || m.Org != Org{}) {
			problem("is Public and has Rules or an Org; take one of them out")
		}
		for i, rule := range m.Rules {
			if rule == nil {
				problem("Rules[%d] is nil", i)
			}
		}
		if err := m.Org.check(); err != nil {
			problem("%w", err)
		}
		isMethod := strings.Contains(name, "/")
		if service, ok := methods[serviceOf(name)]; ok && isMethod && !m.Public {
			m.Rules = slices.Concat(service.Rules, m.Rules)
			if m.Org == (Org{}) {
				m.Org = service.Org
			}
		}
		compiled[name] = access{Method: m}
		if err := checkReflection(methods, name); err != nil {
			problem("%w", err)
		}
		described, err := find(name)
		if err != nil {
			problem("%w", err)
			continue
		}
		for _, method := range described {
			full := string(method.Parent().FullName()) + "/" + string(method.Name())
			if _, ok := methods[full]; ok && !isMethod {
				continue // it has its own entry, which is compiled separately
			}
			a := access{Method: m}
			if a.first, err = m.Org.firstMessage(method); err != nil {
				problem("%s: %w", method.Name(), err)
			}
			if a.first != nil {
				compiled[full] = a
			}
		}
	}
	return compiled, errors.Join(problems...)
}

// find returns the method with this name, or all methods of the service with this name. It
// returns an error for an unknown name, because a misspelled name must not leave a method open.
// It does not find the methods in [methodsOfGRPC].
func find(name string) ([]protoreflect.MethodDescriptor, error) {
	service, method, isMethod := strings.Cut(name, "/")
	noSuchMethod := fmt.Errorf("the service has no method %q", method)
	if known, ok := methodsOfGRPC[service]; ok {
		if isMethod && !slices.Contains(known, method) {
			return nil, noSuchMethod
		}
		return nil, nil
	}
	descriptor, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	s, ok := descriptor.(protoreflect.ServiceDescriptor)
	if err != nil || !ok {
		return nil, fmt.Errorf("this program has no Protocol Buffers service %q; check the spelling (such as acme.v1.Invoices/Send, without a slash in front), or import its generated code", service)
	}
	if !isMethod {
		var all []protoreflect.MethodDescriptor
		for i := range s.Methods().Len() {
			all = append(all, s.Methods().Get(i))
		}
		return all, nil
	}
	if m := s.Methods().ByName(protoreflect.Name(method)); m != nil {
		return []protoreflect.MethodDescriptor{m}, nil
	}
	return nil, noSuchMethod
}
