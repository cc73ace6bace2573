package authrocketdev

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// startedLogin is a login that was sent to a provider. It travels in the state of
// the URL, so that nothing has to be remembered.
type startedLogin struct {
	RealmID     string    `json:"r"`
	ProviderID  string    `json:"p"`
	RedirectURI string    `json:"u"`
	Nonce       string    `json:"n"`
	ExpiresAt   time.Time `json:"e"`
}

// authorizeLifetime is how long an authorize URL works.
const authorizeLifetime = 30 * time.Minute

// authorizeURL is where the login at a provider would begin. Its host is one that
// cannot be reached: nothing leaves the machine.
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
		panic("authrocketdev: no JSON of a state: " + err.Error())
	}
	text := base64.RawURLEncoding.EncodeToString(payload)
	return text + "." + c.service.stateMAC(text)
}

func (s *Service) stateMAC(text string) string {
	mac := hmac.New(sha256.New, s.stateKey)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// openState returns the login of a state that this service has made for this
// realm, unless it is too old.
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

// retryable is a refusal after which the login can begin again at url.
type retryable struct {
	error
	url string
}

func (r *retryable) Unwrap() error { return r.error }
