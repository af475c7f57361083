package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// merge writes the records of a trail's objects into about n objects of one flat folder, in order of delivery. A busy account
// has such objects (CloudTrail writes up to 50 MB of JSON into one); tens of thousands of small files measure the file system.
func merge(trail, out string, n int) error {
	objects, total, err := objectsOf(trail)
	if err != nil {
		return err
	}
	slices.SortFunc(objects, func(a, b string) int { return strings.Compare(delivered(a), delivered(b)) })
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var records bytes.Buffer
	written := 0
	flush := func() error {
		if records.Len() == 0 {
			return nil
		}
		var object bytes.Buffer
		z, _ := gzip.NewWriterLevel(&object, gzip.DefaultCompression)
		fmt.Fprintf(z, `{"Records":[%s]}`, records.Bytes())
		if err := z.Close(); err != nil {
			return err
		}
		records.Reset()
		written++
		return os.WriteFile(filepath.Join(out, fmt.Sprintf("%06d.json.gz", written)), object.Bytes(), 0o644)
	}
	var size int64
	for _, path := range objects {
		text, err := inflate(path)
		if err != nil {
			return err
		}
		list, ok := bytes.CutPrefix(bytes.TrimSpace(text), []byte(`{"Records":[`))
		if !ok || !bytes.HasSuffix(list, []byte("]}")) {
			return fmt.Errorf("%s: not an object as trailgauge generate writes it", path)
		}
		if list = list[:len(list)-2]; len(list) == 0 {
			continue
		}
		if records.Len() > 0 {
			records.WriteByte(',')
		}
		records.Write(list)
		if info, err := os.Stat(path); err != nil {
			return err
		} else if size += info.Size(); size*int64(n) >= total {
			size = 0
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// delivered orders objects by the time in their name: ACCOUNT_CloudTrail_REGION_20261101T0310Z_….json.gz.
func delivered(path string) string {
	name := filepath.Base(path)
	if parts := strings.SplitN(name, "_", 5); len(parts) == 5 {
		return parts[3] + name
	}
	return name
}

// objectsOf lists the objects below a folder and sums up their sizes.
func objectsOf(dir string) (paths []string, total int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".json.gz") {
			return err
		}
		info, err := d.Info()
		if err == nil {
			paths, total = append(paths, path), total+info.Size()
		}
		return err
	})
	return paths, total, err
}

func inflate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(z)
}
