package authrocketdev

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
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
		if bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
			return object{}, errJSONAsForm
		}
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

// errJSONAsForm is about JSON that a program, such as curl, calls a form.
var errJSONAsForm = refuse(http.StatusUnsupportedMediaType, "The body begins as JSON does, and its Content-Type is that of a form: send Content-Type: application/json.")

// maxFormDepth is how many names a field of a form may have: user[custom][plan]
// has three.
const maxFormDepth = 4

// addQuery adds what a query or a form names: name, name[], name[member] and
// name[member][]. Whatever is there already stays. What cannot be a member is a
// problem.
func (o object) addQuery(query url.Values) {
	for _, field := range slices.Sorted(maps.Keys(query)) {
		values := query[field]
		var value any = values[len(values)-1]
		path, isList := strings.CutSuffix(field, "[]")
		if isList {
			list := make([]any, len(values))
			for i, v := range values {
				list[i] = v
			}
			value = list
		}
		names := strings.Split(path, "[")
		isMember := len(names) <= maxFormDepth
		for i, name := range names[1:] {
			names[i+1], isMember = strings.TrimSuffix(name, "]"), isMember && strings.HasSuffix(name, "]") && name != "]"
		}
		if !isMember || !addMember(o.values, names, value) {
			o.problem("%s cannot be read.", quoteName(field))
		}
	}
}

func addMember(to map[string]any, names []string, value any) bool {
	old, taken := to[names[0]]
	if len(names) == 1 {
		if !taken {
			to[names[0]] = value
		}
		_, isObject := old.(map[string]any)
		return !isObject
	}
	inner, ok := old.(map[string]any)
	if !ok {
		if taken {
			return false
		}
		inner = make(map[string]any)
		to[names[0]] = inner
	}
	return addMember(inner, names[1:], value)
}

// root returns the attributes under the name of the resource, such as user, of
// which some are required.
func (o object) root(name string, required ...string) object {
	value, isSent := o.take(name)
	attributes, isObject := value.(map[string]any)
	if !isObject {
		attributes = make(map[string]any)
		if isSent && value != nil {
			o.problem("%s has to be an object.", title(name))
			return object{attributes, o.problems}
		}
	}
	for _, name := range required {
		if value := attributes[name]; value == nil || value == "" {
			o.problem("%s is missing.", title(name))
		}
	}
	return object{attributes, o.problems}
}

func (o object) problem(format string, args ...any) {
	*o.problems = append(*o.problems, fmt.Sprintf(format, args...))
}

// err returns what is wrong with the object and the inner ones so far. What was
// not taken out of them is unknown.
func (o object) err(inner ...object) error {
	for _, at := range append(inner, o) {
		at.noteUnknown()
	}
	if len(*o.problems) > 0 {
		return invalid(*o.problems...)
	}
	return nil
}

func (o object) noteUnknown() {
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		o.problem("%s is unknown here.", quoteName(name))
	}
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_.\-\[\]]+$`)

// quoteName makes a name that somebody sent fit for a text. One with characters
// that names of attributes and of fields of a form do not have may be a value that
// came to the wrong place, and so a credential.
func quoteName(name string) string {
	if !attributeName.MatchString(name) {
		return "A name with characters other than A-Z a-z 0-9 _ . - [ ]"
	}
	if len(name) > 40 {
		name = name[:40] + "..."
	}
	return strconv.Quote(name)
}

// title is the name of a member as a text begins with it.
func title(name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(name[:1]) + name[1:]
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

// name returns a text for people to read, nil for what was not sent.
func (o object) name(name string) *string {
	text := o.text(name)
	if text != nil {
		*text = strings.TrimSpace(*text)
		*o.problems = checkName(*o.problems, title(name), *text)
	}
	return text
}

// email returns an email address as it is stored, nil for what was not sent.
func (o object) email(name string) *string {
	text := o.emailOrNone(name)
	if text != nil && *text == "" {
		o.problem("%s is missing.", title(name))
	}
	return text
}

// emailOrNone is email for an address that may be taken away by "" or null.
func (o object) emailOrNone(name string) *string {
	text := o.text(name)
	if text == nil || *text == "" {
		return text
	}
	email, ok := normalEmail(*text)
	if !ok {
		o.problem("%s is not an email address.", title(name))
		return nil
	}
	return &email
}

// oneOf returns a text that is one of values, nil for what was not sent.
func (o object) oneOf(name string, values ...string) *string {
	text := o.text(name)
	if text != nil && !slices.Contains(values, *text) {
		o.problem("%s has to be one of %s.", title(name), strings.Join(values, ", "))
	}
	return text
}

// set sets a field to what was sent.
func set[T ~string](field *T, sent *string) {
	if sent != nil {
		*field = T(*sent)
	}
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

// maxUnixSeconds is in the year 3058.
const maxUnixSeconds = 1 << 35

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
	if !ok || seconds < 0 || seconds > maxUnixSeconds {
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
	for _, key := range slices.Sorted(maps.Keys(custom)) {
		list, isList := custom[key].([]any)
		if !isList {
			list = []any{custom[key]}
		}
		if slices.ContainsFunc(list, func(v any) bool { return !isScalar(v) }) {
			o.problem("%s: %s has to be a scalar or an array of scalars.", title(name), quoteName(key))
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

// request returns for whom something is done, which stands beside the attributes.
func (o object) request() authrockettest.Request {
	r := o.root("request")
	var by authrockettest.Request
	read := func(name string, field *string) {
		text := r.text(name)
		if text == nil {
			return
		}
		if *field = *text; len(*text) > maxRequestBytes || !isPlain(*text) {
			r.problem("Request %s is too long, or has characters that cannot be shown.", name)
		}
	}
	read("ip", &by.IP)
	read("client", &by.Client)
	r.noteUnknown()
	return by
}

// realmIDs returns what realm_id says, beside the attributes and among them.
func (o object) realmIDs() (ids []string) {
	objects := []object{o}
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		if inner, ok := o.values[name].(map[string]any); ok {
			objects = append(objects, object{inner, o.problems})
		}
	}
	for _, at := range objects {
		if id := at.text("realm_id"); id != nil {
			ids = append(ids, *id)
		}
	}
	return ids
}
