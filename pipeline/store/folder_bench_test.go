package store_test

import (
	"fmt"
	"syscall"
	"testing"

	"trailgauge/pipeline/store"
)

// BenchmarkFolderPut writes small objects, each into a folder of its own as a day's are, or all into one. The CPU of the system counts: cpu-ns/op.
func BenchmarkFolderPut(b *testing.B) {
	body := make([]byte, 10_000)
	for _, c := range []struct{ name, key string }{{"new folders", "table/2026/%02d/%02d/k"}, {"one folder", "table/2026/10/01/%02d-%02d"}} {
		b.Run(c.name, func(b *testing.B) {
			s, err := store.Folder(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			before := cpu(b)
			for i := 0; b.Loop(); i++ {
				if err := s.Put(b.Context(), fmt.Sprintf(c.key, i/30, i%30), body); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpu(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpu is the process's CPU time so far, in nanoseconds.
func cpu(b *testing.B) float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Skip("no CPU times here:", err)
	}
	return float64(r.Utime.Nano() + r.Stime.Nano())
}
