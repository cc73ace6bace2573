package authrocket_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
)

// A signature does not help a token that two programs may read in two ways.
func TestVerifyReadsJSONStrictly(t *testing.T) {
	t.Parallel()
	auth := openAuth(t, authrocket.Config{JWTKey: vectorSecret, DisableCookie: true, MaxTokenBytes: 1 << 20})
	const header = `{"alg":"HS256"}`
	claims := func(more string) string {
		return `{"iss":"https://authrocket.com","sub":"usr_1","exp":` + strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10) + more + `}`
	}
	nested := func(levels int) string { return strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels) }
	for _, row := range []struct {
		name    string
		header  string
		payload string
		want    error // nil: is accepted
		says    string
	}{
		{"nothing unusual", header, claims(`,"cs":{"a":1},"orgs":[{"cs":{"a":1}}]`), nil, ""},
		{"custom attributes of 31 levels", header, claims(`,"cs":` + nested(31)), nil, ""},
		{"custom attributes of an org of 29 levels", header, claims(`,"orgs":[{"cs":` + nested(29) + `}]`), nil, ""},
		{"custom attributes of 32 levels", header, claims(`,"cs":` + nested(32)), authrocket.ErrInvalidClaims, "32 levels"},
		{"custom attributes of an org of 30 levels", header, claims(`,"orgs":[{"cs":` + nested(30) + `}]`), authrocket.ErrInvalidClaims, "32 levels"},
		{"custom attributes of 10,000 levels", header, claims(`,"cs":` + nested(10_000)), authrocket.ErrInvalidClaims, "32 levels"},
		{"a header of 10,000 levels", `{"alg":"HS256","x":` + nested(10_000) + `}`, claims(``), authrocket.ErrTokenMalformed, "32 levels"},

		{"sub twice", header, claims(`,"sub":"usr_2"`), authrocket.ErrInvalidClaims, `has the member "sub" twice`},
		{"sub twice with an escape", header, claims(`,"s\u0075b":"usr_2"`), authrocket.ErrInvalidClaims, `has the member "sub" twice`},
		{"a custom attribute twice", header, claims(`,"cs":{"a":1,"a":1}`), authrocket.ErrInvalidClaims, `has the member "a" twice`},
		{"permissions of an org twice", header, claims(`,"orgs":[{"perm":[],"perm":["ar:owner"]}]`), authrocket.ErrInvalidClaims, `has the member "perm" twice`},
		{"a name that is not UTF-8", header, claims(`,"name":"` + "\xff" + `"`), authrocket.ErrInvalidClaims, "UTF-8"},
		{"half a surrogate pair", header, claims(`,"name":"\ud83d"`), authrocket.ErrInvalidClaims, "UTF-8"},
		{"an org of null", header, claims(`,"orgs":[null]`), authrocket.ErrInvalidClaims, "orgs[0] is null, want object"},
		{"permissions of the wrong type", header, claims(`,"orgs":[{},{},{"perm":"ar:owner"}]`), authrocket.ErrInvalidClaims, "orgs[2].perm is a string, want array"},

		{"alg twice", `{"alg":"none","alg":"HS256"}`, claims(``), authrocket.ErrTokenMalformed, `has the member "alg" twice`},
		{"kid twice", `{"alg":"HS256","kid":"a","kid":"b"}`, claims(``), authrocket.ErrTokenMalformed, `has the member "kid" twice`},
		{"a kid of null", `{"alg":"HS256","kid":null}`, claims(``), authrocket.ErrTokenMalformed, "kid is null, want string"},
		{"half a surrogate pair in a kid", `{"alg":"HS256","kid":"\ud83d"}`, claims(``), authrocket.ErrTokenMalformed, "UTF-8"},
		{"b64 true", `{"alg":"HS256","b64":true}`, claims(``), nil, ""},
		{"b64 false without crit", `{"alg":"HS256","b64":false}`, claims(``), authrocket.ErrCriticalHeader, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.Verify(t.Context(), signCompact(row.header, row.payload, withHMAC(vectorSecret)))
			if !errors.Is(err, row.want) {
				t.Fatalf("got error %v, want %v", err, row.want)
			}
			if err != nil && !strings.Contains(err.Error(), row.says) {
				t.Errorf("got error %q, want one that says %q", err, row.says)
			}
		})
	}
}
