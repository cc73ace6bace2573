package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// demoUser is a user of the local LoginRocket. Visitors can sign in as this user.
type demoUser struct {
	Email, Password, Name string
	Accounts              []string // each account with its permissions
}

func demoUsersOf(realm *authrockettest.Realm) []demoUser {
	var users []demoUser
	for _, u := range realm.Users() {
		user := demoUser{Email: u.Email, Password: u.Password, Name: u.Name}
		for _, m := range realm.MembershipsOf(u.ID) {
			org, err := realm.Org(m.OrgID)
			if err != nil {
				continue
			}
			permissions := "no permissions"
			if len(m.Permissions) > 0 {
				permissions = strings.Join(m.Permissions, ", ")
			}
			user.Accounts = append(user.Accounts, org.Name+": "+permissions)
		}
		users = append(users, user)
	}
	return users
}

// localAuthRocket holds the addresses and the API key of the local AuthRocket.
type localAuthRocket struct {
	loginRocketURL string
	coreURL        string
	apiKey         string // a new key at each start
}

func (l localAuthRocket) announce(stdout io.Writer, a app, appURL string) {
	fmt.Fprintf(stdout, "Open %s and sign in as\n\n", appURL)
	for _, u := range a.demoUsers {
		fmt.Fprintf(stdout, "  %-28s %s, %s\n", u.Email+" / "+u.Password, u.Name, strings.Join(u.Accounts, "; "))
	}
	fmt.Fprintf(stdout, "\nThe Core API, for servers, lists users, accounts (orgs) and sessions:\n\n")
	fmt.Fprintf(stdout, "  curl -H 'Authrocket-Api-Key: %s' %s/users\n", l.apiKey, l.coreURL)
	fmt.Fprintf(stdout, "\nEmails are shown at %s.\n", a.outboxURL)
	fmt.Fprintf(stdout, "The local LoginRocket is at %s. Ctrl-C stops all.\n", l.loginRocketURL)
}
