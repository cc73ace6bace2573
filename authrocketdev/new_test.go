package authrocketdev_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	at := func(url string) *authrockettest.Realm {
		return authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.URL = url })
	}
	for _, row := range []struct {
		name   string
		config authrocketdev.Config
		wants  []string // none: it is good
	}{
		{"a realm alone", authrocketdev.Config{Realm: realm}, nil},
		{"all there is", authrocketdev.Config{
			Realm: realm, Signup: "closed", OrgMode: "multi_user", RequireName: true, RequestsPerMinute: -1,
			AllowedOrigins: []string{"http://localhost:3000", "https://app.example", "http://[::1]:8080"},
		}, nil},
		{"no realm", authrocketdev.Config{}, []string{"Realm is missing"}},
		{"a realm below a path", authrocketdev.Config{Realm: at("http://localhost:8081/login")}, []string{`"http://localhost:8081/login"`}},
		{"a realm at a host in capitals", authrocketdev.Config{Realm: at("https://Login.example")}, []string{`"https://Login.example"`}},
		{"an unknown Signup", authrocketdev.Config{Realm: realm, Signup: "Open"}, []string{`Signup "Open"`}},
		{"an unknown OrgMode", authrocketdev.Config{Realm: realm, OrgMode: "single"}, []string{`OrgMode "single"`}},
		{"origins that are none", authrocketdev.Config{Realm: realm, AllowedOrigins: []string{
			"*", "null", "", "localhost:3000", "http://localhost:3000/", "http://Localhost", "ftp://a.example", "http://u@a.example", "http://a.example?b", "http://a.example#", "http://a.example:80", "https://a.example:443",
		}}, []string{`"*"`, `"null"`, `""`, `"localhost:3000"`, `"http://localhost:3000/"`, `"http://Localhost"`, `"ftp://a.example"`, `"http://u@a.example"`, `"http://a.example?b"`, `"http://a.example#"`, `"http://a.example:80"`, `"https://a.example:443"`}},
		{"everything at once", authrocketdev.Config{Signup: "x", OrgMode: "y", AllowedOrigins: []string{"z"}}, []string{"Realm is missing", `"x"`, `"y"`, `"z"`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server, err := authrocketdev.New(row.config)
			if len(row.wants) == 0 {
				if err != nil || server == nil {
					t.Errorf("got %v, %v, want a server", server, err)
				}
				return
			}
			if err == nil || server != nil {
				t.Fatalf("got %v, %v, want an error only", server, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(row.wants) {
				t.Errorf("got %d problems, want %d: %v", len(lines), len(row.wants), err)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, "authrocketdev: ") || !strings.Contains(line, row.wants[i]) {
					t.Errorf("got %q, want %s", line, row.wants[i])
				}
			}
		})
	}
}
