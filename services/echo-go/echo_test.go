package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestEncode(t *testing.T) {
	s := newServer(config{})
	s.processedBy = "go-echo/test"
	var buf bytes.Buffer
	if err := s.encode(&buf, request{1<<64 - 1, "a<b>&\u2028\x00\"", []string{}}); err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(buf.String(), `"server_timestamp":`)
	if want := `{"id":18446744073709551615,"user_agent":"a<b>&\u2028\u0000\"","metadata":[],`; head != want {
		t.Errorf("got  %s\nwant %s", head, want)
	}
	if want := `,"processed_by":"go-echo/test"}`; !strings.HasSuffix(rest, want) {
		t.Errorf("got %s, want it to end with %s", rest, want)
	}
}

func TestPadding(t *testing.T) {
	req := request{7, "agent", []string{"a", "b"}}
	natural := encoded(t, 0, req)
	length := len(natural)
	tests := []struct{ padTo, want int }{
		{1, length},
		{length, length},
		{length + 13, length}, // the member would need an x more
		{length + 14, length + 14},
		{length + 15, length + 15},
		{4096, 4096},
	}
	for _, tt := range tests {
		body := encoded(t, tt.padTo, req)
		if len(body) != tt.want {
			t.Errorf("padding to %d: %d bytes, want %d", tt.padTo, len(body), tt.want)
		}
		if tt.want > length {
			checkPadding(t, body, tt.want-length-13)
		}
	}
}

func checkPadding(t *testing.T, body []byte, xs int) {
	t.Helper()
	var got struct{ Padding string }
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if got.Padding != strings.Repeat("x", xs) {
		t.Errorf("padding %q, want %d x's", got.Padding, xs)
	}
	if !bytes.HasSuffix(body, []byte(`x"}`)) {
		t.Errorf("padding is not the last member of %s", body)
	}
}

// What goes in through decode must come out of encode as equal strings.
func TestRoundTrip(t *testing.T) {
	for _, s := range []string{"", "\x00\x1f\x7f", "\\\"/", "<&>", "é\u2028\u2029\ufffd😀"} {
		doc, err := json.Marshal(map[string]any{"id": 1, "user_agent": s, "metadata": []string{s}})
		if err != nil {
			t.Fatal(err)
		}
		req, err := decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode(encoded(t, 0, req))
		if err != nil {
			t.Fatal(err)
		}
		if want := (request{1, s, []string{s}}); !reflect.DeepEqual(again, want) {
			t.Errorf("got %+v, want %+v", again, want)
		}
	}
}

func encoded(t *testing.T, padTo int, req request) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := newServer(config{responseBytes: padTo}).encode(&buf, req); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
