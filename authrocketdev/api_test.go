package authrocketdev_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

// The paths of the API with the methods they have.
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
			a.wantError(got, 405, "This needs another method, which the header Allow names.")
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
		unreadable = "The body cannot be read: it has to be one JSON object, or a form, as its Content-Type says."
		mediaType  = "The Content-Type has to be application/json or application/x-www-form-urlencoded."
		tooLarge   = "This is too large."
	)
	notString := func(name string) string { return fmt.Sprintf("Parameter %q has to be a string.", name) }
	a := newAPI(t)
	// okay of /v2/signup/request means that the email was read.
	const email = `"email":"mary@example.com"`
	for name, row := range map[string]struct {
		contentType, body string
		status            int
		want              string // "" for okay
	}{
		"JSON":                          {jsonType, `{` + email + `}`, 200, ""},
		"JSON with charset":             {"application/json; charset=utf-8", `{` + email + `}`, 200, ""},
		"JSON in another case":          {"Application/JSON", `{` + email + `}`, 200, ""},
		"JSON with white space":         {jsonType, " \r\n{\t" + email + " }\n", 200, ""},
		"unknown parameters":            {jsonType, `{"x":"y",` + email + `}`, 200, ""},
		"null is absent":                {jsonType, `{"x":null,` + email + `}`, 200, ""},
		"null email":                    {jsonType, `{"email":null}`, 422, "Email is not an email address."},
		"name in another case":          {jsonType, `{"Email":"mary@example.com"}`, 422, "Email is not an email address."},
		"form":                          {formType, "email=mary%40example.com", 200, ""},
		"form with charset":             {formType + ";charset=UTF-8", "email=mary%40example.com", 200, ""},
		"form with a name twice":        {formType, "email=mary%40example.com&email=x", 200, ""},
		"empty body":                    {jsonType, "", 422, "Email is not an email address."},
		"empty form":                    {formType, "", 422, "Email is not an email address."},
		"empty body without type":       {"", "", 422, "Email is not an email address."},
		"no type":                       {"", `{` + email + `}`, 415, mediaType},
		"text":                          {"text/plain", `{` + email + `}`, 415, mediaType},
		"multipart":                     {"multipart/form-data; boundary=x", "--x--", 415, mediaType},
		"XML":                           {"application/xml", "<email/>", 415, mediaType},
		"a type like JSON":              {"application/jsonp", `{` + email + `}`, 415, mediaType},
		"no media type":                 {";;;", `{` + email + `}`, 415, mediaType},
		"JSON that is a form":           {jsonType, "email=mary%40example.com", 400, unreadable},
		"half of an object":             {jsonType, `{` + email, 400, unreadable},
		"two objects":                   {jsonType, `{` + email + `}{}`, 400, unreadable},
		"an array":                      {jsonType, `[{` + email + `}]`, 400, unreadable},
		"a string":                      {jsonType, `"mary@example.com"`, 400, unreadable},
		"a number":                      {jsonType, `1`, 400, unreadable},
		"null":                          {jsonType, `null`, 400, unreadable},
		"white space":                   {jsonType, ` `, 400, unreadable},
		"NUL bytes":                     {jsonType, "\x00", 400, unreadable},
		"a bad escape in a form":        {formType, "email=%zz", 400, unreadable},
		"a semicolon in a form":         {formType, "email=a;b", 400, unreadable},
		"a number for a string":         {jsonType, `{"email":1}`, 400, notString("email")},
		"a truth value":                 {jsonType, `{"email":true}`, 400, notString("email")},
		"an array for a string":         {jsonType, `{"email":["mary@example.com"]}`, 400, notString("email")},
		"an object for a string":        {jsonType, `{"email":{"$ne":""}}`, 400, notString("email")},
		"HTML in a name":                {jsonType, `{"<script>":1}`, 400, notString("<script>")},
		"nested deep":                   {jsonType, `{"email":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000) + `}`, 400, unreadable},
		"nested":                        {jsonType, `{"email":` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100) + `}`, 400, notString("email")},
		"the largest":                   {jsonType, `{` + email + `,"x":"` + strings.Repeat("x", 64<<10-len(email)-9) + `"}`, 200, ""},
		"one byte too large":            {jsonType, `{` + email + `,"x":"` + strings.Repeat("x", 64<<10-len(email)-8) + `"}`, 413, tooLarge},
		"a form that is too large":      {formType, "email=mary%40example.com&x=" + strings.Repeat("x", 64<<10), 413, tooLarge},
		"too large, of any type":        {"text/plain", strings.Repeat("x", 1<<20), 413, tooLarge},
		"a surrogate without the other": {jsonType, `{"email":"\ud800"}`, 422, "Email is not an email address."},
	} {
		t.Run(name, func(t *testing.T) {
			a := a.in(t)
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
			a.wantError(a.send(method, "/v2/session?"+query, "", ""), 400, "The query cannot be read.")
		}
	}
}

// Whatever is wrong, the answer repeats no credential.
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

// FuzzAPIBody sends bodies of any type to an endpoint that answers okay to all
// it can read, and to one that reads most.
func FuzzAPIBody(f *testing.F) {
	for _, contentType := range []string{jsonType, formType, "application/json; charset=utf-8", "text/plain", "", ";"} {
		for _, body := range []string{
			"", "{}", `{"email":"ada@example.com"}`, "email=ada%40example.com", `{"email":null}`, `{"email":[1]}`, `[]`, `null`, `{"a":`, "%zz", "a;b", "\x00", "\xff",
			`{"email":"m@example.com","password":"analytical engine","first_name":"\u202e","org_name":"<b>"}`, `{"email":"\ud800"}`,
		} {
			f.Add(contentType, body)
		}
	}
	realm := authrockettest.NewRealm(f)
	handler := newAPIHandler(f, authrocketdev.Config{Realm: realm, RequestsPerMinute: -1, Signup: authrocketdev.SignupInvitation})
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
