package authrocketdev_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestLanguages(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	const english, spanish = "Login failed.", "Error al iniciar sesión."
	for i, row := range []struct{ header, want string }{
		{header: "", want: english},
		{header: "es", want: spanish},
		{header: "ES-mx", want: spanish},
		{header: "es-419;q=0.9", want: spanish},
		{header: " es ; q=1.0 ", want: spanish},
		{header: "fr, es;q=0.5", want: spanish},
		{header: "en;q=0.2, es;q=0.5", want: spanish},
		{header: "es, en", want: spanish},
		{header: "en, es", want: english},
		{header: "en, es;q=0.9", want: english},
		{header: "*, es;q=0.9", want: english},
		{header: "es;q=0", want: english},
		{header: "es;q=2", want: english},
		{header: "es;q=-1", want: english},
		{header: "es;q=NaN", want: english},
		{header: "es;q=x", want: english},
		{header: "est", want: english},
		{header: "ja, es;q=0.5", want: english}, // there are no Japanese texts
		{header: strings.Repeat("x,", 20) + "es", want: english},
	} {
		login := fmt.Sprintf("email=user%d&password=wrong", i) // wrong passwords are limited by user
		if got := a.send("POST", "/v2/login", formType, login, "Accept-Language", row.header); got.status != 422 || got.Error != row.want {
			t.Errorf("%q: got %d %s, want %q", row.header, got.status, got.body, row.want)
		}
	}
	session := a.login(a.alan).Session
	got := a.send("POST", "/v2/profile/password", formType, "session="+session+"&current_password=wrong&password=short", "Accept-Language", "es")
	a.wantError(got, 422, "La contraseña actual no coincide.")
	got = a.send("GET", "/v2/session?session=x", "", "", "Accept-Language", "es")
	a.wantError(got, 403, deadSession) // in English, because there is no other text
}
