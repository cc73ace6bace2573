package authrocketdev

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// seedReader collects all mistakes in a file. The JSON package alone would stop at
// the first mistake.
type seedReader struct {
	found    map[string]seedValue // by place
	taken    map[string]string    // values that must be unique, with their places
	mistakes []seedMistake
}

// seedValue is a value of the file.
type seedValue struct {
	kind   jsontext.Kind
	goType reflect.Type
	offset int64
}

type seedMistake struct {
	offset int64
	error
}

// readSeedFile reads a file. The error joins all mistakes. If the file cannot be
// parsed to its end, the error says where parsing stopped.
func readSeedFile(data []byte) (file seedFile, err error) {
	r := seedReader{found: make(map[string]seedValue), taken: make(map[string]string)}
	err = json.Unmarshal(data, &file, json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(r.readUnknown), json.UnmarshalFromFunc(r.readCustom), json.UnmarshalFromFunc(r.read),
	)))
	if end, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		problem, here := end.Err, int(end.ByteOffset)
		switch {
		case errors.Is(problem, jsontext.ErrDuplicateName):
			problem = errors.New(placeOf(end.JSONPointer) + ": appears twice")
		case bytes.HasPrefix(data[here:], []byte(`\`)): // the package quotes the text that follows, which may be part of a password
			problem = errors.New("invalid escape sequence")
		}
		return file, fmt.Errorf("%s: %w", lineAndColumn(data, here), problem)
	}
	if err != nil {
		return file, err
	}
	r.check(&file)
	slices.SortStableFunc(r.mistakes, func(a, b seedMistake) int { return cmp.Compare(a.offset, b.offset) })
	var mistakes []error
	for _, mistake := range r.mistakes {
		mistakes = append(mistakes, mistake)
	}
	return file, errors.Join(mistakes...)
}

// lineAndColumn returns the position of the byte at offset, counting characters from
// 1.
func lineAndColumn(data []byte, offset int) string {
	before := data[:offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("line %d, column %d", line, column)
}

// placeOf returns a place in the form users[2].memberships[0].org.
func placeOf(pointer jsontext.Pointer) string {
	place := ""
	for name := range pointer.Tokens() {
		switch _, err := strconv.Atoi(name); {
		case err == nil:
			place += "[" + name + "]"
		case !plainName.MatchString(name):
			place += fmt.Sprintf("[%q]", shortened(name))
		default:
			place += "." + name
		}
	}
	return strings.TrimPrefix(place, ".")
}

func shortened(name string) string {
	if short := fmt.Sprintf("%.60s", name); short != name {
		return short + "..."
	}
	return name
}

var indexes = regexp.MustCompile(`\[[0-9]+\]`)

// memberOf returns a place without the indexes of arrays: users[].memberships[].org.
func memberOf(place string) string { return indexes.ReplaceAllString(place, "[]") }

func (r *seedReader) add(offset int64, place, format string, args ...any) {
	if place != "" {
		place += ": "
	}
	r.mistakes = append(r.mistakes, seedMistake{offset, errors.New(place + fmt.Sprintf(format, args...))})
}

var kindNames = map[jsontext.Kind]string{
	'{': "an object", '[': "an array", '"': "a string", '0': "a number", 't': "a boolean", 'f': "a boolean", 'n': "null",
}

// seedKinds are the JSON kinds from which a Go value can be read.
var seedKinds = map[reflect.Kind]struct{ kinds, want string }{
	reflect.Struct: {"{", "want an object"},
	reflect.Map:    {"{", "want an object"},
	reflect.Slice:  {"[", "want an array"},
	reflect.String: {`"`, "want a string"},
	reflect.Int:    {"0", ""}, // the check describes the problem
	reflect.Bool:   {"tf", "want true or false"},
}

// read records the place of the next value, and checks its type and content.
func (r *seedReader) read(decoder *jsontext.Decoder, target any) error {
	_, length := decoder.StackIndex(decoder.StackDepth())
	place, kind, offset, value := nextPlace(decoder), decoder.PeekKind(), decoder.InputOffset(), reflect.ValueOf(target).Elem()
	if limit, ok := seedLimits[memberOf(place)]; ok && length >= limit {
		return &jsontext.SyntacticError{ByteOffset: offset, Err: fmt.Errorf("%s has more than %d elements", place[:strings.LastIndexByte(place, '[')], limit)}
	}
	r.found[place] = seedValue{kind, value.Type(), offset}
	allowed, check := seedKinds[value.Kind()], seedChecks[memberOf(place)]
	if !strings.Contains(allowed.kinds, string(kind)) {
		want := allowed.want
		switch {
		case value.Kind() == reflect.Int:
			want = check("")
		case strings.HasSuffix(place, ".org"):
			want = "want the ID or name of an org"
		}
		r.add(offset, place, "%s, got %s", want, kindNames[kind])
		return decoder.SkipValue()
	}
	if check == nil {
		return errors.ErrUnsupported // the JSON package reads it
	}
	token, err := decoder.ReadToken()
	if err != nil {
		return err
	}
	text := token.String()
	if problem := check(text); problem != "" {
		r.add(offset, place, "%s", problem)
	}
	if kind == '"' {
		value.SetString(text)
	} else if n, err := strconv.Atoi(text); err == nil {
		value.SetInt(int64(n))
	}
	return nil
}

// nextPlace returns the place of the value that decoder reads next.
func nextPlace(decoder *jsontext.Decoder) string {
	pointer := decoder.StackPointer()
	container, length := decoder.StackIndex(decoder.StackDepth())
	if container != '[' {
		return placeOf(pointer)
	}
	if length > 0 {
		pointer = pointer.Parent() // the pointer of the previous element
	}
	return fmt.Sprintf("%s[%d]", placeOf(pointer), length)
}

// readCustom reads a custom attribute: a scalar or an array of scalars.
func (r *seedReader) readCustom(decoder *jsontext.Decoder, target *any) error {
	container, _ := decoder.StackIndex(decoder.StackDepth())
	offset := decoder.InputOffset()
	switch kind := decoder.PeekKind(); {
	case kind == '"':
		token, err := decoder.ReadToken()
		*target = token.String()
		return err
	case kind == 't' || kind == 'f':
		*target = kind == 't'
		return decoder.SkipValue()
	case kind == '0':
		number, err := decoder.ReadValue()
		if _, err := strconv.ParseFloat(string(number), 64); errors.Is(err, strconv.ErrRange) {
			r.add(offset, placeOf(decoder.StackPointer()), "is out of the range of numbers")
		}
		*target = number.Clone() // this keeps all digits
		return err
	case kind == '[' && container == '{':
		var elements []any
		err := json.UnmarshalDecode(decoder, &elements)
		*target = elements
		return err
	default:
		r.add(offset, nextPlace(decoder), "want a string, a number or a boolean, got %s", kindNames[kind])
		return decoder.SkipValue()
	}
}

func (r *seedReader) readUnknown(decoder *jsontext.Decoder, _ *unknownMember) error {
	pointer := decoder.StackPointer()
	place := placeOf(pointer.Parent())
	object := r.found[place]
	var known []string
	for field := range object.goType.Fields() {
		if name := field.Tag.Get("json"); plainName.MatchString(name) {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	r.add(object.offset, place, "there is no member %q here; there are %s", shortened(pointer.LastToken()), strings.Join(known, ", "))
	return decoder.SkipValue()
}

// check looks for missing members and for members that contradict each other.
func (r *seedReader) check(file *seedFile) {
	for i, org := range file.Orgs {
		place := fmt.Sprintf("orgs[%d]", i)
		r.require(place, "name")
		r.once(place+".id", "ID", org.ID)
	}
	for i := range file.Users {
		user, place := &file.Users[i], fmt.Sprintf("users[%d]", i)
		r.require(place, "email")
		user.Email, _ = normalEmail(user.Email)
		r.once(place+".id", "ID", user.ID)
		r.once(place+".email", "email", user.Email)
		r.once(place+".username", "username", strings.ToLower(user.Username))
		for j := range user.Memberships {
			m, at := &user.Memberships[j], fmt.Sprintf("%s.memberships[%d]", place, j)
			r.require(at, "org")
			if m.org = r.findOrg(file.Orgs, at+".org", m.Org); m.org != noOrg {
				r.once(at+".org", place, strconv.Itoa(m.org))
			}
		}
	}
	for i := range file.Invitations {
		m, place := &file.Invitations[i], fmt.Sprintf("invitations[%d]", i)
		r.require(place, "email")
		m.Email, _ = normalEmail(m.Email)
		m.org = r.findOrg(file.Orgs, place+".org", m.Org)
		r.once(place+".email", "invited to "+strconv.Itoa(m.org), m.Email)
		if r.found[place+".permissions"].kind != 0 && r.found[place+".org"].kind == 0 {
			r.add(r.found[place].offset, place, "permissions need an org")
		}
	}
}

// require reports that an object lacks a member.
func (r *seedReader) require(place, name string) {
	if object := r.found[place]; object.kind == '{' && r.found[place+"."+name].kind == 0 {
		r.add(object.offset, place+"."+name, "is missing")
	}
}

// once reports a value that must be unique but occurs a second time. It ignores "".
func (r *seedReader) once(place, kind, key string) {
	first, isTaken := r.taken[kind+" "+key]
	if key != "" && isTaken {
		r.add(r.found[place].offset, place, "is the same as %s", first)
	} else {
		r.taken[kind+" "+key] = place
	}
}

// findOrg returns the index of the org that a place names by its ID or by a unique
// name. If there is no such org, it records a mistake and returns noOrg.
func (r *seedReader) findOrg(orgs []seedOrg, place, wanted string) int {
	var found []int
	for i, org := range orgs {
		if wanted != "" && org.ID == wanted {
			return i
		}
		if org.Name == wanted {
			found = append(found, i)
		}
	}
	switch at := r.found[place]; {
	case at.kind != '"':
	case len(found) == 1:
		return found[0]
	case len(found) == 0:
		r.add(at.offset, place, "there is no org %q", shortened(wanted))
	default:
		r.add(at.offset, place, "there are %d orgs %q; use the ID of one of them", len(found), shortened(wanted))
	}
	return noOrg
}
