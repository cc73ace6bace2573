package loginrocket

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/authrocket-go/authrocket/coreapi"
	"github.com/authrocket-go/authrocket/internal/wire"
)

// Errors for invalid answers. Their messages contain no part of an answer.
var (
	errNotJSON     = errors.New("the answer is not JSON")
	errWrongShape  = errors.New("a member of the answer has an unexpected type")
	errNoResult    = errors.New("the answer has no result")
	errNoLogin     = errors.New("the answer is not a login")
	errIncomplete  = errors.New("the answer is a full login, but lacks a session or a token")
	errOddRedirect = errors.New("refused a redirect with an invalid target")
)

const maxConditions = 20

// answer holds the members of an answer.
type answer struct {
	Result     string   `json:"result"`
	Session    string   `json:"session"`
	Account    string   `json:"account"`
	Token      string   `json:"token"`
	Conditions []string `json:"conditions"`
	Error      any      `json:"error"`
	Errors     any      `json:"errors"`
}

func readAnswer(body []byte) (answer, error) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		if _, ok := errors.AsType[*json.SyntaxError](err); ok {
			return answer{}, errNotJSON
		}
		return answer{}, errWrongShape
	}
	return a, nil
}

// messages returns AuthRocket's messages. The answer may contain them in either of two
// members.
func (a answer) messages() []string {
	if messages := wire.Messages(a.Errors); len(messages) > 0 {
		return messages
	}
	return wire.Messages(a.Error)
}

// accept reads an answer with a 2xx status.
func (r *run) accept(reply reply) (Result, error) {
	if !r.call.isLogin && (reply.status == http.StatusNoContent || len(reply.body) == 0) {
		return Result{}, nil
	}
	if !reply.isJSON {
		return Result{}, r.fail(ErrUnexpected, errNotJSON)
	}
	a, err := readAnswer(reply.body)
	if err != nil {
		return Result{}, r.fail(ErrUnexpected, err)
	}
	if messages := a.messages(); a.Result == "error" || len(messages) > 0 {
		r.e.Messages = r.call.withoutSecrets(messages)
		return Result{}, r.fail(ErrRefused, nil)
	}
	switch {
	case a.Result == "":
		return Result{}, r.fail(ErrUnexpected, errNoResult)
	case !r.call.isLogin:
		// The call was carried out, whatever the member result contains.
		return Result{}, nil
	case a.Result == "full_login" && (a.Session == "" || a.Token == ""):
		return Result{}, r.fail(ErrUnexpected, errIncomplete)
	case a.Result != "full_login" && a.Result != "conditional_login":
		return Result{}, r.fail(ErrUnexpected, errNoLogin)
	}
	result := Result{Account: a.Account, session: coreapi.Hide(a.Session), raw: wire.Seal(string(reply.body))}
	if a.Result == "full_login" {
		result.token = wire.Seal(a.Token)
		return result, nil
	}
	for _, condition := range a.Conditions[:min(len(a.Conditions), maxConditions)] {
		for _, text := range wire.Messages(condition) { // made safe for a log
			result.Conditions = append(result.Conditions, Condition(text))
		}
	}
	return result, nil
}
