package coreapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// write is a call that changes something.
type write struct {
	scope *scope
	call  call
}

// post, put and delete prepare a write. The attributes are nil or a struct that
// [wire.Attributes] encodes. If root is "", the attributes are the whole body.
func (h handle) post(r route, root string, attributes any) *write {
	return h.write(http.MethodPost, r, root, attributes)
}

func (h handle) put(r route, root string, attributes any) *write {
	return h.write(http.MethodPut, r, root, attributes)
}

func (h handle) write(method string, r route, root string, attributes any) *write {
	w := &write{scope: h.open(), call: call{method: method, route: r}}
	if attributes != nil {
		attributes, w.call.err = wire.Attributes(attributes)
	}
	if w.call.err == nil {
		w.call.body, w.call.err = w.scope.encodeBody(root, attributes)
	}
	return w
}

func (h handle) delete(r route, query url.Values) *write {
	return &write{scope: h.open(), call: call{method: http.MethodDelete, route: r, query: query}}
}

// do makes the call and returns the record in the answer.
func do[T any](ctx context.Context, w *write) (T, error) { return send[T](ctx, w.scope, w.call) }

// run makes the call of a write and ignores the content of the answer.
func (w *write) run(ctx context.Context) error {
	_, err := send[json.RawMessage](ctx, w.scope, w.call)
	return err
}
