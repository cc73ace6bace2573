package authrocketdev

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket/authrockettest"
	"rsc.io/qr"
)

// login is the state of a login after the user has proved their identity.
type login struct {
	UserID  string
	Session authrockettest.HostedSession // set if the login is complete
	Pending string                       // the token for completeLogin if the login is not complete; a credential
}

// pendingLifetime is how long a login waits for a code.
const pendingLifetime = 5 * time.Minute

// startLogin signs in a user who has proved their identity. If the user has a second
// factor, the login first waits for a code.
func (s *Server) startLogin(user authrockettest.User) (login, error) {
	if user.State != authrockettest.UserActive {
		return login{}, s.failLogin(user.ID)
	}
	if !s.realm.NeedsTOTP(user.ID) {
		session, err := s.openSession(user.ID)
		return login{UserID: user.ID, Session: session}, err
	}
	o := s.realm.NewOneTime(authrockettest.OneTimeLogin, user.ID, "", pendingLifetime)
	s.realm.Emit(authrockettest.Event{Type: "user.login.initiated", UserID: user.ID})
	return login{UserID: user.ID, Pending: o.Token}, nil
}

// openSession starts the session of a complete login.
func (s *Server) openSession(userID string) (authrockettest.HostedSession, error) {
	session, err := s.realm.StartSession(userID)
	if err != nil { // the user is inactive or deleted
		return session, s.failLogin(userID)
	}
	s.realm.Emit(authrockettest.Event{Type: "user.login.succeeded", UserID: userID, SessionID: session.ID})
	return session, nil
}

func (s *Server) failLogin(userID string) error {
	if userID != "" {
		s.realm.Emit(authrockettest.Event{Type: "user.login.failed", UserID: userID})
	}
	return errLogin
}

var (
	errPendingLogin = invalid("This login has been used or has expired. Log in again.")
	errManyCodes    = invalid("Too many wrong codes. Log in again in a minute.")
)

// completeLogin signs in the user whose login waits for a code. The token stays valid
// after a wrong code, but becomes invalid after too many wrong codes.
func (s *Server) completeLogin(token, code string) (authrockettest.HostedSession, error) {
	o, err := s.realm.OneTime(token)
	if err != nil || o.Kind != authrockettest.OneTimeLogin {
		return authrockettest.HostedSession{}, errPendingLogin
	}
	isRight, err := s.tryCode(o.UserID, code, s.devices(o.UserID, authrockettest.StateActive)...)
	if err != nil {
		s.realm.TakeOneTime(token)
		return authrockettest.HostedSession{}, err
	}
	if !isRight {
		return authrockettest.HostedSession{}, s.failLogin(o.UserID)
	}
	// Two requests with valid codes must start only one session.
	if _, err := s.realm.TakeOneTime(token); err != nil {
		return authrockettest.HostedSession{}, errPendingLogin
	}
	return s.openSession(o.UserID)
}

// tryCode reports whether one of the devices shows code. It returns an error if too
// many wrong codes were entered for the user. It counts an attempt before it compares
// the codes.
func (s *Server) tryCode(userID, code string, devices ...authrockettest.Credential) (bool, error) {
	if left, _ := s.wrongCodes.add(userID); left < 0 {
		return false, errManyCodes
	}
	code = strings.ReplaceAll(code, " ", "") // some devices show the code in two groups
	for _, device := range devices {
		if isRight, err := s.realm.VerifyTOTP(device.ID, code); err == nil && isRight {
			s.wrongCodes.undo(userID)
			return true, nil
		}
	}
	return false, nil
}

// offersTOTP reports whether users can add devices.
func (s *Server) offersTOTP() bool {
	provider, err := s.realm.AuthProvider(authrockettest.TypeTOTP)
	return err == nil && provider.State == authrockettest.StateActive
}

// devices returns the user's credentials of the type totp in one of the states.
func (s *Server) devices(userID string, states ...string) []authrockettest.Credential {
	return slices.DeleteFunc(s.realm.CredentialsOf(userID), func(c authrockettest.Credential) bool {
		return c.Type != authrockettest.TypeTOTP || !slices.Contains(states, c.State)
	})
}

// device returns a credential of the type totp. It returns an error if the
// credential does not belong to the user.
func (s *Server) device(userID, credentialID string) (authrockettest.Credential, error) {
	c, err := s.realm.Credential(credentialID)
	if err != nil || c.UserID != userID || c.Type != authrockettest.TypeTOTP {
		return authrockettest.Credential{}, refuse(http.StatusNotFound, "There is no such device.")
	}
	return c, nil
}

// enrol adds a device. The device becomes active when activate has accepted its first
// code.
func (s *Server) enrol(userID, name string) (authrockettest.Credential, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return authrockettest.Credential{}, invalid("Device name is missing.")
	}
	if problems := checkName(nil, "Device name", name); len(problems) > 0 {
		return authrockettest.Credential{}, invalid(problems...)
	}
	if !s.offersTOTP() {
		return authrockettest.Credential{}, errNoTOTP
	}
	return s.realm.CreateTOTP(userID, name)
}

var (
	errNoTOTP       = invalid("This realm offers no second factor.")
	errVerification = invalid(textVerificationFailed)
)

// activate makes a device active if code is valid.
func (s *Server) activate(device authrockettest.Credential, code string) error {
	isRight, err := s.tryCode(device.UserID, code, device)
	if err == nil && !isRight {
		err = errVerification
	}
	return err
}

// removeDevice deletes a device. If it was the user's last device, the user then logs
// in with the password alone.
func (s *Server) removeDevice(userID, credentialID string) error {
	device, err := s.device(userID, credentialID)
	if err != nil {
		return err
	}
	return s.realm.DeleteCredential(device.ID)
}

// provisioningURI returns the content of the QR code for a new device, which an
// authenticator app reads. For other devices it returns "". The content includes the
// secret of the device.
func (s *Server) provisioningURI(device authrockettest.Credential) string {
	user, err := s.realm.User(device.UserID)
	if err != nil || device.Secret() == "" {
		return ""
	}
	issuer := strings.ReplaceAll(s.realm.Settings().Name, ":", " ") // a colon separates the issuer from the email address
	query := url.Values{"secret": {device.Secret()}, "issuer": {issuer}}.Encode()
	return "otpauth://totp/" + url.PathEscape(issuer+":"+user.Email) + "?" + strings.ReplaceAll(query, "+", "%20")
}

// provisioningSVG returns a provisioningURI as a QR code, or "" if it is too long.
func provisioningSVG(uri string) string {
	code, err := qr.Encode(uri, qr.M)
	if err != nil || uri == "" {
		return ""
	}
	const margin = 4 // readers need this margin
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+margin, y+margin)
			}
		}
	}
	size := code.Size + 2*margin
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, size, size, size, size, path.String())
}
