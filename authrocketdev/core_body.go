package authrocketdev

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/authrocket-go/authrocket/authrockettest"
)

// maxCoreBodyBytes is how long the body of a request may be.
const maxCoreBodyBytes = 256 << 10

// object is what the body of a request holds by name, or a part of it. Its
// methods take a member out, so that what is left is unknown, and note what is
// wrong with it.
type object struct {
	values   map[string]any
	problems *[]string
}

func newObject(values map[string]any) object {
	if values == nil {
		values = make(map[string]any)
	}
	return object{values, new([]string)}
}

// readObject reads a body of JSON or of a form, in which user[name] is the member
// name of the member user. No body, and null, is an empty object. No error
// repeats a value: it may be a credential.
func readObject(w http.ResponseWriter, r *http.Request) (object, error) {
	if r.Method == http.MethodGet {
		return newObject(nil), nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCoreBodyBytes))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return object{}, errTooLarge
	}
	if err != nil {
		return object{}, errBody
	}
	if len(body) == 0 {
		return newObject(nil), nil
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && mediaType == "application/json":
		var values map[string]any
		if err := json.Unmarshal(body, &values); err != nil {
			return object{}, errBody
		}
		return newObject(values), nil
	case err == nil && mediaType == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return object{}, errBody
		}
		o := newObject(nil)
		o.addQuery(form)
		return o, nil
	}
	return object{}, errMediaType
}

// addQuery adds what a query or a form names: name, name[], name[member] and
// name[member][]. Whatever is there already stays.
func (o object) addQuery(query url.Values) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		path := strings.Split(strings.ReplaceAll(name, "]", ""), "[")
		var value any = values[len(values)-1]
		if path[len(path)-1] == "" && len(path) > 1 {
			path = path[:len(path)-1]
			list := make([]any, len(values))
			for i, v := range values {
				list[i] = v
			}
			value = list
		}
		at := o.values
		for _, part := range path[:len(path)-1] {
			inner, ok := at[part].(map[string]any)
			if !ok {
				if _, taken := at[part]; taken {
					break
				}
				inner = make(map[string]any)
				at[part] = inner
			}
			at = inner
		}
		if last := path[len(path)-1]; len(path) <= 2 {
			if _, taken := at[last]; !taken {
				at[last] = value
			}
		}
	}
}

// root returns the attributes under the name of the resource, such as user.
func (o object) root(name string) object {
	value, ok := o.values[name]
	delete(o.values, name)
	if inner, isObject := value.(map[string]any); isObject {
		return object{inner, o.problems}
	}
	if ok && value != nil {
		o.problem("%s has to be an object.", title(name))
	}
	return object{make(map[string]any), o.problems}
}

func (o object) problem(format string, args ...any) {
	*o.problems = append(*o.problems, fmt.Sprintf(format, args...))
}

// err returns what is wrong with the object so far. What was not taken out of it
// is unknown.
func (o object) err() error {
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		o.problem("%q is unknown here.", clip(name))
	}
	if len(*o.problems) > 0 {
		return invalid(*o.problems...)
	}
	return nil
}

// clip makes a name that somebody sent short enough for a text.
func clip(name string) string {
	if len(name) > 40 {
		return strings.ToValidUTF8(name[:40], "") + "..."
	}
	return name
}

// title is the name of a member as a text begins with it.
func title(name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(name[:1]) + name[1:]
}

// peek returns a text without taking it out, "" for anything else.
func (o object) peek(name string) string {
	text, _ := o.values[name].(string)
	return text
}

func (o object) take(name string) (value any, isSent bool) {
	value, isSent = o.values[name]
	delete(o.values, name)
	return value, isSent
}

// text returns a text, nil for what was not sent. null is "".
func (o object) text(name string) *string {
	value, isSent := o.take(name)
	if !isSent {
		return nil
	}
	text := ""
	switch value := value.(type) {
	case nil:
	case string:
		text = value
	default:
		o.problem("%s has to be a text.", title(name))
		return nil
	}
	return &text
}

// required returns a text that has to be there.
func (o object) required(name string) string {
	text := o.text(name)
	if text == nil || strings.TrimSpace(*text) == "" {
		o.problem("%s is missing.", title(name))
		return ""
	}
	return *text
}

// flag returns whether a member is true, which a form writes as text.
func (o object) flag(name string) bool {
	switch value, _ := o.take(name); value := value.(type) {
	case nil:
	case bool:
		return value
	case string:
		return value == "true" || value == "1"
	default:
		o.problem("%s has to be true or false.", title(name))
	}
	return false
}

// number returns a whole number, nil for what was not sent.
func (o object) number(name string) *int {
	value, isSent := o.take(name)
	if !isSent {
		return nil
	}
	number, ok := asNumber(value)
	if !ok || number != math.Trunc(number) || math.Abs(number) > 1<<53 {
		o.problem("%s has to be a whole number.", title(name))
		return nil
	}
	n := int(number)
	return &n
}

func asNumber(value any) (float64, bool) {
	switch value := value.(type) {
	case float64:
		return value, true
	case string:
		var number float64
		if err := json.Unmarshal([]byte(value), &number); err == nil {
			return number, true
		}
	}
	return 0, false
}

// time returns a time in Unix seconds, nil for what was not sent. null is the
// zero Time.
func (o object) time(name string) *time.Time {
	value, isSent := o.take(name)
	if !isSent {
		return nil
	}
	if value == nil || value == "" {
		return new(time.Time)
	}
	seconds, ok := asNumber(value)
	if !ok || seconds < 0 || seconds > 1<<35 {
		o.problem("%s has to be a time in Unix seconds.", title(name))
		return nil
	}
	t := time.UnixMilli(int64(seconds * 1000))
	return &t
}

// texts returns an array of texts, or one text as an array, and whether it was
// sent. null is an empty array.
func (o object) texts(name string) (texts []string, isSent bool) {
	value, isSent := o.take(name)
	switch value := value.(type) {
	case nil:
		return nil, isSent
	case string:
		return []string{value}, true
	case []any:
		texts := make([]string, len(value))
		for i, item := range value {
			text, ok := item.(string)
			if !ok {
				o.problem("%s has to be an array of texts.", title(name))
				return nil, false
			}
			texts[i] = text
		}
		return texts, true
	}
	o.problem("%s has to be an array of texts.", title(name))
	return nil, false
}

const maxCustomBytes = 16 << 10

// custom returns custom attributes, and whether they were sent: scalars and
// arrays of scalars by name.
func (o object) custom(name string) (custom map[string]any, isSent bool) {
	value, isSent := o.take(name)
	if !isSent || value == nil {
		return nil, isSent
	}
	custom, ok := value.(map[string]any)
	if !ok {
		o.problem("%s has to be an object.", title(name))
		return nil, false
	}
	for key, value := range custom {
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		if slices.ContainsFunc(list, func(v any) bool { return !isScalar(v) }) {
			o.problem("%s: %q has to be a scalar or an array of scalars.", title(name), clip(key))
			return nil, false
		}
	}
	if text, err := json.Marshal(custom); err != nil || len(text) > maxCustomBytes {
		o.problem("%s is too large: it may have 16 KiB.", title(name))
		return nil, false
	}
	return custom, true
}

func isScalar(value any) bool {
	switch value.(type) {
	case nil, bool, float64, string:
		return true
	}
	return false
}

// maxRequestBytes is how long the texts of a request member may be.
const maxRequestBytes = 500

// request returns for whom something is done, beside the attributes.
func (o object) request() (authrockettest.Request, error) {
	delete(o.values, "realm_id")
	r := o.root("request")
	by := authrockettest.Request{}
	for name, field := range map[string]*string{"ip": &by.IP, "client": &by.Client} {
		if text := r.text(name); text != nil {
			if *field = *text; len(*text) > maxRequestBytes || !isPlain(*text) {
				o.problem("Request %s is too long, or has characters that cannot be shown.", name)
			}
		}
	}
	if len(*o.problems) > 0 {
		return by, invalid(*o.problems...)
	}
	return by, nil
}
