package authrocketdev_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The paths of the API with their methods.
var apiPaths = map[string]string{
	"/v2/login":            "POST",
	"/v2/login/verify":     "POST",
	"/v2/session":          "DELETE, GET",
	"/v2/password/forgot":  "POST",
	"/v2/password/reset":   "POST",
	"/v2/profile":          "PUT",
	"/v2/profile/password": "POST",
	"/v2/signup":           "POST",
	"/v2/signup/request":   "POST",
	"/v2/email/verify":     "POST",
}

func TestAPIMethods(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for path, allowed := range apiPaths {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"} {
			got := a.send(method, path, "", "")
			if strings.Contains(allowed, method) {
				if got.status == 404 || got.status == 405 {
					t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
				}
				continue
			}
			a.wantError(got, 405, "This method is not allowed. The header Allow lists the allowed methods.")
			if allow := got.header.Get("Allow"); allow != allowed {
				t.Errorf("%s %s: Allow is %q, want %q", method, path, allow, allowed)
			}
		}
	}
}

func TestAPIUnknownPaths(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, path := range []string{"/v2/", "/v2/nothing", "/v2/login/", "/v2/Login", "/v2/session/kss_1", "/v2/<b>", "/v2/login%00", "/v2/%2e%2e/login", "/v2/login%2fverify/x"} {
		for _, method := range []string{"GET", "POST", "PATCH"} {
			a.wantError(a.send(method, path, jsonType, "{}"), 404, "There is nothing here.")
		}
	}
}

func TestAPIBodies(t *testing.T) {
	t.Parallel()
	const (
		unreadable = "The body is invalid. Send one JSON object or a form, according to the Content-Type."
		mediaType  = "The Content-Type must be application/json or application/x-www-form-urlencoded."
		tooLarge   = "This request is too large."
	)
	notString := func(name string) string { return fmt.Sprintf("Parameter %q must be a string.", name) }
	a := newAPI(t)
	// If /v2/signup/request answers okay, it has read the email address.
	const email = `"email":"mary@example.com"`
	for name, row := range map[string]struct {
		contentType, body string
		status            int
		want              string // "" for okay
	}{
		"JSON":                          {contentType: jsonType, body: `{` + email + `}`, status: 200},
		"JSON with charset":             {contentType: "application/json; charset=utf-8", body: `{` + email + `}`, status: 200},
		"JSON in another case":          {contentType: "Application/JSON", body: `{` + email + `}`, status: 200},
		"JSON with white space":         {contentType: jsonType, body: " \r\n{\t" + email + " }\n", status: 200},
		"unknown parameters":            {contentType: jsonType, body: `{"x":"y",` + email + `}`, status: 200},
		"null is absent":                {contentType: jsonType, body: `{"x":null,` + email + `}`, status: 200},
		"null email":                    {contentType: jsonType, body: `{"email":null}`, status: 422, want: "Email is not an email address."},
		"name in another case":          {contentType: jsonType, body: `{"Email":"mary@example.com"}`, status: 422, want: "Email is not an email address."},
		"form":                          {contentType: formType, body: "email=mary%40example.com", status: 200},
		"form with charset":             {contentType: formType + ";charset=UTF-8", body: "email=mary%40example.com", status: 200},
		"form with a name twice":        {contentType: formType, body: "email=mary%40example.com&email=x", status: 200},
		"empty body":                    {contentType: jsonType, status: 422, want: "Email is not an email address."},
		"empty form":                    {contentType: formType, status: 422, want: "Email is not an email address."},
		"empty body without type":       {status: 422, want: "Email is not an email address."},
		"no type":                       {body: `{` + email + `}`, status: 415, want: mediaType},
		"text":                          {contentType: "text/plain", body: `{` + email + `}`, status: 415, want: mediaType},
		"multipart":                     {contentType: "multipart/form-data; boundary=x", body: "--x--", status: 415, want: mediaType},
		"XML":                           {contentType: "application/xml", body: "<email/>", status: 415, want: mediaType},
		"a type like JSON":              {contentType: "application/jsonp", body: `{` + email + `}`, status: 415, want: mediaType},
		"no media type":                 {contentType: ";;;", body: `{` + email + `}`, status: 415, want: mediaType},
		"JSON that is a form":           {contentType: jsonType, body: "email=mary%40example.com", status: 400, want: unreadable},
		"half of an object":             {contentType: jsonType, body: `{` + email, status: 400, want: unreadable},
		"two objects":                   {contentType: jsonType, body: `{` + email + `}{}`, status: 400, want: unreadable},
		"an array":                      {contentType: jsonType, body: `[{` + email + `}]`, status: 400, want: unreadable},
		"a string":                      {contentType: jsonType, body: `"mary@example.com"`, status: 400, want: unreadable},
		"a number":                      {contentType: jsonType, body: `1`, status: 400, want: unreadable},
		"null":                          {contentType: jsonType, body: `null`, status: 400, want: unreadable},
		"white space":                   {contentType: jsonType, body: ` `, status: 400, want: unreadable},
		"NUL bytes":                     {contentType: jsonType, body: "\x00", status: 400, want: unreadable},
		"a bad escape in a form":        {contentType: formType, body: "email=%zz", status: 400, want: unreadable},
		"a semicolon in a form":         {contentType: formType, body: "email=a;b", status: 400, want: unreadable},
		"a number for a string":         {contentType: jsonType, body: `{"email":1}`, status: 400, want: notString("email")},
		"a truth value":                 {contentType: jsonType, body: `{"email":true}`, status: 400, want: notString("email")},
		"an array for a string":         {contentType: jsonType, body: `{"email":["mary@example.com"]}`, status: 400, want: notString("email")},
		"an object for a string":        {contentType: jsonType, body: `{"email":{"$ne":""}}`, status: 400, want: notString("email")},
		"HTML in a name":                {contentType: jsonType, body: `{"<script>":1}`, status: 400, want: notString("<script>")},
		"nested deep":                   {contentType: jsonType, body: `{"email":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `}`, status: 400, want: unreadable},
		"nested":                        {contentType: jsonType, body: `{"email":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100) + `}`, status: 400, want: notString("email")},
		"the largest":                   {contentType: jsonType, body: `{` + email + `,"x":"` + strings.Repeat("x", 64<<10-len(email)-9) + `"}`, status: 200},
		"one byte too large":            {contentType: jsonType, body: `{` + email + `,"x":"` + strings.Repeat("x", 64<<10-len(email)-8) + `"}`, status: 413, want: tooLarge},
		"a form that is too large":      {contentType: formType, body: "email=mary%40example.com&x=" + strings.Repeat("x", 64<<10), status: 413, want: tooLarge},
		"too large, of any type":        {contentType: "text/plain", body: strings.Repeat("x", 1<<20), status: 413, want: tooLarge},
		"a surrogate without the other": {contentType: jsonType, body: `{"email":"\ud800"}`, status: 422, want: "Email is not an email address."},
	} {
		a.run(name, func(a *api) {
			got := a.send("POST", "/v2/signup/request", row.contentType, row.body)
			if row.want == "" {
				a.wantOkay(got)
				return
			}
			a.wantError(got, row.status, row.want)
			if strings.ContainsAny(got.body, "<>") {
				t.Errorf("HTML in %s", got.body)
			}
		})
	}
}

func TestAPIQueries(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	session := a.login(a.ada).Session
	a.wantFullLogin(a.send("GET", "/v2/session?session="+session+"&x=y&session=x", "", ""), a.ada, a.engines.ID)
	for _, query := range []string{"session=" + session + "%zz", "session=" + session + ";x"} {
		for _, method := range []string{"GET", "DELETE"} {
			a.wantError(a.send(method, "/v2/session?"+query, "", ""), 400, "The query is invalid.")
		}
	}
}

// An error never contains a credential of the request.
func TestAPIErrorsRepeatNoCredential(t *testing.T) {
	t.Parallel()
	const secret = "kss_0v1zUpWdE4IiFc2w5ynShf"
	a := newAPI(t)
	for path, methods := range apiPaths {
		for method := range strings.SplitSeq(methods, ", ") {
			target := path
			if method == "GET" || method == "DELETE" {
				target += "?session=" + secret
			}
			for _, body := range []string{
				`{"session":"` + secret + `","token":"` + secret + `","invitation":"` + secret + `","password":"` + secret + `","account":"` + secret + `"}`,
				`{"session":["` + secret + `"]}`, `{"session":{"x":"` + secret + `"}}`, `{"session":"` + secret, `"` + secret + `"`, "session=" + secret,
			} {
				for _, contentType := range []string{jsonType, formType, "text/plain"} {
					got := a.send(method, target, contentType, body)
					if strings.Contains(got.body+fmt.Sprint(got.header), secret) {
						t.Errorf("%s %s with %s: %s", method, path, body, got.body)
					}
				}
			}
		}
	}
	for _, target := range []string{"/v2/" + secret, "/v2/session?session=" + secret + "%zz", "/v2/login?session=" + secret} {
		if got := a.send("GET", target, "", ""); strings.Contains(got.body+fmt.Sprint(got.header), secret) {
			t.Errorf("%s: %s", target, got.body)
		}
	}
}

func TestAPIRequestIDsDiffer(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	one, other := a.send("GET", "/v2/session", "", ""), a.send("GET", "/v2/session", "", "", "X-Request-ID", "rq_1")
	if one.header.Get("X-Request-ID") == other.header.Get("X-Request-ID") {
		t.Error("two requests have one ID")
	}
}

// FuzzAPIBody sends bodies of any type to an endpoint that answers okay to every body
// that it can read, and to one that reads most parameters.
func FuzzAPIBody(f *testing.F) {
	for _, contentType := range []string{jsonType, formType, "application/json; charset=utf-8", "text/plain", "", ";"} {
		for _, body := range []string{
			"", "{}", `{"email":"ada@example.com"}`, "email=ada%40example.com", `{"email":null}`, `{"email":[1]}`, `[]`, `null`, `{"a":`, "%zz", "a;b", "\x00", "\xff",
			`{"email":"m@example.com","password":"analytical engine","first_name":"\u202e","org_name":"<b>"}`,
			`{"email":"n@example.com","password":"analytical engine"}`, `{"email":"\ud800"}`,
		} {
			f.Add(contentType, body)
		}
	}
	// Signups are by invitation only: a completed signup would change the result of
	// the next input.
	realm := authrockettest.NewRealm(f, func(c *authrockettest.RealmConfig) { c.Signup = authrockettest.SignupInvitation })
	handler := newAPIHandler(f, authrocketdev.Config{Realm: realm, RequestsPerMinute: -1})
	f.Fuzz(func(t *testing.T, contentType, body string) {
		send := func(method, path string) apiAnswer {
			req := httptest.NewRequest(method, path, strings.NewReader(body))
			req.Host = "localhost"
			req.Header["Content-Type"] = []string{contentType}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, req)
			return readAnswer(t, recorder.Result(), recorder.Body.String())
		}
		switch got := send("POST", "/v2/password/forgot"); got.status {
		case 200, 400, 413, 415:
		default:
			t.Errorf("%d %s", got.status, got.body)
		}
		switch got := send("POST", "/v2/signup"); got.status {
		case 400, 404, 413, 415, 422:
		default:
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}
