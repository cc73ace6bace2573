package coreapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/authrocket-go/authrocket/internal/wire"
)

// Errors for invalid answers. Their messages contain no part of an answer.
var (
	errNotJSON     = errors.New("the answer is not JSON")
	errNotAnObject = errors.New("the answer is not a JSON object")
	errNoData      = errors.New("the answer contains no record")
	errIsList      = errors.New("the answer is a list; read it with Each")
	errNoList      = errors.New("the answer is not a list")
	errWrongShape  = errors.New("a member of the answer has an unexpected type")
	errNoID        = errors.New("a record of the answer has no ID")
	errNoAdvance   = errors.New("the list does not advance: a page repeats an earlier page")
	errNoSuchList  = errors.New("the API never answers 404 to a list: check that Config.URL (AUTHROCKET_URL) is the URL of the Core API, not of LoginRocket")
	errEndless     = errors.New("the list does not end")
)

// statusMetadata is 215. AuthRocket's own clients read the body of such an answer as
// metadata without data.
const statusMetadata = 215

// answer is the decoded answer to a call that the API accepted.
type answer struct {
	data    []byte // one JSON object; nil if there is none
	isList  bool   // data contains a collection
	refused bool   // data contains errors
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

// decodeError returns what is wrong with an answer. It drops the text of encoding/json
// errors, which quotes parts of the answer.
func decodeError(err error) error {
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return errNotJSON
	}
	return errWrongShape
}

// withoutKey removes the API key from strings that the server sent.
func (s *scope) withoutKey(texts []string) []string {
	for i := range texts {
		texts[i] = strings.ReplaceAll(texts[i], s.config.APIKey.Reveal(), wire.Hidden)
	}
	return texts
}
