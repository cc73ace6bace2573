package authrockettest_test

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// The test vectors of RFC 6238 appendix B for SHA-1, the last six of the eight
// digits.
func TestTOTP(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for name, row := range map[string]struct {
		secret  string
		seconds int64
		want    string
	}{
		"the second step":                        {secret, 59, "287082"},
		"the last second of a step":              {secret, 1111111109, "081804"},
		"the first second of the next step":      {secret, 1111111111, "050471"},
		"later":                                  {secret, 1234567890, "005924"},
		"2033":                                   {secret, 2000000000, "279037"},
		"beyond 32 bits":                         {secret, 20000000000, "353130"},
		"a secret in lower case":                 {strings.ToLower(secret), 59, "287082"},
		"a secret that has padding":              {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ======", 59, "287082"},
		"the first step":                         {secret, 29, "755224"}, // from RFC 4226 appendix D, like the next row
		"the third step":                         {secret, 60, "359152"},
		"no secret has no code":                  {"", 59, ""},
		"a secret that is no base32 has no code": {"0189", 59, ""},
	} {
		if got := authrockettest.TOTP(row.secret, time.Unix(row.seconds, 0)); got != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

func TestVerifyTOTP(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		code func(secret string) string
		want bool
	}{
		"the code of now":              {code: func(s string) string { return authrockettest.TOTP(s, time.Now()) }, want: true},
		"the code before":              {code: func(s string) string { return authrockettest.TOTP(s, time.Now().Add(-30*time.Second)) }, want: true},
		"the code after":               {code: func(s string) string { return authrockettest.TOTP(s, time.Now().Add(30*time.Second)) }, want: true},
		"the second code before":       {code: func(s string) string { return authrockettest.TOTP(s, time.Now().Add(-60*time.Second)) }},
		"the second code after":        {code: func(s string) string { return authrockettest.TOTP(s, time.Now().Add(60*time.Second)) }},
		"nothing":                      {code: func(string) string { return "" }},
		"the code and a digit more":    {code: func(s string) string { return authrockettest.TOTP(s, time.Now()) + "0" }},
		"the first digits of the code": {code: func(s string) string { return authrockettest.TOTP(s, time.Now())[:5] }},
		"the secret":                   {code: func(s string) string { return s }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm, ada := withAda(t)
				activateTOTP(t, realm)
				c, err := realm.CreateTOTP(ada.ID, "phone")
				if err != nil || c.State != authrockettest.StateNew || c.Name != "phone" || realm.NeedsTOTP(ada.ID) {
					t.Fatalf("got %+v, %v", c, err)
				}
				ok, err := realm.VerifyTOTP(c.ID, row.code(c.Secret()))
				if ok != row.want || err != nil || realm.NeedsTOTP(ada.ID) != row.want {
					t.Errorf("got %t, %v, and a login asks for a code: %t", ok, err, realm.NeedsTOTP(ada.ID))
				}
				if stored, err := realm.Credential(c.ID); err != nil || (stored.Secret() == "") != row.want {
					t.Errorf("the secret is shown: %t, %v", stored.Secret() != "", err)
				}
			})
		})
	}
}

func TestTOTPCodeServesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t)
		c := enroll(t, realm, ada.ID)
		start := time.Now()
		at := func(d time.Duration) string { return authrockettest.TOTP(c.Secret(), start.Add(d)) }
		for _, step := range []struct {
			name string
			wait time.Duration
			code string
			want bool
		}{
			{name: "the code that enrolled", code: at(0)},
			{name: "the one before it", code: at(-30 * time.Second)},
			{name: "the next one", code: at(30 * time.Second), want: true},
			{name: "it again", code: at(30 * time.Second)},
			{name: "it again, in its own step", wait: 30 * time.Second, code: at(30 * time.Second)},
			{name: "the one of the next step", wait: 30 * time.Second, code: at(60 * time.Second), want: true},
		} {
			time.Sleep(step.wait)
			if ok, err := realm.VerifyTOTP(c.ID, step.code); ok != step.want || err != nil {
				t.Errorf("%s: got %t, %v", step.name, ok, err)
			}
		}
	})
}

func TestVerifyTOTPOfWhatIsNone(t *testing.T) {
	t.Parallel()
	realm, ada := withAda(t)
	password := realm.CredentialsOf(ada.ID)[0]
	for name, id := range map[string]string{"no credential": "crd_none", "a password": password.ID} {
		for _, code := range []string{"", "000000"} {
			if ok, err := realm.VerifyTOTP(id, code); ok || !errors.Is(err, authrockettest.ErrNotFound) {
				t.Errorf("%s: got %t, %v", name, ok, err)
			}
		}
	}
}
