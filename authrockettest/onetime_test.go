package authrockettest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

func TestOneTimes(t *testing.T) {
	t.Parallel()
	const password, login, verify = authrockettest.OneTimePassword, authrockettest.OneTimeLogin, authrockettest.OneTimeVerifyEmail
	for name, row := range map[string]struct {
		do   func(realm *authrockettest.Realm, made func(kind authrockettest.OneTimeKind, userID string))
		want []int // the numbers of the tokens that work
	}{
		"one": {want: []int{0}, do: func(_ *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) { made(password, "usr_1") }},
		"just in time": {want: []int{0}, do: func(_ *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(password, "usr_1")
			time.Sleep(time.Hour - 1)
		}},
		"one that expired": {do: func(_ *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(password, "usr_1")
			time.Sleep(time.Hour)
		}},
		"a new one of the same kind and user replaces the other": {want: []int{1}, do: func(_ *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(password, "usr_1")
			made(password, "usr_1")
		}},
		"one of another kind, and one of another user, replace none": {want: []int{0, 1, 2}, do: func(_ *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(password, "usr_1")
			made(verify, "usr_1")
			made(password, "usr_2")
		}},
		"a user may have several logins that wait": {want: []int{0, 1}, do: func(_ *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(login, "usr_1")
			made(login, "usr_1")
		}},
		"the oldest makes room": {want: []int{1, 2, 3}, do: func(r *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			authrockettest.SetLimit(r, 3)
			for range 4 {
				made(login, "usr_1")
			}
		}},
		"those of some kinds are dropped": {want: []int{1, 3}, do: func(r *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(login, "usr_1")
			made(verify, "usr_1")
			made(password, "usr_1")
			made(login, "usr_2")
			r.DropOneTimes("usr_1", login, password)
		}},
		"of a deleted user": {want: []int{1}, do: func(r *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(login, "usr_1")
			made(login, "usr_2")
			if err := r.DeleteUser("usr_1"); err != nil {
				panic(err)
			}
		}},
		"of a user who is made later": {do: func(r *authrockettest.Realm, made func(authrockettest.OneTimeKind, string)) {
			made(login, "usr_3")
			r.AddUser(authrockettest.User{ID: "usr_3", Email: "c@example.com"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				realm := authrockettest.NewRealm(t)
				for i := range 2 {
					realm.AddUser(authrockettest.User{ID: fmt.Sprint("usr_", i+1), Email: fmt.Sprint(i, "@example.com")})
				}
				var made []authrockettest.OneTime
				row.do(realm, func(kind authrockettest.OneTimeKind, userID string) {
					o := realm.NewOneTime(kind, userID, "new@example.com", time.Hour)
					if !strings.HasPrefix(o.Token, string(kind)) || len(o.Token) < 20 || !o.ExpiresAt.Equal(time.Now().Add(time.Hour)) {
						t.Errorf("got %+v", o)
					}
					made = append(made, o)
				})
				var got []int
				for i, o := range made {
					read, readErr := realm.OneTime(o.Token)
					taken, err := realm.TakeOneTime(o.Token)
					if (err == nil) != (readErr == nil) || read != taken {
						t.Errorf("%d: read %+v, %v, took %+v, %v", i, read, readErr, taken, err)
					}
					if err == nil {
						got = append(got, i)
						if taken != o {
							t.Errorf("got %+v, want %+v", taken, o)
						}
					}
					if _, err := realm.TakeOneTime(o.Token); !errors.Is(err, authrockettest.ErrNotFound) {
						t.Errorf("%d serves twice: %v", i, err)
					}
				}
				if !slices.Equal(got, row.want) {
					t.Errorf("these serve: %d, want %d", got, row.want)
				}
			})
		})
	}
}

func TestExpiredOneTimesAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		realm, ada := withAda(t)
		for range 5 {
			realm.NewOneTime(authrockettest.OneTimeLogin, ada.ID, "", time.Hour)
		}
		time.Sleep(time.Hour)
		realm.NewOneTime(authrockettest.OneTimeLogin, ada.ID, "", time.Hour)
		if kept := authrockettest.Everything(realm)["one-time tokens"].([]authrockettest.OneTime); len(kept) != 1 {
			t.Errorf("the realm keeps %d of them, want the one that serves", len(kept))
		}
	})
}
