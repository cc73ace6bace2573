package authrocketdev

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// seedFile makes a Seed of parsed JSON, and collects all that is wrong with it.
type seedFile struct {
	seed     Seed
	mistakes []error
	taken    map[string]string // what may be there once ► its place
}

// reader reads the value at a place of the file.
type reader func(place string, v any)

func (f *seedFile) add(place, format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	if place != "" {
		problem = place + ": " + problem
	}
	f.mistakes = append(f.mistakes, fmt.Errorf("%s", problem))
}

func (f *seedFile) wrongType(place, want string, v any) {
	f.add(place, "want %s, got %s", want, kindOf(v))
}

// once reports what is there a second time.
func (f *seedFile) once(place, kind, key string) {
	first, isTaken := f.taken[kind+" "+key]
	if isTaken {
		f.add(place, "is the same as %s", first)
		return
	}
	f.taken[kind+" "+key] = place
}

// object reads an object with no other members than these, and returns which of
// them it has.
func (f *seedFile) object(place string, v any, members map[string]reader) map[string]bool {
	object, ok := v.([]jsonMember)
	if !ok {
		f.wrongType(place, "an object", v)
		return nil
	}
	has := make(map[string]bool)
	for _, member := range object {
		read, ok := members[member.name]
		switch {
		case !ok:
			f.add(place, "there is no member %q here; there are %s", shortened(member.name), strings.Join(slices.Sorted(maps.Keys(members)), ", "))
		case has[member.name]:
			f.add(memberPlace(place, member.name), "is there twice")
		default:
			read(memberPlace(place, member.name), member.value)
		}
		has[member.name] = true
	}
	return has
}

// require reports what an object lacks. has is nil when it is none.
func (f *seedFile) require(place string, has map[string]bool, name string) {
	if has != nil && !has[name] {
		f.add(memberPlace(place, name), "is missing")
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

func memberPlace(place, name string) string {
	switch {
	case !plainName.MatchString(name):
		return fmt.Sprintf("%s[%q]", place, shortened(name))
	case place == "":
		return name
	}
	return place + "." + name
}

func shortened(name string) string {
	if runes := []rune(name); len(runes) > 60 {
		return string(runes[:60]) + "..."
	}
	return name
}

// array reads an array of at most limit elements.
func (f *seedFile) array(limit int, read reader) reader {
	return func(place string, v any) {
		elements, ok := v.([]any)
		if !ok {
			f.wrongType(place, "an array", v)
			return
		}
		if len(elements) > limit {
			f.add(place, "has %d elements, which is more than %d", len(elements), limit)
			return
		}
		for i, element := range elements {
			read(fmt.Sprintf("%s[%d]", place, i), element)
		}
	}
}

// text reads a string. The check returns what is wrong with it, "" for nothing.
func (f *seedFile) text(target *string, check func(string) string) reader {
	return func(place string, v any) {
		text, ok := v.(string)
		if !ok {
			f.wrongType(place, "a string", v)
			return
		}
		*target = text
		if problem := check(text); problem != "" {
			f.add(place, "%s", problem)
		}
	}
}

func (f *seedFile) boolean(target *bool) reader {
	return func(place string, v any) {
		b, ok := v.(bool)
		if !ok {
			f.wrongType(place, "true or false", v)
			return
		}
		*target = b
	}
}

func (f *seedFile) integer(target *int, isAllowed func(int) bool, want string) reader {
	return func(place string, v any) {
		number, ok := v.(json.Number)
		if !ok {
			f.wrongType(place, want, v)
			return
		}
		n, err := strconv.Atoi(number.String())
		if err != nil || !isAllowed(n) {
			f.add(place, "want %s", want)
			return
		}
		*target = n
	}
}

const maxMinutes = 366 * 24 * 60

func (f *seedFile) minutes(target *time.Duration) reader {
	return func(place string, v any) {
		var n int
		f.integer(&n, func(n int) bool { return n >= 1 && n <= maxMinutes }, fmt.Sprintf("a whole number from 1 to %d", maxMinutes))(place, v)
		*target = time.Duration(n) * time.Minute
	}
}

// read reads the whole file. What refers to orgs comes after the orgs, in
// whichever order they are written.
func (f *seedFile) read(root any) {
	later := make(map[string]any)
	keep := func(place string, v any) { later[place] = v }
	f.object("", root, map[string]reader{"realm": f.readRealm, "orgs": keep, "users": keep, "invitations": keep})
	for _, part := range []struct {
		name string
		read reader
	}{
		{"orgs", f.array(maxUsers, f.readOrg)},
		{"users", f.array(maxUsers, f.readUser)},
		{"invitations", f.array(maxEntries, f.readInvitation)},
	} {
		if v, ok := later[part.name]; ok {
			part.read(part.name, v)
		}
	}
}

func (f *seedFile) readRealm(place string, v any) {
	realm, server := &f.seed.realm, &f.seed.server
	f.object(place, v, map[string]reader{
		"id":       f.text(&realm.ID, checkID("rl_")),
		"signup":   f.text((*string)(&server.Signup), oneOf(string(SignupOpen), string(SignupInvitation), string(SignupClosed))),
		"org_mode": f.text((*string)(&server.OrgMode), oneOf(string(SingleUser), string(MultiUser))),

		"require_name": f.boolean(&server.RequireName),
		"algorithm":    f.text(&realm.Algorithm, oneOf("RS256", "HS256")),
		"login_urls": f.array(maxMemberships, func(place string, v any) {
			var loginURL string
			f.text(&loginURL, checkLoginURL)(place, v)
			realm.LoginURLs = append(realm.LoginURLs, loginURL)
		}),
		"allowed_origins": f.array(maxMemberships, func(place string, v any) {
			var origin string
			f.text(&origin, checkOrigin)(place, v)
			server.AllowedOrigins = append(server.AllowedOrigins, origin)
		}),
		"token_minutes":   f.minutes(&realm.TokenLifetime),
		"session_minutes": f.minutes(&realm.SessionLifetime),
		"requests_per_minute": f.integer(&server.RequestsPerMinute, func(n int) bool { return n >= 1 || n == -1 },
			"a whole number from 1, or -1 for no limit"),
		"reissue_tokens": f.boolean(&realm.ReissueTokens),
	})
}

func (f *seedFile) readOrg(place string, v any) {
	var org authrockettest.Org
	has := f.object(place, v, map[string]reader{
		"id":        f.id(&org.ID, "org_"),
		"name":      f.text(&org.Name, checkOrgName),
		"reference": f.text(&org.Reference, checkShown),
		"custom":    f.custom(&org.Custom),
	})
	f.require(place, has, "name")
	f.seed.orgs = append(f.seed.orgs, org)
}

func (f *seedFile) readUser(place string, v any) {
	var user seedUser
	has := f.object(place, v, map[string]reader{
		"id":       f.id(&user.ID, "usr_"),
		"email":    f.email(&user.Email, "users"),
		"password": f.text(&user.Password, checkSeedPassword),
		"username": func(place string, v any) {
			f.text(&user.Username, problemsOf(checkUsername))(place, v)
			if user.Username != "" {
				f.once(place, "username", strings.ToLower(user.Username))
			}
		},
		"first_name": f.text(&user.FirstName, checkShown),
		"last_name":  f.text(&user.LastName, checkShown),
		"locale":     f.text(&user.Locale, problemsOf(checkLocale)),
		"reference":  f.text(&user.Reference, checkShown),
		"custom":     f.custom(&user.Custom),

		"email_verification": f.emailVerification(&user.EmailVerification),
		"memberships": f.array(maxMemberships, func(membershipPlace string, v any) {
			m := seedMembership{org: noOrg}
			has := f.object(membershipPlace, v, map[string]reader{"org": f.org(&m.org), "permissions": f.permissions(&m.permissions)})
			f.require(membershipPlace, has, "org")
			if m.org != noOrg {
				f.once(memberPlace(membershipPlace, "org"), place+" in org", strconv.Itoa(m.org))
			}
			user.memberships = append(user.memberships, m)
		}),
	})
	f.require(place, has, "email")
	if !has["email_verification"] {
		user.EmailVerification = authrocket.EmailNotVerified
	}
	f.seed.users = append(f.seed.users, user)
}

func (f *seedFile) readInvitation(place string, v any) {
	i := seedInvitation{seedMembership: seedMembership{org: noOrg}}
	has := f.object(place, v, map[string]reader{
		"email":       f.email(&i.email, ""),
		"org":         f.org(&i.org),
		"permissions": f.permissions(&i.permissions),
	})
	f.require(place, has, "email")
	if has["permissions"] && !has["org"] {
		f.add(place, "permissions need an org")
	}
	if i.email != "" {
		f.once(memberPlace(place, "email"), "invited to "+strconv.Itoa(i.org), i.email)
	}
	f.seed.invitations = append(f.seed.invitations, i)
}

// id reads an ID that no other record of its kind has.
func (f *seedFile) id(target *string, prefix string) reader {
	return func(place string, v any) {
		f.text(target, checkID(prefix))(place, v)
		if *target != "" {
			f.once(place, "ID", *target)
		}
	}
}

// email reads an email, which may be there once among those of kind, if kind is
// not "".
func (f *seedFile) email(target *string, kind string) reader {
	return func(place string, v any) {
		var given string
		f.text(&given, func(text string) string {
			if _, ok := normalEmail(text); !ok {
				return "is not an email address"
			}
			return ""
		})(place, v)
		email, ok := normalEmail(given)
		if !ok {
			return
		}
		*target = email
		if kind != "" {
			f.once(place, "email of "+kind, email)
		}
	}
}

// emailVerifications are the values of the member email_verification.
var emailVerifications = map[string]authrocket.EmailVerification{
	"none":     authrocket.EmailNotVerified,
	"verified": authrocket.EmailVerified,
	"unknown":  authrocket.EmailUnknown,
}

func (f *seedFile) emailVerification(target *authrocket.EmailVerification) reader {
	return func(place string, v any) {
		var name string
		f.text(&name, oneOf("none", "verified", "unknown"))(place, v)
		*target = emailVerifications[name]
	}
}

// org reads the ID of an org, or a name that only one of them has.
func (f *seedFile) org(target *int) reader {
	return func(place string, v any) {
		wanted, ok := v.(string)
		if !ok {
			f.wrongType(place, "the ID or name of an org", v)
			return
		}
		found := 0
		for i, org := range f.seed.orgs {
			if wanted != "" && org.ID == wanted {
				*target, found = i, 1
				break
			}
			if org.Name == wanted {
				*target = i
				found++
			}
		}
		switch found {
		case 0:
			f.add(place, "there is no org %q", shortened(wanted))
		case 1:
		default:
			f.add(place, "there are %d orgs %q: write the ID of one", found, shortened(wanted))
		}
	}
}

func (f *seedFile) permissions(target *[]string) reader {
	return f.array(maxPermissions, func(place string, v any) {
		var tag string
		f.text(&tag, func(tag string) string {
			if err := checkPermissions([]string{tag}); err != nil {
				return err.Error()
			}
			return ""
		})(place, v)
		*target = append(*target, tag)
	})
}

// custom reads custom attributes: scalars, and arrays of scalars.
func (f *seedFile) custom(target *map[string]any) reader {
	return func(place string, v any) {
		object, ok := v.([]jsonMember)
		if !ok {
			f.wrongType(place, "an object", v)
			return
		}
		custom := make(map[string]any)
		for _, member := range object {
			memberPlace := memberPlace(place, member.name)
			if _, ok := custom[member.name]; ok {
				f.add(memberPlace, "is there twice")
			}
			custom[member.name] = member.value
			elements, ok := member.value.([]any)
			if !ok {
				f.scalar(memberPlace, member.value)
			}
			for i, element := range elements {
				f.scalar(fmt.Sprintf("%s[%d]", memberPlace, i), element)
			}
		}
		*target = custom
	}
}

func (f *seedFile) scalar(place string, v any) {
	switch v := v.(type) {
	case string, bool:
	case json.Number:
		if _, err := v.Float64(); err != nil {
			f.add(place, "is out of the range of numbers")
		}
	default:
		f.wrongType(place, "a string, a number or a boolean", v)
	}
}

// checkID is strict about the prefix: without it an ID could be taken for a
// username, or the ID of another kind.
func checkID(prefix string) func(string) string {
	return func(id string) string {
		if rest, ok := strings.CutPrefix(id, prefix); !ok || !plainName.MatchString(rest) {
			return fmt.Sprintf("want %s and up to 60 letters, digits, - and _", prefix)
		}
		return ""
	}
}

func oneOf(values ...string) func(string) string {
	return func(text string) string {
		if !slices.Contains(values, text) {
			return "want one of " + strings.Join(values, ", ")
		}
		return ""
	}
}

func checkLoginURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "is not an absolute http or https URL"
	}
	return ""
}

func checkOrigin(text string) string {
	if err := CheckOrigin(text); err != nil {
		return "is " + err.Error()
	}
	return ""
}

// problemsOf makes one text of what a check of the forms says.
func problemsOf(check func([]string, string) []string) func(string) string {
	return func(text string) string { return strings.Join(check(nil, text), " ") }
}

// checkShown is about what pages show.
func checkShown(text string) string { return strings.Join(checkName(nil, "This", text), " ") }

func checkOrgName(text string) string {
	if strings.TrimSpace(text) == "" {
		return "is empty"
	}
	return checkShown(text)
}

func checkSeedPassword(text string) string {
	if len(text) > maxPasswordBytes {
		return "is longer than 72 bytes, of which bcrypt reads no more"
	}
	return ""
}
