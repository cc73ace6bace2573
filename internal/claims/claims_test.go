package claims_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
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
	{"empty text is refused", ``},
	{"null is refused", `null`},
	{"an array is refused", `[]`},
	{"an array with an object is refused", `[{"sub":"u"}]`},
	{"text is refused", `"sub"`},
	{"a number is refused", `1`},
	{"true is refused", `true`},
	{"text after the object is refused", `{"sub":"u"} x`},
	{"a second object is refused", `{"sub":"u"}{"sub":"v"}`},
	{"a comma after the object is refused", `{"sub":"u"},`},
	{"a NUL after the object is refused", `{"sub":"u"}` + "\x00"},
	{"a byte order mark is refused", "\ufeff" + `{"sub":"u"}`},
	{"a truncated object is refused", `{"sub":"u"`},
	{"a comment is refused", `{"sub":"u"/**/}`},
	{"a claim twice is refused", `{"sub":"u","sub":"u"}`},
	{"a claim twice with an escape is refused", `{"sub":"u","s\u0075b":"v"}`},
	{"a claim twice with null is refused", `{"sub":null,"sub":"u"}`},
	{"a display claim twice is refused", `{"name":"N","name":"M"}`},
	{"an unknown claim twice is refused", `{"x":1,"x":1}`},
	{"a member of an org twice is refused", `{"orgs":[{},{"perm":["a"],"oid":"o","perm":["b"]}]}`},
	{"a custom attribute twice is refused", `{"cs":{"a":[{"b":1,"b":2}]}}`},
	{"a custom attribute of an org twice is refused", `{"orgs":[{"cs":{"a":1,"a":1}}]}`},
	{"a member twice in a display claim of the wrong type is refused", `{"name":{"a":1,"a":1}}`},
	{"a member twice in an unknown claim is refused", `{"x":[{"a":1,"a":1}]}`},
	{"a claim that is not UTF-8 is refused", "{\"sub\":\"\xff\"}"},
	{"a display claim that is not UTF-8 is refused", "{\"name\":\"\xff\"}"},
	{"a custom attribute that is not UTF-8 is refused", "{\"cs\":{\"a\":\"\xff\"}}"},
	{"half a surrogate pair in a claim is refused", `{"sub":"\ud83d"}`},
	{"half a surrogate pair in a permission is refused", `{"orgs":[{"perm":["\ude00"]}]}`},
	{"half a surrogate pair in a custom attribute is refused", `{"cs":{"\ud83d":1}}`},
	{"nesting 10,000 deep is refused", `{"cs":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_001)},
	{"nesting without end is refused", `{"cs":` + strings.Repeat(`{"a":`, 50_000)},
}

// wrongValues has, for each claim of identity and authority, what is not of its
// type. The rows also seed the fuzz target.
var wrongValues = []struct {
	claims []string
	values []string
}{
	{[]string{"iss", "sub", "rid", "sid"}, []string{`1`, `true`, `false`, `["u"]`, `[]`, `{"u":1}`, `{}`}},
	{[]string{"iat", "exp", "nbf"}, []string{
		`"1735776000"`, `""`, `true`, `false`, `[1735776000]`, `{}`, `"never"`, `"2025-01-01T00:00:00Z"`,
	}},
	{[]string{"iat", "exp", "nbf"}, []string{`1e400`, `-1e400`, `1e18`, `253402300800`, `-253402300800`, `9223372036854775808`, `1735776000000`}},
	{[]string{"aud"}, []string{`1`, `true`, `{}`, `[1]`, `[null]`, `["a",null]`, `[["a"]]`, `["a",{}]`}},
	{[]string{"orgs"}, []string{`{}`, `{"oid":"o"}`, `"org_1"`, `1`, `true`, `false`, `""`}},
}

// wrongOrgValues is the same for an entry of orgs.
var wrongOrgValues = []struct {
	claims []string
	values []string
}{
	{[]string{"oid", "mid"}, []string{`1`, `true`, `["o"]`, `{}`}},
	{[]string{"selected"}, []string{`"true"`, `""`, `1`, `0`, `[true]`, `{}`}},
	{[]string{"perm"}, []string{`"ar:owner"`, `""`, `1`, `true`, `{}`, `{"ar:owner":true}`, `[null]`, `["a",null]`, `[1]`, `[["ar:owner"]]`, `[{}]`, `[true]`}},
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
		{"a claim of the wrong type", `{"exp":"1735776000"}`, `claim exp is a string, want number`},
		{"the first of several", `{"orgs":5,"exp":"x","sub":1}`, `claim orgs is a number, want array`},
		{"a date out of range", `{"nbf":1e400}`, `claim nbf is out of range`},
		{"an object for a string", `{"sub":{"a":1}}`, `claim sub is an object, want string`},
		{"an aud of the wrong type", `{"aud":true}`, `claim aud is a boolean, want array`},
		{"an element of aud", `{"aud":["a",null]}`, `claim aud[1] is null, want string`},
		{"an entry of orgs", `{"orgs":[{},null]}`, `claim orgs[1] is null, want object`},
		{"a member of an org", `{"orgs":[{},{"oid":"o"},{"perm":"ar:owner"}]}`, `claim orgs[2].perm is a string, want array`},
		{"an element of a member of an org", `{"orgs":[{"perm":["a",["b"]]}]}`, `claim orgs[0].perm[1] is an array, want string`},
		{"a boolean of an org", `{"orgs":[{"selected":"true"}]}`, `claim orgs[0].selected is a string, want boolean`},
		{"no object", `[]`, `payload is an array, want object`},
		{"no JSON", `{"sub":u}`, `payload is not valid JSON in UTF-8, see byte 7`},
		{"more than one object", `{}{}`, `payload has text after the JSON object`},
		{"a claim twice", `{"sub":"u","sub":"v"}`, `payload has the member "sub" twice`},
		{"a member of an org twice", `{"orgs":[{},{"oid":"o","oid":"p"}]}`, `payload has the member "oid" twice`},
		{"a member with a long name twice", `{"cs":{"` + strings.Repeat("n", 70) + `":1,"` + strings.Repeat("n", 70) + `":1}}`,
			`payload has the member "` + strings.Repeat("n", 64) + `"... twice`},
		{"nesting", `{"cs":` + strings.Repeat(`{"a":`, 32), `payload nests more than 32 levels deep`},
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
		{"a whole number is seconds", `1735776000`, time.Unix(1735776000, 0)},
		{"a fraction is kept", `1735776000.5`, time.Unix(1735776000, 5e8)},
		{"a fraction of zero is none", `1735776000.0`, time.Unix(1735776000, 0)},
		{"an exponent is a number like any other", `1.735776e9`, time.Unix(1735776000, 0)},
		{"zero is a date, not absent", `0`, time.Unix(0, 0)},
		{"minus zero is zero", `-0`, time.Unix(0, 0)},
		{"a negative number is before 1970", `-1`, time.Unix(-1, 0)},
		{"a negative fraction goes back", `-0.5`, time.Unix(0, -5e8)},
		{"a tiny number is zero", `1e-400`, time.Unix(0, 0)},
		{"the last second of year 9999 is a date", `253402300799`, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
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
		{"no aud is nil", `{}`, nil},
		{"aud null is nil", `{"aud":null}`, nil},
		{"a text is one aud", `{"aud":"app"}`, []string{"app"}},
		{"an empty text is an aud, not none", `{"aud":""}`, []string{""}},
		{"an array is all of its texts", `{"aud":["a","b"]}`, []string{"a", "b"}},
		{"an empty array is an aud, not none", `{"aud":[]}`, []string{}},
		{"an array of white space is an aud, not none", `{"aud":[ ]}`, []string{}},
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
		{`true`, new(true)},
		{` true `, new(true)},
		{`false`, new(false)},
		{`null`, nil},
		{`"true"`, nil},
		{`"false"`, nil},
		{`"verified"`, nil},
		{`1`, nil},
		{`0`, nil},
		{`1.0`, nil},
		{`[true]`, nil},
		{`{"true":true}`, nil},
		{`""`, nil},
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
		{"iss and rid are read", fullPayload, "https://authrocket.com", "rl_0v1zTHXhtNgmDaXaDYSAqx"},
		{"missing ones are empty", `{}`, "", ""},
		{"ones of null are empty", `{"iss":null,"rid":null}`, "", ""},
		{"ones of another type are empty", `{"iss":["https://authrocket.com"],"rid":1}`, "", ""},
		{"names are exact", `{"ISS":"i","Rid":"r"}`, "", ""},
		{"other claims may be of any type", `{"iss":"i","rid":"r","exp":"x","orgs":5}`, "i", "r"},
		{"null is empty", `null`, "", ""},
		{"an array is empty", `[{"iss":"i"}]`, "", ""},
		{"text after the object makes it empty", `{"iss":"i","rid":"r"}x`, "", ""},
		{"no JSON is empty", `x`, "", ""},
		{"a claim twice makes it empty", `{"iss":"i","rid":"r","sub":"u","sub":"u"}`, "", ""},
		{"nothing is empty", ``, "", ""},
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

// What is decoded beside other payloads is that of its own one.
func TestDecodesBesideEachOther(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 300 {
				own := fmt.Sprintf("%d-%d", worker, i)
				payload := strings.ReplaceAll(`{"sub":"*","cs":{"*":"*"},"aud":["*"],"orgs":[{"oid":"*","perm":["*","*"],"cs":{"a":"*"}}]}`, "*", own)
				if i%5 == 0 {
					if _, err := claims.Decode([]byte(payload[:len(payload)-i/10])); err == nil && i >= 10 {
						t.Error("a truncated payload was accepted")
					}
				}
				want := claims.Claims{
					Subject:  own,
					Custom:   `{"` + own + `":"` + own + `"}`,
					Audience: []string{own},
					Orgs:     []claims.Org{{OrgID: own, Permissions: []string{own, own}, Custom: `{"a":"` + own + `"}`}},
				}
				if got, err := claims.Decode([]byte(payload)); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v, want %+v", got, err, want)
				}
			}
		})
	}
	all.Wait()
}
