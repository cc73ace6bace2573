package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/authrocket-go/authrocket/authrocketdev"
	"github.com/authrocket-go/authrocket/authrockettest"
)

//go:embed seed.json
var seedJSON []byte

// localAuthRocket is an AuthRocket in memory, for people who try this app.
type localAuthRocket struct {
	server  *authrocketdev.Server  // LoginRocket
	service *authrocketdev.Service // the Core API
}

// newLocalAuthRocket returns an AuthRocket with the users of seed.json, and with
// additional members of the first org. extra is the number of additional members.
func newLocalAuthRocket(url, appURL string, extra int) (localAuthRocket, error) {
	seed, err := authrocketdev.ReadSeed(bytes.NewReader(seedJSON))
	if err != nil {
		return localAuthRocket{}, err
	}
	server, err := seed.Open(authrockettest.RealmConfig{URL: url, AppURL: appURL})
	if err != nil {
		return localAuthRocket{}, err
	}
	for i := range extra {
		user, err := server.Realm().CreateUser(authrockettest.User{Email: fmt.Sprintf("member%d@example.com", i+1), Name: fmt.Sprintf("Member %d", i+1)})
		if err != nil {
			return localAuthRocket{}, err
		}
		if _, err := server.Realm().CreateMembership(user.ID, "org_engines", "reports:read"); err != nil {
			return localAuthRocket{}, err
		}
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	return localAuthRocket{server, service}, err
}

func (l localAuthRocket) announce(stdout io.Writer, appURL, loginRocketURL string) {
	fmt.Fprintf(stdout, "Open %s/members and sign in as\n\n", appURL)
	realm := l.server.Realm()
	for _, user := range realm.Users() {
		if user.Password == "" {
			continue // one of the additional members
		}
		for _, m := range realm.MembershipsOf(user.ID) {
			if org, err := realm.Org(m.OrgID); err == nil {
				fmt.Fprintf(stdout, "  %-34s %s: %s\n", user.Email+" / "+user.Password, org.Name, strings.Join(m.Permissions, ", "))
			}
		}
	}
	fmt.Fprintf(stdout, "\nMails, such as those of invitations, are shown at %s/outbox. Ctrl-C stops all.\n", loginRocketURL)
}
