package decode

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func zipped(t *testing.T, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestInflate(t *testing.T) {
	text := strings.Repeat(good, 50)
	body := zipped(t, text)
	damaged := bytes.Clone(body)
	damaged[len(damaged)-6] ^= 1 // checksum
	lying := bytes.Clone(body)
	lying[len(lying)-1] = 0xff // claims 4 GB
	for _, c := range []struct {
		name  string
		body  []byte
		limit int64
		err   string
	}{
		{"gzip", body, MaxObject, ""},
		{"plain", []byte(text), MaxObject, ""},
		{"just below the limit", body, int64(len(text)) + 1, ""},
		{"at the limit", body, int64(len(text)), "too large"},
		{"plain at the limit", []byte(text), int64(len(text)), "too large"},
		{"second member", append(bytes.Clone(body), body...), MaxObject, "follow the end"},
		{"bytes behind", append(bytes.Clone(body), 0), MaxObject, "follow the end"},
		{"cut short", body[:len(body)/2], MaxObject, "unexpected EOF"},
		{"cut in the trailer", body[:len(body)-1], MaxObject, "unexpected EOF"},
		{"cut in the header", body[:5], MaxObject, "unexpected EOF"},
		{"checksum", damaged, MaxObject, "checksum"},
		{"size", lying, MaxObject, "checksum"},
		{"bomb", zipped(t, strings.Repeat("0", 1<<20)), 1 << 16, "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := Inflate([]byte("before"), c.body, c.limit)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || string(out) != "before" {
					t.Errorf("error %v, want %q; %d bytes", err, c.err, len(out))
				}
				if (c.err == "too large") != errors.Is(err, ErrTooLarge) {
					t.Errorf("%v: is it ErrTooLarge?", err)
				}
				return
			}
			if err != nil || string(out) != "before"+text {
				t.Errorf("%d bytes, %v", len(out), err)
			}
		})
	}
}

func TestInflateKeepsRoom(t *testing.T) {
	body := zipped(t, good)
	room := make([]byte, 0, 4096)
	out, err := Inflate(room, body, MaxObject)
	if err != nil || &out[0] != &room[:1][0] {
		t.Errorf("the room of dst is not used, %v", err)
	}
}
