package loginrocketdev_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/loginrocketdev"
)

func TestNew(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	at := func(url string) *authrockettest.Realm {
		return authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.URL = url })
	}
	for _, row := range []struct {
		name   string
		config loginrocketdev.Config
		wants  []string // none: it is good
	}{
		{"a realm alone", loginrocketdev.Config{Realm: realm}, nil},
		{"all there is", loginrocketdev.Config{
			Realm: realm, Signup: "closed", OrgMode: "multi_user", RequireName: true, RequestsPerMinute: -1,
			AllowedOrigins: []string{"http://localhost:3000", "https://app.example", "http://[::1]:8080"},
		}, nil},
		{"no realm", loginrocketdev.Config{}, []string{"Realm is missing"}},
		{"a realm below a path", loginrocketdev.Config{Realm: at("http://localhost:8081/login")}, []string{`"http://localhost:8081/login"`}},
		{"a realm at a host in capitals", loginrocketdev.Config{Realm: at("https://Login.example")}, []string{`"https://Login.example"`}},
		{"an unknown Signup", loginrocketdev.Config{Realm: realm, Signup: "Open"}, []string{`Signup "Open"`}},
		{"an unknown OrgMode", loginrocketdev.Config{Realm: realm, OrgMode: "single"}, []string{`OrgMode "single"`}},
		{"origins that are none", loginrocketdev.Config{Realm: realm, AllowedOrigins: []string{
			"*", "null", "", "localhost:3000", "http://localhost:3000/", "http://Localhost", "ftp://a.example", "http://u@a.example", "http://a.example?b", "http://a.example#", "http://a.example:80", "https://a.example:443",
		}}, []string{`"*"`, `"null"`, `""`, `"localhost:3000"`, `"http://localhost:3000/"`, `"http://Localhost"`, `"ftp://a.example"`, `"http://u@a.example"`, `"http://a.example?b"`, `"http://a.example#"`, `"http://a.example:80"`, `"https://a.example:443"`}},
		{"everything at once", loginrocketdev.Config{Signup: "x", OrgMode: "y", AllowedOrigins: []string{"z"}}, []string{"Realm is missing", `"x"`, `"y"`, `"z"`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			server, err := loginrocketdev.New(row.config)
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
				if !strings.HasPrefix(line, "loginrocketdev: ") || !strings.Contains(line, row.wants[i]) {
					t.Errorf("got %q, want %s", line, row.wants[i])
				}
			}
		})
	}
}
