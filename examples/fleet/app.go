package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

//go:embed pages.html
var pagesHTML string

//go:embed style.css
var style string

var pages = template.Must(template.New("").Parse(pagesHTML))

// app is one instance of the web app.
type app struct {
	place place
	auth  *authrocket.Auth
	api   *coreapi.Client
	state *sessionstate.State
	ends  *ends
}

func (a *app) routes(hook http.Handler) http.Handler {
	isOwner := a.auth.Require(authrocket.Permission("ar:owner"))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /instances/{number}/view", a.view) // the proxy sends this request to the instance with that number
	mux.Handle("GET /me", a.auth.RequireLogin(http.HandlerFunc(a.me)))
	mux.Handle("POST /sign-out-everywhere", a.auth.RequireLogin(http.HandlerFunc(a.signOutEverywhere)))
	mux.Handle("POST /members/{id}/remove", isOwner(http.HandlerFunc(a.removeMember)))

	outer := http.NewServeMux()
	outer.Handle("/hooks/authrocket", hook) // outside Authenticate, because AuthRocket does not log in
	outer.HandleFunc("GET /style.css", serveStyle)
	outer.Handle("/", a.auth.Authenticate(mux))
	return outer
}

// home shows the views of all instances, and the buttons.
func (a *app) home(w http.ResponseWriter, r *http.Request) {
	session, isSignedIn := authrocket.CurrentSession(r.Context())
	org, _ := session.Org()
	data := map[string]any{
		"Place": a.place, "Session": session, "IsSignedIn": isSignedIn, "Org": org,
	}
	if membership, ok := session.Membership(); ok && membership.HasPermission("ar:owner") {
		var members []coreapi.Membership
		for member, err := range a.api.Memberships.OfOrg(r.Context(), org.ID, coreapi.MembershipQuery{}) {
			if err != nil {
				slog.WarnContext(r.Context(), "members cannot be listed", "error", err)
				break
			}
			members = append(members, member)
		}
		data["Members"] = members
	}
	show(w, r, "home", http.StatusOK, data)
}

// view shows how this instance currently answers requests with the browser's session. The
// view reloads itself.
func (a *app) view(w http.ResponseWriter, r *http.Request) {
	r, err := a.auth.Check(r) // decides as a gate does
	session, _ := authrocket.CurrentSession(r.Context())
	show(w, r, "view", http.StatusOK, map[string]any{
		"Place": a.place, "Process": os.Getpid(), "Now": time.Now(),
		"Status": authrocket.StatusCode(err), "Reason": authrocket.Reason(err), "User": session.User, "Ends": a.ends.list(),
	})
}

// me answers programs. It accepts a cookie or a bearer token.
func (a *app) me(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"instance": a.place.Number, "user": user.ID})
}

// signOutEverywhere ends all sessions of the user.
func (a *app) signOutEverywhere(w http.ResponseWriter, r *http.Request) {
	user, _ := authrocket.CurrentUser(r.Context())
	deleted, err := a.api.Sessions.DeleteAllOf(r.Context(), user.ID)
	if err != nil {
		fail(w, r, "the sessions cannot be ended", err)
		return
	}
	// The webhooks also report the end of the sessions. This call is faster, and works
	// even if the webhooks are late.
	if err := a.state.EndUser(r.Context(), user.ID, deleted.At); err != nil {
		slog.WarnContext(r.Context(), "other instances learn of it later", "error", err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// removeMember removes a member from the owner's account. AuthRocket then sends a
// webhook, and EndOn ends the sessions of the member.
func (a *app) removeMember(w http.ResponseWriter, r *http.Request) {
	org, _ := authrocket.CurrentOrg(r.Context())
	member, err := a.api.Memberships.Get(r.Context(), r.PathValue("id"))
	if err == nil && member.OrgID != org.ID {
		http.Error(w, "this member is of another account", http.StatusForbidden)
		return
	}
	if err == nil {
		err = a.api.Memberships.Delete(r.Context(), member.ID)
	}
	if err != nil {
		fail(w, r, "the member cannot be removed", err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func fail(w http.ResponseWriter, r *http.Request, text string, err error) {
	slog.ErrorContext(r.Context(), text, "error", err)
	http.Error(w, text+"; try again in a moment", http.StatusBadGateway)
}

func show(w http.ResponseWriter, r *http.Request, name string, status int, data any) {
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, data); err != nil {
		fail(w, r, "the page cannot be shown", err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'")
	w.WriteHeader(status)
	body.WriteTo(w)
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	io.WriteString(w, style)
}
