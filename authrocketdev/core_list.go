package authrocketdev

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/authrocket-go/authrocket/authrockettest"
)

const (
	defaultMaxResults = 100
	maxMaxResults     = 1_000
)

// collection is a page of a list.
type collection[T any] struct {
	Collection  []T  `json:"collection"`
	MoreResults bool `json:"more_results"`
}

func collectionOf[From, To any](page authrockettest.Page[From], show func(From) To) collection[To] {
	c := collection[To]{Collection: make([]To, len(page.Items)), MoreResults: page.More}
	for i, item := range page.Items {
		c.Collection[i] = show(item)
	}
	return c
}

// list reads after, max_results, sort and direction. The first of sorts is the
// default sort order, and isDescending the default direction.
func (c *coreCall) list(isDescending bool, sorts ...string) (list authrockettest.List, sort string, err error) {
	sort = sorts[0]
	if given := c.query.Get("sort"); given != "" {
		if sort = given; !slices.Contains(sorts, sort) {
			return list, "", invalid("Sort must be one of " + strings.Join(sorts, ", ") + ".")
		}
	}
	list = authrockettest.List{After: c.query.Get("after"), Limit: defaultMaxResults, Descending: isDescending}
	switch direction := c.query.Get("direction"); direction {
	case "":
	case "asc", "desc":
		list.Descending = direction == "desc"
	default:
		return list, "", invalid("Direction must be asc or desc.")
	}
	if given := c.query.Get("max_results"); given != "" {
		if list.Limit, err = strconv.Atoi(given); err != nil || list.Limit < 1 || list.Limit > maxMaxResults {
			return list, "", invalid("Max results must be a number from 1 to 1000.")
		}
	}
	return list, sort, nil
}

// pageOf returns a page of a short list that is sorted already.
func pageOf[T any](items []T, id func(T) string, list authrockettest.List) (page authrockettest.Page[T], err error) {
	items = slices.Clone(items)
	if list.Descending {
		slices.Reverse(items)
	}
	if list.After != "" {
		at := slices.IndexFunc(items, func(item T) bool { return id(item) == list.After })
		if at < 0 {
			return page, authrockettest.ErrAfter
		}
		items = items[at+1:]
	}
	page.More = len(items) > list.Limit
	page.Items = items[:min(len(items), list.Limit)]
	return page, nil
}

// expands reports whether a query requests an additional part of each record, for
// example with expand=custom or expand[]=custom.
func expands(query url.Values, what string) bool {
	for _, name := range []string{"expand", "expand[]"} {
		for _, value := range query[name] {
			if slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }), what) {
				return true
			}
		}
	}
	return false
}
