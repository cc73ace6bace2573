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
		wants  []string // none means that the config is valid
	}{
		{name: "a realm alone", config: authrocketdev.Config{Realm: realm}},
		{name: "all there is", config: authrocketdev.Config{
			Realm: realm, RequestsPerMinute: -1,
			AllowedOrigins: []string{"http://localhost:3000", "https://app.example", "http://[::1]:8080"},
		}},
		{name: "no realm", config: authrocketdev.Config{}, wants: []string{"Realm is missing"}},
		{name: "a realm below a path", config: authrocketdev.Config{Realm: at("http://localhost:8081/login")}, wants: []string{`"http://localhost:8081/login"`}},
		{name: "a realm at a host in capitals", config: authrocketdev.Config{Realm: at("https://Login.example")}, wants: []string{`"https://Login.example"`}},
		{name: "origins that are none", config: authrocketdev.Config{Realm: realm, AllowedOrigins: []string{
			"*", "null", "", "localhost:3000", "http://localhost:3000/", "http://Localhost", "ftp://a.example", "http://u@a.example", "http://a.example?b", "http://a.example#", "http://a.example:80", "https://a.example:443",
		}}, wants: []string{`"*"`, `"null"`, `""`, `"localhost:3000"`, `"http://localhost:3000/"`, `"http://Localhost"`, `"ftp://a.example"`, `"http://u@a.example"`, `"http://a.example?b"`, `"http://a.example#"`, `"http://a.example:80"`, `"https://a.example:443"`}},
		{name: "everything at once", config: authrocketdev.Config{AllowedOrigins: []string{"z"}}, wants: []string{"Realm is missing", `"z"`}},
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
