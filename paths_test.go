package authrocket_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

func TestPathsOfTheLoginRoutes(t *testing.T) {
	t.Parallel()
	plain := newSite(t)
	prefixed := newSite(t, func(c *authrocket.Config) { c.AppURL, c.AuthPath = "https://example.com/app", "/in" })
	for _, row := range []struct{ name, got, want string }{
		{"the login", plain.auth.LoginPath("/manage"), "/auth/login?return_to=%2Fmanage"},
		{"a target that is no URL is none", plain.auth.LoginPath("/manage?tab=1&q=a b"), "/auth/login?return_to=%2F"},
		{"the login with an escaped query", plain.auth.LoginPath("/manage?tab=1&q=a%20b"), "/auth/login?return_to=%2Fmanage%3Ftab%3D1%26q%3Da%2520b"},
		{"the login to the start page", plain.auth.LoginPath(""), "/auth/login?return_to=%2F"},
		{"the signup", plain.auth.SignupPath("/welcome"), "/auth/signup?return_to=%2Fwelcome"},
		{"the profile", plain.auth.ProfilePath("/x"), "/auth/profile?return_to=%2Fx"},
		{"the account selector", plain.auth.AccountsPath("/x"), "/auth/accounts?return_to=%2Fx"},
		{"the logout", plain.auth.LogoutPath("/bye"), "/auth/logout?return_to=%2Fbye"},
		{"the logout to Config.AfterLogout", plain.auth.LogoutPath(""), "/auth/logout"},
		{"the login with a prefix", prefixed.auth.LoginPath("/manage"), "/app/in/login?return_to=%2Fmanage"},
		{"the signup with a prefix", prefixed.auth.SignupPath(""), "/app/in/signup?return_to=%2F"},
		{"the profile with a prefix", prefixed.auth.ProfilePath("/x"), "/app/in/profile?return_to=%2Fx"},
		{"the account selector with a prefix", prefixed.auth.AccountsPath("/x"), "/app/in/accounts?return_to=%2Fx"},
		{"the logout with a prefix", prefixed.auth.LogoutPath(""), "/app/in/logout"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.got != row.want {
				t.Errorf("got %q, want %q", row.got, row.want)
			}
		})
	}
	t.Run("another place is no target", func(t *testing.T) {
		t.Parallel()
		for _, target := range append(append([]string{"/in/logout?local=1"}, openRedirects...), dotSegments...) {
			if target == "/in/logout?local=1" {
				if got := prefixed.auth.LoginPath(target); got != "/app/in/login?return_to=%2F" {
					t.Errorf("%q: got %q", target, got)
				}
				continue
			}
			if got := plain.auth.LoginPath(target); got != "/auth/login?return_to=%2F" {
				t.Errorf("%q: got %q", target, got)
			}
			if got := plain.auth.LogoutPath(target); got != "/auth/logout?return_to=%2F" && target != "" {
				t.Errorf("%q: got %q", target, got)
			}
		}
	})
}

func TestPathsLeadThereAndBack(t *testing.T) {
	t.Parallel()
	prefixed := newSite(t, func(c *authrocket.Config) { c.AppURL = "https://example.com/app" })
	for _, s := range []struct {
		*site
		prefix string
	}{{newSite(t), ""}, {prefixed, "/app"}} {
		for _, target := range []string{"/", "/manage?tab=1&account=x&prompt=login&return_to=/y", "/a%20b/%2F?q=a+b%26c", "/é?ü#there", "/x?token=t&session=s"} {
			for _, row := range []struct{ name, path, params string }{
				{"login", s.auth.LoginPath(target), ""},
				{"login with the form", s.auth.LoginPath(target) + "&prompt=login", "prompt=login"},
				{"login to an account", s.auth.LoginPath(target) + "&account=org_1", "account=org_1"},
				{"signup", s.auth.SignupPath(target) + "&invitation=nvt_1", "invitation=nvt_1"},
				{"profile", s.auth.ProfilePath(target), ""},
				{"accounts", s.auth.AccountsPath(target) + "&force=1", "force=1"},
			} {
				here, ok := strings.CutPrefix(row.path, s.prefix)
				if !ok {
					t.Fatalf("%s: got %q, want the prefix of AppURL", row.name, row.path)
				}
				// A proxy strips the prefix.
				b, w := start(t, s.app(), navigate(here))
				location, err := url.Parse(w.Header().Get("Location"))
				if err != nil {
					t.Fatal(err)
				}
				query := location.Query()
				query.Del("redirect_uri")
				if got := query.Encode(); got != row.params {
					t.Errorf("%s: got parameters %q, want %q", row.name, got, row.params)
				}
				callback := b.land(s.realm.Token(s.ada))
				callback.URL.Path = strings.TrimPrefix(callback.URL.Path, s.prefix)
				want, _, _ := strings.Cut(target, "#")
				want = s.prefix + strings.NewReplacer("é", "%C3%A9", "ü", "%C3%BC").Replace(want)
				if got := serve(s.app(), callback).Header().Get("Location"); got != want {
					t.Errorf("%s: came back to %q, want %q", row.name, got, want)
				}
			}
			out := strings.TrimPrefix(s.auth.LogoutPath(target)+"&local=1", s.prefix)
			w := serve(s.app(), submit(out))
			want, _, _ := strings.Cut(target, "#")
			want = s.prefix + strings.NewReplacer("é", "%C3%A9", "ü", "%C3%BC").Replace(want)
			if got := w.Header().Get("Location"); w.Code != 303 || got != want {
				t.Errorf("logout: got %d %q, want %q", w.Code, got, want)
			}
		}
	}
}

func TestWithParam(t *testing.T) {
	t.Parallel()
	auth := newSite(t).auth
	for _, row := range []struct{ name, got, want string }{
		{"any parameter", auth.LoginURL(authrocket.WithParam("locale", "de")), "https://loginrocket.example/login?locale=de"},
		{"an encoded one", auth.SignupURL(authrocket.WithParam("a b", "c&d=e")), "https://loginrocket.example/signup?a+b=c%26d%3De"},
		{"the last of a name counts", auth.LoginURL(authrocket.WithAccount("a"), authrocket.WithParam("account", "b")), "https://loginrocket.example/login?account=b"},
		{"no name is left out", auth.LoginURL(authrocket.WithParam("", "x")), "https://loginrocket.example/login"},
		{"an empty value stays", auth.AccountsURL(authrocket.WithParam("x", "")), "https://loginrocket.example/accounts?x="},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if row.got != row.want {
				t.Errorf("got %q, want %q", row.got, row.want)
			}
		})
	}
}
