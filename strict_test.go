package authrocket_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket"
)

// A signature does not help a token that two programs may read in two ways. What that
// means is held by the tests of internal/strictjson, internal/jws and internal/claims.
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
		{name: "custom attributes of 32 levels", header: header, payload: claims(`,"cs":` + nested(32)), want: authrocket.ErrInvalidClaims, says: "32 levels"},
		{name: "a header of 10,000 levels", header: `{"alg":"HS256","x":` + nested(10_000) + `}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: "32 levels"},

		{name: "sub twice", header: header, payload: claims(`,"sub":"usr_2"`), want: authrocket.ErrInvalidClaims, says: `has the member "sub" twice`},
		{name: "permissions of an org twice", header: header, payload: claims(`,"orgs":[{"perm":[],"perm":["ar:owner"]}]`), want: authrocket.ErrInvalidClaims, says: `has the member "perm" twice`},
		{name: "a name that is not UTF-8", header: header, payload: claims(`,"name":"` + "\xff" + `"`), want: authrocket.ErrInvalidClaims, says: "UTF-8"},

		{name: "alg twice", header: `{"alg":"none","alg":"HS256"}`, payload: claims(``), want: authrocket.ErrTokenMalformed, says: `has the member "alg" twice`},
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
