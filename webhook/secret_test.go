package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/webhook"
)

// Each row says where the secret may be, and where not.
func TestPlacesOfTheSecret(t *testing.T) {
	t.Parallel()
	const basic = "/hooks/authrocket"
	for _, row := range []struct {
		name, pattern, path, user, password string
		header                              [2]string
		ok                                  bool
	}{
		{name: "the password", path: basic, user: "authrocket", password: testSecret, ok: true},
		{name: "the password of another user name", path: basic, user: "anybody", password: testSecret, ok: true},
		{name: "the password without a user name", path: basic, password: testSecret, ok: true},
		{name: "the other secret", path: basic, user: "authrocket", password: newSecret, ok: true},
		{name: "the last segment", path: "/hooks/" + testSecret, ok: true},
		{name: "the last segment, the other secret", path: "/hooks/" + newSecret, ok: true},
		{name: "the only segment", path: "/" + testSecret, ok: true},
		{name: "the last segment, escaped", path: "/hooks/%6d" + testSecret[1:], ok: true},
		{name: "the segment of the pattern", pattern: "/hooks/{secret}", path: "/hooks/" + testSecret, ok: true},
		{name: "the segment of the pattern, in the middle", pattern: "/hooks/{secret}/authrocket", path: "/hooks/" + testSecret + "/authrocket", ok: true},
		{name: "the segment of the pattern is another", pattern: "/hooks/{secret}/{more}", path: "/hooks/x/" + testSecret},
		{name: "a wrong password, and the right segment", path: "/hooks/" + testSecret, user: "authrocket", password: "wrong", ok: true},
		{name: "the right password, and a wrong segment", pattern: "/hooks/{secret}", path: "/hooks/wrong", password: testSecret, ok: true},

		{name: "none", path: basic},
		{name: "an empty password", path: basic, user: "authrocket"},
		{name: "the user name", path: basic, user: testSecret, password: "x"},
		{name: "a wrong password", path: basic, user: "authrocket", password: "wrong"},
		{name: "a part of the secret", path: basic, password: testSecret[:23]},
		{name: "more than the secret", path: basic, password: testSecret + "x"},
		{name: "the secret in other case", path: basic, password: strings.ToUpper(testSecret)},
		{name: "both secrets, one after the other", path: basic, password: testSecret + newSecret},
		{name: "a segment before the last one", path: "/hooks/" + testSecret + "/authrocket"},
		{name: "a slash behind it", path: "/hooks/" + testSecret + "/"},
		{name: "a segment that ends with it, escaped", path: "/hooks/x%2F" + testSecret},
		{name: "the query", path: basic + "?secret=" + testSecret},
		{name: "a bearer token", path: basic, header: [2]string{"Authorization", "Bearer " + testSecret}},
		{name: "Basic that is none", path: basic, header: [2]string{"Authorization", "Basic " + testSecret}},
		{name: "another header", path: basic, header: [2]string{"X-Webhook-Secret", testSecret}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h := newHook(t, func(c *webhook.Config) { c.Secrets = hideAll(testSecret, newSecret) })
			var served http.Handler = h
			if row.pattern != "" {
				mux := http.NewServeMux()
				mux.Handle(row.pattern, h)
				served = mux
			}
			r := httptest.NewRequest(http.MethodPost, row.path, strings.NewReader(`{"event_type": "ping"}`))
			if row.user != "" || row.password != "" {
				r.SetBasicAuth(row.user, row.password)
			}
			if row.header[0] != "" {
				r.Header.Set(row.header[0], row.header[1])
			}
			w := httptest.NewRecorder()
			served.ServeHTTP(w, r)
			want := 404
			if row.ok {
				want = 204
			}
			if w.Code != want {
				t.Errorf("got %d, want %d", w.Code, want)
			}
		})
	}
}

// No printer, log or report shows a secret, a session ID, or other secret parts of a
// body.
func TestSecretsDoNotShow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&all, &slog.HandlerOptions{Level: slog.LevelDebug}))
		h := newHook(t, func(c *webhook.Config) {
			log := webhook.LogObserver(logger)
			c.Observer.Event = func(ctx context.Context, o webhook.Outcome) {
				log.Event(ctx, o)
				fmt.Fprintf(&all, "%v %+v %#v\n", o, o, o)
				walk(&all, reflect.ValueOf(o), map[uintptr]bool{})
				json.NewEncoder(&all).Encode(o)
			}
		})
		const token = "tok_ThatMustNotShow22"
		h.api.set("/events/ev_1", `{"id": "ev_1", "event_type": "user.updated", "token": "`+token+`"}`)
		requests := []*http.Request{
			post(`{"id": "ev_1", "event_type": "user.updated"}`),
			post(sessionDeleted("ev_2", `"token": "`+token+`"`)),
			post(sessionDeleted("ev_3", `"session_id": "`+sessionID+`"`)),
			post(sessionDeleted("ev_4", `"token": "`+token)),
			post(`{"id": "ev_5", "event_type": "user.deleted", "user_id": "` + sessionID + `"}`),
			post(`{"id": "` + sessionID + `", "event_type": "` + token + `"}`),
			post(`{"id": "` + sessionID + `", "event_type": "user.updated"}`),
			post(`"` + token + `"`),
			httptest.NewRequest("POST", "/hooks/wrong-"+token, nil),
			httptest.NewRequest("GET", "/hooks/"+testSecret, nil),
			httptest.NewRequest("POST", "/hooks/"+testSecret, strings.NewReader(token)),
		}
		h.api.set("/sessions/kss_live", `{"id": "kss_live"}`)
		requests = append(requests, post(`{"id": "ev_6", "event_type": "session.deleted", "session_id": "kss_live", "realm_id": "rl_1"}`))
		for _, r := range requests {
			w := h.serve(r)
			fmt.Fprintln(&all, w.Code, w.Header(), w.Body)
		}
		h.api.breakWith(reply(403, `{"errors": ["The key `+testKey+` is wrong"]}`))
		fmt.Fprintln(&all, h.serve(post(sessionDeleted("ev_7"))).Body)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&all, verb, h.Handler)
		}
		walk(&all, reflect.ValueOf(h.Handler), map[uintptr]bool{})
		for _, secret := range []string{testSecret, testKey, sessionID, "kss_live", token, fmt.Sprintf("%x", testSecret), fmt.Sprintf("%x", testKey)} {
			if at := strings.Index(all.String(), secret); at >= 0 {
				t.Errorf("a secret is in %q", all.String()[max(0, at-100):at+len(secret)])
			}
		}
		if !strings.Contains(all.String(), "not_confirmed") || !strings.Contains(all.String(), "api_refused") || !strings.Contains(all.String(), "wrong_secret") {
			t.Error("the requests did not come to what they are for")
		}
	})
}

// walk prints value with its unexported fields, through pointers, without calling
// methods.
func walk(w io.Writer, value reflect.Value, seen map[uintptr]bool) {
	switch value.Kind() {
	case reflect.String:
		fmt.Fprintln(w, value.String())
	case reflect.Pointer, reflect.Interface:
		if value.IsNil() || value.Kind() == reflect.Pointer && seen[value.Pointer()] {
			return
		}
		if value.Kind() == reflect.Pointer {
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

// The walk finds texts that are not hidden.
func TestWalkFindsWhatIsNotHidden(t *testing.T) {
	t.Parallel()
	type inner struct{ text *string }
	var all bytes.Buffer
	walk(&all, reflect.ValueOf(struct{ in *inner }{&inner{new(testSecret)}}), map[uintptr]bool{})
	if !strings.Contains(all.String(), testSecret) {
		t.Error("the walk does not follow pointers into unexported fields")
	}
	all.Reset()
	walk(&all, reflect.ValueOf(coreapi.Hide(testSecret)), map[uintptr]bool{})
	if strings.Contains(all.String(), testSecret) {
		t.Error("the walk sees into a Secret")
	}
}
