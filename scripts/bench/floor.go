package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/go-faster/jx"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// floor does what no converter can leave out, on one core and with the libraries trailgauge uses: inflate the objects, walk all
// tokens of their JSON, and compress the same bytes with zstd at the level of the lake.
func floor(dir string) error {
	paths, _, err := objectsOf(dir)
	if err != nil {
		return err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	var (
		z          gzip.Reader
		text       bytes.Buffer
		packed     []byte
		read, kept int64
		dec        = jx.GetDecoder()
	)
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := z.Reset(bytes.NewReader(body)); err != nil {
			return err
		}
		text.Reset()
		if _, err := io.Copy(&text, &z); err != nil {
			return err
		}
		dec.ResetBytes(text.Bytes())
		if err := tokens(dec); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		packed = enc.EncodeAll(text.Bytes(), packed[:0])
		read, kept = read+int64(text.Len()), kept+int64(len(packed))
	}
	fmt.Printf("%.1f MB of JSON, %.1f MB as zstd\n", float64(read)/1e6, float64(kept)/1e6)
	return nil
}

// tokens walks every member and value.
func tokens(d *jx.Decoder) error {
	switch d.Next() {
	case jx.Object:
		return d.ObjBytes(func(d *jx.Decoder, _ []byte) error { return tokens(d) })
	case jx.Array:
		return d.Arr(tokens)
	case jx.String:
		_, err := d.StrBytes()
		return err
	}
	return d.Skip()
}
