package authrocketdev_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	coreKey     = "ks_writes_and_reads_0001"
	coreReadKey = "ks_can_only_read_0000001"
)

// core is a Core API on a port, with the LoginRocket of its realm.
type core struct {
	realm       *authrockettest.Realm
	server      *authrocketdev.Server
	service     *authrocketdev.Service
	url         string       // the URL of the Core API, with /v2
	loginRocket string       // the URL of the LoginRocket
	closed      atomic.Int64 // how many domains the service has closed
}

// newCore serves a Core API, and the LoginRocket of its realm.
func newCore(t testing.TB, configure ...func(*authrocketdev.ServiceConfig)) *core {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &core{loginRocket: "http://" + listener.Addr().String()}
	c.realm = authrockettest.NewRealm(t, func(config *authrockettest.RealmConfig) { config.URL, config.ID = c.loginRocket, "rl_test" })
	if c.server, err = authrocketdev.New(authrocketdev.Config{Realm: c.realm, RequestsPerMinute: -1}); err != nil {
		t.Fatal(err)
	}
	config := authrocketdev.ServiceConfig{Server: c.server, APIKey: coreKey, ReadOnlyAPIKey: coreReadKey, RequestsPerMinute: -1}
	config.Listen = func(address string) (io.Closer, error) {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		server := serveAt(t, listener, c.service.LoginRocket())
		return closer(func() { c.closed.Add(1); server.Close() }), nil
	}
	for _, f := range configure {
		f(&config)
	}
	if c.service, err = authrocketdev.NewService(config); err != nil {
		t.Fatal(err)
	}
	serveAt(t, listener, c.service.LoginRocket())
	if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	serveAt(t, listener, c.service.CoreAPI())
	c.url = "http://" + listener.Addr().String() + "/v2"
	return c
}

type closer func()

func (f closer) Close() error {
	f()
	return nil
}

// serveAt starts a server, which the end of the test closes at the latest.
func serveAt(t testing.TB, listener net.Listener, h http.Handler) *httptest.Server {
	s := &httptest.Server{Listener: listener, Config: &http.Server{Handler: h}}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// coreAnswer is an answer of the Core API.
type coreAnswer struct {
	status int
	header http.Header
	body   string
	value  any // the decoded JSON
}

// ask sends a request. header has pairs of name and value. ask adds the key unless
// header has one.
func (c *core) ask(t testing.TB, method, target, body string, header ...string) coreAnswer {
	t.Helper()
	if !strings.HasPrefix(target, "http") {
		target = c.url + target
	}
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authrocket-Api-Key", coreKey)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i+1] == "" {
			r.Header.Del(header[i])
		}
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := coreAnswer{status: response.StatusCode, header: response.Header, body: string(text)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") && method != http.MethodHead {
		if err := a.read(text); err != nil {
			t.Fatalf("%s %s: the answer is no JSON: %v", method, target, err)
		}
	}
	return a
}

// read reads the body. Numbers stay as they are written: a time has a fraction, even .0.
func (a *coreAnswer) read(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return decoder.Decode(&a.value)
}

// at returns the value at a path of names and numbers, for example collection.0.id.
func (a coreAnswer) at(path string) (value any, ok bool) {
	value = a.value
	for _, name := range strings.Split(path, ".") {
		switch of := value.(type) {
		case map[string]any:
			if value, ok = of[name]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(of) {
				return nil, false
			}
			value = of[i]
		default:
			return nil, false
		}
	}
	return value, true
}

func (a coreAnswer) text(path string) string {
	value, _ := a.at(path)
	text, _ := value.(string)
	return text
}

// mismatch returns the wants that are false. The forms are "path=JSON" (a
// text without quotes), "path^beginning", "path~part", "path#length", "path" for
// present, and "!path" for absent.
func (a coreAnswer) mismatch(wants []string) (problems []string) {
	for _, want := range wants {
		end := strings.IndexAny(want, "=^~#")
		if end < 0 {
			path, isAbsent := strings.CutPrefix(want, "!")
			if _, ok := a.at(path); ok == isAbsent {
				problems = append(problems, want)
			}
			continue
		}
		path, operator, operand := want[:end], want[end], want[end+1:]
		value, ok := a.at(path)
		text, isText := value.(string)
		if !isText {
			written, _ := json.Marshal(value)
			text = string(written)
		}
		list, isList := value.([]any)
		switch operator {
		case '=':
			ok = ok && text == operand
		case '^':
			ok = isText && strings.HasPrefix(text, operand)
		case '~':
			ok = ok && strings.Contains(text, operand)
		case '#':
			ok = isList && strconv.Itoa(len(list)) == operand
		}
		if !ok {
			problems = append(problems, fmt.Sprintf("%s, but it is %s", want, text))
		}
	}
	return problems
}

// step is a request of a story and the expected answer. {name} stands for a value
// that an earlier step has stored.
type step struct {
	name   string
	method string // the method and the path, separated by a space
	body   string // JSON
	header []string
	status int
	want   []string
	keep   string // pairs name=path, separated by spaces
}

// run runs a story. Each step depends on the steps before it.
func (c *core) run(t *testing.T, asForm bool, values map[string]string, steps []step) {
	t.Helper()
	if values == nil {
		values = map[string]string{}
	}
	var started time.Time
	for _, s := range steps {
		fill := func(text string) string {
			for name, value := range values {
				text = strings.ReplaceAll(text, "{"+name+"}", value)
			}
			// The next code of the device in this story, because a code works only
			// once.
			if started.IsZero() && strings.Contains(text, "{code}") {
				started = time.Now()
			}
			text = strings.ReplaceAll(text, "{code}", authrockettest.TOTP(values["secret"], started))
			return strings.ReplaceAll(text, "{next code}", authrockettest.TOTP(values["secret"], started.Add(30*time.Second)))
		}
		method, target, _ := strings.Cut(fill(s.method), " ")
		body, header := fill(s.body), slices.Clone(s.header)
		for i := range header {
			header[i] = fill(header[i])
		}
		if asForm && body != "" {
			body, header = formOf(t, body), append(header, "Content-Type", formType)
		}
		a := c.ask(t, method, target, body, header...)
		wants := make([]string, len(s.want))
		for i, want := range s.want {
			wants[i] = fill(want)
		}
		if problems := a.mismatch(wants); a.status != s.status || len(problems) > 0 {
			t.Fatalf("%s: %s %s: got %d, want %d; wrong: %s\n%s", s.name, method, target, a.status, s.status, strings.Join(problems, "; "), a.body[:min(len(a.body), 500)])
		}
		for _, pair := range strings.Fields(s.keep) {
			name, path, _ := strings.Cut(pair, "=")
			if values[name] = a.text(path); values[name] == "" {
				t.Fatalf("%s: there is no %s in %s", s.name, path, a.body)
			}
		}
	}
}

// formOf converts a JSON body into a form.
func formOf(t testing.TB, body string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatal(err)
	}
	form := url.Values{}
	var add func(name string, value any)
	add = func(name string, value any) {
		switch value := value.(type) {
		case nil:
		case map[string]any:
			for key, inner := range value {
				if name != "" {
					key = name + "[" + key + "]"
				}
				add(key, inner)
			}
		case []any:
			for _, item := range value {
				form.Add(name+"[]", fmt.Sprint(item))
			}
		default:
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if s, ok := value.(string); ok {
				text = []byte(s)
			}
			form.Add(name, string(text))
		}
	}
	add("", value)
	return form.Encode()
}

// stories runs each story with JSON bodies and with forms.
func stories(t *testing.T, all map[string][]step, configure ...func(*authrocketdev.ServiceConfig)) {
	for name, steps := range all {
		for kind, asForm := range map[string]bool{"json": false, "form": true} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				newCore(t, configure...).run(t, asForm, nil, steps)
			})
		}
	}
}

func withConfiguration(c *authrocketdev.ServiceConfig) { c.ConfigurationAPI = true }
