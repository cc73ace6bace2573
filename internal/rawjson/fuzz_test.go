package rawjson_test

import (
	"encoding/json"
	"testing"

	"github.com/authrocket-go/authrocket/internal/rawjson"
)

// FuzzReader compares with encoding/json: the same texts are valid, and every
// value in them reads the same.
func FuzzReader(f *testing.F) {
	for _, row := range validTexts {
		f.Add([]byte(row.text))
	}
	for _, row := range invalidTexts {
		f.Add([]byte(row.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := rawjson.NewReader(text)
		v := r.Value()
		if got, want := r.End(), json.Valid(text); got != want {
			t.Fatalf("%q: got valid %t, want %t", text, got, want)
		}
		if r.End() {
			compare(t, v)
		}
	})
}

// compare checks v and all that is in it.
func compare(t *testing.T, v rawjson.Value) {
	t.Helper()
	if !json.Valid(v) {
		t.Fatalf("got the value %q, which is not valid", v)
	}
	switch v[0] {
	case '{':
		compareMembers(t, v)
	case '[':
		var want []json.RawMessage
		unmarshal(t, v, &want)
		got := elements(t, v)
		if len(got) != len(want) {
			t.Fatalf("%q: got %d elements, want %d", v, len(got), len(want))
		}
		for i := range got {
			if string(got[i]) != string(want[i]) {
				t.Errorf("%q: got element %q, want %q", v, got[i], want[i])
			}
			compare(t, got[i])
		}
	case '"':
		var want string
		unmarshal(t, v, &want)
		if got, ok := v.Text(); !ok || got != want {
			t.Errorf("%q: got text %q, %t, want %q", v, got, ok, want)
		}
	}
	var want any
	unmarshal(t, v, &want)
	_, isText := want.(string)
	_, isNumber := want.(float64)
	_, isObject := want.(map[string]any)
	_, isArray := want.([]any)
	wantBool, isBool := want.(bool)
	if _, ok := v.Text(); ok != isText {
		t.Errorf("%q: got is text %t", v, ok)
	}
	if value, ok := v.Bool(); ok != isBool || value != wantBool {
		t.Errorf("%q: got boolean %t, %t", v, value, ok)
	}
	if v.IsNumber() != isNumber || v.IsObject() != isObject || v.IsArray() != isArray || v.IsNull() != (want == nil) {
		t.Errorf("%q: got number %t, object %t, array %t, null %t", v, v.IsNumber(), v.IsObject(), v.IsArray(), v.IsNull())
	}
}

// compareMembers holds the last member of each name against a map.
func compareMembers(t *testing.T, v rawjson.Value) {
	t.Helper()
	var want map[string]json.RawMessage
	unmarshal(t, v, &want)
	got := map[string]rawjson.Value{}
	r := rawjson.NewReader(v)
	if !r.IsObject() {
		t.Errorf("%q: got no object", v)
	}
	for name := range r.Members() {
		got[string(name)] = r.Value()
	}
	if !r.End() {
		t.Fatalf("%q: got a valid object, then an invalid one", v)
	}
	if len(got) != len(want) {
		t.Fatalf("%q: got members %q, want %d", v, got, len(want))
	}
	for name, value := range got {
		if string(value) != string(want[name]) {
			t.Errorf("%q: got %q for %q, want %q", v, value, name, want[name])
		}
		compare(t, value)
	}
}

func elements(t *testing.T, v rawjson.Value) []rawjson.Value {
	t.Helper()
	var values []rawjson.Value
	r := rawjson.NewReader(v)
	if !r.IsArray() {
		t.Errorf("%q: got no array", v)
	}
	for i := range r.Elements() {
		if i != len(values) {
			t.Errorf("%q: got index %d, want %d", v, i, len(values))
		}
		values = append(values, r.Value())
	}
	if !r.End() {
		t.Fatalf("%q: got a valid array, then an invalid one", v)
	}
	return values
}

// unmarshal reads numbers that are too large for float64 as 0: only their type
// counts here.
func unmarshal(t *testing.T, v rawjson.Value, into any) {
	t.Helper()
	if _, isAny := into.(*any); isAny && v.IsNumber() {
		*into.(*any) = 0.0
		return
	}
	if err := json.Unmarshal(v, into); err != nil {
		if _, isAny := into.(*any); !isAny {
			t.Fatalf("%q: %v", v, err)
		}
	}
}
