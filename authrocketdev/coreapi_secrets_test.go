package authrocketdev_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/davecgh/go-spew/spew"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/loginrocket"
)

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%U"}

// printed returns a value in the output of every printer: fmt, slog, JSON, and
// go-spew, which reads unexported fields and follows pointers, with and without the
// methods of the value.
func printed(value any) string {
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
	spew.Fdump(&all, value)
	bare := spew.ConfigState{DisableMethods: true, DisablePointerMethods: true, MaxDepth: 20}
	bare.Fdump(&all, value)
	bare.Fprintf(&all, "%+v %#v", value, value)
	return all.String()
}

// leaks returns the names of secrets in the text: as plain text, in hexadecimal, or
// as the numbers of their bytes.
func leaks(text string, secrets map[string]string) (names []string) {
	for name, secret := range secrets {
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), strings.Trim(fmt.Sprint([]byte(secret)), "[]")} {
			if strings.Contains(text, form) {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}

// recorder keeps what a client reports and what its calls return.
type recorder struct {
	mu      sync.Mutex
	log     bytes.Buffer
	values  map[string]any
	secrets map[string]string
}

// keep keeps what a call has returned.
func (r *recorder) keep(name string, values ...any) {
	for i, value := range values {
		r.values[fmt.Sprintf("%s %d", name, i)] = value
	}
}

func (r *recorder) secret(name string, secret coreapi.Secret) coreapi.Secret {
	if secret.IsZero() {
		panic("there is no " + name)
	}
	r.secrets[name] = secret.Reveal()
	return secret
}

func (r *recorder) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(text)
}

// observer logs every call with all its attributes.
func (r *recorder) observer() coreapi.Observer {
	logged := coreapi.LogObserver(slog.New(slog.NewJSONHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return coreapi.Observer{Request: func(ctx context.Context, e coreapi.RequestEvent) {
		logged.Request(ctx, e)
		fmt.Fprint(r, printed(e))
	}}
}

// This run through both APIs uses every kind of secret and causes every kind of
// failure.
func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	for name, overPort := range map[string]bool{"in memory": false, "over a port": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{values: map[string]any{}, secrets: map[string]string{}}
			secretRun(t, r, overPort)
			for name, value := range r.values {
				if names := leaks(printed(value), r.secrets); len(names) > 0 {
					t.Errorf("%s shows %q", name, names)
				}
			}
			if names := leaks(r.log.String(), r.secrets); len(names) > 0 {
				t.Errorf("the log shows %q", names)
			}
			if len(r.secrets) < 12 || len(r.values) < 30 || !strings.Contains(r.log.String(), "/users/{id}/authenticate") {
				t.Errorf("only %d secrets, %d values and %d bytes of a log were looked at", len(r.secrets), len(r.values), r.log.Len())
			}
		})
	}
}

func secretRun(t *testing.T, r *recorder, overPort bool) {
	c := newCore(t, withConfiguration)
	config := c.service.CoreAPIConfig()
	if overPort {
		config.URL, config.HTTPClient = c.url, nil
	}
	config.Observer = r.observer()
	api := must(coreapi.New(config))
	ctx := t.Context()
	r.secret("API key", config.APIKey)
	password, newPassword := r.secret("password", coreapi.Hide("how-now-brown-cow!")), r.secret("new password", coreapi.Hide("quick-fox-jumped"))

	input := coreapi.NewUser{Email: "ada@example.com", Password: password, Reference: "42"}
	user, err := api.Users.Create(ctx, input)
	r.keep("a user", input, user, err)
	login, err := api.Users.Authenticate(ctx, user.ID, password)
	r.keep("a login", login, err)
	r.secret("session ID", login.Session.ID())
	r.secret("login token", login.Session.Token())
	session, err := api.Sessions.Get(ctx, login.Session.ID())
	r.keep("a session", session, err)
	for session, err := range api.Sessions.OfUser(ctx, user.ID) {
		r.keep("a listed session", session, err)
	}
	verify, err := api.Users.RequestEmailVerification(ctx, user.ID)
	r.keep("a token to verify", verify, err)
	verified, err := api.Users.VerifyEmail(ctx, r.secret("token to verify", verify.Value()))
	r.keep("a verified user", verified, err)
	reset, err := api.Users.PasswordToken(ctx, user.ID)
	r.keep("a token for a password", reset, err)
	page, err := api.Events.List(ctx, coreapi.EventQuery{})
	r.keep("events", page, err)
	login, err = api.Users.ResetPassword(ctx, r.secret("token for a password", reset.Value()), newPassword)
	r.keep("a reset", login, err)
	org := must(api.Orgs.Create(ctx, coreapi.NewOrg{Name: "Engines"}))
	invitation, err := api.Invitations.Create(ctx, coreapi.NewOrgInvitation("bob@example.com", org.ID))
	r.keep("an invitation", invitation, err)
	r.secret("token of an invitation", invitation.Token())
	totp := must(api.AuthProviders.Get(ctx, "totp"))
	must(coreapi.Send[provider](ctx, api, http.MethodPut, "/auth_providers/"+totp.ID, "auth_provider", attributes{"state": "active"}))
	device, err := api.Credentials.CreateTOTP(ctx, user.ID, totp.ID, "Phone")
	r.keep("a device", device, err)
	r.secret("secret of a device", device.Secret())
	r.secret("URI of a device", device.ProvisioningURI())
	device, err = api.Credentials.Verify(ctx, device.ID, codeNow(device.Secret().Reveal()))
	r.keep("an active device", device, err)
	login, err = api.Users.Authenticate(ctx, user.ID, newPassword)
	r.keep("a login that waits", login, err)
	pending, _ := login.Pending()
	r.secret("token of a login that waits", pending)
	_, err = api.Users.CompleteLogin(ctx, pending, "12345")
	r.keep("a wrong code", err)
	_, err = api.Users.Authenticate(ctx, user.ID, r.secret("wrong password", coreapi.Hide("a-password-of-nobody")))
	r.keep("a wrong password", err)
	_, err = api.Sessions.Get(ctx, r.secret("unknown session ID", coreapi.Hide("kss_of_nobody_at_all")))
	r.keep("an unknown session", err)

	visitor := must(loginrocket.New(loginrocket.Config{URL: c.loginRocket, Observer: loginrocket.LogObserver(slog.New(slog.NewTextHandler(r, nil)))}))
	own := must(api.Sessions.Create(ctx, user.ID))
	r.secret("another session ID", own.ID())
	full, err := visitor.Session(ctx, own.ID(), "")
	r.keep("a login at LoginRocket", full, err)
	tokens := visitor.TokenSource(own.ID(), "")
	token := must(tokens.Token(ctx))
	r.secret("another login token", coreapi.Hide(token))
	_, err = visitor.Session(ctx, coreapi.Hide(r.secrets["unknown session ID"]), "")
	r.keep("an unknown session at LoginRocket", err)
	r.keep("clients", api, visitor, tokens, struct {
		api    *coreapi.Client
		users  coreapi.Users
		tokens *loginrocket.TokenSource
	}{api, api.Users, tokens}, config)

	for kind, fault := range map[string]authrockettest.Fault{
		"a lost answer":     authrockettest.AfterWrite(authrockettest.Disconnect()),
		"a 503":             authrockettest.Status(503),
		"a 429":             authrockettest.TooMany(time.Hour),
		"no JSON":           authrockettest.Body("application/json", "<html>"),
		"the secrets again": echo(r.secrets["API key"]),
		"a redirect":        authrockettest.Redirect("https://elsewhere.example/?key=x"),
	} {
		c.service.Break(fault)
		broken := config
		broken.Retries = -1
		client := must(coreapi.New(broken)) // it has its own client, since a 429 makes all calls of a client wait
		session, err := client.Sessions.Create(ctx, user.ID)
		if !errors.Is(err, coreapi.ErrUnavailable) && !errors.Is(err, coreapi.ErrUnexpected) && !errors.Is(err, coreapi.ErrInvalid) {
			t.Errorf("%s: got %v", kind, err)
		}
		_, err2 := client.Users.Authenticate(ctx, user.ID, password)
		err3 := client.Sessions.Delete(ctx, own.ID())
		_, err4 := client.Users.VerifyEmail(ctx, verify.Value())
		r.keep(kind, session, err, err2, err3, err4, errors.Join(err, err2), fmt.Errorf("doing it: %w", err3))
	}
	c.service.Repair()
}

// echo answers with a refusal that contains the key of the request, as a proxy may
// do.
func echo(key string) authrockettest.Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		json.NewEncoder(w).Encode(map[string]any{"errors": []string{"the key " + key + " has no right to do that"}})
	}
}

// The printers find texts that are not hidden, even in an unexported field behind a
// pointer.
func TestPrintersFindSecrets(t *testing.T) {
	t.Parallel()
	type inner struct{ text *string }
	secrets := map[string]string{"it": "not-hidden-at-all"}
	for name, value := range map[string]any{
		"a header": http.Header{"A": {secrets["it"]}}, "an error": errors.New(secrets["it"]),
		"bytes": &struct{ buffer []byte }{[]byte(secrets["it"])}, "a pointer": struct{ in *inner }{&inner{new(secrets["it"])}},
	} {
		if len(leaks(printed(value), secrets)) == 0 {
			t.Errorf("no printer finds %s", name)
		}
	}
}
