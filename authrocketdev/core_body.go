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

// maxCoreBodyBytes is the longest body that a request may have.
const maxCoreBodyBytes = 256 << 10

// object is the body of a request, or a part of it, as members by name. Its methods
// remove the member that they read, so that unknown members remain. They record the
// problems that they find.
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

// readObject reads a body of JSON or of a form. In a form, user[name] is the member
// name of the member user. A missing body and null mean an empty object. Errors never
// contain a value, because it may be a credential.
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

// errJSONAsForm refuses JSON with the Content-Type of a form. For example, curl sends
// this Content-Type by default.
var errJSONAsForm = refuse(http.StatusUnsupportedMediaType, "The body looks like JSON, but its Content-Type is that of a form. Send Content-Type: application/json.")

// maxFormDepth is the maximum number of names in the key of a form field. For
// example, user[custom][plan] has three names.
const maxFormDepth = 4

// addQuery adds the members of a query or a form: name, name[], name[member] and
// name[member][]. Existing members stay unchanged. If a name cannot be that of a
// member, addQuery records a problem.
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
			o.problem("%s is invalid.", quoteName(field))
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

// root returns the attributes in the member with the name of the resource, for
// example user. The attributes in required must be present.
func (o object) root(name string, required ...string) object {
	value, isSent := o.take(name)
	attributes, isObject := value.(map[string]any)
	if !isObject {
		attributes = make(map[string]any)
		if isSent && value != nil {
			o.problem("%s must be an object.", title(name))
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

// err returns the problems that were found so far in the object and the inner objects.
// Members that have not been read count as unknown.
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

// quoteName quotes a name that a client sent, for use in an error. If the name
// contains characters that do not occur in the names of attributes and form fields,
// it is left out. Such a name may be a value in the wrong place, and that value may
// be a credential.
func quoteName(name string) string {
	if !attributeName.MatchString(name) {
		return "A name with characters other than A-Z a-z 0-9 _ . - [ ]"
	}
	if len(name) > 40 {
		name = name[:40] + "..."
	}
	return strconv.Quote(name)
}

// title returns the name of a member in a form that can start a sentence.
func title(name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(name[:1]) + name[1:]
}

func (o object) take(name string) (value any, isSent bool) {
	value, isSent = o.values[name]
	delete(o.values, name)
	return value, isSent
}

// text returns a string, or nil if it was not sent. null means "".
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
		o.problem("%s must be a string.", title(name))
		return nil
	}
	return &text
}

// name returns a string for people to read, or nil if it was not sent.
func (o object) name(name string) *string {
	text := o.text(name)
	if text != nil {
		*text = strings.TrimSpace(*text)
		*o.problems = checkName(*o.problems, title(name), *text)
	}
	return text
}

// email returns the stored form of an email address, or nil if it was not sent.
func (o object) email(name string) *string {
	text := o.emailOrNone(name)
	if text != nil && *text == "" {
		o.problem("%s is missing.", title(name))
	}
	return text
}

// emailOrNone is like email, but "" or null removes the address.
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

// oneOf returns a string that is one of values, or nil if it was not sent.
func (o object) oneOf(name string, values ...string) *string {
	text := o.text(name)
	if text != nil && !slices.Contains(values, *text) {
		o.problem("%s must be one of %s.", title(name), strings.Join(values, ", "))
	}
	return text
}

// set sets a field to the value that the client sent, if it sent one.
func set[T ~string](field *T, sent *string) {
	if sent != nil {
		*field = T(*sent)
	}
}

// flag reports whether a member is true. In a form, the value is text.
func (o object) flag(name string) bool {
	switch value, _ := o.take(name); value := value.(type) {
	case nil:
	case bool:
		return value
	case string:
		return value == "true" || value == "1"
	default:
		o.problem("%s must be true or false.", title(name))
	}
	return false
}

// number returns a whole number, or nil if it was not sent.
func (o object) number(name string) *int {
	value, isSent := o.take(name)
	if !isSent {
		return nil
	}
	number, ok := asNumber(value)
	if !ok || number != math.Trunc(number) || math.Abs(number) > 1<<53 {
		o.problem("%s must be a whole number.", title(name))
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

// time returns a time in Unix seconds, or nil if it was not sent. null means the zero
// Time.
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
		o.problem("%s must be a time in Unix seconds.", title(name))
		return nil
	}
	t := time.UnixMilli(int64(seconds * 1000))
	return &t
}

// texts returns an array of strings, and whether it was sent. A single string counts as
// an array, and null as an empty array.
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
				o.problem("%s must be an array of texts.", title(name))
				return nil, false
			}
			texts[i] = text
		}
		return texts, true
	}
	o.problem("%s must be an array of texts.", title(name))
	return nil, false
}

const maxCustomBytes = 16 << 10

// custom returns custom attributes, and whether they were sent. A value is a scalar
// or an array of scalars.
func (o object) custom(name string) (custom map[string]any, isSent bool) {
	value, isSent := o.take(name)
	if !isSent || value == nil {
		return nil, isSent
	}
	custom, ok := value.(map[string]any)
	if !ok {
		o.problem("%s must be an object.", title(name))
		return nil, false
	}
	for _, key := range slices.Sorted(maps.Keys(custom)) {
		list, isList := custom[key].([]any)
		if !isList {
			list = []any{custom[key]}
		}
		if slices.ContainsFunc(list, func(v any) bool { return !isScalar(v) }) {
			o.problem("%s: %s must be a scalar or an array of scalars.", title(name), quoteName(key))
			return nil, false
		}
	}
	if text, err := json.Marshal(custom); err != nil || len(text) > maxCustomBytes {
		o.problem("%s is too large. Use at most 16 KiB.", title(name))
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

// maxRequestBytes is the maximum length of a string in the member request.
const maxRequestBytes = 500

// request returns the client on whose behalf a call is made. It reads the member
// request, which is outside the attributes.
func (o object) request() authrockettest.Request {
	r := o.root("request")
	var by authrockettest.Request
	read := func(name string, field *string) {
		text := r.text(name)
		if text == nil {
			return
		}
		if *field = *text; len(*text) > maxRequestBytes || !isPlain(*text) {
			r.problem("Request %s is too long or contains characters that cannot be displayed.", name)
		}
	}
	read("ip", &by.IP)
	read("client", &by.Client)
	r.noteUnknown()
	return by
}

// realmIDs returns the values of realm_id, both outside and inside the attributes.
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
