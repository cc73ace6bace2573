package claims_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/authrocket-go/authrocket/internal/claims"
)

func decode(t *testing.T, payload string) claims.Claims {
	t.Helper()
	c, err := claims.Decode([]byte(payload))
	if err != nil {
		t.Fatalf("Decode(%.200q) failed: %v", payload, err)
	}
	return c
}

// refused checks that payload is refused for claim, or a part of it, "" for the
// payload as a whole.
func refused(t *testing.T, payload, claim string) {
	t.Helper()
	c, err := claims.Decode([]byte(payload))
	if err == nil {
		t.Fatalf("Decode(%.200q) was accepted: %+v", payload, c)
	}
	want := "claim " + claim
	if claim == "" {
		want = "payload"
	}
	if got := err.Error(); !strings.HasPrefix(got, want+" ") && !strings.HasPrefix(got, want+"[") {
		t.Errorf("Decode(%.200q): got error %q, want one of %s", payload, err, want)
	}
	if !reflect.DeepEqual(c, claims.Claims{}) {
		t.Errorf("Decode(%.200q): got %+v beside the error, want nothing", payload, c)
	}
}

const fullPayload = `{
  "iss": "https://authrocket.com",
  "sub": "usr_0v1zUpWdE4IiFc2w5ynShf",
  "rid": "rl_0v1zTHXhtNgmDaXaDYSAqx",
  "sid": "kss_0v1zUpWdE4IiFc2w5ynShf",
  "iat": 1735689600,
  "exp": 1735776000,
  "name": "George Example",
  "given_name": "George",
  "family_name": "Example",
  "preferred_username": "george",
  "email": "george@example.com",
  "email_verified": true,
  "locale": "en",
  "ref": "42",
  "cs": {"plan": "pro"},
  "orgs": [
    {
      "oid": "org_0v1zWRHJVm7JY8vUqDRuyx",
      "mid": "mb_0v1zUpWdE4IiFc2w5ynShf",
      "name": "Widgets Inc",
      "ref": "acct-7",
      "cs": {"tier": 3},
      "perm": ["ar:owner", "widget:*"],
      "selected": true
    }
  ]
}`

func TestDecodeReadsEverything(t *testing.T) {
	t.Parallel()
	got := decode(t, fullPayload)
	want := claims.Claims{
		Issuer:            "https://authrocket.com",
		Subject:           "usr_0v1zUpWdE4IiFc2w5ynShf",
		RealmID:           "rl_0v1zTHXhtNgmDaXaDYSAqx",
		SessionID:         "kss_0v1zUpWdE4IiFc2w5ynShf",
		IssuedAt:          time.Unix(1735689600, 0).UTC(),
		ExpiresAt:         time.Unix(1735776000, 0).UTC(),
		Name:              "George Example",
		GivenName:         "George",
		FamilyName:        "Example",
		PreferredUsername: "george",
		Email:             "george@example.com",
		EmailVerified:     new(true),
		Locale:            "en",
		Reference:         "42",
		Custom:            `{"plan": "pro"}`,
		Orgs: []claims.Org{{
			OrgID:        "org_0v1zWRHJVm7JY8vUqDRuyx",
			MembershipID: "mb_0v1zUpWdE4IiFc2w5ynShf",
			Permissions:  []string{"ar:owner", "widget:*"},
			Selected:     true,
			Name:         "Widgets Inc",
			Reference:    "acct-7",
			Custom:       `{"tier": 3}`,
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeRefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, row := range refusedPayloads {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			refused(t, row.payload, "")
		})
	}
}

var refusedPayloads = []struct{ name, payload string }{
	{name: "empty text is refused", payload: ``},
	{name: "null is refused", payload: `null`},
	{name: "an array is refused", payload: `[]`},
	{name: "an array with an object is refused", payload: `[{"sub":"u"}]`},
	{name: "text is refused", payload: `"sub"`},
	{name: "a number is refused", payload: `1`},
	{name: "true is refused", payload: `true`},
	{name: "text after the object is refused", payload: `{"sub":"u"} x`},
	{name: "a second object is refused", payload: `{"sub":"u"}{"sub":"v"}`},
	{name: "a comma after the object is refused", payload: `{"sub":"u"},`},
	{name: "a NUL after the object is refused", payload: `{"sub":"u"}` + "\x00"},
	{name: "a byte order mark is refused", payload: "\ufeff" + `{"sub":"u"}`},
	{name: "a truncated object is refused", payload: `{"sub":"u"`},
	{name: "a comment is refused", payload: `{"sub":"u"/**/}`},
	{name: "a claim twice is refused", payload: `{"sub":"u","sub":"u"}`},
	{name: "a claim twice with an escape is refused", payload: `{"sub":"u","s\u0075b":"v"}`},
	{name: "a claim twice with null is refused", payload: `{"sub":null,"sub":"u"}`},
	{name: "a display claim twice is refused", payload: `{"name":"N","name":"M"}`},
	{name: "an unknown claim twice is refused", payload: `{"x":1,"x":1}`},
	{name: "a member of an org twice is refused", payload: `{"orgs":[{},{"perm":["a"],"oid":"o","perm":["b"]}]}`},
	{name: "a custom attribute twice is refused", payload: `{"cs":{"a":[{"b":1,"b":2}]}}`},
	{name: "a custom attribute of an org twice is refused", payload: `{"orgs":[{"cs":{"a":1,"a":1}}]}`},
	{name: "a member twice in a display claim of the wrong type is refused", payload: `{"name":{"a":1,"a":1}}`},
	{name: "a member twice in an unknown claim is refused", payload: `{"x":[{"a":1,"a":1}]}`},
	{name: "a claim that is not UTF-8 is refused", payload: "{\"sub\":\"\xff\"}"},
	{name: "a display claim that is not UTF-8 is refused", payload: "{\"name\":\"\xff\"}"},
	{name: "a custom attribute that is not UTF-8 is refused", payload: "{\"cs\":{\"a\":\"\xff\"}}"},
	{name: "half a surrogate pair in a claim is refused", payload: `{"sub":"\ud83d"}`},
	{name: "half a surrogate pair in a permission is refused", payload: `{"orgs":[{"perm":["\ude00"]}]}`},
	{name: "half a surrogate pair in a custom attribute is refused", payload: `{"cs":{"\ud83d":1}}`},
	{name: "nesting 10,000 deep is refused", payload: `{"cs":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_001)},
	{name: "nesting without end is refused", payload: `{"cs":` + strings.Repeat(`{"a":`, 50_000)},
}

// wrongValues has, for each claim of identity and authority, what is not of its
// type. The rows also seed the fuzz target.
var wrongValues = []struct {
	claims []string
	values []string
}{
	{claims: []string{"iss", "sub", "rid", "sid"}, values: []string{`1`, `true`, `false`, `["u"]`, `[]`, `{"u":1}`, `{}`}},
	{claims: []string{"iat", "exp", "nbf"}, values: []string{
		`"1735776000"`, `""`, `true`, `false`, `[1735776000]`, `{}`, `"never"`, `"2025-01-01T00:00:00Z"`,
	}},
	{claims: []string{"iat", "exp", "nbf"}, values: []string{`1e400`, `-1e400`, `1e18`, `253402300800`, `-253402300800`, `9223372036854775808`, `1735776000000`}},
	{claims: []string{"aud"}, values: []string{`1`, `true`, `{}`, `[1]`, `[null]`, `["a",null]`, `[["a"]]`, `["a",{}]`}},
	{claims: []string{"orgs"}, values: []string{`{}`, `{"oid":"o"}`, `"org_1"`, `1`, `true`, `false`, `""`}},
}

// wrongOrgValues is the same for an entry of orgs.
var wrongOrgValues = []struct {
	claims []string
	values []string
}{
	{claims: []string{"oid", "mid"}, values: []string{`1`, `true`, `["o"]`, `{}`}},
	{claims: []string{"selected"}, values: []string{`"true"`, `""`, `1`, `0`, `[true]`, `{}`}},
	{claims: []string{"perm"}, values: []string{`"ar:owner"`, `""`, `1`, `true`, `{}`, `{"ar:owner":true}`, `[null]`, `["a",null]`, `[1]`, `[["ar:owner"]]`, `[{}]`, `[true]`}},
}

func TestDecodeRefusesWrongTypes(t *testing.T) {
	t.Parallel()
	for _, row := range wrongValues {
		for _, claim := range row.claims {
			for _, value := range row.values {
				t.Run(claim+" of "+value+" is refused", func(t *testing.T) {
					t.Parallel()
					refused(t, `{"name":"N","`+claim+`":`+value+`}`, claim)
					refused(t, `{"`+claim+"\" :\n "+value+"\t}", claim)
				})
			}
		}
	}
	for _, row := range wrongOrgValues {
		for _, claim := range row.claims {
			for _, value := range row.values {
				t.Run(claim+" of "+value+" is refused", func(t *testing.T) {
					t.Parallel()
					refused(t, `{"orgs":[{"`+claim+`":`+value+`}]}`, "orgs[0]."+claim)
					refused(t, "{\"orgs\" : [ {\"oid\":\"o\"} , { \""+claim+"\" : "+value+" } ] }", "orgs[1]."+claim)
				})
			}
		}
	}
	for _, entry := range []string{`null`, `"org_1"`, `1`, `true`, `[]`, `[{"oid":"o"}]`} {
		t.Run("an entry "+entry+" of orgs is refused", func(t *testing.T) {
			t.Parallel()
			refused(t, `{"orgs":[`+entry+`]}`, "orgs[0]")
			refused(t, `{"orgs":[{"oid":"o"}, `+entry+` ]}`, "orgs[1]")
		})
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, payload, want string }{
		{name: "a claim of the wrong type", payload: `{"exp":"1735776000"}`, want: `claim exp is a string, want number`},
		{name: "the first of several", payload: `{"orgs":5,"exp":"x","sub":1}`, want: `claim orgs is a number, want array`},
		{name: "a date out of range", payload: `{"nbf":1e400}`, want: `claim nbf is out of range`},
		{name: "an object for a string", payload: `{"sub":{"a":1}}`, want: `claim sub is an object, want string`},
		{name: "an aud of the wrong type", payload: `{"aud":true}`, want: `claim aud is a boolean, want array`},
		{name: "an element of aud", payload: `{"aud":["a",null]}`, want: `claim aud[1] is null, want string`},
		{name: "an entry of orgs", payload: `{"orgs":[{},null]}`, want: `claim orgs[1] is null, want object`},
		{name: "a member of an org", payload: `{"orgs":[{},{"oid":"o"},{"perm":"ar:owner"}]}`, want: `claim orgs[2].perm is a string, want array`},
		{name: "an element of a member of an org", payload: `{"orgs":[{"perm":["a",["b"]]}]}`, want: `claim orgs[0].perm[1] is an array, want string`},
		{name: "a boolean of an org", payload: `{"orgs":[{"selected":"true"}]}`, want: `claim orgs[0].selected is a string, want boolean`},
		{name: "no object", payload: `[]`, want: `payload is an array, want object`},
		{name: "no JSON", payload: `{"sub":u}`, want: `payload is not valid JSON in UTF-8, see byte 7`},
		{name: "more than one object", payload: `{}{}`, want: `payload has text after the JSON object`},
		{name: "a claim twice", payload: `{"sub":"u","sub":"v"}`, want: `payload has the member "sub" twice`},
		{name: "a member of an org twice", payload: `{"orgs":[{},{"oid":"o","oid":"p"}]}`, want: `payload has the member "oid" twice`},
		{name: "a member with a long name twice", payload: `{"cs":{"` + strings.Repeat("n", 70) + `":1,"` + strings.Repeat("n", 70) + `":1}}`,
			want: `payload has the member "` + strings.Repeat("n", 64) + `"... twice`},
		{name: "nesting", payload: `{"cs":` + strings.Repeat(`{"a":`, 32), want: `payload nests more than 32 levels deep`},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := claims.Decode([]byte(row.payload))
			if err == nil || err.Error() != row.want {
				t.Errorf("got error %v, want %q", err, row.want)
			}
		})
	}
}

func TestDecodeNullIsAbsent(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{
		`{}`,
		`{"iss":null,"sub":null,"rid":null,"sid":null,"iat":null,"exp":null,"nbf":null,"aud":null,"orgs":null,
		  "name":null,"given_name":null,"family_name":null,"preferred_username":null,"email":null,"email_verified":null,
		  "locale":null,"ref":null,"cs":null}`,
	} {
		if got := decode(t, payload); !reflect.DeepEqual(got, claims.Claims{}) {
			t.Errorf("Decode(%q): got %+v, want the zero value", payload, got)
		}
	}
	got := decode(t, `{"orgs":[{"oid":null,"mid":null,"perm":null,"selected":null,"name":null,"ref":null,"cs":null},{}]}`)
	if want := make([]claims.Org, 2); !reflect.DeepEqual(got.Orgs, want) {
		t.Errorf("got orgs %+v, want %+v", got.Orgs, want)
	}
}

func TestDecodeNamesAreExact(t *testing.T) {
	t.Parallel()
	got := decode(t, `{"ISS":"i","Sub":"u","RID":1,"Sid":[],"EXP":"x","Exp":1,"Iat":2,"NBF":{},"AUD":5,"Orgs":5,
		"Email":"e","EMAIL_VERIFIED":true,"Name":"n","CS":{},"iss ":"i"," sub":"u","\u0130ss":"i","\u017fub":"u"}`)
	if !reflect.DeepEqual(got, claims.Claims{}) {
		t.Errorf("got %+v, want the zero value", got)
	}
	got = decode(t, `{"orgs":[{"OID":1,"Mid":"m","PERM":["ar:owner"],"Selected":true,"perms":["ar:owner"]}]}`)
	if want := make([]claims.Org, 1); !reflect.DeepEqual(got.Orgs, want) {
		t.Errorf("got orgs %+v, want %+v", got.Orgs, want)
	}
	if got := decode(t, `{"s\u0075b":"u"}`); got.Subject != "u" {
		t.Errorf("escaped name: got subject %q, want %q", got.Subject, "u")
	}
}

func TestDecodeSkipsWhiteSpace(t *testing.T) {
	t.Parallel()
	got := decode(t, " \r\n{\t\"sub\" : \"u\" , \"exp\" :\n 1735776000 \n, \"email_verified\" : true , \"name\"\n:\t\"N\" , \"cs\" : { \"a\" : 1 } ,"+
		"\"aud\" : [ \"a\" ,\n\t\"b\" ] , \"orgs\" : [ \n { \"oid\" : \"o\" , \"perm\" : [ \"p\" , \r\n \"q\" ] , \"selected\" : true } \t, { } ] }\n\t ")
	want := claims.Claims{
		Subject:       "u",
		ExpiresAt:     time.Unix(1735776000, 0).UTC(),
		Name:          "N",
		EmailVerified: new(true),
		Custom:        `{ "a" : 1 }`,
		Audience:      []string{"a", "b"},
		Orgs:          []claims.Org{{OrgID: "o", Permissions: []string{"p", "q"}, Selected: true}, {}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, payload := range []string{`{"orgs":[ ]}`, `{"orgs":[]}`} {
		if got := decode(t, payload); got.Orgs == nil || len(got.Orgs) != 0 {
			t.Errorf("Decode(%q): got orgs %#v, want an empty list", payload, got.Orgs)
		}
	}
}

func TestDecodeDates(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, value string
		want        time.Time
	}{
		{name: "a whole number is seconds", value: `1735776000`, want: time.Unix(1735776000, 0)},
		{name: "a fraction is kept", value: `1735776000.5`, want: time.Unix(1735776000, 5e8)},
		{name: "a fraction of zero is none", value: `1735776000.0`, want: time.Unix(1735776000, 0)},
		{name: "an exponent is a number like any other", value: `1.735776e9`, want: time.Unix(1735776000, 0)},
		{name: "zero is a date, not absent", value: `0`, want: time.Unix(0, 0)},
		{name: "minus zero is zero", value: `-0`, want: time.Unix(0, 0)},
		{name: "a negative number is before 1970", value: `-1`, want: time.Unix(-1, 0)},
		{name: "a negative fraction goes back", value: `-0.5`, want: time.Unix(0, -5e8)},
		{name: "a tiny number is zero", value: `1e-400`, want: time.Unix(0, 0)},
		{name: "the last second of year 9999 is a date", value: `253402300799`, want: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := decode(t, `{"exp":`+row.value+`,"iat": `+row.value+` ,"nbf":`+row.value+`}`)
			for name, date := range map[string]time.Time{"exp": got.ExpiresAt, "iat": got.IssuedAt, "nbf": got.NotBefore} {
				if !date.Equal(row.want) {
					t.Errorf("%s: got %v, want %v", name, date, row.want)
				}
				if date.IsZero() {
					t.Errorf("%s: got the zero time, which means absent", name)
				}
				if date.Location() != time.UTC {
					t.Errorf("%s: got location %v, want UTC", name, date.Location())
				}
			}
		})
	}
}

func TestDecodeAudience(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, payload string
		want          []string
	}{
		{name: "no aud is nil", payload: `{}`},
		{name: "aud null is nil", payload: `{"aud":null}`},
		{name: "a text is one aud", payload: `{"aud":"app"}`, want: []string{"app"}},
		{name: "an empty text is an aud, not none", payload: `{"aud":""}`, want: []string{""}},
		{name: "an array is all of its texts", payload: `{"aud":["a","b"]}`, want: []string{"a", "b"}},
		{name: "an empty array is an aud, not none", payload: `{"aud":[]}`, want: []string{}},
		{name: "an array of white space is an aud, not none", payload: `{"aud":[ ]}`, want: []string{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := decode(t, row.payload).Audience; !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %#v, want %#v", got, row.want)
			}
		})
	}
}

func TestDecodeDisplayClaimsOfWrongTypeAreAbsent(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`1`, `true`, `false`, `["x"]`, `[]`, `{"x":1}`, `{}`, `null`} {
		t.Run("a text of "+value+" is absent", func(t *testing.T) {
			t.Parallel()
			var payload strings.Builder
			payload.WriteString(`{"sub":"u"`)
			for _, name := range []string{"name", "given_name", "family_name", "preferred_username", "email", "locale", "ref"} {
				payload.WriteString(`,"` + name + `":` + value)
			}
			payload.WriteString(`,"orgs":[{"oid":"o","name": ` + value + ` ,"ref":` + value + `}]}`)
			want := claims.Claims{Subject: "u", Orgs: []claims.Org{{OrgID: "o"}}}
			if got := decode(t, payload.String()); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
	for _, value := range []string{`"x"`, `""`, `1`, `true`, `[]`, `[{}]`, `null`} {
		t.Run("cs of "+value+" is absent", func(t *testing.T) {
			t.Parallel()
			got := decode(t, `{"cs":`+value+`,"orgs":[{"cs":`+value+`}]}`)
			if got.Custom != "" || got.Orgs[0].Custom != "" {
				t.Errorf("got %q and %q, want none", got.Custom, got.Orgs[0].Custom)
			}
		})
	}
}

func TestDecodeEmailVerified(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		value string
		want  *bool
	}{
		{value: `true`, want: new(true)},
		{value: ` true `, want: new(true)},
		{value: `false`, want: new(false)},
		{value: `null`},
		{value: `"true"`},
		{value: `"false"`},
		{value: `"verified"`},
		{value: `1`},
		{value: `0`},
		{value: `1.0`},
		{value: `[true]`},
		{value: `{"true":true}`},
		{value: `""`},
	} {
		t.Run("email_verified of "+row.value, func(t *testing.T) {
			t.Parallel()
			if got := decode(t, `{"email_verified":`+row.value+`}`).EmailVerified; !reflect.DeepEqual(got, row.want) {
				t.Errorf("got %v, want %v", show(got), show(row.want))
			}
		})
	}
	if got := decode(t, `{}`).EmailVerified; got != nil {
		t.Errorf("without email_verified: got %v, want nil", show(got))
	}
}

func show(b *bool) string {
	switch {
	case b == nil:
		return "nil"
	case *b:
		return "true"
	}
	return "false"
}

func TestDecodeKeepsTextsAsTheyAre(t *testing.T) {
	t.Parallel()
	got := decode(t, `{"iss":"https:\/\/authrocket.com\u002f","sub":" u ","name":"\u003cb\u003e","orgs":[{"perm":["Ar:Owner","","a b"]}]}`)
	want := claims.Claims{
		Issuer:  "https://authrocket.com/",
		Subject: " u ",
		Name:    "<b>",
		Orgs:    []claims.Org{{Permissions: []string{"Ar:Owner", "", "a b"}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeDoesNotKeepThePayload(t *testing.T) {
	t.Parallel()
	payload := []byte(`{"cs":{"a":1},"orgs":[{"cs":{"b":2}}]}`)
	got, err := claims.Decode(payload)
	if err != nil {
		t.Fatal(err)
	}
	clear(payload)
	if got.Custom != `{"a":1}` || got.Orgs[0].Custom != `{"b":2}` {
		t.Errorf("after the payload was overwritten: got %q and %q", got.Custom, got.Orgs[0].Custom)
	}
}

func TestPeek(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, payload, issuer, realmID string }{
		{name: "iss and rid are read", payload: fullPayload, issuer: "https://authrocket.com", realmID: "rl_0v1zTHXhtNgmDaXaDYSAqx"},
		{name: "missing ones are empty", payload: `{}`},
		{name: "ones of null are empty", payload: `{"iss":null,"rid":null}`},
		{name: "ones of another type are empty", payload: `{"iss":["https://authrocket.com"],"rid":1}`},
		{name: "names are exact", payload: `{"ISS":"i","Rid":"r"}`},
		{name: "other claims may be of any type", payload: `{"iss":"i","rid":"r","exp":"x","orgs":5}`, issuer: "i", realmID: "r"},
		{name: "null is empty", payload: `null`},
		{name: "an array is empty", payload: `[{"iss":"i"}]`},
		{name: "text after the object makes it empty", payload: `{"iss":"i","rid":"r"}x`},
		{name: "no JSON is empty", payload: `x`},
		{name: "a claim twice makes it empty", payload: `{"iss":"i","rid":"r","sub":"u","sub":"u"}`},
		{name: "nothing is empty", payload: ``},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			issuer, realmID := claims.Peek([]byte(row.payload))
			if issuer != row.issuer || realmID != row.realmID {
				t.Errorf("got %q and %q, want %q and %q", issuer, realmID, row.issuer, row.realmID)
			}
		})
	}
}
