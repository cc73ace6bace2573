package authrocketdev

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// seedFile is the file format of a seed.
type seedFile struct {
	Realm       seedRealm                `json:"realm"`
	Orgs        []seedOrg                `json:"orgs"`
	Users       []seedUser               `json:"users"`
	Invitations []seedInvitation         `json:"invitations"`
	Unknown     map[string]unknownMember `json:",embed"`
}

// unknownMember is a member that an object must not have.
type unknownMember struct{}

type seedRealm struct {
	ID                string                   `json:"id"`
	Signup            authrockettest.Signup    `json:"signup"`
	OrgMode           authrockettest.OrgMode   `json:"org_mode"`
	RequireName       bool                     `json:"require_name"`
	TOTP              bool                     `json:"totp"`
	Algorithm         string                   `json:"algorithm"`
	LoginURLs         []string                 `json:"login_urls"`
	AllowedOrigins    []string                 `json:"allowed_origins"`
	TokenMinutes      int                      `json:"token_minutes"`
	SessionMinutes    int                      `json:"session_minutes"`
	RequestsPerMinute int                      `json:"requests_per_minute"`
	ReissueTokens     bool                     `json:"reissue_tokens"`
	Unknown           map[string]unknownMember `json:",embed"`
}

type seedOrg struct {
	ID        string                   `json:"id"`
	Name      string                   `json:"name"`
	Reference string                   `json:"reference"`
	Custom    map[string]any           `json:"custom"`
	Unknown   map[string]unknownMember `json:",embed"`
}

type seedUser struct {
	ID                string                   `json:"id"`
	Email             string                   `json:"email"`
	Password          string                   `json:"password"`
	Username          string                   `json:"username"`
	FirstName         string                   `json:"first_name"`
	LastName          string                   `json:"last_name"`
	Locale            string                   `json:"locale"`
	Reference         string                   `json:"reference"`
	Custom            map[string]any           `json:"custom"`
	EmailVerification string                   `json:"email_verification"`
	Memberships       []seedMembership         `json:"memberships"`
	Unknown           map[string]unknownMember `json:",embed"`
}

type seedMembership struct {
	Org         string                   `json:"org"` // an ID or a name
	Permissions []string                 `json:"permissions"`
	Unknown     map[string]unknownMember `json:",embed"`
	org         int                      // the index in seedFile.Orgs
}

type seedInvitation struct {
	Email       string                   `json:"email"`
	Org         string                   `json:"org"` // an ID or a name
	Permissions []string                 `json:"permissions"`
	Unknown     map[string]unknownMember `json:",embed"`
	org         int                      // the index in seedFile.Orgs
}

// emailVerifications are the values of the member email_verification; "" means none.
var emailVerifications = map[string]authrocket.EmailVerification{
	"": authrocket.EmailNotVerified, "none": authrocket.EmailNotVerified, "verified": authrocket.EmailVerified, "unknown": authrocket.EmailUnknown,
}

const maxMinutes = 366 * 24 * 60

// seedChecks return what is wrong with a string or a number, or "" if it is valid.
var seedChecks = map[string]func(string) string{
	"realm.id":                  checkID("rl_"),
	"realm.signup":              oneOf(string(authrockettest.SignupOpen), string(authrockettest.SignupInvitation), string(authrockettest.SignupClosed)),
	"realm.org_mode":            oneOf(string(authrockettest.SingleUser), string(authrockettest.MultiUser)),
	"realm.algorithm":           oneOf("RS256", "HS256"),
	"realm.login_urls[]":        checkLoginURL,
	"realm.allowed_origins[]":   checkOrigin,
	"realm.token_minutes":       checkMinutes,
	"realm.session_minutes":     checkMinutes,
	"realm.requests_per_minute": checkRequests,

	"orgs[].id":        checkID("org_"),
	"orgs[].name":      checkOrgName,
	"orgs[].reference": checkShown,

	"users[].id":                 checkID("usr_"),
	"users[].email":              checkEmail,
	"users[].password":           checkSeedPassword,
	"users[].username":           problemsOf(checkUsername),
	"users[].first_name":         checkShown,
	"users[].last_name":          checkShown,
	"users[].locale":             problemsOf(checkLocale),
	"users[].reference":          checkShown,
	"users[].email_verification": oneOf("none", "verified", "unknown"),

	"users[].memberships[].permissions[]": checkPermission,
	"invitations[].permissions[]":         checkPermission,
	"invitations[].email":                 checkEmail,
}

// seedLimits are the maximum numbers of elements that arrays may have.
var seedLimits = map[string]int64{
	"realm.login_urls[]":                  maxMemberships,
	"realm.allowed_origins[]":             maxMemberships,
	"orgs[]":                              maxUsers,
	"users[]":                             maxUsers,
	"users[].memberships[]":               maxMemberships,
	"users[].memberships[].permissions[]": maxPermissions,
	"invitations[]":                       maxInvitations,
	"invitations[].permissions[]":         maxPermissions,
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

func unless(isRight bool, problem string) string {
	if isRight {
		return ""
	}
	return problem
}

// checkID requires the prefix. Without it, an ID could be taken for a username or for
// the ID of another kind.
func checkID(prefix string) func(string) string {
	return func(id string) string {
		rest, ok := strings.CutPrefix(id, prefix)
		return unless(ok && plainName.MatchString(rest), "want "+prefix+" and up to 60 letters, digits, - and _")
	}
}

func oneOf(values ...string) func(string) string {
	return func(text string) string {
		return unless(slices.Contains(values, text), "want one of "+strings.Join(values, ", "))
	}
}

func checkMinutes(number string) string {
	n, err := strconv.Atoi(number)
	return unless(err == nil && n >= 1 && n <= maxMinutes, fmt.Sprintf("want a whole number from 1 to %d", maxMinutes))
}

func checkRequests(number string) string {
	n, err := strconv.Atoi(number)
	return unless(err == nil && (n >= 1 || n == -1), "want a whole number from 1, or -1 for no limit")
}

func checkEmail(text string) string {
	_, ok := normalEmail(text)
	return unless(ok, "is not an email address")
}

func checkPermission(tag string) string {
	if err := checkPermissions([]string{tag}); err != nil {
		return err.Error()
	}
	return ""
}

func checkLoginURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "is not a URL with http or https and a host"
	case u.User != nil || strings.Contains(text, "#"):
		return "has a fragment or a user; remove it, because the token would not reach the app"
	}
	return ""
}

func checkOrigin(text string) string {
	if err := CheckOrigin(text); err != nil {
		return "is " + err.Error()
	}
	return ""
}

// problemsOf turns a check for forms into a check for seeds, which joins the problems
// into one string.
func problemsOf(check func([]string, string) []string) func(string) string {
	return func(text string) string { return strings.Join(check(nil, text), " ") }
}

// checkShown checks a string that pages show.
func checkShown(text string) string { return strings.Join(checkName(nil, "This", text), " ") }

func checkOrgName(text string) string {
	if strings.TrimSpace(text) == "" {
		return "is empty"
	}
	return checkShown(text)
}

func checkSeedPassword(text string) string {
	return unless(len(text) <= maxPasswordBytes, "is longer than 72 bytes, of which bcrypt reads no more")
}
