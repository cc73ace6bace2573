package coreapi

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Page is one page of a list. To read the next page, set After in the query to
// Page.After.
type Page[T any] struct {
	Items []T
	More  bool   // there are more pages
	After string // the ID of the last record, "" if there are no more pages
}

// Direction is the sort order of a list.
type Direction string

// Sort orders.
const (
	Ascending  Direction = "asc"
	Descending Direction = "desc"
)

// maxPages is the maximum number of pages that a list may have: 100 million records in
// pages of 1,000.
const maxPages = 100_000

const maxPageSize = 1000

// listQuery holds what the queries of all lists have in common.
type listQuery struct {
	after     string
	pageSize  int
	direction Direction
	sort      string
	expand    string
	filters   map[string]string // filters with the value "" are left out
	extra     url.Values
}

func (q listQuery) values() (url.Values, error) {
	values := url.Values{}
	for name, value := range q.filters {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, value := range map[string]string{"after": q.after, "direction": string(q.direction), "sort": q.sort, "expand": q.expand} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if q.pageSize < 0 || q.pageSize > maxPageSize {
		return nil, errors.New("PageSize must be within 1 to 1,000")
	}
	if q.pageSize > 0 {
		values.Set("max_results", strconv.Itoa(q.pageSize))
	}
	for name, texts := range maps.All(q.extra) {
		if values.Has(name) {
			return nil, errors.New("a parameter of Extra is also set by a field; remove one of the two")
		}
		values[name] = slices.Clone(texts)
	}
	return values, nil
}

// page reads one page of a list. It calls check, which may be nil, before it returns the
// page.
func page[T any](ctx context.Context, s *scope, r route, query url.Values, check func(Page[T]) error) (Page[T], answer, error) {
	var p Page[T]
	var got answer
	err := s.do(ctx, call{method: http.MethodGet, route: r, query: query, read: func(a answer) error {
		got = a
		if err := readPage(a, query.Get("after"), &p); err != nil || check == nil {
			return err
		}
		return check(p)
	}})
	return p, got, zeroed(&p, err)
}

func readPage[T any](a answer, after string, p *Page[T]) error {
	if !a.isList {
		return errNoList
	}
	var list struct {
		Collection  []json.RawMessage `json:"collection"`
		MoreResults bool              `json:"more_results"`
	}
	if err := json.Unmarshal(a.data, &list); err != nil {
		return decodeError(err)
	}
	if list.Collection == nil {
		return errNoList
	}
	*p = Page[T]{Items: make([]T, len(list.Collection)), More: list.MoreResults}
	for i, element := range list.Collection {
		if err := decode(element, &p.Items[i]); err != nil {
			return err
		}
		if r, ok := any(p.Items[i]).(identified); ok && r.identity() == "" {
			return errNoID
		}
	}
	if !list.MoreResults {
		return nil
	}
	if len(list.Collection) == 0 {
		return errNoAdvance
	}
	var last struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(list.Collection[len(list.Collection)-1], &last); err != nil || last.ID == "" {
		return errNoID
	}
	if last.ID == after {
		return errNoAdvance
	}
	p.After = last.ID
	return nil
}

// listOf reads one page of the list of a resource, as q selects it.
func listOf[T any](ctx context.Context, s *scope, r route, q listQuery) (Page[T], error) {
	values, err := q.values()
	if r.err == nil {
		r.err = err
	}
	p, _, err := page[T](ctx, s, r, values, nil)
	return p, err
}

// allOf yields all records of the list of a resource that q selects.
func allOf[T any](ctx context.Context, s *scope, r route, q listQuery) iter.Seq2[T, error] {
	values, err := q.values()
	if r.err == nil {
		r.err = err
	}
	return each[T](ctx, s, r, values)
}

// each yields all records of a list. It reads the list page by page.
func each[T any](ctx context.Context, s *scope, r route, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for p, err := range eachPage[T](ctx, s, r, query) {
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, item := range p.Items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// pageAnswer is a page and the header of its answer.
type pageAnswer[T any] struct {
	Page[T]
	header http.Header
}

// eachPage reads all pages, one after the other. If the pages of a list repeat, eachPage
// must not run forever. It therefore remembers the last ID of the latest page whose
// number is a power of two. It stops when it sees that ID again.
func eachPage[T any](ctx context.Context, s *scope, r route, query url.Values) iter.Seq2[pageAnswer[T], error] {
	return func(yield func(pageAnswer[T], error) bool) {
		query := maps.Clone(query)
		if query == nil {
			query = url.Values{}
		}
		remembered := query.Get("after")
		for pages := 1; ; pages++ {
			p, a, err := page(ctx, s, r, query, func(p Page[T]) error {
				switch {
				case p.More && p.After == remembered:
					return errNoAdvance
				case p.More && pages >= s.maxPages:
					return errEndless
				}
				return nil
			})
			if !yield(pageAnswer[T]{p, a.header}, err) || err != nil || !p.More {
				return
			}
			query.Set("after", p.After)
			if pages&(pages-1) == 0 {
				remembered = p.After
			}
		}
	}
}
