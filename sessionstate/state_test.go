package sessionstate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/authrockettest"
	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/sessionstate"
)

func TestNew(t *testing.T) {
	t.Parallel()
	api := newCoreAPI().client(t)
	for name, row := range map[string]struct {
		config sessionstate.Config
		want   []string // a part of each problem; nil means no problem
	}{
		"the zero Config":                    {},
		"an API":                             {config: sessionstate.Config{API: api}},
		"no budget":                          {config: sessionstate.Config{API: api, RequestsPerSecond: -1}},
		"a long interval stretches MaxStale": {config: sessionstate.Config{API: api, CheckInterval: 3 * time.Hour}},
		"an interval that is too short":      {config: sessionstate.Config{CheckInterval: time.Millisecond}, want: []string{"Config.CheckInterval"}},
		"a negative interval":                {config: sessionstate.Config{CheckInterval: -time.Hour}, want: []string{"Config.CheckInterval"}},
		"MaxStale below two intervals":       {config: sessionstate.Config{CheckInterval: time.Hour, MaxStale: 119 * time.Minute}, want: []string{"Config.MaxStale"}},
		"an unknown policy":                  {config: sessionstate.Config{AfterMaxStale: 2}, want: []string{"Config.AfterMaxStale"}},
		"EndOn without an API":               {config: sessionstate.Config{EndOn: sessionstate.MembershipChanged}, want: []string{"Config.API"}},
		"all problems at once": {
			config: sessionstate.Config{CheckInterval: 1, MaxStale: 1, AfterMaxStale: -1, MaxSessions: -1, MaxEnded: 1 << 40},
			want:   []string{"Config.CheckInterval", "Config.MaxSessions", "Config.MaxEnded", "Config.AfterMaxStale"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sessionstate.New(row.config)
			if (err == nil) != (row.want == nil) {
				t.Fatalf("got %v, want %q", err, row.want)
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), "sessionstate: "+want) {
					t.Errorf("got %v, want a problem of %s", err, want)
				}
			}
			if problem, ok := errors.AsType[*sessionstate.ConfigError](err); err != nil && (!ok || problem.Field == "" || problem.Problem == "") {
				t.Errorf("got %#v", problem)
			}
		})
	}
}

// Each row reports something to a State without an API, and says what the State then
// answers.
func TestCheckSession(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, row := range map[string]struct {
		report func(*testing.T, *sessionstate.State) error
		want   error // the answer about kss_1 of ada, issued now
	}{
		"a session of which nothing is known": {
			report: func(*testing.T, *sessionstate.State) error { return nil },
		},
		"a session that was ended": {
			report: func(_ *testing.T, s *sessionstate.State) error { return s.End(ctx, hidden("kss_1"), time.Time{}) },
			want:   authrocket.ErrSessionEnded,
		},
		"another session that was ended": {
			report: func(_ *testing.T, s *sessionstate.State) error { return s.End(ctx, hidden("kss_2"), time.Time{}) },
		},
		"a user whose tokens were issued until now": {
			report: func(_ *testing.T, s *sessionstate.State) error { return s.EndUser(ctx, "usr_ada", time.Now()) },
			want:   authrocket.ErrSessionEnded,
		},
		"a user who logged in since": {
			report: func(_ *testing.T, s *sessionstate.State) error {
				return s.EndUser(ctx, "usr_ada", time.Now().Add(-time.Second))
			},
		},
		"a user who was ended twice, the earlier time reported last": {
			report: func(_ *testing.T, s *sessionstate.State) error {
				return errors.Join(s.EndUser(ctx, "usr_ada", time.Now()), s.EndUser(ctx, "usr_ada", time.Now().Add(-time.Hour)))
			},
			want: authrocket.ErrSessionEnded,
		},
		"another user": {
			report: func(_ *testing.T, s *sessionstate.State) error { return s.EndUser(ctx, "usr_bob", time.Now()) },
		},
		"an event that the session was deleted": {
			report: func(t *testing.T, s *sessionstate.State) error {
				return s.HandleEvent(ctx, event(t, coreapi.EventSessionDeleted, 0, map[string]any{"session_id": "kss_1"}))
			},
			want: authrocket.ErrSessionEnded,
		},
		"an event of more than 3 days ago": {
			report: func(t *testing.T, s *sessionstate.State) error {
				return s.HandleEvent(ctx, event(t, coreapi.EventSessionDeleted, 73*time.Hour, map[string]any{"session_id": "kss_1"}))
			},
		},
		"an event that the user was deleted": {
			report: func(t *testing.T, s *sessionstate.State) error {
				return s.HandleEvent(ctx, event(t, coreapi.EventUserDeleted, 0, map[string]any{"user_id": "usr_ada"}))
			},
			want: authrocket.ErrSessionEnded,
		},
		"an event without a user": {
			report: func(t *testing.T, s *sessionstate.State) error {
				return s.HandleEvent(ctx, event(t, coreapi.EventUserDeleted, 0, nil))
			},
		},
		"an event without a session": {
			report: func(t *testing.T, s *sessionstate.State) error {
				return s.HandleEvent(ctx, event(t, coreapi.EventSessionDeleted, 0, nil))
			},
		},
		"an event of another type": {
			report: func(t *testing.T, s *sessionstate.State) error {
				return s.HandleEvent(ctx, event(t, coreapi.EventUserUpdated, 0, map[string]any{"user_id": "usr_ada", "session_id": "kss_1"}))
			},
		},
		"a suspicion, when there is no API to ask": {
			report: func(_ *testing.T, s *sessionstate.State) error {
				s.Suspect(ctx, hidden("kss_1"), time.Time{})
				return nil
			},
		},
		"the zero session ID": {
			report: func(_ *testing.T, s *sessionstate.State) error {
				if s.End(ctx, hidden(""), time.Time{}) == nil {
					return errors.New("End returned nil")
				}
				return nil
			},
		},
		"a user without a time": {
			report: func(_ *testing.T, s *sessionstate.State) error {
				if s.EndUser(ctx, "usr_ada", time.Time{}) == nil || s.EndUser(ctx, "", time.Now()) == nil {
					return errors.New("EndUser returned nil")
				}
				return nil
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				state := newState(t, sessionstate.Config{Observer: new(reports).observer()})
				session := newUsers(t).session("kss_1")
				if err := row.report(t, state); err != nil {
					t.Fatal(err)
				}
				if err := state.CheckSession(ctx, session, 0); !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
					t.Errorf("got %v, want %v", err, row.want)
				}
			})
		})
	}
}

// A State remembers an end for as long as tokens live, and then forgets it.
func TestEndsAreForgotten(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, row := range map[string]struct {
		life  time.Duration // the life of tokens that the State has seen
		until time.Duration // the time that the app passes, from now
		held  time.Duration
	}{
		"for a day at least":            {life: time.Hour, held: 24*time.Hour + 5*time.Minute},
		"as long as the longest token":  {life: 60 * time.Hour, held: 60*time.Hour + 5*time.Minute},
		"as long as the app says":       {life: time.Hour, until: 50 * time.Hour, held: 50 * time.Hour},
		"not for less than tokens live": {life: 60 * time.Hour, until: time.Hour, held: 60*time.Hour + 5*time.Minute},
		"for 7 days at most":            {life: time.Hour, until: 1000 * time.Hour, held: 7 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				state := newState(t, sessionstate.Config{})
				users := newUsers(t)
				session := users.session("kss_1", authrockettest.ExpiresIn(row.life))
				state.CheckSession(ctx, session, 0)
				var until time.Time
				if row.until > 0 {
					until = time.Now().Add(row.until)
				}
				state.End(ctx, hidden("kss_1"), until)
				time.Sleep(row.held - time.Minute) // in the bubble: no real time passes
				if err := state.CheckSession(ctx, session, 0); !errors.Is(err, authrocket.ErrSessionEnded) {
					t.Errorf("a minute before: got %v", err)
				}
				time.Sleep(3 * time.Minute) // in the bubble: no real time passes
				if err := state.CheckSession(ctx, session, 0); err != nil {
					t.Errorf("after it: got %v", err)
				}
			})
		})
	}
}

// An instance that has seen no token (one for administrators, for example) does not know
// how long tokens live.
func TestEndByAnInstanceThatHasSeenNoToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := newMemoryLog()
		admin, web := newState(t, sessionstate.Config{Log: log}), newState(t, sessionstate.Config{Log: log})
		session := newUsers(t).session("kss_1", authrockettest.ExpiresIn(3*24*time.Hour))
		if err := admin.End(t.Context(), hidden("kss_1"), time.Time{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3*24*time.Hour - time.Minute) // in the bubble: no real time passes
		if err := web.CheckSession(t.Context(), session, 0); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("a minute before its token expires: got %v", err)
		}
	})
}

// gate is how long a gate waits.
const gate = 2 * time.Second

// Each row says what the API answers about an ended session and about an active one.
func TestChecks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, row := range map[string]struct {
		ended  bool
		before func(*testing.T, *coreAPI, *sessionstate.State) // runs when the session is due
		wait   time.Duration                                   // further wait after that
		want   error
		calls  string
		token  authrockettest.TokenOption
	}{
		"a session that goes on is looked up once, and goes on": {calls: "GET /sessions"},
		"a session that has ended is refused when it was looked up": {
			ended: true, want: authrocket.ErrSessionEnded, calls: "GET /sessions, GET /users",
		},
		"a token that does not say when it was issued": {
			token: authrockettest.WithoutClaim("iat"), ended: true, want: authrocket.ErrSessionEnded, calls: "GET /sessions, GET /users",
		},
		"a key of another realm ends nothing": {
			ended: true, before: func(_ *testing.T, a *coreAPI, _ *sessionstate.State) { a.realmID = "rl_other" },
			calls: "GET /sessions, GET /users",
		},
		"an API that finds nothing ends nothing": {
			ended: true, calls: "GET /sessions, GET /users",
			before: func(_ *testing.T, a *coreAPI, _ *sessionstate.State) {
				a.breakWith(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusNotFound)
					fmt.Fprint(w, `{"errors": ["Not found"]}`)
				})
			},
		},
		"a page of a proxy ends nothing": {
			ended: true, calls: "GET /sessions",
			before: func(_ *testing.T, a *coreAPI, _ *sessionstate.State) {
				a.breakWith(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/html")
					w.WriteHeader(http.StatusNotFound)
					fmt.Fprint(w, "<p>not found")
				})
			},
		},
		"a session of another user counts neither way": {
			before: func(_ *testing.T, a *coreAPI, _ *sessionstate.State) {
				a.sessions["kss_1"] = coreSession{userID: "usr_bob"}
			},
			calls: "GET /sessions",
		},
		"an answer about another session counts neither way": {
			ended: true, want: authrocket.ErrSessionUnknown, calls: "GET /sessions",
			before: func(_ *testing.T, a *coreAPI, s *sessionstate.State) {
				s.Suspect(ctx, hidden("kss_1"), time.Time{})
				a.breakWith(func(w http.ResponseWriter, _ *http.Request) {
					json.NewEncoder(w).Encode(sessionJSON("kss_2", coreSession{userID: "usr_ada"}))
				})
			},
		},
		"a suspect session waits for its check, which ends it": {
			ended: true, want: authrocket.ErrSessionEnded, calls: "GET /sessions, GET /users",
			before: func(_ *testing.T, _ *coreAPI, s *sessionstate.State) { s.Suspect(ctx, hidden("kss_1"), time.Time{}) },
		},
		"a suspect session that goes on": {
			calls:  "GET /sessions",
			before: func(_ *testing.T, _ *coreAPI, s *sessionstate.State) { s.Suspect(ctx, hidden("kss_1"), time.Time{}) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api, users := newCoreAPI(), newUsers(t)
				state := newState(t, sessionstate.Config{API: api.client(t), CheckInterval: time.Hour, Observer: new(reports).observer()})
				session := users.session("kss_1")
				if row.token != nil {
					session = users.session("kss_1", row.token)
				}
				if api.add("kss_1"); row.ended {
					api.delete("kss_1")
				}
				if err := state.CheckSession(ctx, session, gate); err != nil || api.requests() != "" {
					t.Errorf("a session that is not due: got %v and calls", err)
				}
				time.Sleep(72 * time.Minute) // in the bubble: no real time passes
				if row.before != nil {
					row.before(t, api, state)
				}
				state.CheckSession(ctx, session, gate)
				synctest.Wait()
				err := state.CheckSession(ctx, session, gate)
				if !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
					t.Errorf("got %v, want %v", err, row.want)
				}
				synctest.Wait()
				if calls := api.requests(); !strings.HasPrefix(calls, row.calls) || row.want == nil && strings.Count(calls, ",") > 1+strings.Count(row.calls, ",") {
					t.Errorf("got calls %q, want %q", calls, row.calls)
				}
			})
		})
	}
}

// A webhook may arrive before the API shows the end. So the API's confirmation of a
// suspect session counts only for a moment, until the API must have seen the end.
func TestASuspicionOutlivesAnEarlyAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		api := newCoreAPI()
		state := newState(t, sessionstate.Config{API: api.client(t), CheckInterval: time.Hour})
		session := newUsers(t).session("kss_1")
		api.add("kss_1")
		state.Suspect(ctx, hidden("kss_1"), time.Time{})
		if err := state.CheckSession(ctx, session, gate); err != nil {
			t.Fatalf("the API says that it goes on: got %v", err)
		}
		if err := state.CheckSession(ctx, session, gate); err != nil || strings.Count(api.requests(), "GET") != 1 {
			t.Fatalf("at once: got %v, and calls", err)
		}
		time.Sleep(5 * time.Second) // in the bubble: no real time passes
		api.delete("kss_1")
		if err := state.CheckSession(ctx, session, gate); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("when the API shows the end: got %v", err)
		}
	})
}

func TestASuspicionEndsWithALateAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		api := newCoreAPI()
		state := newState(t, sessionstate.Config{API: api.client(t), CheckInterval: time.Hour})
		session := newUsers(t).session("kss_1")
		api.add("kss_1")
		state.Suspect(ctx, hidden("kss_1"), time.Time{})
		time.Sleep(16 * time.Second) // in the bubble: no real time passes
		if err := state.CheckSession(ctx, session, gate); err != nil {
			t.Fatal(err)
		}
		api.requests()
		time.Sleep(time.Minute) // in the bubble: no real time passes
		if err := state.CheckSession(ctx, session, gate); err != nil || api.requests() != "" {
			t.Errorf("got %v, and calls", err)
		}
	})
}

func TestASuspectSessionDoesNotWaitOnAnOpenPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newCoreAPI()
		state := newState(t, sessionstate.Config{API: api.client(t)})
		session := newUsers(t).session("kss_1")
		state.Suspect(t.Context(), hidden("kss_1"), time.Time{})
		begun := time.Now()
		if err := state.CheckSession(t.Context(), session, 0); !errors.Is(err, authrocket.ErrSessionUnknown) || time.Since(begun) > 0 {
			t.Errorf("got %v after %s", err, time.Since(begun))
		}
	})
}

// Each row says what EndOn ends after events about a membership of ada.
func TestEndOn(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, row := range map[string]struct {
		endOn func(*coreapi.Client) func(context.Context, coreapi.Event) (bool, error)
		kind  coreapi.EventType
		state string // the state of ada
		want  []string
		err   error
	}{
		"MembershipChanged: a change":  {endOn: membershipChanged, kind: coreapi.EventMembershipUpdated, want: []string{"kss_old"}},
		"MembershipChanged: an end":    {endOn: membershipChanged, kind: coreapi.EventMembershipDeleted, want: []string{"kss_old"}},
		"MembershipChanged: a new one": {endOn: membershipChanged, kind: coreapi.EventMembershipCreated},
		"MembershipChanged: a user":    {endOn: membershipChanged, kind: coreapi.EventUserUpdated},
		"UserInactive: a locked user":  {endOn: sessionstate.UserInactive, kind: coreapi.EventUserUpdated, state: "inactive", want: []string{"kss_old"}},
		"UserInactive: an active user": {endOn: sessionstate.UserInactive, kind: coreapi.EventUserUpdated, state: "active"},
		"UserInactive: another event":  {endOn: sessionstate.UserInactive, kind: coreapi.EventMembershipUpdated, state: "inactive"},
		"an error comes again": {
			endOn: func(*coreapi.Client) func(context.Context, coreapi.Event) (bool, error) {
				return func(context.Context, coreapi.Event) (bool, error) { return true, boom }
			},
			kind: coreapi.EventMembershipUpdated, err: boom,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api, users := newCoreAPI(), newUsers(t)
				api.add("kss_old")
				if row.state != "" {
					api.users["usr_ada"] = row.state
				}
				client := api.client(t)
				state := newState(t, sessionstate.Config{API: client, EndOn: row.endOn(client)})
				old := users.session("kss_old")
				time.Sleep(time.Minute) // in the bubble: no real time passes
				happened := event(t, row.kind, 0, map[string]any{"user_id": "usr_ada"})
				time.Sleep(time.Second) // in the bubble: no real time passes
				api.add("kss_new")
				if err := state.HandleEvent(t.Context(), happened); !errors.Is(err, row.err) || (err == nil) != (row.err == nil) {
					t.Errorf("got %v, want %v", err, row.err)
				}
				_, kept := api.sessions["kss_old"]
				if isEnded := slices.Contains(row.want, "kss_old"); kept == isEnded {
					t.Errorf("kss_old is kept: %v", kept)
				}
				if err := state.CheckSession(t.Context(), old, 0); errors.Is(err, authrocket.ErrSessionEnded) != (len(row.want) > 0) {
					t.Errorf("got %v", err)
				}
				if _, ok := api.sessions["kss_new"]; !ok {
					t.Error("a session that is newer than the event was deleted")
				}
				if len(row.want) == 0 {
					return
				}
				if err := state.HandleEvent(t.Context(), happened); err == nil {
					t.Error("a second event within a minute is taken, want that it comes again")
				}
				time.Sleep(2 * time.Minute) // in the bubble: no real time passes
				if err := state.HandleEvent(t.Context(), happened); err != nil {
					t.Errorf("a minute later: got %v", err)
				}
			})
		})
	}
}

// A user cannot keep a permission by having more sessions than can be deleted while a
// webhook waits.
func TestEndOnOfAUserWithManySessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, users := newCoreAPI(), newUsers(t)
		state := newState(t, sessionstate.Config{API: api.client(t), EndOn: sessionstate.MembershipChanged})
		var old []authrocket.Session
		for i := range 500 {
			id := fmt.Sprintf("kss_%d", i)
			api.add(id)
			old = append(old, users.session(id))
		}
		time.Sleep(time.Minute) // in the bubble: no real time passes
		happened := event(t, coreapi.EventMembershipDeleted, 0, map[string]any{"user_id": "usr_ada"})
		time.Sleep(time.Second) // in the bubble: no real time passes
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		if err := state.HandleEvent(ctx, happened); err == nil {
			t.Error("500 sessions are deleted within 8 seconds, against the budget")
		}
		goOn := 0
		for _, session := range old {
			if err := state.CheckSession(t.Context(), session, 0); !errors.Is(err, authrocket.ErrSessionEnded) {
				goOn++
			}
		}
		if goOn > 0 {
			t.Errorf("%d of %d sessions go on", goOn, len(old))
		}
		api.add("kss_new")
		if err := state.CheckSession(t.Context(), users.session("kss_new"), 0); err != nil {
			t.Errorf("a session that is newer than the event: got %v", err)
		}
	})
}

// A time that is ahead of the local clock must not keep the user from signing in again.
func TestEndOnOfATimeThatIsAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, users := newCoreAPI(), newUsers(t)
		state := newState(t, sessionstate.Config{API: api.client(t), EndOn: sessionstate.MembershipChanged})
		happened := event(t, coreapi.EventMembershipDeleted, -4*time.Minute, map[string]any{"user_id": "usr_ada"})
		if err := state.HandleEvent(t.Context(), happened); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // in the bubble: no real time passes
		api.add("kss_new")
		if err := state.CheckSession(t.Context(), users.session("kss_new"), 0); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func membershipChanged(*coreapi.Client) func(context.Context, coreapi.Event) (bool, error) {
	return sessionstate.MembershipChanged
}

// Nobody can fill the list by logging in and out, or sign a user out with invented
// sessions: the 101st session is looked up.
func TestManySessionsOfAUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen reports
		api := newCoreAPI()
		state := newState(t, sessionstate.Config{API: api.client(t), Observer: seen.observer()})
		api.add("kss_live")
		users := newUsers(t)
		var last authrocket.Session
		for i := range 1000 {
			last = users.session(fmt.Sprintf("kss_%d", i))
			e := event(t, coreapi.EventSessionDeleted, 0, map[string]any{"session_id": fmt.Sprintf("kss_%d", i), "user_id": "usr_ada"})
			if err := state.HandleEvent(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		if len(seen.ended) != 100 {
			t.Errorf("%d sessions are in the list, want 100", len(seen.ended))
		}
		if err := state.CheckSession(t.Context(), last, gate); !errors.Is(err, authrocket.ErrSessionEnded) {
			t.Errorf("the last one: got %v", err)
		}
		if err := state.CheckSession(t.Context(), users.session("kss_live"), gate); err != nil {
			t.Errorf("another session of the user: got %v", err)
		}
	})
}

func TestReplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, users := newCoreAPI(), newUsers(t)
		api.events = []map[string]any{
			{"id": "ev_1", "event_type": "session.deleted", "session_id": "kss_1", "event_at": time.Now().Unix()},
			{"id": "ev_2", "event_type": "user.deleted", "user_id": "usr_bob", "event_at": time.Now().Unix()},
		}
		state := newState(t, sessionstate.Config{API: api.client(t)})
		if err := state.Replay(t.Context(), time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		for id, row := range map[string]struct {
			user string
			want error
		}{"kss_1": {"usr_ada", authrocket.ErrSessionEnded}, "kss_2": {"usr_ada", nil}, "kss_3": {"usr_bob", authrocket.ErrSessionEnded}} {
			if err := state.CheckSession(t.Context(), users.session(id, authrockettest.Claim("sub", row.user)), 0); !errors.Is(err, row.want) || (err == nil) != (row.want == nil) {
				t.Errorf("%s: got %v, want %v", id, err, row.want)
			}
		}
		none, err := sessionstate.New(sessionstate.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := none.Replay(t.Context(), time.Now()); err == nil {
			t.Error("a State without an API has replayed something")
		}
	})
}

func TestEntries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state := newState(t, sessionstate.Config{API: newCoreAPI().client(t)})
		expect := func(what string, want int) {
			t.Helper()
			if got := state.Entries(); got != want {
				t.Errorf("%s: got %d entries, want %d", what, got, want)
			}
		}
		expect("at the start", 0)
		if err := errors.Join(
			state.End(t.Context(), coreapi.Hide("kss_1"), time.Time{}),
			state.EndUser(t.Context(), "usr_bob", time.Now()),
		); err != nil {
			t.Fatal(err)
		}
		state.Suspect(t.Context(), coreapi.Hide("kss_2"), time.Time{})
		expect("a session, a user and one that is said to have ended", 3)
		time.Sleep(7*24*time.Hour + time.Hour)
		expect("when they have expired", 0)
	})
}
