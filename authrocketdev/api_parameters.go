package authrocketdev

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// parameters are the parameters of an API request, by name. Parameters that are null
// or missing are left out.
type parameters map[string]string

// optional returns a parameter, or nil if it was not sent.
func (p parameters) optional(name string) *string {
	value, ok := p[name]
	if !ok {
		return nil
	}
	return &value
}

var (
	errQuery     = refuse(http.StatusBadRequest, "The query is invalid.")
	errBody      = refuse(http.StatusBadRequest, "The body is invalid. Send one JSON object or a form, according to the Content-Type.")
	errMediaType = refuse(http.StatusUnsupportedMediaType, "The Content-Type must be application/json or application/x-www-form-urlencoded.")
)

// readParameters reads the query of a GET or DELETE request, and the body of any
// other request. Errors never contain a value, because it may be a credential.
func readParameters(w http.ResponseWriter, r *http.Request) (parameters, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return parseForm(r.URL.RawQuery, errQuery)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFormBytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errBody
	}
	if len(body) == 0 {
		return parameters{}, nil
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, errMediaType
	}
	switch mediaType {
	case "application/json":
		return parseJSON(body)
	case "application/x-www-form-urlencoded":
		return parseForm(string(body), errBody)
	}
	return nil, errMediaType
}

// parseForm reads a query or a form. If a name occurs twice, the first value counts.
func parseForm(text string, refusal error) (parameters, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, refusal
	}
	p := parameters{}
	for name := range values {
		p[name] = values.Get(name)
	}
	return p, nil
}

func parseJSON(body []byte) (parameters, error) {
	var values map[string]any
	if err := json.Unmarshal(body, &values); err != nil || values == nil {
		return nil, errBody
	}
	p := parameters{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch value := values[name].(type) {
		case nil:
		case string:
			p[name] = value
		default:
			return nil, refuse(http.StatusBadRequest, fmt.Sprintf("Parameter %q must be a string.", name))
		}
	}
	return p, nil
}
