package members

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/authrocket-go/authrocket"
	"github.com/authrocket-go/authrocket/coreapi"
)

const (
	perPage             = 50
	maxShownInvitations = 100
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var style string

var page = template.Must(template.New("").Parse(pageHTML))

// view is what the page shows.
type view struct {
	OrgName, LogoutPath string
	Done                string
	Problems            []string
	HasList             bool // false if the list cannot be read at the moment
	Members             []memberView
	After, Next         string // the member before this page of the list, or "" for the first page; the member before the next page, or "" if there is none
	Invitations         []invitationView
	MoreInvitations     bool // there are more invitations than the page shows
	Invite              inviteView
}

type memberView struct {
	ID, Name, Email string
	IsYou           bool
	MayManage       bool
	Tags            []string // the names of all permissions
	Boxes           []box
}

type invitationView struct {
	ID, Email string
	Tags      []string
	InvitedAt time.Time // zero until the invitation is sent
	MayManage bool
}

// inviteView keeps the entries of a form that was refused.
type inviteView struct {
	IsRefused bool
	Email     string
	Boxes     []box
}

// box is the checkbox of a permission.
type box struct {
	Permission
	IsTicked bool
}

func (m *Members) list(w http.ResponseWriter, r *http.Request) {
	m.show(w, r, r.URL.Query().Get("after"), nil)
}

// show shows the part of the list that starts after the given member. If there is a
// problem, it also shows the problem.
func (m *Members) show(w http.ResponseWriter, r *http.Request, after string, problem error) {
	if errors.Is(problem, coreapi.ErrUnavailable) {
		m.showProblem(w, r, problem) // the list cannot be read either, or reading it takes too long
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	t := m.teamOf(r)
	v := m.newView(r)
	if err := t.fill(ctx, &v, after); err != nil {
		if problem == nil {
			problem = err
		}
		m.showProblem(w, r, problem)
		return
	}
	if r.Pattern == "POST /members/invite" {
		v.Invite = inviteView{IsRefused: true, Email: r.PostFormValue("email"), Boxes: t.boxes(ticked(r))}
	}
	v.write(w, r, problem)
}

// showProblem shows the page without the list.
func (m *Members) showProblem(w http.ResponseWriter, r *http.Request, problem error) {
	v := m.newView(r)
	v.write(w, r, problem)
}

func (m *Members) newView(r *http.Request) view {
	org, _ := authrocket.CurrentOrg(r.Context())
	return view{OrgName: org.Name, LogoutPath: m.auth.LogoutPath("/"), Done: doneTexts[r.URL.Query().Get("done")]}
}

// fill reads the members on a page of the list and, on the first page, the invitations.
func (t *team) fill(ctx context.Context, v *view, after string) error {
	members, err := t.api.Memberships.List(ctx, coreapi.MembershipQuery{OrgID: t.orgID, After: after, PageSize: perPage})
	if err != nil {
		return err
	}
	v.HasList, v.After, v.Next = true, after, members.After
	v.Invite.Boxes = t.boxes(nil)
	for _, m := range members.Items {
		v.Members = append(v.Members, memberView{
			ID: m.ID, Name: cmp.Or(m.User.Name, m.User.Email, m.UserID), Email: m.User.Email,
			IsYou: m.UserID == t.userID, MayManage: t.mayManage(m.Permissions) == nil,
			Tags: names(m.Permissions), Boxes: t.boxes(m.Permissions),
		})
	}
	if after != "" {
		return nil
	}
	isAll, err := t.invitations(ctx, func(i coreapi.Invitation) bool {
		if len(v.Invitations) == maxShownInvitations {
			v.MoreInvitations = true
			return false
		}
		v.Invitations = append(v.Invitations, invitationView{
			ID: i.ID, Email: i.Email, Tags: names(i.Permissions), InvitedAt: i.InvitedAt, MayManage: t.mayManage(i.Permissions) == nil,
		})
		return true
	})
	v.MoreInvitations = v.MoreInvitations || !isAll
	return err
}

func (t *team) boxes(has []string) []box {
	var boxes []box
	for _, p := range t.offered() {
		boxes = append(boxes, box{p, slices.Contains(has, p.Tag)})
	}
	return boxes
}

// names returns the names under which the page shows permissions.
func names(tags []string) []string {
	names := slices.Clone(tags)
	for i, tag := range names {
		if at := slices.IndexFunc(permissions, func(p Permission) bool { return p.Tag == tag }); at >= 0 {
			names[i] = permissions[at].Name
		}
	}
	return names
}

// listURL returns the URL of the part of the list that starts after the given member.
func listURL(after, done string) string {
	query := url.Values{}
	if after != "" {
		query.Set("after", after)
	}
	if done != "" {
		query.Set("done", done)
	}
	return strings.TrimSuffix("/members?"+query.Encode(), "?")
}

// NextURL returns the URL of the next page of the list.
func (v view) NextURL() string { return listURL(v.Next, "") }

func (v view) write(w http.ResponseWriter, r *http.Request, problem error) {
	status, texts := wordsFor(r, problem)
	v.Problems = texts
	var body bytes.Buffer
	if err := page.Execute(&body, v); err != nil {
		slog.ErrorContext(r.Context(), "members: the page cannot be shown", "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store") // the back button shows nothing after a logout
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	body.WriteTo(w)
}

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	io.WriteString(w, style)
}
