package authrocketdev

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// Seed is the initial content of a local LoginRocket: settings of the realm, orgs,
// users with their memberships, and invitations. The zero value is an empty realm.
type Seed struct{ file seedFile }

// noOrg stands for the org of an invitation that only invites to sign up.
const noOrg = -1

const maxSeedBytes = 1 << 20

// ReadSeed reads a seed from JSON of up to 1 MiB. The file seed.example.json of this
// package is an example, and docs/local-authrocket.md of the repository describes the
// members.
//
// The error joins all mistakes, each with its place, for example
// users[2].memberships[0].org. If the text is not valid JSON, repeats a member, or
// has an array with too many elements, the error contains only that mistake, with its
// line and column. The error contains no password.
func ReadSeed(r io.Reader) (Seed, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSeedBytes+1))
	if err != nil {
		return Seed{}, err
	}
	if len(data) > maxSeedBytes {
		return Seed{}, errors.New("the file is larger than 1 MiB; make it smaller")
	}
	file, err := readSeedFile(data)
	if err != nil {
		return Seed{}, err
	}
	return Seed{file}, nil
}

//go:embed seed.example.json
var demoSeed []byte

// DemoSeed returns the seed of seed.example.json. Two users can log in:
// ada@example.com with the password engine and two accounts, and george@example.com
// with the password trains and one of these accounts.
func DemoSeed() Seed {
	seed, err := ReadSeed(bytes.NewReader(demoSeed))
	if err != nil {
		panic(err) // the file is part of the program
	}
	return seed
}

// Open returns a Server with a new realm that contains the seed. [Server.Realm]
// returns this realm. Fields that are set in config, such as URL, take precedence
// over the seed.
//
// A saved realm, see [authrockettest.RealmConfig.Saved], takes precedence over the
// seed's ID, records and settings. The seed then provides only what is not saved:
// Login URLs, origins and limits. The error joins all problems of config.
func (s Seed) Open(config authrockettest.RealmConfig) (*Server, error) {
	realm := s.file.Realm
	isSaved := config.Saved != nil
	if !isSaved {
		config.ID = cmp.Or(config.ID, realm.ID)
	}
	config.Algorithm = cmp.Or(config.Algorithm, realm.Algorithm)
	config.TokenLifetime = cmp.Or(config.TokenLifetime, time.Duration(realm.TokenMinutes)*time.Minute)
	config.SessionLifetime = cmp.Or(config.SessionLifetime, time.Duration(realm.SessionMinutes)*time.Minute)
	config.ReissueTokens = config.ReissueTokens || realm.ReissueTokens
	if len(config.LoginURLs) == 0 {
		config.LoginURLs = realm.LoginURLs
	}
	config.Signup = cmp.Or(config.Signup, realm.Signup)
	config.OrgMode = cmp.Or(config.OrgMode, realm.OrgMode)
	config.RequireName = config.RequireName || realm.RequireName
	opened, err := authrockettest.Open(config)
	if err != nil {
		return nil, err
	}
	server, err := New(Config{
		Realm:          opened,
		AllowedOrigins: realm.AllowedOrigins, RequestsPerMinute: realm.RequestsPerMinute,
		ShowDemoUsers: true,
	})
	if err != nil {
		return nil, err
	}
	if isSaved {
		return server, nil
	}
	if err := s.fill(server); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	return server, nil
}

func (s Seed) fill(server *Server) error {
	if s.file.Realm.TOTP {
		activate := func(p *authrockettest.AuthProvider) { p.State = authrockettest.StateActive }
		if _, err := server.realm.UpdateAuthProvider(authrockettest.TypeTOTP, activate); err != nil {
			return err
		}
	}
	orgIDs := map[int]string{noOrg: ""} // by the index in the file
	for i, org := range s.file.Orgs {
		stored, err := server.realm.CreateOrg(authrockettest.Org{ID: org.ID, Name: org.Name, Reference: org.Reference, Custom: org.Custom})
		if err != nil {
			return err
		}
		orgIDs[i] = stored.ID
	}
	for _, user := range s.file.Users {
		stored, err := server.realm.CreateUser(authrockettest.User{
			ID: user.ID, Email: user.Email, Password: user.Password, Username: user.Username, FirstName: user.FirstName, LastName: user.LastName,
			Locale: user.Locale, Reference: user.Reference, Custom: user.Custom, EmailVerification: emailVerifications[user.EmailVerification],
		})
		if err != nil {
			return err
		}
		for _, m := range user.Memberships {
			if _, err := server.realm.CreateMembership(stored.ID, orgIDs[m.org], m.Permissions...); err != nil {
				return err
			}
		}
	}
	for _, m := range s.file.Invitations {
		if _, err := server.Invite(m.Email, orgIDs[m.org], m.Permissions...); err != nil {
			return err
		}
	}
	return nil
}
