package authrocketdev

import (
	"net/http"

	"github.com/authrocket-go/authrocket/authrockettest"
)

var sessionEndpoints = map[string]map[string]coreEndpoint{
	"sessions":             {http.MethodGet: listSessions, http.MethodPost: createSession},
	"sessions/{id}":        {http.MethodGet: getSession, http.MethodDelete: deleteSession},
	"sessions/oauth2":      {http.MethodPost: refuseOAuth2},
	"sessions/oauth2/code": {http.MethodPost: refuseOAuth2},
}

type sessionJSON struct {
	Object      string      `json:"object"`
	ID          string      `json:"id"`
	UserID      string      `json:"user_id"`
	ClientAppID *string     `json:"client_app_id"`
	CreatedAt   preciseTime `json:"created_at"`
	ExpiresAt   wholeTime   `json:"expires_at"`
	Request     requestJSON `json:"request"`
	Token       string      `json:"token,omitempty"`
	User        *userJSON   `json:"user,omitempty"`
}

// requestJSON describes the client on whose behalf something was done.
type requestJSON struct {
	Client *string `json:"client"`
	IP     *string `json:"ip"`
}

func showRequest(r authrockettest.Request) requestJSON {
	return requestJSON{Client: orNull(r.Client), IP: orNull(r.IP)}
}

func (c *coreCall) showSessionBriefly(s authrockettest.HostedSession) sessionJSON {
	return sessionJSON{
		Object: "session", ID: s.ID, UserID: s.UserID, CreatedAt: preciseTime(s.CreatedAt), ExpiresAt: wholeTime(s.ExpiresAt),
		Request: showRequest(s.Request),
	}
}

// showSession returns the JSON of a session with its user, as view shows the user.
func (c *coreCall) showSession(view *authrockettest.View, s authrockettest.HostedSession) sessionJSON {
	shown := c.showSessionBriefly(s)
	if user, err := view.User(s.UserID); err == nil {
		brief := c.showUser(view, user)
		brief.Credentials = nil
		shown.User = &brief
	}
	return shown
}

// showNewSession returns a new session with a login token.
func (c *coreCall) showNewSession(s authrockettest.HostedSession) (coreAnswer, error) {
	shown := c.showSession(c.realm.View, s)
	var err error
	shown.Token, err = c.realm.APIToken(s.ID)
	return createdAs(shown), err
}

func listSessions(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	userID := c.query.Get("user_id")
	if userID == "" {
		return coreAnswer{}, invalid("User id is missing.")
	}
	page, err := c.view.ListSessions(authrockettest.SessionList{List: list, UserID: userID})
	return okayWith(collectionOf(page, c.showSessionBriefly)), err
}

// getSession returns a session. With expand=token, keys that may write also get a new
// login token, which signs the user in.
func getSession(c *coreCall) (coreAnswer, error) {
	session, err := c.view.LookUpSession(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	shown := c.showSession(c.view, session)
	if c.mayWrite && expands(c.query, "token") {
		// The session may have ended although the view still shows it.
		shown.Token, err = c.realm.APIToken(session.ID)
	}
	return okayWith(shown), err
}

func createSession(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("session", "user_id")
	userID := attributes.text("user_id")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	if err := c.exist(*userID, ""); err != nil {
		return coreAnswer{}, err
	}
	session, err := c.realm.StartSession(*userID)
	if err != nil {
		return coreAnswer{}, err
	}
	return c.showNewSession(session)
}

func deleteSession(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	session, err := c.realm.LookUpSession(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	c.realm.EndSession(session.ID, authrockettest.EndedByAPI)
	return noContent, nil
}

func refuseOAuth2(*coreCall) (coreAnswer, error) {
	return coreAnswer{}, invalid("This local AuthRocket is not an OAuth2 server.")
}
