package coreapi_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/authrocket-go/authrocket/coreapi"
)

const hidden = "s3cret-that-must-not-show"

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%U"}

// printed returns value in the output of every printer: fmt, slog, JSON, XML, and one
// that calls no methods and follows every pointer, as go-spew does with some options.
func printed(t testing.TB, value any) string {
	t.Helper()
	var all strings.Builder
	for _, verb := range verbs {
		fmt.Fprintf(&all, verb+"\n", value)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&all, nil), slog.NewJSONHandler(&all, nil)} {
		slog.New(handler).Info("a value", "value", value)
	}
	if text, err := json.Marshal(value); err == nil {
		all.Write(text)
	}
	if text, err := xml.Marshal(value); err == nil {
		all.Write(text)
	}
	walk(&all, reflect.ValueOf(value), map[uintptr]bool{})
	return all.String()
}

// walk prints value with its unexported fields, through pointers, without calling
// methods.
func walk(w io.Writer, value reflect.Value, seen map[uintptr]bool) {
	switch value.Kind() {
	case reflect.String:
		fmt.Fprintln(w, value.String())
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() {
			return
		}
		if value.Kind() == reflect.Pointer {
			if seen[value.Pointer()] {
				return
			}
			seen[value.Pointer()] = true
		}
		walk(w, value.Elem(), seen)
	case reflect.Struct:
		if !value.CanAddr() {
			addressable := reflect.New(value.Type()).Elem()
			addressable.Set(value)
			value = addressable
		}
		for i := range value.NumField() {
			field := value.Field(i)
			walk(w, reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem(), seen)
		}
	case reflect.Slice, reflect.Array:
		if value.Type().Elem().Kind() == reflect.Uint8 && value.Kind() == reflect.Slice {
			fmt.Fprintln(w, string(value.Bytes()))
			return
		}
		for i := range value.Len() {
			walk(w, value.Index(i), seen)
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			walk(w, key, seen)
			walk(w, value.MapIndex(key), seen)
		}
	}
}

// expectHidden fails the test if text contains one of the secrets, as plain text or in
// hexadecimal.
func expectHidden(t testing.TB, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("a secret is in %q", text[max(0, at-80):min(len(text), at+len(form))])
			}
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	type form struct {
		Exported coreapi.Secret
		private  coreapi.Secret
		pointer  *coreapi.Secret
	}
	secret := coreapi.Hide(hidden)
	client := clientOf(t, newAPI(answer(200, adaJSON)))
	for name, value := range map[string]any{
		"itself":    secret,
		"a pointer": &secret,
		"a struct":  form{secret, secret, &secret},
		"a slice":   []coreapi.Secret{secret},
		"a map":     map[string]any{"password": secret},
		"an input":  coreapi.NewUser{Password: secret},
		"a change":  coreapi.UserChange{Password: &secret},
		"a config":  coreapi.Config{APIKey: secret},
		"an error":  fmt.Errorf("with %v and %s", secret, &secret),
		"a client":  client,
		"a struct that holds a client": struct {
			client *coreapi.Client
			users  coreapi.Users
		}{client, client.Users},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expectHidden(t, printed(t, value), hidden, testKey)
		})
	}
}

// An open connection keeps in its buffers what it has sent.
func TestAClientThatHasSentDoesNotPrint(t *testing.T) {
	t.Parallel()
	server := newServer(t, newAPI(answer(200, adaJSON)))
	client := newClient(t, coreapi.Config{URL: server.URL + "/v2", APIKey: coreapi.Hide(testKey)})
	if _, err := client.Users.Get(t.Context(), "usr_1"); err != nil {
		t.Fatal(err)
	}
	expectHidden(t, printed(t, client), testKey)
}

// The printer above finds texts that are not hidden.
func TestPrintersFindWhatIsNotHidden(t *testing.T) {
	t.Parallel()
	type inner struct{ text *string }
	var all bytes.Buffer
	walk(&all, reflect.ValueOf(struct{ in *inner }{&inner{new(hidden)}}), map[uintptr]bool{})
	if !strings.Contains(all.String(), hidden) {
		t.Error("the walk does not follow pointers into unexported fields")
	}
	if !strings.Contains(printed(t, http.Header{"A": {hidden}}), hidden) {
		t.Error("printed does not find a plain value")
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	secret := coreapi.Hide(hidden)
	if secret.Reveal() != hidden || secret.IsZero() || !(coreapi.Secret{}).IsZero() || (coreapi.Secret{}).Reveal() != "" {
		t.Error("a Secret does not return what was hidden")
	}
	if !secret.Equal(coreapi.Hide(hidden)) || secret.Equal(coreapi.Hide("other")) || secret.Equal(coreapi.Secret{}) {
		t.Error("Equal does not compare the texts")
	}
	if text, err := json.Marshal(secret); err != nil || string(text) != `"(hidden)"` || secret.String() != "(hidden)" {
		t.Errorf("got %s, %v, want (hidden)", text, err)
	}
	var read struct{ Password coreapi.Secret }
	if err := json.Unmarshal([]byte(`{"Password": "`+hidden+`"}`), &read); err != nil || read.Password.Reveal() != hidden {
		t.Errorf("JSON: got %q, %v", read.Password.Reveal(), err)
	}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	var fromFlag coreapi.Secret
	flags.TextVar(&fromFlag, "key", coreapi.Secret{}, "")
	if err := flags.Parse([]string{"-key", hidden}); err != nil || fromFlag.Reveal() != hidden {
		t.Errorf("flag: got %q, %v", fromFlag.Reveal(), err)
	}
	if reflect.TypeFor[coreapi.Secret]().Comparable() {
		t.Error("Secrets can be compared with ==")
	}
}
