package authrockettest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// save returns the document of a realm.
func save(t testing.TB, realm *authrockettest.Realm) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := realm.Save(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(saved []byte) (*authrockettest.Realm, error) {
	return authrockettest.Open(authrockettest.RealmConfig{Saved: bytes.NewReader(saved)})
}

// reopened saves a realm and opens it again.
func reopened(t testing.TB, realm *authrockettest.Realm) *authrockettest.Realm {
	t.Helper()
	again, err := open(save(t, realm))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// set sets every exported field to a value that is not zero. Fields that need other
// values have them here.
func set(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("some " + name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(2)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]any{"text": "some", "number": 1.5, "yes": true, "list": []any{"a", 1.0}, "none": nil}))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		set(v.Index(0), name)
		set(v.Index(1), name)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Now().UTC().Add(time.Hour + 123456789*time.Nanosecond)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				set(v.Field(i), v.Type().Field(i).Name)
			}
		}
	default:
		panic(fmt.Sprintf("%s has the kind %s: set one", name, v.Kind()))
	}
}

func filled[T any](change func(*T)) T {
	var v T
	set(reflect.ValueOf(&v).Elem(), "")
	change(&v)
	return v
}

// zeroFields returns the names of fields that are zero in all records of a kind.
func zeroFields(records any) (names []string) {
	list := reflect.ValueOf(records)
	if list.Kind() == reflect.Struct {
		list = reflect.Append(reflect.MakeSlice(reflect.SliceOf(list.Type()), 0, 1), list)
	}
	for i := range list.Type().Elem().NumField() {
		isSet := false
		for j := range list.Len() {
			isSet = isSet || !list.Index(j).Field(i).IsZero()
		}
		if !isSet {
			names = append(names, list.Type().Elem().Field(i).Name)
		}
	}
	return names
}

// fullRealm returns a realm in which every field of every kind of record is set.
func fullRealm(t testing.TB) *authrockettest.Realm {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	realm := authrockettest.NewRealm(t).By(authrockettest.Request{IP: "192.0.2.1", Client: "a browser"})
	_, err := realm.ChangeSettings(func(s *authrockettest.Settings) {
		*s = filled(func(s *authrockettest.Settings) {
			s.Algorithm, s.OrgMode, s.Signup = "RS256", authrockettest.MultiUser, authrockettest.SignupClosed
		})
	})
	must(err)
	first := realm.KeyID()
	realm.RotateKeys()
	realm.WithdrawKey(first)
	user := realm.AddUser(filled(func(u *authrockettest.User) { u.State = authrockettest.UserActive }))
	realm.AddUser(authrockettest.User{Email: "plain@example.com"})
	org := realm.AddOrg(filled(func(o *authrockettest.Org) { o.State = authrockettest.OrgActive }))
	membership := realm.AddMembership(user, org)
	_, err = realm.UpdateMembership(membership.ID, func(m *authrockettest.Membership) {
		*m = filled(func(*authrockettest.Membership) {})
	})
	must(err)
	must(realm.SelectOrg(startSession(t, realm, user).ID, org.ID))
	_, err = realm.CreateInvitation(filled(func(i *authrockettest.Invitation) { i.Type, i.OrgID = authrockettest.InvitationOrg, org.ID }))
	must(err)
	_, err = realm.CreateAuthProvider(filled(func(p *authrockettest.AuthProvider) { p.Type, p.State = "google", authrockettest.StateActive }))
	must(err)
	_, err = realm.CreateCredential(filled(func(c *authrockettest.Credential) { c.UserID, c.Type, c.AuthProviderID = user.ID, "google", "" }))
	must(err)
	enroll(t, realm, user.ID)
	realm.NewOneTime(authrockettest.OneTimePassword, user.ID, user.Email, time.Hour)
	realm.Emit(filled(func(e *authrockettest.Event) { e.Type = "user.login.failed" }))
	return realm
}

func TestSavedRealmHasEveryField(t *testing.T) {
	t.Parallel()
	realm := fullRealm(t)
	if tables, known := authrockettest.TableCount(); tables != known {
		t.Fatalf("there are %d kinds of records, and Everything has %d of them", tables, known)
	}
	want, got := authrockettest.Everything(realm), authrockettest.Everything(reopened(t, realm))
	for kind, records := range want {
		if v := reflect.ValueOf(records); v.Kind() == reflect.Struct || v.Kind() == reflect.Slice && kind != "keys" {
			if names := zeroFields(records); len(names) > 0 {
				t.Errorf("no record of the %s has %q: the test has to set them", kind, names)
			}
		}
		if users, ok := records.([]authrockettest.User); ok {
			for i := range users {
				users[i].Password = "" // the realm keeps only the hash
			}
		}
		if !reflect.DeepEqual(got[kind], records) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", kind, got[kind], records)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d kinds, want %d", len(got), len(want))
	}
}

func TestSavedRealmGoesOn(t *testing.T) {
	t.Parallel()
	for name, configure := range algorithms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { savedRealmGoesOn(t, configure) })
		})
	}
}

func savedRealmGoesOn(t *testing.T, configure func(*authrockettest.RealmConfig)) {
	realm, ada := withAda(t, configure)
	session := startSession(t, realm, ada)
	totp := enroll(t, realm, ada.ID)
	oneTime := realm.NewOneTime(authrockettest.OneTimeLogin, ada.ID, "", time.Hour)
	george := realm.AddUser(authrockettest.User{Email: "george@example.com"})
	if err := realm.SetPassword(george.ID, "algebra"); err != nil {
		t.Fatal(err)
	}
	again := reopened(t, realm)

	wantReason(t, newAuth(t, again.Config()), sessionToken(t, realm, session.ID), "")
	wantReason(t, newAuth(t, realm.Config()), sessionToken(t, again, session.ID), "")
	verified := func(code string) bool {
		ok, err := again.VerifyTOTP(totp.ID, code)
		return ok && err == nil
	}
	code := authrockettest.TOTP(totp.Secret(), time.Now())
	time.Sleep(30 * time.Second)
	taken := func() bool {
		o, err := again.TakeOneTime(oneTime.Token)
		return err == nil && o.UserID == ada.ID
	}
	for _, row := range []struct {
		name string
		ok   bool
	}{
		{"a demo user logs in by password", again.CheckPassword(ada.ID, "engine")},
		{"a user who set a password logs in by it", again.CheckPassword(george.ID, "algebra")},
		{"another password is refused", !again.CheckPassword(ada.ID, "algebra")},
		{"a user who enrolled is asked for a code", again.NeedsTOTP(ada.ID)},
		{"a code that served does not serve again", !verified(code)},
		{"the next code serves", verified(authrockettest.TOTP(totp.Secret(), time.Now()))},
		{"a one-time token serves", taken()},
		{"it serves once", !taken()},
	} {
		if !row.ok {
			t.Errorf("not so: %s", row.name)
		}
	}
	if _, err := again.CreateUser(authrockettest.User{Email: "ADA@example.com"}); !errors.Is(err, authrockettest.ErrEmailTaken) {
		t.Errorf("an email that is taken: got %v", err)
	}
	if _, err := again.UpdateUser(ada.ID, func(u *authrockettest.User) { u.Name = "Augusta" }); err != nil || !again.CheckPassword(ada.ID, "engine") {
		t.Errorf("a change of the name, %v, takes the password away", err)
	}
	if keyID := again.KeyID(); keyID != "" && (again.RotateKeys() == keyID || again.JWTKey() == realm.JWTKey()) {
		t.Error("a rotation publishes the key that the realm has had")
	}
	if time.Sleep(24 * time.Hour); isLive(again, session.ID) {
		t.Error("the session lasts longer than before")
	}
}

func TestSavedDocumentHasNoPassword(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	realm.AddUser(authrockettest.User{Email: "ada@example.com", Password: "plain-password-of-ada"})
	george := realm.AddUser(authrockettest.User{Email: "george@example.com"})
	if err := realm.SetPassword(george.ID, "plain-password-of-george"); err != nil {
		t.Fatal(err)
	}
	if saved := save(t, realm); bytes.Contains(saved, []byte("plain-password")) {
		t.Errorf("got %s", saved)
	}
	if user, err := realm.UserByLogin("ada@example.com"); err != nil || user.Password == "" {
		t.Errorf("saving changes the user to %+v, %v", user, err)
	}
}

// edited returns a saved document after a change of its members.
func edited(t testing.TB, saved []byte, change func(document map[string]any)) []byte {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(saved, &document); err != nil {
		t.Fatal(err)
	}
	change(document)
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSavedDocumentThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	saved := save(t, fullRealm(t))
	first := func(document map[string]any, kind string) map[string]any {
		return document[kind].([]any)[0].(map[string]any)
	}
	edit := func(change func(map[string]any)) []byte { return edited(t, saved, change) }
	double := func(kind string) []byte {
		return edit(func(d map[string]any) { d[kind] = append(d[kind].([]any), d[kind].([]any)[0]) })
	}
	again := func(kind string, change func(map[string]any)) []byte {
		return edit(func(d map[string]any) {
			record := maps.Clone(first(d, kind))
			change(record)
			d[kind] = append(d[kind].([]any), record)
		})
	}
	rows := map[string]struct {
		saved []byte
		want  string
	}{
		"nothing":               {want: "broken or cut off"},
		"cut off":               {saved: saved[:len(saved)/2], want: "broken or cut off"},
		"a byte before the end": {saved: saved[:len(saved)-2], want: "broken or cut off"},
		"two documents":         {saved: slices.Concat(saved, saved), want: "broken or cut off"},
		"another JSON document": {saved: []byte(`{"users":[]}`), want: "another document"},
		"null":                  {saved: []byte(`null`), want: "another document"},
		"a list":                {saved: []byte(`[]`), want: "broken or cut off"},
		"another format":        {saved: edit(func(d map[string]any) { d["format"] = "realm" }), want: "another document"},
		"of a newer program":    {saved: edit(func(d map[string]any) { d["version"] = 2; d["new"] = true }), want: "use the newer program"},
		"without version":       {saved: edit(func(d map[string]any) { delete(d, "version") }), want: "it has the unknown version 0"},
		"a member that this program does not know": {saved: edit(func(d map[string]any) { d["new"] = true }), want: `"new"`},
		"a field that this program does not know":  {saved: edit(func(d map[string]any) { first(d, "users")["New"] = true }), want: `"New"`},
		"a field of another type":                  {saved: edit(func(d map[string]any) { first(d, "users")["Email"] = 7 }), want: "Email"},
		"without ID":                               {saved: edit(func(d map[string]any) { delete(d, "id") }), want: "no ID"},
		"without secret":                           {saved: edit(func(d map[string]any) { d["secret"] = "" }), want: "no secret"},
		"settings that cannot be":                  {saved: edit(func(d map[string]any) { d["settings"].(map[string]any)["Algorithm"] = "none" }), want: "is unknown; use RS256 or HS256"},
		"without a key":                            {saved: edit(func(d map[string]any) { d["keys"] = nil }), want: "no key to sign with"},
		"a key that is none":                       {saved: edit(func(d map[string]any) { first(d, "keys")["PKCS8"] = "AAAA" }), want: "keys[0]"},
		"a key without ID":                         {saved: edit(func(d map[string]any) { first(d, "keys")["ID"] = "" }), want: "keys[0]"},
		"two users with an ID":                     {saved: again("users", func(u map[string]any) { u["Email"], u["Username"] = "x@example.com", "x" }), want: "users[2]: its ID"},
		"a user without ID":                        {saved: edit(func(d map[string]any) { first(d, "users")["ID"] = "" }), want: "users[0]: its ID"},
		"two users with an email in other case": {saved: again("users", func(u map[string]any) {
			u["ID"], u["Email"], u["Username"] = "usr_x", strings.ToUpper(u["Email"].(string)), "x"
		}), want: "another user has this email"},
		"two users with a username":    {saved: again("users", func(u map[string]any) { u["ID"], u["Email"] = "usr_x", "x@example.com" }), want: "another user has this username"},
		"two orgs with an ID":          {saved: double("orgs"), want: "orgs[1]: its ID"},
		"a membership of nobody":       {saved: edit(func(d map[string]any) { first(d, "memberships")["UserID"] = "usr_none" }), want: "memberships[0]: its user"},
		"a membership in nothing":      {saved: edit(func(d map[string]any) { first(d, "memberships")["OrgID"] = "org_none" }), want: "memberships[0]: its org"},
		"a user who is a member twice": {saved: again("memberships", func(m map[string]any) { m["ID"] = "mb_x" }), want: "memberships[1]: the user is already a member"},
		"a session of nobody":          {saved: edit(func(d map[string]any) { first(d, "sessions")["UserID"] = "usr_none" }), want: "sessions[0]: its user"},
		"two sessions with an ID":      {saved: double("sessions"), want: "sessions[1]: its ID"},
		"a credential of nobody":       {saved: edit(func(d map[string]any) { first(d, "credentials")["UserID"] = "usr_none" }), want: "credentials[0]: its user"},
		"a user with two passwords":    {saved: again("credentials", func(c map[string]any) { c["ID"] = "crd_x" }), want: "credentials[3]: its user already has a password"},
		"two auth providers of a type": {saved: again("auth_providers", func(p map[string]any) { p["ID"] = "ap_x" }), want: "auth_providers[3]: its type"},
		"an invitation to nothing":     {saved: edit(func(d map[string]any) { first(d, "invitations")["OrgID"] = "org_none" }), want: "invitations[0]"},
		"two invitations with a token": {saved: again("invitations", func(i map[string]any) { i["ID"] = "nvt_x" }), want: "invitations[1]: its token"},
		"a one-time token of nobody":   {saved: edit(func(d map[string]any) { first(d, "one_time_tokens")["UserID"] = "usr_none" }), want: "one_time_tokens[0]: its user"},
		"two events with an ID":        {saved: double("events"), want: "its ID"},
	}
	for name, row := range rows {
		realm, err := open(row.saved)
		if realm != nil || !errors.Is(err, authrockettest.ErrSaved) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, row.want)
		}
	}

	for name, config := range map[string]authrockettest.RealmConfig{
		"of another realm":       {ID: "rl_other", Saved: bytes.NewReader(saved)},
		"that cannot be read":    {Saved: iotest.ErrReader(io.ErrClosedPipe)},
		"with a fault in config": {Saved: bytes.NewReader(saved), TokenLifetime: -1},
	} {
		if realm, err := authrockettest.Open(config); realm != nil || err == nil || (config.TokenLifetime == 0) != errors.Is(err, authrockettest.ErrSaved) {
			t.Errorf("a document %s: got %v", name, err)
		}
	}
}

func TestSavedIDMayBeGiven(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) { c.Name = "First" })
	again := authrockettest.NewRealm(t, func(c *authrockettest.RealmConfig) {
		c.ID, c.Name, c.Saved = realm.ID(), "Second", bytes.NewReader(save(t, realm))
	})
	if again.ID() != realm.ID() || again.Settings().Name != "First" {
		t.Errorf("got the realm %q with the name %q", again.ID(), again.Settings().Name)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestSaveReportsErrors(t *testing.T) {
	t.Parallel()
	realm := authrockettest.NewRealm(t)
	if err := realm.Save(brokenWriter{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a writer that fails: got %v", err)
	}
	realm.AddOrg(authrockettest.Org{Custom: map[string]any{"f": func() {}}})
	var b bytes.Buffer
	if err := realm.Save(&b); err == nil || b.Len() > 0 {
		t.Errorf("an attribute without JSON: got %v, and %d bytes are written", err, b.Len())
	}
}

func FuzzSaved(f *testing.F) {
	saved := save(f, fullRealm(f))
	f.Add(saved)
	f.Add(save(f, authrockettest.NewRealm(f, hs256)))
	f.Add([]byte(`{"format":"authrocket realm","version":1,"id":"rl_1","secret":"jsk_1","settings":{"Algorithm":"HS256"},"users":[{"ID":"usr_1","Email":"a@b"}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		realm, err := open(document)
		if err != nil {
			if !errors.Is(err, authrockettest.ErrSaved) {
				t.Errorf("got %v", err)
			}
			return
		}
		// An opened realm can be used, saved and opened again, and stays the same.
		for _, user := range realm.Users() {
			session, err := realm.StartSession(user.ID)
			if err == nil {
				_, err = realm.SessionToken(session.ID)
			}
			if err != nil && !errors.Is(err, authrockettest.ErrInactive) {
				t.Errorf("user %q: %v", user.ID, err)
			}
		}
		realm.ExpireInvitations()
		once := save(t, realm)
		if twice := save(t, reopened(t, realm)); !bytes.Equal(once, twice) {
			t.Errorf("it is saved as %d bytes, and after that as %d", len(once), len(twice))
		}
	})
}
