package authrockettest

import (
	"slices"
	"strings"
)

// table holds the records of one kind: by ID, in the order in which they were added,
// and in the order of each index. The caller must hold the lock.
type table[T any] struct {
	rows    map[string]T
	added   []string // IDs, the oldest first
	indexes map[string]*index[T]
}

// index finds and sorts records. It sorts by group, then by text within a group, and
// then by ID if texts are equal.
type index[T any] struct {
	group func(T) string // nil means that all records are in one group
	text  func(T) string // nil means sorting by ID
	keys  map[string][]sortKey
}

type sortKey struct{ text, id string }

func (a sortKey) compare(b sortKey) int {
	if c := strings.Compare(a.text, b.text); c != 0 {
		return c
	}
	return strings.Compare(a.id, b.id)
}

// newTable returns a table with the given indexes, and with the index "" of all
// records by ID.
func newTable[T any](indexes map[string]*index[T]) *table[T] {
	t := &table[T]{rows: make(map[string]T), indexes: map[string]*index[T]{"": {}}}
	for name, i := range indexes {
		t.indexes[name] = i
	}
	for _, i := range t.indexes {
		i.keys = make(map[string][]sortKey)
	}
	return t
}

// grouped returns an index that groups records by a string. It leaves out records for
// which group returns "".
func grouped[T any](group func(T) string) *index[T] { return &index[T]{group: group} }

// sorted returns an index of all records, sorted by a string.
func sorted[T any](text func(T) string) *index[T] { return &index[T]{text: text} }

func (i *index[T]) place(id string, row T) (group string, key sortKey, isIn bool) {
	key.id = id
	if i.text != nil {
		key.text = i.text(row)
	}
	if i.group == nil {
		return "", key, true
	}
	group = i.group(row)
	return group, key, group != ""
}

func (t *table[T]) put(id string, row T) {
	if old, ok := t.rows[id]; ok {
		t.unindex(id, old)
	} else {
		t.added = append(t.added, id)
	}
	t.rows[id] = row
	for _, i := range t.indexes {
		if group, key, isIn := i.place(id, row); isIn {
			at, _ := slices.BinarySearchFunc(i.keys[group], key, sortKey.compare)
			i.keys[group] = slices.Insert(i.keys[group], at, key)
		}
	}
}

func (t *table[T]) delete(id string) {
	row, ok := t.rows[id]
	if !ok {
		return
	}
	t.unindex(id, row)
	delete(t.rows, id)
	if t.added[0] == id { // the usual case in a bounded table
		t.added = t.added[1:]
		return
	}
	at := slices.Index(t.added, id)
	t.added = slices.Delete(t.added, at, at+1)
}

// deleteGroup deletes the records of a group of an index. Its running time does not
// grow with the square of their number.
func (t *table[T]) deleteGroup(name, group string) {
	ids := t.in(name, group)
	if len(ids) < 10 {
		for _, id := range ids {
			t.delete(id)
		}
		return
	}
	isGone := make(map[string]bool, len(ids))
	for _, id := range ids {
		isGone[id] = true
	}
	for _, i := range t.indexes {
		groups := make(map[string]bool)
		for _, id := range ids {
			if group, _, isIn := i.place(id, t.rows[id]); isIn {
				groups[group] = true
			}
		}
		for group := range groups {
			i.keys[group] = slices.DeleteFunc(i.keys[group], func(key sortKey) bool { return isGone[key.id] })
			if len(i.keys[group]) == 0 {
				delete(i.keys, group)
			}
		}
	}
	t.added = slices.DeleteFunc(t.added, func(id string) bool { return isGone[id] })
	for _, id := range ids {
		delete(t.rows, id)
	}
}

func (t *table[T]) unindex(id string, row T) {
	for _, i := range t.indexes {
		group, key, isIn := i.place(id, row)
		if !isIn {
			continue
		}
		at, found := slices.BinarySearchFunc(i.keys[group], key, sortKey.compare)
		if !found {
			continue
		}
		keys := i.keys[group]
		switch {
		case len(keys) == 1:
			delete(i.keys, group)
		case at == 0: // the usual case in a bounded table
			i.keys[group] = keys[1:]
		default:
			i.keys[group] = slices.Delete(keys, at, at+1)
		}
	}
}

func (t *table[T]) has(id string) bool {
	_, ok := t.rows[id]
	return ok
}

// all returns the records in the order in which they were added.
func (t *table[T]) all() []T {
	rows := make([]T, len(t.added))
	for i, id := range t.added {
		rows[i] = t.rows[id]
	}
	return rows
}

// in returns the IDs in a group of an index, sorted.
func (t *table[T]) in(name, group string) []string {
	keys := t.indexes[name].keys[group]
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = key.id
	}
	return ids
}

// first returns the first ID in a group of an index, or "" if the group is empty.
func (t *table[T]) first(name, group string) string {
	if keys := t.indexes[name].keys[group]; len(keys) > 0 {
		return keys[0].id
	}
	return ""
}

// page returns the records in a group of an index that keep accepts, in the order of
// the index.
func (t *table[T]) page(name, group string, list List, keep func(T) bool) (Page[T], error) {
	var page Page[T]
	i := t.indexes[name]
	keys := i.keys[group]
	next, step := 0, 1
	if list.Descending {
		next, step = len(keys)-1, -1
	}
	if list.After != "" {
		after := sortKey{id: list.After}
		if i.text != nil {
			row, ok := t.rows[list.After]
			if !ok {
				return page, ErrAfter
			}
			after.text = i.text(row)
		}
		at, found := slices.BinarySearchFunc(keys, after, sortKey.compare)
		switch {
		case list.Descending:
			next = at - 1
		case found:
			next = at + 1
		default:
			next = at
		}
	}
	for ; next >= 0 && next < len(keys); next += step {
		row := t.rows[keys[next].id]
		if keep != nil && !keep(row) {
			continue
		}
		if list.Limit > 0 && len(page.Items) == list.Limit {
			page.More = true
			break
		}
		page.Items = append(page.Items, row)
	}
	return page, nil
}
