package authrocketrpc_test

import (
	"fmt"
	"os"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// services is what generated code of two services registers.
const services = `
name: "acme.proto" package: "acme.v1" syntax: "proto3"
message_type {
	name: "Request"
	field { name: "org_id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
	field { name: "parent" number: 2 type: TYPE_MESSAGE type_name: ".acme.v1.Request" label: LABEL_OPTIONAL }
	field { name: "many" number: 3 type: TYPE_STRING label: LABEL_REPEATED }
	field { name: "parents" number: 4 type: TYPE_MESSAGE type_name: ".acme.v1.Request" label: LABEL_REPEATED }
	field { name: "number" number: 5 type: TYPE_INT64 label: LABEL_OPTIONAL }
}
message_type { name: "Empty" }
service {
	name: "Invoices"
	method { name: "List" input_type: ".acme.v1.Request" output_type: ".acme.v1.Empty" }
	method { name: "Send" input_type: ".acme.v1.Request" output_type: ".acme.v1.Empty" }
	method { name: "Watch" input_type: ".acme.v1.Request" output_type: ".acme.v1.Empty" server_streaming: true }
}
service {
	name: "Chat"
	method { name: "Talk" input_type: ".acme.v1.Request" output_type: ".acme.v1.Empty" client_streaming: true server_streaming: true }
}
service {
	name: "Status"
	method { name: "Get" input_type: ".acme.v1.Empty" output_type: ".acme.v1.Empty" }
	method { name: "Set" input_type: ".acme.v1.Empty" output_type: ".acme.v1.Empty" }
}
`

func TestMain(m *testing.M) {
	if err := register(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func register() error {
	var described descriptorpb.FileDescriptorProto
	if err := prototext.Unmarshal([]byte(services), &described); err != nil {
		return err
	}
	file, err := protodesc.NewFile(&described, protoregistry.GlobalFiles)
	if err != nil {
		return err
	}
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		return err
	}
	for i := range file.Messages().Len() {
		if err := protoregistry.GlobalTypes.RegisterMessage(dynamicpb.NewMessageType(file.Messages().Get(i))); err != nil {
			return err
		}
	}
	return nil
}

// newRequest returns a Request whose fields are those of text, in the text format.
func newRequest(t *testing.T, text string) proto.Message {
	t.Helper()
	messageType, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName("acme.v1.Request"))
	if err != nil {
		t.Fatal(err)
	}
	request := messageType.New().Interface()
	if err := prototext.Unmarshal([]byte(text), request); err != nil {
		t.Fatal(err)
	}
	return request
}
