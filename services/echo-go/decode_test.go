package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeAccepts(t *testing.T) {
	plain := request{1, "a", []string{"b"}}
	tests := map[string]struct {
		doc  string
		want request
	}{
		"plain":              {`{"id":1,"user_agent":"a","metadata":["b"]}`, plain},
		"any order":          {`{"metadata":["b"],"user_agent":"a","id":1}`, plain},
		"white space":        {"\t{ \"id\" : 1 ,\r\n\"user_agent\":\"a\",\"metadata\":[ \"b\" ] } \n", plain},
		"escaped name":       {`{"\u0069d":1,"user_agent":"a","metadata":["b"]}`, plain},
		"unknown member":     {`{"x":{"id":[null,-1e999]},"id":1,"user_agent":"a","metadata":["b"]}`, plain},
		"unknown twice":      {`{"x":1,"x":2,"id":1,"user_agent":"a","metadata":["b"]}`, plain},
		"name in other case": {`{"ID":2,"Id":"","id":1,"user_agent":"a","metadata":["b"],"METADATA":0}`, plain},
		"100 nested arrays":  {`{"x":` + nested(100) + `,"id":1,"user_agent":"a","metadata":["b"]}`, plain},
		"nothing in them":    {`{"id":0,"user_agent":"","metadata":[]}`, request{0, "", []string{}}},
		"largest id": {`{"id":18446744073709551615,"user_agent":"a","metadata":["b"]}`,
			request{1<<64 - 1, "a", []string{"b"}}},
		"escapes": {`{"id":1,"user_agent":"\\ud800\"\/\b\u0000","metadata":["\ud83d\ude00","😀"]}`,
			request{1, "\\ud800\"/\b\x00", []string{"😀", "😀"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decode([]byte(tt.doc))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	const integer = `member "id" is not an integer from 0 to 18446744073709551615`
	id := func(v string) string { return `{"id":` + v + `,"user_agent":"a","metadata":["b"]}` }
	userAgent := func(v string) string { return `{"id":1,"user_agent":` + v + `,"metadata":["b"]}` }
	metadata := func(v string) string { return `{"id":1,"user_agent":"a","metadata":` + v + `}` }
	unknown := func(v string) string { return `{"x":` + v + `,"id":1,"user_agent":"a","metadata":["b"]}` }
	tests := []struct{ doc, want string }{
		{"", "invalid JSON at byte 0: unexpected end of JSON input"},
		{" \n", "invalid JSON at byte 2: unexpected end of JSON input"},
		{`[]`, "the document is not a JSON object"},
		{`null`, "the document is not a JSON object"},
		{`{}`, `missing member "id"`},
		{`{"id":1,"metadata":[]}`, `missing member "user_agent"`},
		{`{"id":1,"user_agent":""}`, `missing member "metadata"`},
		{`{"ID":1,"user_agent":"","metadata":[]}`, `missing member "id"`},

		{id(`null`), integer},
		{id(`-1`), integer},
		{id(`-0`), integer},
		{id(`1.0`), integer},
		{id(`1e3`), integer},
		{id(`"1"`), integer},
		{id(`18446744073709551616`), integer},
		{userAgent(`null`), `member "user_agent" is not a string`},
		{userAgent(`1`), `member "user_agent" is not a string`},
		{metadata(`null`), `member "metadata" is not an array of strings`},
		{metadata(`"b"`), `member "metadata" is not an array of strings`},
		{metadata(`{}`), `member "metadata" is not an array of strings`},
		{metadata(`["b",1]`), `member "metadata" is not an array of strings`},
		{metadata(`["b",null]`), `member "metadata" is not an array of strings: element 1 is null`},

		{`{"id":1,"id":1,"user_agent":"a","metadata":[]}`, `duplicate member "id"`},
		{`{"id":1,"\u0069d":1,"user_agent":"a","metadata":[]}`, `duplicate member "id"`},
		{`{"metadata":[],"id":1,"user_agent":"a","metadata":[]}`, `duplicate member "metadata"`},
		{`{"user_agent":"","id":1,"user_agent":"","metadata":[]}`, `duplicate member "user_agent"`},

		{"\ufeff" + id("1"), "invalid JSON at byte 0: invalid character 'ï' looking for beginning of value"},
		{id(`1`) + "x", "invalid JSON at byte 42: invalid character 'x' after top-level value"},
		{id(`1`) + "{}", "invalid JSON at byte 42: invalid character '{' after top-level value"},
		{id(`01`), "invalid JSON at byte 7: invalid character '1' after object key:value pair"},
		{`{"id":1,}`, "invalid JSON at byte 8: invalid character '}' looking for beginning of object key string"},
		{`{"id":1`, "invalid JSON at byte 7: unexpected end of JSON input"},
		{metadata(`["b",]`), "invalid JSON at byte 41: invalid character ']' looking for beginning of value"},
		{unknown(`tru`), "invalid JSON at byte 8: invalid character ',' in literal true (expecting 'e')"},
		{unknown(`"\x"`), `invalid JSON at byte 7: invalid character 'x' in string escape code`},
		{unknown(nested(100_000)), "invalid JSON at byte 10004: invalid character '[' exceeded max depth"},

		{userAgent("\"\xff\""), "invalid UTF-8 at byte 22"},
		{unknown("\"a\xed\xa0\x80\""), "invalid UTF-8 at byte 7"},
		{userAgent(`"\ud800"`), "lone surrogate escape at byte 22"},
		{userAgent(`"\udc00"`), "lone surrogate escape at byte 22"},
		{userAgent(`"\\\ud800\n"`), "lone surrogate escape at byte 24"},
		{unknown(`"\ud800\ud800"`), "lone surrogate escape at byte 6"},
		{unknown(`"\ud83d\ude00\ud83d"`), "lone surrogate escape at byte 18"},
	}
	for _, tt := range tests {
		_, err := decode([]byte(tt.doc))
		if err == nil || err.Error() != tt.want {
			t.Errorf("%.60s\n got: %v\nwant: %s", tt.doc, err, tt.want)
		}
	}
}

// No document may be accepted before its last byte.
func TestDecodeRefusesEveryTruncation(t *testing.T) {
	const doc = `{"id":12,"x":[{"y":-1.5e3},null],"user_agent":"a\ud83d\ude00\n","metadata":["b","é"]}`
	if _, err := decode([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	for n := range len(doc) {
		if _, err := decode([]byte(doc[:n])); err == nil {
			t.Errorf("accepted %s", doc[:n])
		}
	}
}

// FuzzDecode looks for documents that pass although they are not JSON, or whose values
// differ from what encoding/json makes of them.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":1,"user_agent":"a","metadata":["b"],"x":[{}, 1]}`))
	f.Add([]byte(`{"\u0069d":1,"user_agent":"\ud83d\ude00","metadata":[]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := decode(doc)
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(doc, &members); err != nil {
			t.Fatalf("accepted %q: %v", doc, err)
		}
		var want request
		for name, dst := range map[string]any{"id": &want.id, "user_agent": &want.userAgent, "metadata": &want.metadata} {
			if err := json.Unmarshal(members[name], dst); err != nil {
				t.Fatalf("accepted %q: %s: %v", doc, name, err)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q\n got %+v\nwant %+v", doc, got, want)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	doc, err := json.Marshal(map[string]any{
		"id":         uint64(1<<64 - 1),
		"user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		"metadata":   strings.Split(strings.Repeat("region=eu-central-1;tenant=0000000000001;", 24), ";"),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func nested(depth int) string {
	return strings.Repeat("[", depth) + strings.Repeat("]", depth)
}
