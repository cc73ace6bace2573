package members_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func only(pattern string, fault authrockettest.Fault) authrockettest.Fault {
	return authrockettest.Only(pattern, fault)
}

// first lets fault answer the first request.
func first(fault authrockettest.Fault) authrockettest.Fault {
	var once sync.Once
	return func(w http.ResponseWriter, r *http.Request, healthy http.Handler) {
		answer := func() { healthy.ServeHTTP(w, r) }
		once.Do(func() { answer = func() { fault(w, r, healthy) } })
		answer()
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	lost := authrockettest.AfterWrite(authrockettest.Disconnect())
	for name, row := range map[string]struct {
		prepare func(world)
		fault   authrockettest.Fault
		path    func(world) string
		form    form
		status  int
		text    string
		want    changes
		again   changes // after the fault, when the form is sent again
	}{
		"a lost answer makes no second invitation": {
			fault: only("POST /v2/invitations", first(lost)), path: to("/members/invite"), form: form{"email": {"new@example.com"}}, status: http.StatusSeeOther,
			want: changes{"new@example.com": ";", "new@example.com mails": "x"}, again: changes{"new@example.com mails": "xx"},
		},
		"nor a second mail": {
			fault: only("POST /v2/invitations/{id}/invite", first(lost)), path: to("/members/invite"), form: form{"email": {"new@example.com"}}, status: http.StatusSeeOther,
			want: changes{"new@example.com": ";", "new@example.com mails": "x"}, again: changes{"new@example.com mails": "xx"},
		},
		"nor one when it is sent again": {
			fault: only("POST /v2/invitations/{id}/invite", first(lost)), path: invitation(grace, "resend"), status: http.StatusSeeOther,
			want: changes{grace + " mails": "x"}, again: changes{grace + " mails": "xx"},
		},
		"it is not known whether the mail was sent": {
			fault: only("POST /v2/invitations/{id}/invite", authrockettest.Status(503)), path: invitation(grace, "resend"), status: http.StatusServiceUnavailable,
			text: "whether this was done", again: changes{grace + " mails": "x"},
		},
		"nor that it was sent again": {
			prepare: func(w world) { w.post(ada, invitation(grace, "resend")(w), nil) },
			fault:   only("POST /v2/invitations/{id}/invite", authrockettest.Status(503)), path: invitation(grace, "resend"), status: http.StatusServiceUnavailable,
			text: "whether this was done", again: changes{grace + " mails": "xx"},
		},
		"AuthRocket is away": {
			fault: authrockettest.Status(503), path: member(george, "remove"), status: http.StatusServiceUnavailable, text: "try again in a moment",
			again: changes{george: "", "usr_george sessions": "0"},
		},
		"AuthRocket hangs": {
			fault: authrockettest.Hang(), path: member(george, "remove"), status: http.StatusServiceUnavailable, text: "try again in a moment",
			again: changes{george: "", "usr_george sessions": "0"},
		},
		"the key is wrong": {
			fault: authrockettest.Status(403), path: member(george, "remove"), status: http.StatusInternalServerError, text: "a mistake on our side",
			again: changes{george: "", "usr_george sessions": "0"},
		},
		"sessions cannot be ended, and nothing else is done": {
			fault: only("DELETE /v2/sessions/{id}", authrockettest.Status(503)), path: member(george, "remove"), status: http.StatusServiceUnavailable,
			again: changes{george: "", "usr_george sessions": "0"},
		},
		"a member cannot be removed now": {
			fault: only("DELETE /v2/memberships/{id}", authrockettest.Status(503)), path: member(george, "remove"), status: http.StatusServiceUnavailable,
			want: changes{"usr_george sessions": "0"}, again: changes{george: ""},
		},
		"permissions cannot be changed now": {
			fault: only("PUT /v2/memberships/{id}", authrockettest.Status(503)), path: member(george, "permissions"), status: http.StatusServiceUnavailable,
			want: changes{"usr_george sessions": "0"}, again: changes{george: "[shop:old]"},
		},
		"nobody signs out everywhere now": {
			fault: authrockettest.Status(503), path: to("/sign-out-everywhere"), status: http.StatusServiceUnavailable, text: "try again in a moment",
			again: changes{"usr_ada sessions": "0"},
		},
		"the owners cannot be counted": {
			fault: only("GET /v2/memberships", authrockettest.Status(503)), path: member(ada, "remove"), status: http.StatusServiceUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				if row.prepare != nil {
					row.prepare(w)
				}
				path, before := row.path(w), w.records()
				w.service.Break(row.fault)
				begun := time.Now()
				got := w.post(ada, path, row.form)
				wantAnswer(w.t, got, row.status, row.text)
				if took := time.Since(begun); took > 21*time.Second {
					t.Errorf("the answer took %s", took)
				}
				if row.status == http.StatusServiceUnavailable && got.Header().Get("Retry-After") == "" {
					t.Error("there is no Retry-After")
				}
				w.wantChanges(before, row.want)
				w.service.Break(nil)
				before = w.records()
				time.Sleep(time.Second)
				w.post(ada, path, row.form)
				w.wantChanges(before, row.again)
			})
		})
	}
}

// A session that begins while something is taken has it still, and ends, too.
func TestSessionsThatBeginMeanwhile(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ step, action string }{
		"while a permission is taken": {step: "PUT /v2/memberships/{id}", action: "permissions"},
		"while a member is removed":   {step: "DELETE /v2/memberships/{id}", action: "remove"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				path := w.path(charles, row.action)
				w.service.Break(only(row.step, func(answer http.ResponseWriter, r *http.Request, healthy http.Handler) {
					time.Sleep(time.Second)
					w.signIn(charles, engines)
					healthy.ServeHTTP(answer, r)
				}))
				wantAnswer(w.t, w.post(ada, path, nil), http.StatusSeeOther)
				if got := w.records()["usr_charles sessions"]; got != "0" {
					t.Errorf("there are %s sessions", got)
				}
				wantAnswer(w.t, w.get(charles, "/members"), http.StatusSeeOther, "/login")
			})
		})
	}
}

// The login token is refused even if the session could not be deleted.
func TestTokensOfSessionsThatCannotBeDeleted(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		w.service.Break(only("DELETE /v2/sessions/{id}", authrockettest.Status(503)))
		wantAnswer(w.t, w.post(ada, w.path(charles, "end-sessions"), nil), http.StatusServiceUnavailable)
		wantAnswer(w.t, w.get(charles, "/members"), http.StatusSeeOther, "/login")
	})
}

// Two owners who demote each other at the same moment leave one.
func TestOwnersWhoDemoteEachOther(t *testing.T) {
	t.Parallel()
	for name, action := range map[string]string{"demoting": "permissions", "removing": "remove"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(w world) {
				w.setPermissions(charles, owner, manage)
				w.signIn(charles, engines)
				paths := map[string]string{ada: w.path(charles, action), charles: w.path(ada, action)}
				// Both have counted the owners before one of them is changed.
				w.service.Break(only("GET /v2/memberships", func(answer http.ResponseWriter, r *http.Request, healthy http.Handler) {
					healthy.ServeHTTP(answer, r)
					time.Sleep(time.Second)
				}))
				var both sync.WaitGroup
				for as, path := range paths {
					both.Go(func() { w.post(as, path, permissions(manage)) })
				}
				both.Wait()
				owners := 0
				for _, m := range w.realm.Members(engines) {
					if strings.Contains(join(m.Permissions), owner) {
						owners++
					}
				}
				if owners != 1 {
					t.Errorf("there are %d owners", owners)
				}
			})
		})
	}
}

// A member who signs in again and again stays no member by that.
func TestTooManySessionsDoNotHinderARemoval(t *testing.T) {
	t.Parallel()
	inWorld(t, func(w world) {
		for range 300 {
			w.signIn(george, engines)
		}
		w.service.Break(func(answer http.ResponseWriter, r *http.Request, healthy http.Handler) {
			time.Sleep(100 * time.Millisecond)
			healthy.ServeHTTP(answer, r)
		})
		wantAnswer(t, w.post(ada, w.path(george, "remove"), nil), http.StatusServiceUnavailable)
		if got := w.records(); got[george] != "" || got[george+" sessions"] == "0" {
			t.Errorf("George is a member with %s, and has %s sessions; want no member with some", got[george], got[george+" sessions"])
		}
		time.Sleep(time.Second) // in the bubble: a request that was given up comes to its end
	})
}
