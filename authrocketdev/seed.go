package authrocketdev

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Seed is what a local LoginRocket starts with: settings of the realm, orgs,
// users with their memberships, and invitations. The zero value is an empty realm.
type Seed struct {
	realm       authrockettest.RealmConfig
	server      Config
	orgs        []authrockettest.Org
	users       []seedUser
	invitations []seedInvitation
}

type seedUser struct {
	authrockettest.User
	memberships []seedMembership
}

type seedMembership struct {
	org         int // in Seed.orgs
	permissions []string
}

type seedInvitation struct {
	email string
	seedMembership
}

// noOrg is the org of an invitation to sign up only.
const noOrg = -1

const maxSeedBytes = 1 << 20

// ReadSeed reads a seed from JSON, which may have 1 MiB; seed.example.json of
// this package is one, and docs/local-authrocket.md of the repository says what
// each member means. The error joins all mistakes, each with its place, such as
// users[2].memberships[0].org, or says in which line the JSON ends. There is no
// password in it.
func ReadSeed(r io.Reader) (Seed, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSeedBytes+1))
	if err != nil {
		return Seed{}, err
	}
	if len(data) > maxSeedBytes {
		return Seed{}, errors.New("the file is larger than 1 MiB")
	}
	root, err := parseSeedJSON(data)
	if err != nil {
		return Seed{}, err
	}
	file := seedFile{taken: make(map[string]string)}
	file.read(root)
	if len(file.mistakes) > 0 {
		return Seed{}, errors.Join(file.mistakes...)
	}
	return file.seed, nil
}

//go:embed seed.example.json
var demoSeed []byte

// DemoSeed returns the seed of seed.example.json, in which two users can log in:
// ada@example.com, password engine, with two accounts, and george@example.com,
// password trains, with one of these.
func DemoSeed() Seed {
	seed, err := ReadSeed(bytes.NewReader(demoSeed))
	if err != nil {
		panic(err) // the file is part of the program
	}
	return seed
}

// Open returns a Server with a realm of its own, see [Server.Realm], that holds
// what the seed says. Fields of config that are set, such as URL, take the place
// of the seed's. The error joins all problems of config.
func (s Seed) Open(config authrockettest.RealmConfig) (*Server, error) {
	config.ID = cmp.Or(config.ID, s.realm.ID)
	config.Algorithm = cmp.Or(config.Algorithm, s.realm.Algorithm)
	config.TokenLifetime = cmp.Or(config.TokenLifetime, s.realm.TokenLifetime)
	config.SessionLifetime = cmp.Or(config.SessionLifetime, s.realm.SessionLifetime)
	config.ReissueTokens = config.ReissueTokens || s.realm.ReissueTokens
	if len(config.LoginURLs) == 0 {
		config.LoginURLs = s.realm.LoginURLs
	}
	realm, err := authrockettest.Open(config)
	if err != nil {
		return nil, err
	}
	serverConfig := s.server
	serverConfig.Realm = realm
	server, err := New(serverConfig)
	if err != nil {
		return nil, err
	}
	if err := s.fill(server); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	return server, nil
}

func (s Seed) fill(server *Server) error {
	orgIDs := make([]string, len(s.orgs))
	for i, org := range s.orgs {
		stored, err := server.realm.CreateOrg(org)
		if err != nil {
			return err
		}
		orgIDs[i] = stored.ID
	}
	for _, user := range s.users {
		stored, err := server.realm.CreateUser(user.User)
		if err != nil {
			return err
		}
		for _, m := range user.memberships {
			if _, err := server.realm.CreateMembership(stored.ID, orgIDs[m.org], m.permissions...); err != nil {
				return err
			}
		}
	}
	for _, i := range s.invitations {
		orgID := ""
		if i.org != noOrg {
			orgID = orgIDs[i.org]
		}
		if _, err := server.Invite(i.email, orgID, i.permissions...); err != nil {
			return err
		}
	}
	return nil
}
