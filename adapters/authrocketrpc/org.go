package authrocketrpc

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/authrocket-go/authrocket"
)

// Org specifies where a call names its account: in a field of the request or in the metadata. Get
// an Org from [OrgIDFromField] or [OrgIDFromMetadata]. A call that names no account, or an
// account that is not in the token, is refused with [authrocket.ErrWrongOrg]. The zero Org stands
// for the account that the user picked.
type Org struct {
	field    string
	metadata string
	isSet    bool // distinguishes an Org with an empty name from the zero Org, which checks less
}

// OrgIDFromField returns an Org that reads the ID from a string field of the request message.
// path is the name of the field, such as "org_id", or of a nested field, such as
// "parent.org_id". Use OrgIDFromField for methods that receive exactly one message. For a
// stream of messages, use [OrgIDFromMetadata], or call [authrocket.Auth.CheckContext] in the
// handler for each message.
func OrgIDFromField(path string) Org { return Org{field: path, isSet: true} }

// OrgIDFromMetadata returns an Org that reads the ID from a metadata key (a header), such
// as "org-id". The key must have exactly one value.
func OrgIDFromMetadata(key string) Org { return Org{metadata: key, isSet: true} }

var metadataKey = regexp.MustCompile(`^[0-9a-z_.-]+$`)

func (o Org) check() error {
	switch {
	case o.isSet && o.field == "" && o.metadata == "":
		return errors.New("the Org names no field or metadata key")
	case o.metadata != "" && (!metadataKey.MatchString(o.metadata) || strings.HasSuffix(o.metadata, "-bin")):
		return fmt.Errorf("the metadata key %q must be of lower-case letters, digits and -_. and must not end in -bin", o.metadata)
	case o.metadata == "authorization" || o.metadata == "cookie":
		return fmt.Errorf("the metadata key %q holds credentials, not the ID of an org", o.metadata)
	}
	return nil
}

// firstMessage returns the type of the message that contains the field of o in a call to method,
// or nil if o needs no field.
func (o Org) firstMessage(method protoreflect.MethodDescriptor) (protoreflect.MessageType, error) {
	if o.field == "" {
		return nil, nil
	}
	if method.IsStreamingClient() {
		return nil, errors.New("the method takes a stream, and each message may name another org; give the method an entry with OrgIDFromMetadata, or leave Org out and call CheckContext for each message")
	}
	message := method.Input()
	path := strings.Split(o.field, ".")
	for i, name := range path {
		field := message.Fields().ByName(protoreflect.Name(name))
		isLast := i == len(path)-1
		switch {
		case field == nil:
			return nil, fmt.Errorf("the message %s has no field %q", message.FullName(), name)
		case field.Cardinality() == protoreflect.Repeated, isLast && field.Kind() != protoreflect.StringKind:
			return nil, fmt.Errorf("the field %q of %s is not one string", name, message.FullName())
		case !isLast && field.Message() == nil:
			return nil, fmt.Errorf("the field %q of %s is not a message", name, message.FullName())
		}
		message = field.Message()
	}
	first, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return nil, fmt.Errorf("the message %s: %w; import its generated code", method.Input().FullName(), err)
	}
	return first, nil
}

// id returns the org ID that call contains. The error is of kind [authrocket.ErrWrongOrg].
func (o Org) id(call Call) (string, error) {
	var id string
	switch {
	case o.field != "":
		message, ok := call.Message.(proto.Message)
		if !ok {
			return "", fmt.Errorf("%w: the request is not a Protocol Buffers message", authrocket.ErrWrongOrg)
		}
		id = fieldOf(message.ProtoReflect(), o.field)
	case o.metadata != "":
		values := call.Metadata(o.metadata)
		if len(values) > 1 {
			return "", fmt.Errorf("%w: the metadata key %q has %d values", authrocket.ErrWrongOrg, o.metadata, len(values))
		}
		id = strings.Join(values, "")
	default:
		return "", nil
	}
	if id == "" {
		return "", fmt.Errorf("%w: the request does not say which org it is about (%s%s)", authrocket.ErrWrongOrg, o.field, o.metadata)
	}
	return id, nil
}

// fieldOf returns the string at path in message, or "" if there is none.
func fieldOf(message protoreflect.Message, path string) string {
	name, rest, isNested := strings.Cut(path, ".")
	field := message.Descriptor().Fields().ByName(protoreflect.Name(name))
	switch {
	case field == nil || field.Cardinality() == protoreflect.Repeated:
		return ""
	case isNested && field.Message() != nil:
		return fieldOf(message.Get(field).Message(), rest)
	case isNested || field.Kind() != protoreflect.StringKind:
		return ""
	}
	return message.Get(field).String()
}
