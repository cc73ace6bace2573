package loginrocket_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/authrocket-go/authrocket/loginrocket"
)

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%U"}

// printed returns value in the output of every printer: fmt, slog, JSON, XML, and one that
// calls no methods and follows every pointer, as go-spew does with some options.
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

// walk prints value with its unexported fields, through pointers, without calling methods.
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

// The test prints the results and errors of each method in every way.
func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	// echo repeats the tokens of the request in AuthRocket's messages, and everything else
	// elsewhere.
	echo := func(status int) answerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			sent := r.URL.RawQuery + string(body)
			words := []string{"Login failed."}
			for _, token := range []string{sessionID, mailToken} {
				if strings.Contains(sent, token) {
					words = append(words, "It was "+token+".")
				}
			}
			text, _ := json.Marshal(map[string]any{"result": "error", "errors": words, sent: sent})
			answer(status, string(text))(w, r)
		}
	}
	for name, script := range map[string]answerFunc{
		"a login":                 answer(200, fullLogin, "X-Request-ID", "rq_1"),
		"a login on conditions":   answer(200, conditional),
		"a refusal":               echo(422),
		"a refusal of status 200": echo(200),
		"a session that ended":    echo(403),
		"a limit":                 echo(429),
		"trouble":                 echo(503),
		"what is lost":            lose,
		"a redirect":              answer(302, "", "Location", "https://x.example/"+sessionID+"?"+mailToken),
		"a page":                  answer(200, "<p>"+sessionID+mailToken+password, "Content-Type", "text/html"),
		"what is cut":             answer(200, fullLogin[:len(fullLogin)-10]),
		"a wrong shape":           answer(200, `{"result": "full_login", "session": ["`+sessionID+`"]}`),
		"a request ID":            answer(200, `{}`, "X-Request-ID", "x "+sessionID),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var seen strings.Builder
				server := newLR(script)
				config := testConfig(server)
				log := loginrocket.LogObserver(slog.New(slog.NewTextHandler(&seen, &slog.HandlerOptions{Level: slog.LevelDebug})))
				config.Observer.Request = func(ctx context.Context, e loginrocket.RequestEvent) {
					log.Request(ctx, e)
					seen.WriteString(printed(t, e))
				}
				client := newClient(t, config)
				for _, m := range methods {
					result, err := m.call(t.Context(), client)
					seen.WriteString(printed(t, result) + printed(t, &result) + printed(t, []any{result, err}) + printed(t, err) + printed(t, result.Err()))
				}
				tokens := client.TokenSource(hide(sessionID), "org_1")
				_, err := tokens.Token(t.Context())
				seen.WriteString(printed(t, tokens) + printed(t, err))
				seen.WriteString(printed(t, client) + printed(t, struct{ client *loginrocket.Client }{client}))
				expectHidden(t, seen.String(), secrets...)
				if server.count() == 0 || !strings.Contains(seen.String(), "path=/login") {
					t.Error("nothing was sent, or nothing was logged")
				}
			})
		})
	}
}

func TestInputsDoNotPrint(t *testing.T) {
	t.Parallel()
	expectHidden(t, printed(t, loginrocket.NewSignup{Password: hide(password), Invitation: hide(mailToken)}), secrets...)
}

// An open connection keeps in its buffers what it has sent.
func TestAClientThatHasSentDoesNotPrint(t *testing.T) {
	t.Parallel()
	server := newServer(t, newLR(answer(200, fullLogin)))
	client := newClient(t, loginrocket.Config{URL: server.URL})
	tokens := client.TokenSource(hide(sessionID), "")
	if _, err := tokens.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	expectHidden(t, printed(t, client)+printed(t, tokens), secrets...)
}

// The client removes a token from AuthRocket's messages and keeps the rest.
func TestMessagesHoldNoToken(t *testing.T) {
	t.Parallel()
	server := newLR(answer(422, `{"result": "error", "errors": ["The token `+mailToken+` is old."]}`))
	err := clientOf(t, server).VerifyEmail(t.Context(), hide(mailToken))
	if got := loginrocket.Messages(err); len(got) != 1 || got[0] != "The token (hidden) is old." {
		t.Errorf("got %q", got)
	}
	// If a password is a word of a message, the message keeps that word.
	server = newLR(answer(422, `{"result": "error", "errors": ["Current password does not match."]}`))
	err = clientOf(t, server).UpdatePassword(t.Context(), hide(sessionID), hide("password"), hide(password))
	if got := loginrocket.Messages(err); len(got) != 1 || got[0] != "Current password does not match." {
		t.Errorf("got %q", got)
	}
}

// The printer above finds texts that are not hidden.
func TestPrintersFindWhatIsNotHidden(t *testing.T) {
	t.Parallel()
	type inner struct{ text *string }
	var all bytes.Buffer
	walk(&all, reflect.ValueOf(struct{ in *inner }{&inner{new(password)}}), map[uintptr]bool{})
	if !strings.Contains(all.String(), password) {
		t.Error("the walk does not follow pointers into unexported fields")
	}
	if !strings.Contains(printed(t, map[string]string{"a": password}), password) {
		t.Error("printed does not find a plain value")
	}
}
