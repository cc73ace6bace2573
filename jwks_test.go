package authrocket_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestKeyMaxAge(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		headers []string
		want    time.Duration
	}{
		{name: "no header leaves the interval", want: keyInterval},
		{name: "max-age shortens it", headers: []string{"max-age=300"}, want: 5 * time.Minute},
		{name: "max-age among others shortens it", headers: []string{"public, s-maxage=60, Max-Age=300, must-revalidate"}, want: 5 * time.Minute},
		{name: "max-age in a second header shortens it", headers: []string{"public", "max-age=300"}, want: 5 * time.Minute},
		{name: "quoted max-age shortens it", headers: []string{`max-age="300"`}, want: 5 * time.Minute},
		{name: "max-age of zero counts as a minute", headers: []string{"max-age=0"}, want: time.Minute},
		{name: "negative max-age counts as a minute", headers: []string{"max-age=-5"}, want: time.Minute},
		{name: "a max-age that overflows does not shorten it", headers: []string{"max-age=18446744074"}, want: keyInterval}, // in nanoseconds 2^64 and a bit
		{name: "max-age that is no number is ignored", headers: []string{"max-age=soon"}, want: keyInterval},
	} {
		keyedRow(t, row.name, func(k *keyed) {
			k.realm.Break(func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
				for _, h := range row.headers {
					w.Header().Add("Cache-Control", h)
				}
				healthy.ServeHTTP(w, r)
			})
			token := k.token()
			k.warm()
			time.Sleep(row.want - time.Nanosecond)
			k.wantVerified(token)
			k.wantFetches(1)
			time.Sleep(time.Nanosecond)
			k.wantVerified(token)
			k.wantFetches(2)
		})
	}
}

// rewritten publishes what write makes of the key set.
func rewritten(write func(w http.ResponseWriter, set []byte)) authrockettest.Fault {
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		write(w, serve(healthy, r).Body.Bytes())
	}
}

// editedKeys publishes the key set with what edit makes of its keys.
func editedKeys(edit func(keys []any) any) authrockettest.Fault {
	return rewritten(func(w http.ResponseWriter, body []byte) {
		var set struct {
			Keys []any `json:"keys"`
		}
		if err := json.Unmarshal(body, &set); err != nil {
			panic(err)
		}
		if err := json.NewEncoder(w).Encode(map[string]any{"keys": edit(set.Keys)}); err != nil {
			panic(err)
		}
	})
}

// paddedKeys publishes the key set with so much white space that it has size bytes.
func paddedKeys(size int) authrockettest.Fault {
	return rewritten(func(w http.ResponseWriter, set []byte) {
		w.Write(append(set, strings.Repeat(" ", size-len(set))...))
	})
}

func TestRefusedKeySets(t *testing.T) {
	t.Parallel()
	const mebibyte = 1 << 20
	// goodSet answers with a good set and another status.
	goodSet := func(status int) authrockettest.Fault {
		return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
			w.WriteHeader(status)
			healthy.ServeHTTP(w, r)
		}
	}
	for _, row := range []struct {
		name  string
		fault authrockettest.Fault
		want  string // in the error
	}{
		{name: "status 201 is no answer", fault: goodSet(http.StatusCreated), want: "201, which is not the answer of a LoginRocket; check Config.LoginRocketURL (LOGINROCKET_URL)"},
		{name: "status 304 is no answer", fault: authrockettest.Status(http.StatusNotModified), want: "304"},
		{name: "status 500 with a good set is no answer", fault: goodSet(http.StatusInternalServerError), want: "500; if this error continues, check Config.LoginRocketURL"},
		{name: "a redirect is not followed and only its host is named", fault: authrockettest.Redirect("https://ada:engine@elsewhere.example/path?token=secret"), want: "a redirect to elsewhere.example, and redirects are not followed; set Config.LoginRocketURL (LOGINROCKET_URL)"},
		{name: "a redirect to a path is not followed", fault: authrockettest.Redirect("/login"), want: "302"},
		{name: "a redirect to nowhere is not followed", fault: authrockettest.Redirect(""), want: "302"},
		{name: "HTML is no set", fault: authrockettest.Body("text/html", "<!doctype html><title>Login</title>"), want: "check that Config.LoginRocketURL (LOGINROCKET_URL) is the URL of a LoginRocket"},
		{name: "an empty array of keys is none", fault: authrockettest.Body("application/json", `{"keys":[]}`), want: "no usable key; for a realm that signs with HS256, set Config.JWTKey (AUTHROCKET_JWT_KEY)"},
		{name: "more than a mebibyte is not read", fault: paddedKeys(mebibyte + 1), want: "1048576 bytes"},
		{name: "an answer after 8 seconds is too late", fault: authrockettest.Slow(keyTimeout + time.Second), want: "deadline exceeded"},
		{name: "a closed connection is no answer", fault: authrockettest.Disconnect(), want: "EOF; check that Config.LoginRocketURL (LOGINROCKET_URL) has the right host and port"},
	} {
		keyedRow(t, row.name, func(k *keyed) {
			known := k.token()
			k.realm.Break(row.fault)
			wantTrouble := func(err error, keys int) {
				k.t.Helper()
				if !errors.Is(err, authrocket.ErrKeysUnavailable) || authrocket.StatusCode(err) != http.StatusServiceUnavailable || !strings.Contains(fmt.Sprint(err), row.want) {
					k.t.Errorf("the error is %v, want %v with %q", err, authrocket.ErrKeysUnavailable, row.want)
				}
				for _, secret := range []string{"secret", "engine", "/path"} {
					if strings.Contains(fmt.Sprint(err), secret) {
						k.t.Errorf("the error has %q in it: %v", secret, err)
					}
				}
				if got := k.lastRefresh(); !strings.Contains(fmt.Sprint(got.Err), row.want) || got.Keys != keys {
					k.t.Errorf("observed %+v, want %d keys and an error with %q", got, keys, row.want)
				}
			}
			wantTrouble(k.auth.Warm(k.t.Context()), 0)
			k.wantRefused(known, authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
			k.realm.Repair()
			k.warm()
			k.realm.Break(row.fault)
			k.realm.RotateKeys()
			wantTrouble(k.auth.Warm(k.t.Context()), 1)
			k.wantVerified(known)
			k.wantRefused(k.token(), authrocket.ErrKeysUnavailable, http.StatusServiceUnavailable)
			k.wantFetches(3)
			if got := k.realm.Requests("/login"); got != 0 {
				k.t.Errorf("%d redirects were followed", got)
			}
		})
	}
	for _, row := range []struct {
		name   string
		breaks int64 // the body breaks off after so many bytes
		want   string
	}{
		{name: "a body that breaks off is no set", breaks: 10, want: "jwks broke off"},
		{name: "what comes after a mebibyte is left alone", breaks: mebibyte + 1, want: "1048576 bytes"},
	} {
		keyedRowWith(t, row.name, func(c *authrocket.Config) {
			inner := c.HTTPClient.Transport
			c.HTTPClient.Transport = keyTransport(func(r *http.Request) (*http.Response, error) {
				resp, err := inner.RoundTrip(r)
				if err == nil {
					resp.Body = io.NopCloser(io.MultiReader(io.LimitReader(resp.Body, row.breaks), iotest.ErrReader(errBrokenOff)))
				}
				return resp, err
			})
		}, func(k *keyed) {
			k.realm.Break(paddedKeys(4 * mebibyte))
			if err := k.auth.Warm(k.t.Context()); !errors.Is(err, authrocket.ErrKeysUnavailable) || !strings.Contains(err.Error(), row.want) {
				k.t.Errorf("the error is %v, want %v with %q", err, authrocket.ErrKeysUnavailable, row.want)
			}
		})
	}
}

// What cannot be fetched names the setting that it is configured by.
func TestAKeySetNamesItsSetting(t *testing.T) {
	t.Parallel()
	keyedRowWith(t, "JWKSURL", func(c *authrocket.Config) { c.JWKSURL = c.LoginRocketURL + "/connect/jwks" }, func(k *keyed) {
		k.realm.Break(authrockettest.Status(http.StatusNotFound))
		if err := k.auth.Warm(k.t.Context()); err == nil || !strings.Contains(err.Error(), "check Config.JWKSURL (LOGINROCKET_JWKS_URL)") {
			k.t.Errorf("got %v, want it to name JWKSURL", err)
		}
	})
}

// Where LoginRocket cannot be reached, the browser that is sent there never comes back.
func TestALoginThatStartsWithoutKeysFetchesThem(t *testing.T) {
	t.Parallel()
	keyedRow(t, "a dead LoginRocket is reported at the first login", func(k *keyed) {
		k.realm.Break(authrockettest.Disconnect())
		k.startLogin()
		synctest.Wait()
		k.wantFetches(1)
		if got := k.lastRefresh(); got.Err == nil || !strings.Contains(got.Err.Error(), k.realm.URL()) || !strings.Contains(got.Err.Error(), "check that Config.LoginRocketURL") {
			k.t.Errorf("observed %+v, want an error that names the URL and what to check", got)
		}
	})
	keyedRow(t, "logins spend no more than the budget", func(k *keyed) {
		k.realm.Break(authrockettest.Hang())
		for range 20 {
			k.startLogin()
		}
		synctest.Wait()
		k.wantFetches(1)
	})
	keyedRow(t, "keys that are fresh are not fetched", func(k *keyed) {
		k.warm()
		k.startLogin()
		synctest.Wait()
		k.wantFetches(1)
	})
}

var errBrokenOff = errors.New("the connection broke off")

// keyTransport is a RoundTripper made of a function.
type keyTransport func(*http.Request) (*http.Response, error)

func (f keyTransport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAcceptedKeySets(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		fault   authrockettest.Fault
		skipped int
	}{
		{name: "a weak key before the good one is skipped", fault: editedKeys(func(keys []any) any {
			weak := maps.Clone(keys[0].(map[string]any))
			delete(weak, "x5c")
			weak["n"] = base64.RawURLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, 128))
			return append([]any{weak}, keys...)
		}), skipped: 1},
		{name: "a mebibyte is read", fault: paddedKeys(1 << 20)},
		{name: "another content type does not matter", fault: rewritten(func(w http.ResponseWriter, set []byte) {
			w.Header().Set("Content-Type", "text/plain")
			w.Write(set)
		})},
		{name: "an answer within 8 seconds is in time", fault: authrockettest.Slow(keyTimeout - time.Nanosecond)},
	} {
		keyedRow(t, row.name, func(k *keyed) {
			k.realm.Break(row.fault)
			k.warm()
			k.wantVerified(k.token())
			if got := k.lastRefresh(); got.Err != nil || got.Keys != 1 || len(got.Skipped) != row.skipped {
				k.t.Errorf("observed %+v, want 1 key, %d skipped", got, row.skipped)
			}
		})
	}
}

func TestObserverIsToldOfKeyRefreshes(t *testing.T) {
	t.Parallel()
	keyedRow(t, "with the age and the number of the keys in use", func(k *keyed) {
		k.realm.RotateKeys()
		k.realm.Break(authrockettest.Slow(time.Second))
		k.warm()
		if got := k.lastRefresh(); got.Err != nil || got.Keys != 2 || got.Age != time.Second || len(got.Skipped) != 0 {
			k.t.Errorf("observed %+v, want 2 keys, a second old", got)
		}
		k.realm.Break(authrockettest.Status(http.StatusBadGateway))
		time.Sleep(keyInterval)
		k.wantVerified(k.token()) // causes the refresh
		if got := k.lastRefresh(); got.Err == nil || got.Keys != 2 || got.Age != keyInterval+time.Second {
			k.t.Errorf("observed %+v, want an error and 2 keys, %s old", got, keyInterval+time.Second)
		}
	})
}

func TestTwoAuthsNeverMixKeys(t *testing.T) {
	t.Parallel()
	anyRealm := func(c *authrocket.Config) { c.RealmID = "" } // so that only the keys tell them apart
	for _, row := range []struct {
		name   string
		oneKID bool
		want   error
	}{
		{name: "of two realms use their own keys", want: authrocket.ErrUnknownKey},
		{name: "of two realms with one kid use their own keys", oneKID: true, want: authrocket.ErrBadSignature},
	} {
		keyedRowWith(t, row.name, anyRealm, func(k *keyed) {
			other := &keyed{t: k.t, realm: authrockettest.NewRealm(k.t)}
			if row.oneKID {
				// The pool of test keys is shared by realms: take one that k.realm does not have.
				for other.realm.ReplaceKey(k.realm.KeyID()); other.realm.JWTKey() == k.realm.JWTKey(); {
					other.realm.ReplaceKey(k.realm.KeyID())
				}
			}
			other.ada = other.realm.AddUser(authrockettest.User{Email: "george@example.com"})
			other.restart(anyRealm)
			for _, each := range []*keyed{k, other} {
				each.warm()
				each.wantVerified(each.token())
			}
			k.wantRefused(other.token(), row.want, http.StatusUnauthorized)
			other.wantRefused(k.token(), row.want, http.StatusUnauthorized)
		})
	}
}

// countingJar is a cookie jar that nobody should ask.
type countingJar struct{ asked int }

func (j *countingJar) SetCookies(*url.URL, []*http.Cookie) { j.asked++ }
func (j *countingJar) Cookies(*url.URL) []*http.Cookie {
	j.asked++
	return []*http.Cookie{{Name: "secret", Value: "cookie"}}
}

func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(client *http.Client, jar http.CookieJar)
	}{
		{name: "its timeout does not count", change: func(c *http.Client, _ http.CookieJar) { c.Timeout = time.Nanosecond }},
		{name: "its cookie jar is not asked", change: func(c *http.Client, jar http.CookieJar) { c.Jar = jar }},
		{name: "its redirect policy does not count", change: func(c *http.Client, _ http.CookieJar) {
			c.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
		}},
	} {
		var client *http.Client
		var original http.Client
		var jar countingJar
		var sent []*http.Request
		keyedRowWith(t, row.name, func(c *authrocket.Config) {
			client = c.HTTPClient
			inner := client.Transport
			client.Transport = keyTransport(func(r *http.Request) (*http.Response, error) {
				sent = append(sent, r)
				return inner.RoundTrip(r)
			})
			row.change(client, &jar)
			original = *client
		}, func(k *keyed) {
			if client.Timeout != original.Timeout || client.Jar != original.Jar || (client.CheckRedirect == nil) != (original.CheckRedirect == nil) {
				k.t.Errorf("the caller's client is now %+v", client)
			}
			client.Transport = keyTransport(func(*http.Request) (*http.Response, error) { return nil, errBrokenOff }) // too late
			k.realm.Break(func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
				time.Sleep(7 * time.Second)
				http.SetCookie(w, &http.Cookie{Name: "from", Value: "realm"})
				healthy.ServeHTTP(w, r)
			})
			k.warm()
			k.realm.Break(authrockettest.Redirect("/login"))
			if err := k.auth.Warm(k.t.Context()); !errors.Is(err, authrocket.ErrKeysUnavailable) {
				k.t.Errorf("the error is %v, want %v", err, authrocket.ErrKeysUnavailable)
			}
			if len(sent) != 2 || jar.asked > 0 {
				k.t.Errorf("%d requests were sent and the jar was asked %d times, want 2 and none", len(sent), jar.asked)
			}
			for _, r := range sent {
				if r.Method != http.MethodGet || r.URL.Path != keyPath || r.Header.Get("Cookie") != "" {
					k.t.Errorf("%s %s was sent with cookies %q", r.Method, r.URL, r.Header.Get("Cookie"))
				}
			}
		})
	}
}

// resolveTo makes every host name lead to ip while the test runs.
func resolveTo(t *testing.T, ip string) {
	t.Helper()
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	address := net.ParseIP(ip).To4()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go answerDNS(server, address)
		return client, nil
	}}
}

// answerDNS answers queries as over TCP (RFC 1035 section 4.2.2): address for
// type A, nothing for others.
func answerDNS(conn net.Conn, address net.IP) {
	defer conn.Close()
	const headerSize, typeA = 12, 1
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		end := headerSize
		for query[end] != 0 {
			end += int(query[end]) + 1
		}
		end += 5 // the root label, type and class
		response := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[headerSize:end]...)
		if binary.BigEndian.Uint16(query[end-4:]) == typeA {
			response[7] = 1
			response = append(response, 0xc0, headerSize, 0, typeA, 0, 1, 0, 0, 0, 60, 0, 4)
			response = append(response, address...)
		}
		if _, err := conn.Write(binary.BigEndian.AppendUint16(nil, uint16(len(response)))); err != nil {
			return
		}
		if _, err := conn.Write(response); err != nil {
			return
		}
	}
}

// The rows change what the whole process resolves and dials, so none is parallel.
func TestKeyTransport(t *testing.T) {
	realm := authrockettest.NewRealm(t)
	u, err := url.Parse(realm.Start())
	if err != nil {
		t.Fatal(err)
	}
	named := func(host string) authrocket.Config {
		config := realm.Config()
		config.LoginRocketURL, config.Observer = "http://"+net.JoinHostPort(host, u.Port()), authrocket.SilentObserver()
		return config
	}
	jwksURL := func(host, loginRocketURL string) authrocket.Config {
		config := named(host)
		config.JWKSURL, config.LoginRocketURL = config.LoginRocketURL+keyPath, loginRocketURL
		return config
	}
	const dialled = "a loopback name that leads to this machine is dialled"
	const leadsHere = "0.0.0.0" // leads to this machine, but is no loopback address
	for _, row := range []struct {
		name    string
		config  authrocket.Config
		change  func(*authrocket.Config)
		leads   string
		refused bool
	}{
		{name: dialled, config: named("keys.localhost"), leads: "127.0.0.1"},
		{name: "a loopback name that leads elsewhere is not dialled", config: named("keys.localhost"), leads: "192.0.2.1", refused: true},
		{name: "a name that is not loopback is dialled wherever it leads", config: named("keys.example"), leads: leadsHere, change: func(c *authrocket.Config) {
			c.AppURL, c.DangerouslyAllowHTTPLoginRocketURL = "https://app.example", true
		}},
		{name: "a loopback JWKSURL that leads elsewhere is not dialled, wherever LoginRocketURL is", config: jwksURL("keys.localhost", "https://sample.e2.loginrocket.com/"), leads: "192.0.2.1", refused: true, change: func(c *authrocket.Config) {
			c.AppURL = "https://app.example"
		}},
		{name: "a JWKSURL that is not loopback is dialled wherever it leads, though LoginRocketURL is loopback", config: jwksURL("keys.example", "http://127.0.0.1:1"), leads: leadsHere, change: func(c *authrocket.Config) {
			c.DangerouslyAllowHTTPJWKSURL = true
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.change != nil {
				row.change(&row.config)
			}
			auth := openAuth(t, row.config)
			if row.refused {
				// Without keys it would try again after the test.
				resolveTo(t, "127.0.0.1")
				warm(t, auth)
			}
			resolveTo(t, row.leads)
			err := auth.Warm(t.Context())
			if !row.refused && err != nil {
				t.Error(err)
			}
			if row.refused && (!errors.Is(err, authrocket.ErrKeysUnavailable) || !strings.Contains(err.Error(), "192.0.2.1:"+u.Port()+" is not a loopback address")) {
				t.Errorf("the error is %v, want that the address is not loopback", err)
			}
		})
	}
	t.Run("keys of a loopback name do not come through a proxy", func(t *testing.T) {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			t.Error("the proxy was asked")
			w.WriteHeader(http.StatusBadGateway)
		}))
		defer proxy.Close()
		// A process reads its proxy from the environment only once.
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.CommandContext(t.Context(), program, "-test.v", "-test.run=^TestKeyTransport$/^"+strings.ReplaceAll(dialled, " ", "_")+"$")
		child.Env = append(os.Environ(), "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
		output, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(output), "--- PASS: TestKeyTransport/") {
			t.Errorf("with a proxy the row before fails with %v:\n%s", err, output)
		}
	})
	t.Run("a default transport of another type does not matter", func(t *testing.T) {
		before := http.DefaultTransport
		t.Cleanup(func() { http.DefaultTransport = before })
		http.DefaultTransport = keyTransport(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("this is the app's own")
		})
		warm(t, openAuth(t, realm.Config()))
	})
}

func TestNoConnectionOutlivesAFetch(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	closed := make(chan struct{}, 100) // retries of failed fetches come, too
	asked := make(chan bool, 100)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Close
		realm.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	defer server.Close()
	config := realm.Config()
	config.LoginRocketURL, config.AppURL, config.HTTPClient, config.Observer = server.URL, "", nil, authrocket.SilentObserver()
	for _, fault := range []authrockettest.Fault{nil, authrockettest.Status(http.StatusNotFound), authrockettest.Body("text/html", strings.Repeat("-", 2<<20)), authrockettest.Redirect("/login")} {
		realm.Break(fault)
		auth := openAuth(t, config)
		if fault == nil {
			warm(t, auth)
		} else if err := auth.Warm(t.Context()); err == nil {
			t.Error("warming reports no failure")
		}
		if !<-asked {
			t.Error("the request does not say that the connection is to be closed")
		}
		select {
		case <-closed:
		case <-time.After(time.Minute):
			t.Fatal("the connection stays open")
		}
	}
}
