package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

type demoUser struct {
	Email, Password     string
	FirstName, LastName string
	Org                 string
	Permissions         []string
}

var demoUsers = []demoUser{
	{"ada@example.com", "engine", "Ada", "Lovelace", "Analytical Engines", []string{"ar:owner", "billing:write"}},
	{"george@example.com", "trains", "George", "Stephenson", "Widgets Inc", nil},
}

// openRealm returns a realm in memory with the demo users, to be served at url.
func openRealm(url, appURL string) (*authrockettest.Realm, error) {
	realm, err := authrockettest.Open(authrockettest.RealmConfig{URL: url, AppURL: appURL})
	if err != nil {
		return nil, err
	}
	for _, u := range demoUsers {
		user := realm.AddUser(authrockettest.User{Email: u.Email, Password: u.Password, FirstName: u.FirstName, LastName: u.LastName})
		org := realm.AddOrg(authrockettest.Org{Name: u.Org})
		realm.AddMembership(user, org, u.Permissions...)
	}
	return realm, nil
}

func announceLocal(stdout io.Writer, appURL, loginRocketURL string) {
	fmt.Fprintf(stdout, "Open %s and sign in as\n\n", appURL)
	for _, u := range demoUsers {
		permissions := cmp.Or(strings.Join(u.Permissions, ", "), "no permissions")
		fmt.Fprintf(stdout, "  %-28s %s %s, %s: %s\n", u.Email+" / "+u.Password, u.FirstName, u.LastName, u.Org, permissions)
	}
	fmt.Fprintf(stdout, "\nThe local LoginRocket is at %s. Ctrl-C stops both.\n", loginRocketURL)
}
