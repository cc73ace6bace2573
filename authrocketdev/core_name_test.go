package authrocketdev_test

import (
	"net/http"
	"strings"
	"testing"
)

// A value in the place of a name may be a credential.
func TestCoreErrorsRepeatNoValue(t *testing.T) {
	t.Parallel()
	c := newCore(t)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for name, row := range map[string]struct {
		body   string
		header []string
		want   string // in the error
		status int
	}{
		"JSON that is called a form": {body: `{"user":{"password":"geheim"}}`, header: form, status: 415, want: "Send Content-Type: application/json"},
		"a list that is no form":     {body: `["geheim"]`, header: form, status: 422, want: "A name with characters other than"},
		"a sentence":                 {body: `{"geheim is a password":1}`, status: 422, want: "A name with characters other than"},
		"a custom attribute":         {body: `{"user":{"email":"a@example.com","custom":{"geheim password":{}}}}`, status: 422, want: "A name with characters other than"},
		"a misspelt name":            {body: `{"user":{"e-mial":"geheim"}}`, status: 422, want: `\"e-mial\" is unknown here.`},
	} {
		a := c.ask(t, http.MethodPost, "/users", row.body, row.header...)
		if a.status != row.status || !strings.Contains(a.body, row.want) || strings.Contains(a.body, "geheim") {
			t.Errorf("%s: got %d %s", name, a.status, a.body)
		}
	}
}
