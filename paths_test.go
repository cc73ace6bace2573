package authrocket_test

import (
	"strings"
	"testing"

	"github.com/authrocket-go/authrocket"
)

func TestPathsOfTheLoginRoutes(t *testing.T) {
	t.Parallel()
	plain := newSite(t)
	prefixed := newSite(t, func(c *authrocket.Config) { c.AppURL, c.AuthPath = "https://example.com/app", "/in" })
	for _, row := range []struct{ name, got, want string }{
		{name: "the login", got: plain.auth.LoginPath("/manage"), want: "/auth/login?return_to=%2Fmanage"},
		{name: "a target that is no URL is none", got: plain.auth.LoginPath("/manage?tab=1&q=a b"), want: "/auth/login?return_to=%2F"},
		{name: "the login with an escaped query", got: plain.auth.LoginPath("/manage?tab=1&q=a%20b"), want: "/auth/login?return_to=%2Fmanage%3Ftab%3D1%26q%3Da%2520b"},
		{name: "the login to the start page", got: plain.auth.LoginPath(""), want: "/auth/login?return_to=%2F"},
		{name: "the signup", got: plain.auth.SignupPath("/welcome"), want: "/auth/signup?return_to=%2Fwelcome"},
		{name: "the profile", got: plain.auth.ProfilePath("/x"), want: "/auth/profile?return_to=%2Fx"},
		{name: "the account selector", got: plain.auth.AccountsPath("/x"), want: "/auth/accounts?return_to=%2Fx"},
		{name: "the logout", got: plain.auth.LogoutPath("/bye"), want: "/auth/logout?return_to=%2Fbye"},
		{name: "the logout to Config.AfterLogout", got: plain.auth.LogoutPath(""), want: "/auth/logout"},
		{name: "the login with a prefix", got: prefixed.auth.LoginPath("/manage"), want: "/app/in/login?return_to=%2Fmanage"},
		{name: "the signup with a prefix", got: prefixed.auth.SignupPath(""), want: "/app/in/signup?return_to=%2F"},
		{name: "the profile with a prefix", got: prefixed.auth.ProfilePath("/x"), want: "/app/in/profile?return_to=%2Fx"},
		{name: "the account selector with a prefix", got: prefixed.auth.AccountsPath("/x"), want: "/app/in/accounts?return_to=%2Fx"},
		{name: "the logout with a prefix", got: prefixed.auth.LogoutPath(""), want: "/app/in/logout"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.got != row.want {
				t.Errorf("got %q, want %q", row.got, row.want)
			}
		})
	}
	t.Run("another place is no target", func(t *testing.T) {
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
	}{{site: newSite(t)}, {site: prefixed, prefix: "/app"}} {
		for _, target := range []string{"/", "/manage?tab=1&account=x&prompt=login&return_to=/y", "/a%20b/%2F?q=a+b%26c", "/é?ü#there", "/x?token=t&session=s"} {
			for _, row := range []struct{ name, path, params string }{
				{name: "login", path: s.auth.LoginPath(target)},
				{name: "login with the form", path: s.auth.LoginPath(target) + "&prompt=login", params: "prompt=login"},
				{name: "login to an account", path: s.auth.LoginPath(target) + "&account=org_1", params: "account=org_1"},
				{name: "signup", path: s.auth.SignupPath(target) + "&invitation=nvt_1", params: "invitation=nvt_1"},
				{name: "profile", path: s.auth.ProfilePath(target)},
				{name: "accounts", path: s.auth.AccountsPath(target) + "&force=1", params: "force=1"},
			} {
				here, ok := strings.CutPrefix(row.path, s.prefix)
				if !ok {
					t.Fatalf("%s: got %q, want the prefix of AppURL", row.name, row.path)
				}
				// A proxy strips the prefix.
				b, w := start(t, s.app(), navigate(here))
				if _, got := hostedPage(t, w); got != row.params {
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
