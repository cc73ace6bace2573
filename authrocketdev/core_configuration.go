package authrocketdev

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// configurationEndpoints are of the Configuration API, besides those of auth
// providers.
var configurationEndpoints = map[string]map[string]coreEndpoint{
	"realms":            {http.MethodGet: configuration(listRealms), http.MethodPost: configuration(createRealm)},
	"realms/{id}":       {http.MethodGet: configuration(getRealm), http.MethodPut: configuration(updateRealm), http.MethodDelete: configuration(deleteRealm)},
	"realms/{id}/reset": {http.MethodPost: configuration(resetRealm)},
	"client_apps":       {http.MethodGet: configuration(listApps), http.MethodPost: configuration(createApp)},
	"client_apps/{id}":  {http.MethodGet: configuration(getApp), http.MethodPut: configuration(updateApp), http.MethodDelete: configuration(deleteApp)},
	"domains":           {http.MethodGet: configuration(listDomains), http.MethodPost: configuration(createDomain)},
	"domains/{id}":      {http.MethodGet: configuration(getDomain), http.MethodDelete: configuration(deleteDomain)},
}

var errConfiguration = refuse(http.StatusForbidden, "The Configuration API is off: see ServiceConfig.ConfigurationAPI.")

// configuration is an endpoint that there is with the Configuration API only.
func configuration(do coreEndpoint) coreEndpoint {
	return func(c *coreCall) (coreAnswer, error) {
		if !c.service.config.ConfigurationAPI {
			return coreAnswer{}, errConfiguration
		}
		return do(c)
	}
}

// maxRealms is how many realms a Service has: each has an address of its own.
const maxRealms = 200

// hostedRealm is a realm of a [Service].
type hostedRealm struct {
	server  *Server
	view    *authrockettest.View // what reads show
	address string               // IP of its LoginRocket, "" of that of ServiceConfig.Server

	// The Service locks these.
	apps   []clientApp
	domain *domain // nil before one is made
}

type realmJSON struct {
	Object    string `json:"object"`
	ID        string `json:"id"`
	Name      string `json:"name"`
	State     string `json:"state"`
	OrgMode   string `json:"org_mode"`
	Signup    string `json:"signup"`
	JWTAlgo   string `json:"jwt_algo"`
	JWTScopes string `json:"jwt_scopes"`
	JWTKey    string `json:"jwt_key,omitempty"` // for keys that may write: it can be a secret
}

func (c *coreCall) showRealm(h *hostedRealm) realmJSON {
	settings := h.server.realm.Settings()
	shown := realmJSON{
		Object: "realm", ID: h.server.realm.ID(), Name: settings.Name, State: "active", OrgMode: string(settings.OrgMode),
		Signup: string(settings.Signup), JWTAlgo: strings.ToLower(settings.Algorithm), JWTScopes: strings.Join(settings.JWTScopes, " "),
	}
	if c.mayWrite {
		shown.JWTKey = h.server.realm.JWTKey()
	}
	return shown
}

func idOfRealm(h *hostedRealm) string { return h.server.realm.ID() }

// hosted is the realm with an ID.
func (s *Service) hosted(id string) (*hostedRealm, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.realms, func(h *hostedRealm) bool { return idOfRealm(h) == id })
	if at < 0 {
		return nil, errRealm
	}
	return s.realms[at], nil
}

func listRealms(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	realms := slices.Clone(c.service.realms)
	c.service.mu.Unlock()
	page, err := pageOf(realms, idOfRealm, list)
	return okayWith(collectionOf(page, c.showRealm)), err
}

func getRealm(c *coreCall) (coreAnswer, error) {
	h, err := c.service.hosted(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	return okayWith(c.showRealm(h)), nil
}

// realmAttributes reads what a client may set of a realm.
func (c *coreCall) realmAttributes(required ...string) (func(*authrockettest.Settings), error) {
	attributes := c.body.root("realm", required...)
	name, algorithm := attributes.name("name"), attributes.oneOf("jwt_algo", "rs256", "hs256")
	if name != nil && *name == "" {
		attributes.problem("Name is missing.")
	}
	orgMode := attributes.oneOf("org_mode", string(authrockettest.SingleUser), string(authrockettest.MultiUser))
	signup := attributes.oneOf("signup", string(authrockettest.SignupOpen), string(authrockettest.SignupInvitation), string(authrockettest.SignupClosed))
	scopes, hasScopes := attributes.texts("jwt_scopes")
	scopes = strings.FieldsFunc(strings.Join(scopes, " "), func(r rune) bool { return r == ' ' || r == ',' })
	for _, scope := range scopes {
		if len(scopes) > maxPermissions || len(scope) > maxTagLength || !tagForm.MatchString(scope) {
			attributes.problem("Jwt scopes has to be up to %d scopes, such as ar.orgs.", maxPermissions)
			break
		}
	}
	return func(s *authrockettest.Settings) {
		set(&s.Name, name)
		set(&s.OrgMode, orgMode)
		set(&s.Signup, signup)
		if algorithm != nil {
			s.Algorithm = strings.ToUpper(*algorithm)
		}
		if hasScopes {
			s.JWTScopes = scopes
		}
	}, c.body.err(attributes)
}

func createRealm(c *coreCall) (coreAnswer, error) {
	change, err := c.realmAttributes("name")
	if err != nil {
		return coreAnswer{}, err
	}
	h, err := c.service.addRealm(change)
	if err != nil {
		return coreAnswer{}, err
	}
	return createdAs(c.showRealm(h)), nil
}

// addRealm makes a realm with an address of its own, where its LoginRocket is
// when it has a domain.
func (s *Service) addRealm(change func(*authrockettest.Settings)) (*hostedRealm, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.realms) >= maxRealms {
		return nil, authrockettest.ErrFull
	}
	address := ""
	isTaken := func(h *hostedRealm) bool { return h.address == address }
	for address == "" || slices.ContainsFunc(s.realms, isTaken) {
		s.lastAddress = s.lastAddress%maxRealms + 1
		address = fmt.Sprintf("127.0.1.%d", s.lastAddress)
	}
	origin := *s.origin
	if origin.Host = address; s.origin.Port() != "" {
		origin.Host = net.JoinHostPort(address, s.origin.Port())
	}
	config := authrockettest.RealmConfig{URL: origin.String()}
	change(&config.Settings)
	realm, err := authrockettest.Open(config)
	if err != nil {
		return nil, err
	}
	server, err := New(Config{Realm: realm, RequestsPerMinute: -1})
	if err != nil {
		return nil, err
	}
	h := s.host(server)
	h.address = address
	s.realms = append(s.realms, h)
	return h, nil
}

func updateRealm(c *coreCall) (coreAnswer, error) {
	h, err := c.service.hosted(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	change, err := c.realmAttributes()
	if err != nil {
		return coreAnswer{}, err
	}
	_, err = h.server.realm.ChangeSettings(change)
	return okayWith(c.showRealm(h)), err
}

var errFirstRealm = refuse(http.StatusConflict, "The realm that this program was started with stays.")

func deleteRealm(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	s := c.service
	h, err := s.hosted(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	if h == s.first {
		return coreAnswer{}, errFirstRealm
	}
	s.mu.Lock()
	s.realms = slices.DeleteFunc(s.realms, func(other *hostedRealm) bool { return other == h })
	opened := h.domain
	h.domain = nil
	s.mu.Unlock()
	opened.close()
	return noContent, nil
}

// resetRealm removes what is in a realm; its settings and auth providers stay.
func resetRealm(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	h, err := c.service.hosted(c.id)
	if err != nil {
		return coreAnswer{}, err
	}
	realm := h.server.realm
	for _, user := range realm.Users() {
		realm.DeleteUser(user.ID)
	}
	orgs, err := realm.ListOrgs(authrockettest.OrgList{})
	if err != nil {
		return coreAnswer{}, err
	}
	for _, org := range orgs.Items {
		realm.DeleteOrg(org.ID)
	}
	invitations, err := realm.ListInvitations(authrockettest.InvitationList{})
	if err != nil {
		return coreAnswer{}, err
	}
	for _, i := range invitations.Items {
		realm.DeleteInvitation(i.ID)
	}
	return okayWith(c.showRealm(h)), nil
}

// hostedRealm is the one that the request is about.
func (c *coreCall) hostedRealm() (*hostedRealm, error) { return c.service.hosted(c.realm.ID()) }

// clientApp is an app of a realm. It is kept and shown, and nothing else: which
// URLs a login may return to are the realm's Login URLs.
type clientApp struct {
	Object       string   `json:"object"`
	ID           string   `json:"id"`
	RealmID      string   `json:"realm_id"`
	ClientType   string   `json:"client_type"`
	Name         string   `json:"name"`
	RedirectURIs []string `json:"redirect_uris"`
	State        string   `json:"state"`
}

const (
	maxApps         = 100
	maxRedirectURIs = 100
)

func newConfigurationID(prefix string) string { return prefix + rand.Text()[:22] }

func listApps(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	page, err := pageOf(h.apps, func(a clientApp) string { return a.ID }, list)
	return okayWith(collectionOf(page, func(a clientApp) clientApp { return a })), err
}

// withApp calls do with the app that the path names. The Service is locked.
func (c *coreCall) withApp(do func(h *hostedRealm, at int)) error {
	h, err := c.hostedRealm()
	if err != nil {
		return err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	at := slices.IndexFunc(h.apps, func(a clientApp) bool { return a.ID == c.id })
	if at < 0 {
		return authrockettest.ErrNotFound
	}
	do(h, at)
	return nil
}

func getApp(c *coreCall) (coreAnswer, error) {
	var app clientApp
	err := c.withApp(func(h *hostedRealm, at int) { app = h.apps[at] })
	return okayWith(app), err
}

// appAttributes reads what a client may set of a client app.
func (c *coreCall) appAttributes(required ...string) (func(*clientApp), error) {
	attributes := c.body.root("client_app", required...)
	kind, name := attributes.oneOf("client_type", "standard", "oauth2"), attributes.name("name")
	state := attributes.oneOf("state", authrockettest.StateActive, authrockettest.StateInactive)
	uris, hasURIs := attributes.texts("redirect_uris")
	isURI := func(text string) bool {
		u, err := url.Parse(text)
		return err == nil && u.IsAbs() && len(text) <= maxSecretBytes
	}
	if len(uris) > maxRedirectURIs || slices.ContainsFunc(uris, func(text string) bool { return !isURI(text) }) {
		attributes.problem("Redirect uris has to be an array of absolute URLs.")
	}
	return func(a *clientApp) {
		set(&a.ClientType, kind)
		set(&a.Name, name)
		set(&a.State, state)
		if hasURIs {
			a.RedirectURIs = append([]string{}, uris...)
		}
	}, c.body.err(attributes)
}

func createApp(c *coreCall) (coreAnswer, error) {
	change, err := c.appAttributes("name")
	if err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	app := clientApp{
		Object: "client_app", ID: newConfigurationID("ca_"), RealmID: c.realm.ID(), ClientType: "standard",
		RedirectURIs: []string{}, State: authrockettest.StateActive,
	}
	change(&app)
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	if len(h.apps) >= maxApps {
		return coreAnswer{}, authrockettest.ErrFull
	}
	h.apps = append(h.apps, app)
	return createdAs(app), nil
}

func updateApp(c *coreCall) (coreAnswer, error) {
	change, err := c.appAttributes()
	if err != nil {
		return coreAnswer{}, err
	}
	var app clientApp
	err = c.withApp(func(h *hostedRealm, at int) {
		change(&h.apps[at])
		app = h.apps[at]
	})
	return okayWith(app), err
}

func deleteApp(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	return noContent, c.withApp(func(h *hostedRealm, at int) { h.apps = slices.Delete(h.apps, at, at+1) })
}

// domain is where the LoginRocket of a realm can be reached.
type domain struct {
	Object  string `json:"object"`
	ID      string `json:"id"`
	RealmID string `json:"realm_id"`
	Type    string `json:"domain_type"`
	FQDN    string `json:"fqdn"`
	URI     string `json:"uri"`
	State   string `json:"state"`

	listener io.Closer
}

// close closes what the program listens at for the domain, if there is one.
func (d *domain) close() {
	if d != nil {
		d.listener.Close()
	}
}

func listDomains(c *coreCall) (coreAnswer, error) {
	list, _, err := c.list(false, "id")
	if err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	var domains []domain
	if h.domain != nil {
		domains = append(domains, *h.domain)
	}
	page, err := pageOf(domains, func(d domain) string { return d.ID }, list)
	return okayWith(collectionOf(page, func(d domain) domain { return d })), err
}

func getDomain(c *coreCall) (coreAnswer, error) {
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	defer c.service.mu.Unlock()
	if h.domain == nil || h.domain.ID != c.id {
		return coreAnswer{}, authrockettest.ErrNotFound
	}
	return okayWith(*h.domain), nil
}

var errNoDomain = invalid("This program cannot open a LoginRocket at another address of loopback.")

// createDomain opens the LoginRocket of a realm at its own address.
func createDomain(c *coreCall) (coreAnswer, error) {
	attributes := c.body.root("domain")
	attributes.oneOf("domain_type", "loginrocket")
	if err := c.body.err(attributes); err != nil {
		return coreAnswer{}, err
	}
	s := c.service
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case h == s.first || h.domain != nil:
		return coreAnswer{}, invalid("The realm has a domain.")
	case s.config.Listen == nil || !slices.Contains(s.realms, h):
		return coreAnswer{}, errNoDomain
	}
	listener, err := s.config.Listen(net.JoinHostPort(h.address, cmp.Or(s.origin.Port(), s.origin.Scheme)))
	if err != nil {
		return coreAnswer{}, errNoDomain
	}
	h.domain = &domain{
		Object: "domain", ID: newConfigurationID("dom_"), RealmID: c.realm.ID(), Type: "loginrocket", FQDN: h.address,
		URI: h.server.origin, State: "active", listener: listener,
	}
	return createdAs(*h.domain), nil
}

func deleteDomain(c *coreCall) (coreAnswer, error) {
	if err := c.body.err(); err != nil {
		return coreAnswer{}, err
	}
	h, err := c.hostedRealm()
	if err != nil {
		return coreAnswer{}, err
	}
	c.service.mu.Lock()
	opened := h.domain
	isNamed := opened != nil && opened.ID == c.id
	if isNamed {
		h.domain = nil
	}
	c.service.mu.Unlock()
	if !isNamed {
		return coreAnswer{}, authrockettest.ErrNotFound
	}
	opened.close()
	return noContent, nil
}

// LoginRocket returns the handler of the LoginRockets of all realms: each is at
// the host of its domain, and that of [ServiceConfig.Server] at all others.
func (s *Service) LoginRocket() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.loginRocketAt(r.Host).ServeHTTP(w, r)
	})
}

func (s *Service) loginRocketAt(host string) *Server {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.realms {
		if h.domain != nil && h.address == host {
			return h.server
		}
	}
	return s.first.server
}
