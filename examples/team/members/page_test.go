package members_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestList(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		as, path string
		fault    authrockettest.Fault
		status   int
		want     []string
		without  []string
	}{
		"an owner sees the account": {
			as: ada, path: "/members", status: http.StatusOK,
			want: []string{"Members of Analytical Engines", "ada@example.com (you)", "charles@example.com", "george@example.com", "shop:old", grace, boss, `value="ar:owner"`, "/remove"},
			// Another account's.
			without: []string{"mary@example.com", hopper},
		},
		"a manager sees no forms for owners": {
			as: charles, path: "/members", status: http.StatusOK, want: []string{"charles@example.com (you)", boss, "Change george@example.com"},
			without: []string{`value="ar:owner"`, `value="billing:write"`, "Change ada@example.com", "Withdraw the invitation of boss@example.com"},
		},
		"words after a form":              {as: ada, path: "/members?done=invited", status: http.StatusOK, want: []string{"The invitation is sent."}},
		"words of somebody else":          {as: ada, path: "/members?done=<b>hello</b>", status: http.StatusOK, without: []string{"hello", `role="status"`}},
		"a page that is gone":             {as: ada, path: "/members?after=mb_zzz", status: http.StatusOK, want: []string{"There is nobody on this page.", "First page"}},
		"AuthRocket is away":              {as: ada, path: "/members", fault: authrockettest.Status(503), status: http.StatusServiceUnavailable, want: []string{"try again in a moment", "Show the list"}},
		"invitations cannot be read":      {as: ada, path: "/members", fault: only("GET /v2/invitations", authrockettest.Status(503)), status: http.StatusServiceUnavailable, want: []string{"try again"}},
		"an answer that means nothing":    {as: ada, path: "/members", fault: authrockettest.Garbage(), status: http.StatusInternalServerError, want: []string{"a mistake on our side"}},
		"the text of errors is not shown": {as: ada, path: "/members", fault: authrockettest.Status(403), status: http.StatusInternalServerError, without: []string{"403", "key", "coreapi"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				w.service.Break(row.fault)
				got := w.get(row.as, row.path)
				wantAnswer(w.t, got, row.status, row.want...)
				for _, text := range row.without {
					if strings.Contains(got.Body.String(), text) {
						t.Errorf("%q is in\n%s", text, got.Body)
					}
				}
				for name, want := range map[string]string{"Content-Security-Policy": "frame-ancestors 'none'", "Cache-Control": "no-store"} {
					if !strings.Contains(got.Header().Get(name), want) {
						t.Errorf("%s is %q", name, got.Header().Get(name))
					}
				}
			})
		})
	}
}

// A form that is refused is there as it was sent, and other forms are not.
func TestRefusedForms(t *testing.T) {
	t.Parallel()
	const isTicked = `value="billing:write" checked`
	for name, row := range map[string]struct {
		path   func(world) string
		isOpen bool // the form for inviting
		ticked int  // boxes for billing
	}{
		"inviting":             {path: to("/members/invite"), isOpen: true, ticked: 2}, // that of Ada is ticked, too
		"changing permissions": {path: member(ada, "permissions"), ticked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				page := w.post(ada, row.path(w), form{"email": {"no address"}, "permission": {bill}}).Body.String()
				if got := strings.Count(page, isTicked); got != row.ticked {
					t.Errorf("%d boxes are ticked, want %d", got, row.ticked)
				}
				if got := strings.Contains(page, `value="no address" autocomplete`); got != row.isOpen {
					t.Errorf("the address is still there: %v", got)
				}
				if got := strings.Contains(page, "<details open>"); got != row.isOpen {
					t.Errorf("the form for inviting is open: %v", got)
				}
			})
		})
	}
}

func TestNamesAreEscaped(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		user := w.realm.AddUser(authrockettest.User{Email: "x@example.com", Name: `<b>"X"</b>`})
		if _, err := w.realm.CreateMembership(user.ID, engines, "<i>"); err != nil {
			t.Fatal(err)
		}
		page := w.get(ada, "/members").Body.String()
		if strings.Contains(page, "<b>") || strings.Contains(page, "<i>") || !strings.Contains(page, "&lt;b&gt;") {
			t.Error(page)
		}
	})
}

var nextLink = regexp.MustCompile(`<a href="(/members\?after=[^"]*)">Next page</a>`)

func TestManyMembers(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		for i := range 247 { // and the three that there are
			user := w.realm.AddUser(authrockettest.User{Email: fmt.Sprintf("member%d@example.com", i)})
			if _, err := w.realm.CreateMembership(user.ID, engines); err != nil {
				t.Fatal(err)
			}
		}
		var invitationLists atomic.Int64
		w.service.Break(only("GET /v2/invitations", func(answer http.ResponseWriter, r *http.Request, healthy http.Handler) {
			invitationLists.Add(1)
			healthy.ServeHTTP(answer, r)
		}))
		shown := map[string]bool{}
		pages, path := 0, "/members"
		for path != "" && pages < 100 {
			page := w.get(ada, path)
			wantAnswer(w.t, page, http.StatusOK)
			for _, email := range regexp.MustCompile(`<small>(\S+@example\.com)</small>`).FindAllStringSubmatch(page.Body.String(), -1) {
				if shown[email[1]] {
					t.Errorf("%s is shown twice", email[1])
				}
				shown[email[1]] = true
			}
			if isFirst := strings.Contains(page.Body.String(), "Invite somebody"); isFirst != (pages == 0) {
				t.Errorf("page %d shows the invitations: %v", pages, isFirst)
			}
			pages, path = pages+1, ""
			if next := nextLink.FindStringSubmatch(page.Body.String()); next != nil {
				path = html.UnescapeString(next[1])
			}
		}
		if len(shown) != 250 || pages != 5 {
			t.Errorf("%d pages show %d members", pages, len(shown))
		}
		if got := invitationLists.Load(); got != 1 { // for the first page alone
			t.Errorf("the invitations are read %d times", got)
		}
	})
}

// The invitations of all accounts are looked through, but not without end.
func TestManyInvitationsOfOthers(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		for i := range 5000 {
			w.addInvitation(fmt.Sprintf("invited%d@example.com", i), widgets)
		}
		var requests atomic.Int64
		w.service.Break(func(answer http.ResponseWriter, r *http.Request, healthy http.Handler) {
			requests.Add(1)
			healthy.ServeHTTP(answer, r)
		})
		wantAnswer(w.t, w.get(ada, "/members"), http.StatusOK, "There may be more invitations")
		if got := requests.Load(); got != 6 {
			t.Errorf("the page takes %d requests, want one for the members and five for the invitations", got)
		}
	})
}

func TestManyInvitations(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		for i := range 120 {
			w.addInvitation(fmt.Sprintf("invited%d@example.com", i), engines)
		}
		page := w.get(ada, "/members")
		if got := strings.Count(page.Body.String(), "Send again to"); got != 100 {
			t.Errorf("%d invitations are shown", got)
		}
		wantAnswer(w.t, page, http.StatusOK, "There may be more invitations")
	})
}
