package authrocketdev

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// flow is the data that a browser brings from the app and carries from page to page:
// the return URL and the account.
type flow struct {
	RedirectURI string // as the app sent it, "" for the default
	Account     string // the ID of an org
	PickAccount bool   // account= was sent without a value, so the user must choose again
	Prompt      string
	Force       bool
	Invitation  string
	Next        string // the page that needed the login
}

// nextPage matches the pages to which a login may lead instead of the app.
var nextPage = regexp.MustCompile(`^/(profile|signup|accounts?(/[0-9A-Za-z_-]+)?)$`)

// wrongRedirectURI means that a redirect_uri is not permitted.
type wrongRedirectURI struct{ given string }

// shown returns the URL in a form that a page may show. It leaves out the user, the
// query and long parts of the path, each of which may be a credential.
func (w wrongRedirectURI) shown() string {
	text := w.given
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		text = text[:i]
	}
	parts := strings.SplitN(text, "/", maxShownParts)
	for i, part := range parts {
		part = part[strings.LastIndex(part, "@")+1:]
		if parts[i] = part; len(part) > maxShownPart {
			parts[i] = "..."
		}
	}
	return strings.Join(parts, "/")
}

const (
	maxShownParts = 20
	maxShownPart  = 64
)

func (wrongRedirectURI) Error() string {
	return "The redirect_uri is not one of the realm's Login URLs. Correct it, or add it to the Login URLs."
}

func (s *Server) readFlow(values url.Values) (flow, error) {
	f := flow{
		RedirectURI: values.Get("redirect_uri"),
		Account:     values.Get("account"),
		PickAccount: values.Has("account") && values.Get("account") == "",
		Prompt:      values.Get("prompt"),
		Force:       values.Has("force"),
		Invitation:  values.Get("invitation"),
		Next:        values.Get("next"),
	}
	if !nextPage.MatchString(f.Next) {
		f.Next = ""
	}
	if f.RedirectURI != "" {
		if _, ok := s.realm.RedirectURI(f.RedirectURI); !ok {
			return flow{}, wrongRedirectURI{f.RedirectURI}
		}
	}
	return f, nil
}

// Values returns the parameters that carry the flow to another page.
func (f flow) Values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"redirect_uri": f.RedirectURI, "account": f.Account, "prompt": f.Prompt, "invitation": f.Invitation, "next": f.Next,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if f.PickAccount {
		values.Set("account", "")
	}
	if f.Force {
		values.Set("force", "1")
	}
	return values
}

// At returns the URL of another page of the flow.
func (f flow) At(path string) string {
	query := f.Values().Encode()
	if query == "" {
		return path
	}
	return path + "?" + query
}

// To returns the flow that continues at path after a login.
func (f flow) To(path string) flow {
	f.Next = path
	return f
}

// asSomebodyElse returns the URL of a login that asks for credentials even if
// somebody is signed in. The login leads back to the page at path.
func (f flow) asSomebodyElse(path string) string {
	f = f.To(path)
	f.Prompt = "login"
	return f.At("/login")
}

// redirect sends the browser to another page or back to the app.
func redirect(w http.ResponseWriter, r *http.Request, target string) error {
	http.Redirect(w, r, target, http.StatusFound)
	return nil
}

// redirectDone redirects to a page that confirms the action.
func redirectDone(w http.ResponseWriter, r *http.Request, f flow, path, action string) error {
	values := f.Values()
	values.Set("done", action)
	return redirect(w, r, path+"?"+values.Encode())
}

// finish continues a flow after its user has signed in. It leads to the page that
// needed the login, to a page that the user must complete first, or back to the app
// with a token.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, session authrockettest.HostedSession, f flow) error {
	user, err := s.realm.User(session.UserID)
	if err != nil {
		return errNoSession
	}
	f.Prompt = ""
	if next := f.Next; next != "" {
		f.Next = ""
		return redirect(w, r, f.At(next))
	}
	if !s.isNamed(user) {
		return redirect(w, r, f.At("/profile"))
	}
	if f.PickAccount && len(s.realm.MembershipsOf(user.ID)) != 1 {
		f.PickAccount = false
		return redirect(w, r, f.At("/accounts"))
	}
	picked, err := s.pickAccount(session, f.Account)
	if errors.Is(err, errNoAccount) {
		return redirect(w, r, f.At("/accounts"))
	} else if err != nil {
		return err
	}
	if err := s.realm.SelectOrg(session.ID, picked); err != nil {
		return err
	}
	target, ok := s.realm.RedirectURI(f.RedirectURI)
	if !ok {
		// A loopback realm without Login URLs has no default URL.
		return s.render(w, r, flow{}, http.StatusOK, "done", view{Title: "You are signed in", Page: "Open your app to continue."})
	}
	token, err := s.realm.SessionToken(session.ID)
	if err != nil {
		return err
	}
	return redirect(w, r, authrockettest.WithToken(target, token))
}

// signedIn returns the session of the browser and its user. If the browser has no
// session, signedIn redirects it to the login, which leads back to the page at path.
func (s *Server) signedIn(w http.ResponseWriter, r *http.Request, f flow, path string) (authrockettest.HostedSession, authrockettest.User, bool) {
	if session, ok := s.session(r); ok {
		if user, err := s.realm.User(session.UserID); err == nil {
			return session, user, true
		}
	}
	redirect(w, r, f.To(path).At("/login"))
	return authrockettest.HostedSession{}, authrockettest.User{}, false
}

// adoptSession handles ?session=, which an app sends if it signed the user in through
// the LoginRocket API. It keeps an existing session of the browser. It returns true
// if it has redirected the browser to the same page without the parameter.
func (s *Server) adoptSession(w http.ResponseWriter, r *http.Request) bool {
	query := r.URL.Query()
	id := query.Get("session")
	if id == "" {
		return false
	}
	if _, ok := s.session(r); !ok {
		if session, err := s.usableSession(id); err == nil {
			s.keepSession(w, session)
		}
	}
	query.Del("session")
	target := r.URL.EscapedPath()
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	redirect(w, r, target)
	return true
}
