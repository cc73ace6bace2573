package coreapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Errors about answers. None of them holds anything of the answer.
var (
	errNotJSON     = errors.New("the answer is not JSON")
	errNotAnObject = errors.New("the answer is not a JSON object")
	errNoData      = errors.New("the answer holds no record")
	errIsList      = errors.New("the answer is a list; read it with Each")
	errNoList      = errors.New("the answer is not a list")
	errWrongShape  = errors.New("a member of the answer has an unexpected type")
	errNoID        = errors.New("a record of the answer has no ID")
	errNoAdvance   = errors.New("the list does not advance: a page repeats what came before")
	errNoSuchList  = errors.New("a list is always there, even an empty one: check that Config.URL (AUTHROCKET_URL) is the URL of the Core API, and not that of LoginRocket")
	errEndless     = errors.New("the list does not end")
)

// statusMetadata is 215: AuthRocket's own clients take the body as metadata without data.
const statusMetadata = 215

// answer is what a call that was accepted brought.
type answer struct {
	data    []byte // one JSON object; nil for none
	isList  bool   // data has a collection
	refused bool   // data has errors
	header  http.Header
}

func readAnswer(reply reply) (answer, error) {
	a := answer{header: reply.header}
	if reply.status == http.StatusNoContent || len(reply.body) == 0 {
		return a, nil
	}
	if !reply.isJSON {
		return a, errNotJSON
	}
	if bytes.Contains(reply.body, []byte(`"errors"`)) || bytes.Contains(reply.body, []byte(`"collection"`)) {
		var members struct {
			Errors     json.RawMessage `json:"errors"`
			Collection json.RawMessage `json:"collection"`
		}
		if err := json.Unmarshal(reply.body, &members); err != nil {
			return a, decodeError(err)
		}
		switch string(members.Errors) {
		case "", "null", "[]", "{}", `""`:
		default:
			a.refused = true
		}
		a.isList = members.Collection != nil
	}
	if reply.status == statusMetadata && !a.isList && !a.refused {
		return a, nil
	}
	a.data = reply.body
	return a, nil
}

// decodeError returns what is wrong with an answer. Errors of encoding/json hold parts
// of it.
func decodeError(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return errNotJSON
	}
	return errWrongShape
}

// withoutKey cuts the API key out of texts of the server.
func (s *scope) withoutKey(texts []string) []string {
	for i := range texts {
		texts[i] = strings.ReplaceAll(texts[i], s.config.APIKey.Reveal(), wire.Hidden)
	}
	return texts
}
