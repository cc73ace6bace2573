package authrocketdev

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// startedLogin is a login that continues at a provider. It is part of the state in
// the URL, so that the service does not need to store it.
type startedLogin struct {
	RealmID     string    `json:"r"`
	ProviderID  string    `json:"p"`
	RedirectURI string    `json:"u"`
	Nonce       string    `json:"n"`
	ExpiresAt   time.Time `json:"e"`
}

// authorizeLifetime is how long an authorize URL is valid.
const authorizeLifetime = 30 * time.Minute

// authorizeURL returns the URL at which the login at a provider would start. Its host
// cannot be reached, so no request leaves the machine.
func (c *coreCall) authorizeURL(p authrockettest.AuthProvider, redirectURI, nonce string) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {p.ClientID}, "redirect_uri": {redirectURI},
		"state": {c.sealState(startedLogin{c.realm.ID(), p.ID, redirectURI, nonce, time.Now().Add(authorizeLifetime)})},
	}
	return "https://" + p.Type + ".invalid/authorize?" + query.Encode()
}

func (c *coreCall) sealState(started startedLogin) string {
	payload, err := json.Marshal(started)
	if err != nil {
		panic("authrocketdev: cannot encode a state: " + err.Error())
	}
	text := base64.RawURLEncoding.EncodeToString(payload)
	return text + "." + c.service.stateMAC(text)
}

func (s *Service) stateMAC(text string) string {
	mac := hmac.New(sha256.New, s.stateKey)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// openState returns the login in a state. It returns false if this service did not make
// the state for this realm, or if the state has expired.
func (c *coreCall) openState(state string) (startedLogin, bool) {
	var started startedLogin
	text, mac, _ := strings.Cut(state, ".")
	if !hmac.Equal([]byte(mac), []byte(c.service.stateMAC(text))) {
		return started, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(payload, &started) != nil {
		return started, false
	}
	return started, started.RealmID == c.realm.ID() && time.Now().Before(started.ExpiresAt)
}

// retryable is a refusal after which the user can start the login again at url.
type retryable struct {
	error
	url string
}

func (r *retryable) Unwrap() error { return r.error }

// authorizeJSON is the URL at which a browser would log in at a provider. Unlike
// records, it has no "object" in its JSON.
type authorizeJSON struct {
	AuthURL string `json:"auth_url"`
	ID      string `json:"id"`
	Type    string `json:"provider_type"`
}

// redirectURI returns the absolute redirect URL of a query.
func (c *coreCall) redirectURI() (string, error) {
	given := c.query.Get("redirect_uri")
	if u, err := url.Parse(given); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", invalid("Redirect uri must be an absolute http or https URL.")
	}
	return given, nil
}

func (c *coreCall) showAuthorize(p authrockettest.AuthProvider, redirectURI string) authorizeJSON {
	return authorizeJSON{c.authorizeURL(p, redirectURI, c.query.Get("nonce")), p.ID, p.Type}
}

func isElsewhere(p authrockettest.AuthProvider) bool {
	return p.State == authrockettest.StateActive && slices.Contains(otherProviders, p.Type)
}

func listAuthorizeURLs(c *coreCall) (coreAnswer, error) {
	redirectURI, err := c.redirectURI()
	if err != nil {
		return coreAnswer{}, err
	}
	providers := slices.DeleteFunc(c.view.AuthProviders(), func(p authrockettest.AuthProvider) bool { return !isElsewhere(p) })
	page := authrockettest.Page[authrockettest.AuthProvider]{Items: providers}
	return okayWith(collectionOf(page, func(p authrockettest.AuthProvider) authorizeJSON { return c.showAuthorize(p, redirectURI) })), nil
}

func getAuthorizeURL(c *coreCall) (coreAnswer, error) {
	redirectURI, err := c.redirectURI()
	if err != nil {
		return coreAnswer{}, err
	}
	p, err := c.view.AuthProvider(c.id)
	if err != nil || !isElsewhere(p) {
		return coreAnswer{}, authrockettest.ErrNotFound
	}
	return okayWith(c.showAuthorize(p, redirectURI)), nil
}

const textAuthorize = "Error validating code."

// authorize accepts the code with which a provider sends a browser back. In this
// service, only codes of the dummy provider can be valid.
func authorize(c *coreCall) (coreAnswer, error) {
	var code, state, nonce string
	set(&code, c.body.text("code"))
	set(&state, c.body.text("state"))
	set(&nonce, c.body.text("nonce"))
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	started, ok := c.openState(state)
	if !ok || started.Nonce != nonce {
		return coreAnswer{}, invalid(textAuthorize)
	}
	p, err := c.realm.AuthProvider(started.ProviderID)
	if err != nil || !isElsewhere(p) {
		return coreAnswer{}, invalid(textAuthorize)
	}
	if p.Type != typeDummy || code != dummyCode {
		return coreAnswer{}, &retryable{invalid(textAuthorize), c.authorizeURL(p, started.RedirectURI, started.Nonce)}
	}
	return c.logInDummy(p)
}

// authorizeToken accepts an access token of a provider.
func authorizeToken(c *coreCall) (coreAnswer, error) {
	var token string
	set(&token, c.body.text("access_token"))
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	p, err := c.realm.AuthProvider(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	if !isElsewhere(p) || p.Type != typeDummy || token != dummyCode {
		return coreAnswer{}, invalid("Error validating access token.")
	}
	return c.logInDummy(p)
}

// logInDummy signs in the user of the dummy provider. The first login creates that
// user.
func (c *coreCall) logInDummy(p authrockettest.AuthProvider) (coreAnswer, error) {
	c.server.changes.Lock()
	defer c.server.changes.Unlock()
	user, err := c.realm.UserByLogin(dummyEmail)
	if err != nil {
		if user, err = c.realm.CreateUser(authrockettest.User{Email: dummyEmail, FirstName: "Dummy"}); err != nil {
			return coreAnswer{}, err
		}
	}
	hasCredential := slices.ContainsFunc(c.realm.CredentialsOf(user.ID), func(has authrockettest.Credential) bool { return has.AuthProviderID == p.ID })
	if !hasCredential {
		credential := authrockettest.Credential{UserID: user.ID, Type: p.Type, AuthProviderID: p.ID, ProviderUserID: dummyEmail}
		if _, err := c.realm.CreateCredential(credential); err != nil {
			return coreAnswer{}, err
		}
	}
	l, err := c.server.startLogin(user)
	if err != nil {
		return coreAnswer{}, err
	}
	return c.showLogin(l)
}
