package examples_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
	"github.com/authrocket-go/authrocket/sessionstate/valkeystate"
	"github.com/authrocket-go/authrocket/webhook"
)

// serve is the set-up with all three steps.
func serve(ctx context.Context, app func(*authrocket.Auth) http.Handler) (http.Handler, error) {
	api, err := coreapi.New(coreapi.ConfigFromEnv()) // AUTHROCKET_URL, AUTHROCKET_API_KEY
	if err != nil {
		return nil, err
	}
	stateConfig := sessionstate.Config{API: api, Observer: sessionstate.LogObserver(slog.Default())}
	if err := shareEnds(ctx, &stateConfig); err != nil { // step 3
		return nil, err
	}
	auth, state, err := endSessions(ctx, stateConfig) // step 1
	if err != nil {
		return nil, err
	}
	return receiveWebhooks(api, state, auth.Authenticate(app(auth))) // step 2
}

// endSessions returns an Auth whose sessions end when they end at AuthRocket. It works until
// ctx ends.
func endSessions(
	ctx context.Context, stateConfig sessionstate.Config,
) (*authrocket.Auth, *sessionstate.State, error) {
	state, err := sessionstate.New(stateConfig)
	if err != nil {
		return nil, nil, err
	}
	go state.Run(ctx) // as long as the app serves
	if err := state.Warm(ctx); err != nil {
		slog.Warn("sessions are not checked yet", "error", err) // for example a wrong API key
	}

	config := authrocket.ConfigFromEnv()
	config.SessionState = state
	auth, err := authrocket.New(config)
	return auth, state, err
}

// receiveWebhooks serves the receiver beside the app.
func receiveWebhooks(api *coreapi.Client, state *sessionstate.State, app http.Handler) (http.Handler, error) {
	hook, err := webhook.New(webhook.Config{
		API:      api,
		Secrets:  []coreapi.Secret{coreapi.Hide(os.Getenv("WEBHOOK_SECRET"))},
		Handle:   state.HandleEvent,
		Suspect:  state.Suspect,
		Observer: webhook.LogObserver(slog.Default()),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/hooks/authrocket", hook) // outside of Authenticate
	mux.Handle("/", app)                  // auth.Authenticate(...)
	return mux, nil
}

// shareEnds tells all instances what one of them has learned, until ctx ends.
func shareEnds(ctx context.Context, stateConfig *sessionstate.Config) error {
	log, err := valkeystate.Open(os.Getenv("VALKEY_URL"))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { log.Close() })
	stateConfig.Log = log
	return nil
}

// The three steps of docs/sessions.md, against the local AuthRocket.
func TestSessionsRecipe(t *testing.T) {
	realm := authrockettest.NewRealm(t)
	user := realm.AddUser(authrockettest.User{Email: "ada@example.com"})
	server, err := authrocketdev.New(authrocketdev.Config{Realm: realm})
	if err != nil {
		t.Fatal(err)
	}
	handler := make(chan http.Handler, 1)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := <-handler
		handler <- h
		h.ServeHTTP(w, r)
	}))
	defer app.Close()
	secret := rand.Text()
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{
		Server:   server,
		Webhooks: []string{strings.Replace(app.URL, "://", "://authrocket:"+secret+"@", 1) + "/hooks/authrocket"},
	})
	if err != nil {
		t.Fatal(err)
	}
	loginRocket, core := httptest.NewServer(server), httptest.NewServer(service.CoreAPI())
	defer loginRocket.Close()
	defer core.Close()
	for name, value := range map[string]string{
		"LOGINROCKET_URL": loginRocket.URL, "AUTHROCKET_APP_URL": app.URL, "AUTHROCKET_URL": core.URL + "/v2",
		"AUTHROCKET_API_KEY": service.APIKey(), "WEBHOOK_SECRET": secret, "VALKEY_URL": "redis://127.0.0.1:1", // nothing listens there, which holds up no request
	} {
		t.Setenv(name, value)
	}

	served, err := serve(t.Context(), func(auth *authrocket.Auth) http.Handler { return auth.RequireLogin(http.NotFoundHandler()) })
	if err != nil {
		t.Fatal(err)
	}
	handler <- served
	api, err := coreapi.New(service.CoreAPIConfig())
	if err != nil {
		t.Fatal(err)
	}

	session, err := realm.StartSession(user.ID)
	if err != nil {
		t.Fatal(err)
	}
	token, err := realm.AccountToken(session.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	status := func() int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := app.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := status(); got != http.StatusNotFound {
		t.Errorf("while the session goes on: got %d, want that of the app", got)
	}
	if err := api.Sessions.Delete(t.Context(), coreapi.Hide(session.ID)); err != nil {
		t.Fatal(err)
	}
	service.Deliver(t.Context()) // the receiver's answer does not matter: the session is suspect
	if got := status(); got != http.StatusUnauthorized {
		t.Errorf("after its end: got %d", got)
	}
}
