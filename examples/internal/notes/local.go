package notes

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

// OpenLocal returns an in-memory AuthRocket (LoginRocket and Core API) with the users of
// seed.json.
func OpenLocal(loginRocketURL, appURL string) (*authrocketdev.Server, *authrocketdev.Service, error) {
	seed, err := authrocketdev.ReadSeed(bytes.NewReader(seedJSON))
	if err != nil {
		return nil, nil, err
	}
	server, err := seed.Open(authrockettest.RealmConfig{URL: loginRocketURL, AppURL: appURL})
	if err != nil {
		return nil, nil, err
	}
	service, err := authrocketdev.NewService(authrocketdev.ServiceConfig{Server: server})
	return server, service, err
}

// WriteUsers writes one line for each user who can sign in.
func WriteUsers(w io.Writer, realm *authrockettest.Realm) {
	for _, user := range realm.Users() {
		for _, m := range realm.MembershipsOf(user.ID) {
			if org, err := realm.Org(m.OrgID); err == nil {
				fmt.Fprintf(w, "  %-30s %s (%s): %s\n", user.Email+" / "+user.Password, org.Name, org.ID, strings.Join(m.Permissions, ", "))
			}
		}
	}
}
