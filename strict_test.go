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
		name, header, payload, says string
		want                        error // nil: is accepted
	}{
		{name: "nothing unusual", header: header, payload: claims(`,"cs":{"a":1},"orgs":[{"cs":{"a":1}}]`)},
		{name: "custom attributes of 31 levels", header: header, payload: claims(`,"cs":` + nested(31))},
		{name: "custom attributes of an org of 29 levels", header: header, payload: claims(`,"orgs":[{"cs":` + nested(29) + `}]`)},
		{name: "custom attributes of 32 levels", header: header, payload: claims(`,"cs":` + nested(32)), want: authrocket.ErrInvalidClaims, says: "32 levels"},
		{name: "custom attributes of an org of 30 levels", header: header, payload: claims(`,"orgs":[{"cs":` + nested(30) + `}]`), want: authrocket.ErrInvalidClaims, says: "32 levels"},
		{name: "custom attributes of 10,000 levels", header: header, payload: claims(`,"cs":` + nested(10_000)), want: authrocket.ErrInvalidClaims, says: "32 levels"},
		{name: "a header of 10,000 levels", header: `{"alg":"HS256","x":` + nested(10_000) + `}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: "32 levels"},

		{name: "sub twice", header: header, payload: claims(`,"sub":"usr_2"`), want: authrocket.ErrInvalidClaims, says: `has the member "sub" twice`},
		{name: "sub twice with an escape", header: header, payload: claims(`,"s\u0075b":"usr_2"`), want: authrocket.ErrInvalidClaims, says: `has the member "sub" twice`},
		{name: "a custom attribute twice", header: header, payload: claims(`,"cs":{"a":1,"a":1}`), want: authrocket.ErrInvalidClaims, says: `has the member "a" twice`},
		{name: "permissions of an org twice", header: header, payload: claims(`,"orgs":[{"perm":[],"perm":["ar:owner"]}]`), want: authrocket.ErrInvalidClaims, says: `has the member "perm" twice`},
		{name: "a name that is not UTF-8", header: header, payload: claims(`,"name":"` + "\xff" + `"`), want: authrocket.ErrInvalidClaims, says: "UTF-8"},
		{name: "half a surrogate pair", header: header, payload: claims(`,"name":"\ud83d"`), want: authrocket.ErrInvalidClaims, says: "UTF-8"},
		{name: "an org of null", header: header, payload: claims(`,"orgs":[null]`), want: authrocket.ErrInvalidClaims, says: "orgs[0] is null, want object"},
		{name: "permissions of the wrong type", header: header, payload: claims(`,"orgs":[{},{},{"perm":"ar:owner"}]`), want: authrocket.ErrInvalidClaims, says: "orgs[2].perm is a string, want array"},

		{name: "alg twice", header: `{"alg":"none","alg":"HS256"}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: `has the member "alg" twice`},
		{name: "kid twice", header: `{"alg":"HS256","kid":"a","kid":"b"}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: `has the member "kid" twice`},
		{name: "a kid of null", header: `{"alg":"HS256","kid":null}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: "kid is null, want string"},
		{name: "half a surrogate pair in a kid", header: `{"alg":"HS256","kid":"\ud83d"}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: "UTF-8"},
		{name: "b64 true", header: `{"alg":"HS256","b64":true}`, payload: claims(``)},
		{name: "b64 false without crit", header: `{"alg":"HS256","b64":false}`, payload: claims(``), want: authrocket.ErrCriticalHeader},
	} {
		t.Run(row.name, func(t *testing.T) {
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
