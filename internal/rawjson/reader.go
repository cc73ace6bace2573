package rawjson

import "iter"

// maxDepth is how deep encoding/json follows values in values.
const maxDepth = 10_000

// Reader reads one JSON text. What is no valid JSON ends the reading: every loop
// is over, every Value empty, and [Reader.End] false.
type Reader struct {
	text   []byte
	next   int // what is read next
	depth  int
	failed bool
}

// NewReader returns a Reader of text, which has to stay as it is.
func NewReader(text []byte) *Reader { return &Reader{text: text} }

// End reports whether the text was valid and nothing is left of it.
func (r *Reader) End() bool { return r.token() == 0 && r.next == len(r.text) && !r.failed }

// IsObject reports whether the next value is an object.
func (r *Reader) IsObject() bool { return r.token() == '{' }

// IsArray reports whether the next value is an array.
func (r *Reader) IsArray() bool { return r.token() == '[' }

// Value reads the next value.
func (r *Reader) Value() Value {
	kind := r.token()
	start := r.next
	switch kind {
	case '"':
		r.skipString()
	case '{':
		for range r.Members() {
			r.Value()
		}
	case '[':
		for range r.Elements() {
			r.Value()
		}
	case 't':
		r.skipWord("true")
	case 'f':
		r.skipWord("false")
	case 'n':
		r.skipWord("null")
	default:
		r.skipNumber()
	}
	if r.failed {
		return nil
	}
	return r.text[start:r.next:r.next]
}

// Members reads the next value, an object: it yields the names of the members,
// decoded, in order and with duplicates. The body of the loop reads the value of
// each, and does not break.
func (r *Reader) Members() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for more := r.open('{', '}'); more; more = r.more('}') {
			if r.token() != '"' {
				r.fail()
				return
			}
			name := r.name()
			r.expect(':')
			if r.failed || !yield(name) {
				return
			}
		}
	}
}

// name reads a string and decodes it.
func (r *Reader) name() []byte {
	quoted := r.Value()
	if r.failed {
		return nil
	}
	if inside, ok := quoted.plain(); ok {
		return inside
	}
	text, _ := unquote(quoted)
	return []byte(text)
}

// Elements reads the next value, an array: it yields the index of each element,
// which the body of the loop reads. The loop does not break.
func (r *Reader) Elements() iter.Seq[int] {
	return func(yield func(int) bool) {
		i := 0
		for more := r.open('[', ']'); more; more = r.more(']') {
			if !yield(i) {
				return
			}
			i++
		}
	}
}

// open reads an opening bracket, and the closing one if nothing is between. It
// reports whether something is.
func (r *Reader) open(opening, closing byte) bool {
	r.expect(opening)
	r.depth++
	if r.depth > maxDepth {
		r.fail()
	}
	if r.token() == closing {
		r.close()
		return false
	}
	return !r.failed
}

// more reads what follows a member or an element, and reports whether that is
// another one.
func (r *Reader) more(closing byte) bool {
	switch r.token() {
	case ',':
		r.next++
		return true
	case closing:
		r.close()
	default:
		r.fail()
	}
	return false
}

func (r *Reader) close() {
	r.next++
	r.depth--
}

func (r *Reader) fail() {
	r.failed = true
	r.next = len(r.text)
}

// peek returns the next byte, 0 at the end. A NUL is valid nowhere, either.
func (r *Reader) peek() byte {
	if r.next < len(r.text) {
		return r.text[r.next]
	}
	return 0
}

// token returns the next byte that is no white space.
func (r *Reader) token() byte {
	for {
		switch c := r.peek(); c {
		case ' ', '\t', '\r', '\n':
			r.next++
		default:
			return c
		}
	}
}

func (r *Reader) expect(c byte) {
	if r.token() != c {
		r.fail()
		return
	}
	r.next++
}

func (r *Reader) skipWord(word string) {
	if len(r.text)-r.next < len(word) || string(r.text[r.next:r.next+len(word)]) != word {
		r.fail()
		return
	}
	r.next += len(word)
}

func (r *Reader) skipString() {
	text := r.text
	for i := r.next + 1; i < len(text); i++ {
		c := text[i]
		if !isSpecial[c] {
			continue
		}
		if c == '"' {
			r.next = i + 1
			return
		}
		n := 0
		if c == '\\' {
			n = escapeLen(text[i+1:])
		}
		if n == 0 {
			break // an unknown escape or a control character
		}
		i += n
	}
	r.fail()
}

// isSpecial tells the bytes of a string that do not simply belong to it.
var isSpecial = func() (special [256]bool) {
	for c := range byte(' ') {
		special[c] = true
	}
	special['"'], special['\\'] = true, true
	return special
}()

// escapeLen returns how many bytes after a backslash belong to it, 0 if text does
// not start with an escape.
func escapeLen(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	switch text[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		const n = len("uFFFF")
		if len(text) < n {
			return 0
		}
		for i := 1; i < n; i++ {
			if c := text[i] | 0x20; !isDigit(text[i]) && (c < 'a' || c > 'f') {
				return 0
			}
		}
		return n
	}
	return 0
}

func (r *Reader) skipNumber() {
	if r.peek() == '-' {
		r.next++
	}
	if r.peek() == '0' {
		r.next++
	} else {
		r.skipDigits()
	}
	if r.peek() == '.' {
		r.next++
		r.skipDigits()
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.next++
		if c := r.peek(); c == '+' || c == '-' {
			r.next++
		}
		r.skipDigits()
	}
}

// skipDigits skips one digit or more.
func (r *Reader) skipDigits() {
	if !isDigit(r.peek()) {
		r.fail()
	}
	for isDigit(r.peek()) {
		r.next++
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
