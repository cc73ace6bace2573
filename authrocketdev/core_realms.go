package authrocketdev

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// maxRealms is the maximum number of realms of a Service. Each has a separate
// address.
const maxRealms = 200

// hostedRealm is a realm of a [Service].
type hostedRealm struct {
	server  *Server
	view    *authrockettest.View // the view that reads use
	address string               // the IP address of its LoginRocket, or "" for the realm of ServiceConfig.Server

	// The lock of the Service protects these fields.
	apps   []clientApp
	domain *domain // nil until it is created
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
	JWTKey    string `json:"jwt_key,omitempty"` // for keys that may write, since it may be a secret
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

// hosted returns the realm with this ID.
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

// realmAttributes reads the attributes of a realm that a client may set.
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
			attributes.problem("Jwt scopes must be a list of at most %d scopes, for example ar.orgs.", maxPermissions)
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

// addRealm creates a realm with a separate address. Its LoginRocket is served there
// once the realm has a domain.
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

var errFirstRealm = refuse(http.StatusConflict, "The realm with which this program was started cannot be deleted.")

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

// resetRealm deletes the content of a realm. Its settings and auth providers stay.
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
