package coreapi

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Get reads one record at a path such as /realms/{id}. Use it for resources that have no
// type in this package. For example, the resources of the Configuration API have none,
// because that API may change at any time. T is a struct with json tags, or
// [json.RawMessage]. Escape IDs in the path with [url.PathEscape].
func Get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	s := c.copyOf()
	return get[T](ctx, &s, parsePath(path), query)
}

// Each yields all records of a list such as /realms. It reads one page at a time and
// stops when the loop ends. If a read fails, it yields the error and stops. Every record
// must have an "id".
func Each[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	s := c.copyOf()
	return each[T](ctx, &s, parsePath(path), query)
}

// Send sends a POST, a PUT or a DELETE, and returns the record in the answer. If the
// answer contains no record, Send returns the zero value of T.
//
// POST and PUT send the attributes as JSON in a member named root, for example "realm".
// If root is "", the attributes are the whole body. The attributes of a DELETE must be
// nil or [url.Values], which become the query. A PUT must set values rather than add to
// them, because the Client may repeat it.
func Send[T any](ctx context.Context, c *Client, method, path, root string, attributes any) (T, error) {
	s := c.copyOf()
	request := call{method: method, route: parsePath(path)}
	switch method {
	case http.MethodPost, http.MethodPut:
		request.body, request.err = s.encodeBody(root, attributes)
	case http.MethodDelete:
		query, ok := attributes.(url.Values)
		if attributes != nil && !ok {
			request.err = errors.New("the attributes of a DELETE must be url.Values")
		}
		request.query = query
	default:
		request.err = errors.New("the method must be POST, PUT or DELETE")
	}
	return send[T](ctx, &s, request)
}

// encodeBody returns the body of a POST or a PUT.
func (s *scope) encodeBody(root string, attributes any) ([]byte, error) {
	encoded, err := wire.Marshal(attributes)
	if err != nil {
		return nil, err
	}
	members := map[string]json.RawMessage{}
	switch {
	case root != "" && attributes == nil:
		members[root] = json.RawMessage("{}")
	case root != "":
		members[root] = encoded
	case attributes != nil:
		if err := json.Unmarshal(encoded, &members); err != nil {
			return nil, errors.New("attributes without a root must encode to a JSON object")
		}
	}
	if !s.request.isZero() {
		if members["request"], err = json.Marshal(s.request); err != nil {
			return nil, err
		}
	}
	return json.Marshal(members)
}

func get[T any](ctx context.Context, s *scope, r route, query url.Values) (T, error) {
	var value T
	err := s.do(ctx, call{method: http.MethodGet, route: r, query: query, read: func(a answer) error {
		if a.data == nil {
			return errNoData
		}
		return readRecord(a, &value)
	}})
	return value, zeroed(&value, err)
}

// send makes a call that changes something.
func send[T any](ctx context.Context, s *scope, c call) (T, error) {
	var value T
	switch c.method {
	case http.MethodPost:
		c.once = true
	case http.MethodDelete:
		c.query = s.request.query(c.query)
	}
	c.read = func(a answer) error {
		_, isRecord := any(value).(identified)
		switch {
		case a.data != nil && string(a.data) != "{}":
			return readRecord(a, &value)
		case isRecord && c.method == http.MethodPost:
			return errNoData // without its ID, the caller cannot find what was created
		}
		return nil
	}
	err := s.do(ctx, c)
	return value, zeroed(&value, err)
}

// zeroed returns err. If err is not nil, zeroed first sets value to its zero value.
func zeroed[T any](value *T, err error) error {
	if err != nil {
		*value = *new(T)
	}
	return err
}

// readRecord decodes an answer that contains one record.
func readRecord[T any](a answer, value *T) error {
	if _, isRaw := any(value).(*json.RawMessage); a.isList && !isRaw {
		return errIsList
	}
	if err := decode(a.data, value); err != nil {
		return err
	}
	if r, ok := any(*value).(identified); ok && r.identity() == "" {
		return errNoID
	}
	return nil
}

// decode reads one JSON object.
func decode[T any](data []byte, value *T) error {
	if len(data) == 0 || data[0] != '{' {
		return errNotAnObject
	}
	// The types of this package check the JSON themselves.
	if own, ok := any(value).(interface {
		json.Unmarshaler
		isRecord()
	}); ok {
		return own.UnmarshalJSON(data)
	}
	if err := json.Unmarshal(data, value); err != nil {
		return decodeError(err)
	}
	return nil
}
