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
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed pages/style.css
var style string

// pageTemplates are the pages by name: each is its own file in the layout.
var pageTemplates = func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{"join": strings.Join}).ParseFS(pageFiles, "pages/layout.html"))
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

// view is what a page shows.
type view struct {
	Title  string
	Errors []string // what was wrong with the form before
	Notice string   // what the form before has done
	Page   any      // of the page alone

	// Filled in by render.
	Flow  flow
	CSRF  string
	Mails int
}

// formView is a view of a form that was refused, as it was filled in.
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

// render writes a page, and returns an error only when it has written nothing.
func (s *Server) render(w http.ResponseWriter, r *http.Request, f flow, status int, name string, v view) error {
	v.Flow = f
	v.CSRF = s.csrfToken(w, r)
	v.Mails = len(s.Outbox())
	var body bytes.Buffer
	if err := pageTemplates[name].Execute(&body, v); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	body.WriteTo(w)
	return nil
}

// page is a handler that shows something.
func (s *Server) page(show func(http.ResponseWriter, *http.Request, flow) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, err := s.readFlow(r.URL.Query())
		if err == nil {
			err = show(w, r, f)
		}
		s.renderRefusal(w, r, err)
	}
}

const maxFormBytes = 64 << 10

var (
	errForm     = refuse(http.StatusBadRequest, "This form cannot be read.")
	errTooLarge = refuse(http.StatusRequestEntityTooLarge, "This is too large.")
	errOldForm  = refuse(http.StatusForbidden, "This form is too old. Go back, reload the page and try again.")
)

// form is a handler that does something. It takes only forms of our own pages.
func (s *Server) form(submit func(http.ResponseWriter, *http.Request, flow) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.renderRefusal(w, r, s.readForm(w, r, submit))
	}
}

func (s *Server) readForm(w http.ResponseWriter, r *http.Request, submit func(http.ResponseWriter, *http.Request, flow) error) error {
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
	return submit(w, r, f)
}

func (s *Server) renderRefusal(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	refusal := asRefusal(err)
	if s.render(w, r, flow{}, refusal.status, "refusal", view{Title: http.StatusText(refusal.status), Page: refusal.Error()}) != nil {
		http.Error(w, refusal.Error(), refusal.status)
	}
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	io.WriteString(w, style)
}
