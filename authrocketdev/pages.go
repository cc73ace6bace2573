package authrocketdev

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var style string

// pageTemplates are the pages by name. Each page is a separate file that is inserted
// into the layout.
var pageTemplates = func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"join":  strings.Join,
		"email": breakable("@", "@<wbr>", ".", ".<wbr>"),
		"url":   breakable("//", "//", "/", "/<wbr>"),
	}).ParseFS(pageFiles, "pages/layout.html"))
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		panic(err) // the files are part of the program
	}
	pages := make(map[string]*template.Template)
	for _, file := range files {
		name, isPage := strings.CutSuffix(path.Base(file.Name()), ".html")
		if !isPage || name == "layout" {
			continue
		}
		pages[name] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, "pages/"+file.Name()))
	}
	return pages
}()

// breakable returns a function that permits line breaks inside a long word. breaks
// contains pairs of strings. The first string of a pair is replaced with the second,
// which permits a line break. Words that fit on a line of a small screen stay
// unchanged, so that tests find them in the source of a page.
func breakable(breaks ...string) func(string) template.HTML {
	replacer := strings.NewReplacer(breaks...)
	return func(text string) template.HTML {
		escaped := template.HTMLEscapeString(text)
		if len(text) > maxUnbroken {
			escaped = replacer.Replace(escaped)
		}
		return template.HTML(escaped)
	}
}

const maxUnbroken = 28

// view is the data that a page shows.
type view struct {
	Title  string
	Errors []string // what is wrong with the submitted form
	Notice string   // what the submitted form has done
	Page   any      // data of this page only

	// render fills in these fields.
	Flow        flow
	CSRF        string
	Mails       int
	Realm       string
	MinPassword int
}

// formView returns the view of a form. If the form was refused, the view contains err
// and the entered values.
func formView(title string, err error, page any) view {
	v := view{Title: title, Page: page}
	if err != nil {
		v.Errors = asRefusal(err).texts
	}
	return v
}

func statusOf(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return asRefusal(err).status
}

// render writes a page. It returns an error only if it has written nothing.
func (s *Server) render(w http.ResponseWriter, r *http.Request, f flow, status int, name string, v view) error {
	v.Flow = f
	session, _ := s.session(r)
	v.CSRF = s.csrfMAC(session.ID)
	v.Mails = len(s.Outbox())
	v.Realm = s.realm.Settings().Name
	v.MinPassword = s.minPassword()
	var body bytes.Buffer
	if err := pageTemplates[name].Execute(&body, v); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	body.WriteTo(w)
	return nil
}

// pageHandler answers a request. If it does not, it returns the reason as an error.
type pageHandler func(*Server, http.ResponseWriter, *http.Request, flow) error

// page returns a handler that shows a page.
func (s *Server) page(show pageHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := s.by(authrockettest.RequestOf(r))
		f, err := s.readFlow(r.URL.Query())
		if err == nil {
			err = show(s, w, r, f)
		}
		s.renderRefusal(w, r, err)
	}
}

const maxFormBytes = 64 << 10

var (
	errForm     = refuse(http.StatusBadRequest, "This form is incomplete or damaged. Go back and send it again.")
	errTooLarge = refuse(http.StatusRequestEntityTooLarge, "This request is too large.")
	errOldForm  = refuse(http.StatusForbidden, "This form is too old. Go back, reload the page and try again.")
	errForeign  = refuse(http.StatusForbidden, "This form comes from another website and was refused.")
)

// form returns a handler for a form. It accepts only forms from this server's own
// pages.
func (s *Server) form(submit pageHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := s.by(authrockettest.RequestOf(r))
		s.renderRefusal(w, r, s.readForm(w, r, submit))
	}
}

func (s *Server) readForm(w http.ResponseWriter, r *http.Request, submit pageHandler) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return errTooLarge
		}
		return errForm
	}
	if !s.isOwnForm(r) {
		return errOldForm
	}
	f, err := s.readFlow(r.PostForm)
	if err != nil {
		return err
	}
	return submit(s, w, r, f)
}

func (s *Server) renderRefusal(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	if wrong, ok := errors.AsType[wrongRedirectURI](err); ok {
		err = s.renderWrongRedirectURI(w, r, wrong)
		if err == nil {
			return
		}
	}
	refusal := asRefusal(err)
	title := "That did not work"
	if err == errNotFound {
		title = "Page not found"
	}
	if s.render(w, r, flow{}, refusal.status, "refusal", view{Title: title, Page: refusal.Error()}) != nil {
		http.Error(w, refusal.Error(), refusal.status)
	}
}

// renderWrongRedirectURI tells the app's developer what to change.
func (s *Server) renderWrongRedirectURI(w http.ResponseWriter, r *http.Request, wrong wrongRedirectURI) error {
	return s.render(w, r, flow{}, http.StatusBadRequest, "redirect", view{Title: "This login cannot return to the app", Page: struct {
		Text, Given string
		Allowed     []string
		Loopback    bool // every URL on a loopback host is also allowed
	}{wrong.Error(), wrong.shown(), s.realm.LoginURLs(), s.acceptsLoopback()}})
}

// acceptsLoopback reports whether a login may return to every loopback host.
func (s *Server) acceptsLoopback() bool {
	_, ok := s.realm.RedirectURI("http://127.0.0.1:1/")
	return ok
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	io.WriteString(w, style)
}
