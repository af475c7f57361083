package lake

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// The library reads what is stored, of every size at which its form changes, and knows how long it is beforehand.
func TestStoredIsZstd(t *testing.T) {
	reader, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, n := range []int{0, 1, 255, 256, 257, 4096, 65535, 65536, mostStored - 1} {
		content := bytes.Repeat([]byte{1, 2, 3}, n/3+1)[:n]
		stored := appendStored([]byte("before"), content)
		if !bytes.HasPrefix(stored, []byte("before")) {
			t.Fatalf("%d bytes: what was there is gone", n)
		}
		frame := stored[len("before"):]
		if got, err := reader.DecodeAll(frame, nil); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes: read as %d, error %v", n, len(got), err)
		}
		var h zstd.Header
		if err := h.Decode(frame); err != nil || !h.HasFCS || h.FrameContentSize != uint64(n) || len(frame)-n > 10 {
			t.Errorf("%d bytes: header %+v, error %v, %d bytes besides", n, h, err, len(frame)-n)
		}
	}
}
