package authrocketdev

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// coreCall is a request to the Core API that has a valid key.
type coreCall struct {
	service  *Service
	realm    *authrockettest.Realm // for writes, on behalf of the client that the request names
	view     *authrockettest.View  // for reads
	server   *Server               // for the same realm and request
	id       string                // the ID in the path, "" for a list
	query    url.Values
	body     object // the body of a write
	mayWrite bool
}

// coreAnswer is the answer to a call: a status, and a body that is sent as JSON. If
// body is nil, the answer has no body.
type coreAnswer struct {
	status int
	body   any
}

func okayWith(body any) coreAnswer  { return coreAnswer{http.StatusOK, body} }
func createdAs(body any) coreAnswer { return coreAnswer{http.StatusCreated, body} }

var noContent = coreAnswer{status: http.StatusNoContent}

// coreEndpoint carries out one call of the Core API. asRefusal converts its error for
// the client.
type coreEndpoint func(*coreCall) (coreAnswer, error)

// coreEndpoints are the calls of the Core API, by path (without /v2/) and by method.
// {id} stands for any segment that no other path names.
var coreEndpoints = joinEndpoints(
	userEndpoints, accountEndpoints, orgEndpoints, membershipEndpoints, sessionEndpoints, invitationEndpoints, credentialEndpoints,
	providerEndpoints, eventEndpoints, configurationEndpoints,
)

func joinEndpoints(resources ...map[string]map[string]coreEndpoint) map[string]map[string]coreEndpoint {
	all := make(map[string]map[string]coreEndpoint)
	for _, resource := range resources {
		maps.Copy(all, resource)
	}
	return all
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

func (s *Service) newCoreAPI() http.Handler {
	return withAPIHeaders(s.onlyOwnHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.answer(w, r)
		switch {
		case err != nil:
			writeCoreRefusal(w, r, err)
		case answer.body == nil:
			w.WriteHeader(answer.status)
		default:
			writeJSON(w, answer.status, answer.body)
		}
	})))
}

// onlyOwnHost refuses requests to a host that is neither the configured one nor a
// loopback host. Otherwise a website whose name resolves to this machine could read
// answers.
func (s *Service) onlyOwnHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOnLoopback(r.Host) && (s.config.Host == "" || r.Host != s.config.Host) {
			http.Error(w, "This is a local AuthRocket. Use a loopback host name, for example localhost.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

var (
	errKey        = refuse(http.StatusForbidden, "The API key is missing or wrong.")
	errReadOnly   = refuse(http.StatusForbidden, "This API key can only read.")
	errRealm      = refuse(http.StatusNotFound, "There is no such realm.")
	errAccept     = refuse(http.StatusNotAcceptable, "The header Accept must allow application/json.")
	errCoreLimits = refuse(http.StatusTooManyRequests, "Too many requests.")
	errTwoRealms  = refuse(http.StatusBadRequest, "The request names two realms.")
)

// answer checks a request and carries it out. The checks run in the same order as in
// the real service, as far as this order is known.
func (s *Service) answer(w http.ResponseWriter, r *http.Request) (coreAnswer, error) {
	key, realmID := readKey(r.Header)
	mayWrite := isSecret(key, s.config.APIKey)
	if !mayWrite && !isSecret(key, s.config.ReadOnlyAPIKey) {
		return coreAnswer{}, errKey
	}
	if !s.countRequest(w.Header(), key) {
		return coreAnswer{}, errCoreLimits
	}
	methods, id, ok := findEndpoint(r.URL.EscapedPath())
	if !ok {
		return coreAnswer{}, errNotFound
	}
	do, ok := methods[r.Method]
	if !ok {
		w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
		return coreAnswer{}, errMethod
	}
	if !acceptsJSON(r.Header.Values("Accept")) {
		return coreAnswer{}, errAccept
	}
	if r.Method != http.MethodGet && !mayWrite {
		return coreAnswer{}, errReadOnly
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return coreAnswer{}, errQuery
	}
	body, err := readObject(w, r)
	if err != nil {
		return coreAnswer{}, err
	}
	if r.Method == http.MethodDelete {
		body.addQuery(query) // some clients send the parameters of a DELETE in the body, others in the query
	}
	hosted, err := s.namedRealm(append(body.realmIDs(), realmID, query.Get("realm_id")))
	if err != nil {
		return coreAnswer{}, err
	}
	by := body.request()
	if len(*body.problems) > 0 {
		return coreAnswer{}, invalid(*body.problems...)
	}
	server := hosted.server.by(by)
	return do(&coreCall{
		service: s, realm: server.realm, view: hosted.view, server: server,
		id: id, query: query, body: body, mayWrite: mayWrite,
	})
}

// namedRealm returns the realm that the IDs name. Empty IDs are ignored; the others
// must be the same. If all IDs are empty, it returns the realm of
// [ServiceConfig.Server].
func (s *Service) namedRealm(ids []string) (*hostedRealm, error) {
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	if len(ids) == 0 {
		return s.first, nil
	}
	if slices.ContainsFunc(ids, func(id string) bool { return id != ids[0] }) {
		return nil, errTwoRealms
	}
	return s.hosted(ids[0])
}

// readKey returns the API key of a request and the ID of its realm. The ID follows
// the key, or is in a separate header.
func readKey(h http.Header) (key, realmID string) {
	key = h.Get("Authrocket-Api-Key")
	if bearer, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer "); ok && key == "" {
		key, realmID, _ = strings.Cut(bearer, ",")
	}
	if own := h.Get("Authrocket-Realm"); own != "" {
		realmID = own
	}
	return strings.TrimSpace(key), strings.TrimSpace(realmID)
}

// isSecret reports whether the given string is equal to a secret. It compares them in
// constant time.
func isSecret(given, own string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(own))
	return own != "" && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// countRequest counts a request with a key, and sets the headers that say how many
// requests are left. It returns false if the key is over its limit.
func (s *Service) countRequest(h http.Header, key string) bool {
	perMinute := s.config.RequestsPerMinute
	if perMinute < 0 {
		return true
	}
	left, end := s.limit.add(key)
	end = end.Add(time.Second - 1).Truncate(time.Second) // an HTTP date has whole seconds
	h.Set("Ratelimit-Limit", strconv.Itoa(perMinute))
	h.Set("Ratelimit-Remaining", strconv.Itoa(max(left, 0)))
	h.Set("Ratelimit-Reset", end.UTC().Format(http.TimeFormat))
	return left >= 0
}

// findEndpoint returns the methods of a path below /v2/ and the ID in it. The ID is
// one segment of the path. It may be any string without white space at its ends, such
// as an email address.
func findEndpoint(escapedPath string) (methods map[string]coreEndpoint, id string, ok bool) {
	path, ok := strings.CutPrefix(escapedPath, "/v2/")
	if !ok {
		return nil, "", false
	}
	if methods, ok := coreEndpoints[path]; ok && !strings.Contains(path, "{id}") {
		return methods, "", true
	}
	segments := strings.Split(path, "/")
	if len(segments) < 2 {
		return nil, "", false
	}
	id, err := url.PathUnescape(segments[1])
	if err != nil || id != strings.TrimSpace(id) {
		return nil, "", false
	}
	segments[1] = "{id}"
	methods, ok = coreEndpoints[strings.Join(segments, "/")]
	return methods, id, ok
}

// acceptsJSON reports whether the client accepts JSON. A client that sends no Accept
// header accepts anything.
func acceptsJSON(values []string) bool {
	if len(values) == 0 {
		return true
	}
	for _, value := range values {
		for _, item := range strings.Split(value, ",") {
			mediaType, parameters, err := mime.ParseMediaType(item)
			quality, qErr := strconv.ParseFloat(parameters["q"], 64)
			isRefused := qErr == nil && quality == 0
			if err == nil && !isRefused && slices.Contains([]string{"*/*", "application/*", "application/json"}, mediaType) {
				return true
			}
		}
	}
	return false
}

// coreErrors is the answer to a call that was not carried out.
type coreErrors struct {
	Errors   []string `json:"errors"`
	RetryURL string   `json:"retry_url,omitempty"`
}

func writeCoreRefusal(w http.ResponseWriter, r *http.Request, err error) {
	refusal := asRefusal(err)
	status := refusal.status
	if status == http.StatusUnprocessableEntity && r.Method == http.MethodGet {
		status = http.StatusBadRequest // only writes get a 422
	}
	answer := coreErrors{Errors: translate(refusal.texts, r.Header.Get("Accept-Language"))}
	if again, ok := errors.AsType[*retryable](err); ok {
		answer.RetryURL = again.url
	}
	writeJSON(w, status, answer)
}
