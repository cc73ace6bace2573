package coreapi

import (
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// route is a path of the API.
type route struct {
	template string // for errors and events, without IDs
	path     string // for the API, with escaped IDs
	err      error  // set if an ID cannot be sent
}

// to returns the route for a template such as /users/{id}, with the IDs filled in.
func to(template string, ids ...string) route {
	r := route{template: template, path: template}
	for _, id := range ids {
		segment, err := wire.PathSegment(id)
		if err != nil {
			return route{template: template, err: err}
		}
		r.path = strings.Replace(r.path, "{id}", segment, 1)
	}
	return r
}

var errOddPath = errors.New("the path must be like /realms or /realms/{id}, with the ID escaped by url.PathEscape")

// parsePath returns the route of a path that the caller of this package wrote.
func parsePath(path string) route {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	shown := slices.Clone(segments)
	for i, segment := range segments {
		text, err := url.PathUnescape(segment)
		if err != nil {
			return route{template: "?", err: errOddPath}
		}
		if segments[i], err = wire.PathSegment(text); err != nil || strings.ContainsAny(segment, "?# ") {
			return route{template: "?", err: errOddPath}
		}
		if !isWord.MatchString(segment) || i == 1 && !listActions[segment] {
			shown[i] = "{id}"
		}
	}
	return route{template: "/" + strings.Join(shown, "/"), path: "/" + strings.Join(segments, "/")}
}

var isWord = regexp.MustCompile(`^[a-z]+[0-9]?(_[a-z]+)*$`)

// listActions are the actions that stand in the place of an ID in a path.
var listActions = map[string]bool{
	"authenticate_token": true, "authorize": true, "oauth2": true, "reset_password_with_token": true, "verify_email": true,
}

// listBy returns the route of a list that is filtered by an ID. It refuses a blank ID,
// which would list all records.
func listBy(template, id string) route {
	_, err := wire.PathSegment(id)
	return route{template: template, path: template, err: err}
}
