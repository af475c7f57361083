package models

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"trailgauge/fixtures/publicdata"
)

const gridFile = "testdata/tails.csv"

var updateGrid = flag.Bool("update-grid", false, "write "+gridFile+" anew from exact sums (about a minute)")

// tolerance is the promise: relative error of ln p.
const tolerance = 1e-9

// point is one tail: its name, its count (or t) and its parameters.
type point struct {
	tail string
	y    float64
	par  []float64
}

// fast is what the package says of the point.
func (p point) fast() float64 {
	y := int64(p.y)
	switch p.tail {
	case "nb-upper":
		return NBLogUpper(y, p.par[0], p.par[1])
	case "nb-lower":
		return NBLogLower(y, p.par[0], p.par[1])
	case "poisson-upper":
		return PoissonLogUpper(y, p.par[0])
	case "poisson-lower":
		return PoissonLogLower(y, p.par[0])
	case "binomial":
		return BinomialLogUpper(y, int64(p.par[0]), p.par[1])
	case "beta-binomial":
		return BetaBinomialLogUpper(y, int64(p.par[0]), p.par[1], p.par[2])
	case "student":
		return StudentTLogUpper(p.y, p.par[0])
	}
	panic("models: unknown tail " + p.tail)
}

// exact is the same by sums in big arithmetic.
func (p point) exact() (l float64) {
	y := int64(p.y)
	switch p.tail {
	case "nb-upper":
		l, _ = exactNB(y, p.par[0], p.par[1])
	case "nb-lower":
		_, l = exactNB(y+1, p.par[0], p.par[1])
	case "poisson-upper":
		l, _ = exactPoisson(y, p.par[0])
	case "poisson-lower":
		_, l = exactPoisson(y+1, p.par[0])
	case "binomial":
		l = exactBinomial(y, int64(p.par[0]), p.par[1])
	case "beta-binomial":
		l = exactBetaBinomial(y, int64(p.par[0]), p.par[1], p.par[2])
	case "student":
		l = exactStudentT(p.y, p.par[0])
	}
	return l
}

// counts are the interesting ones around a mean: few, near it on both sides, and far above.
func counts(mean, sd, most float64) []float64 {
	ys := []float64{1, 2, 4, math.Floor(mean / 3), math.Floor(mean), math.Floor(mean) + 1,
		math.Floor(mean+3*sd) + 1, math.Floor(mean+12*sd) + 2, math.Floor(mean+50*sd) + 9, 700}
	ys = slices.DeleteFunc(ys, func(y float64) bool { return y < 1 || y > most })
	slices.Sort(ys)
	return slices.Compact(ys)
}

func gridPoints() (ps []point) {
	for _, mean := range []float64{0.003, 0.7, 3, 25, 400, 3000} {
		for _, y := range counts(mean, math.Sqrt(mean), 9000) {
			ps = append(ps, point{"poisson-upper", y, []float64{mean}}, point{"poisson-lower", y, []float64{mean}})
		}
		for _, size := range []float64{0.001, 0.02, 0.4, 1.5, 8, 100, 3e4, 5e6} {
			for _, y := range counts(mean, math.Sqrt(mean+mean*mean/size), 9000) {
				ps = append(ps, point{"nb-upper", y, []float64{mean, size}}, point{"nb-lower", y, []float64{mean, size}})
			}
		}
	}
	for _, n := range []float64{1, 7, 60, 800, 6000} {
		for _, p := range []float64{0.0004, 0.03, 0.25, 0.7} {
			for _, x := range append(counts(n*p, math.Sqrt(n*p), n), n) {
				ps = append(ps, point{"binomial", x, []float64{n, p}})
				for _, c := range []float64{0.5, 12, 300, 40000} {
					ps = append(ps, point{"beta-binomial", x, []float64{n, p * c, (1 - p) * c}})
				}
			}
		}
	}
	for _, df := range []float64{1, 4, 5, 12, 33, 100, 251, 600} {
		for _, t := range []float64{1e-9, 0.02, 0.5, 1, 1.7, 1.8, 2.5, 4, 9, 30, 200, 1e5} {
			ps = append(ps, point{"student", t, []float64{df}})
		}
	}
	return ps
}

func (p point) row(l float64) []string {
	par := [3]string{}
	for i, v := range p.par {
		par[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return []string{p.tail, strconv.FormatFloat(p.y, 'g', -1, 64), par[0], par[1], par[2], strconv.FormatFloat(l, 'g', -1, 64)}
}

// TestGrid compares every tail with exact sums. The file was written by this test (-update-grid); one row in 40 is summed anew, so that
// neither the file nor its generator can drift.
func TestGrid(t *testing.T) {
	points := gridPoints()
	if *updateGrid {
		writeGrid(t, points)
	}
	rows := readCSV(t, gridFile)[1:]
	if len(rows) != len(points) {
		t.Fatalf("%s has %d rows, want %d: run with -update-grid", gridFile, len(rows), len(points))
	}
	worst := map[string]float64{}
	for i, p := range points {
		want := number(t, rows[i][5])
		if i%40 == 0 {
			if got := p.row(p.exact()); !slices.Equal(got, rows[i]) {
				t.Errorf("row %d is %v, exact sums say %v", i, rows[i], got)
			}
		}
		err := relativeError(p.fast(), want)
		if !(err <= tolerance) {
			t.Errorf("%s(%v, %v) = %v, want %v: off by %.2g", p.tail, p.y, p.par, p.fast(), want, err)
		}
		worst[p.tail] = max(worst[p.tail], err)
	}
	t.Logf("%d rows, worst relative error of ln p: %v", len(points), worst)
}

// TestLargeGrid compares tails of counts too large to be summed with testdata/large.csv, which large.py beside it computed.
func TestLargeGrid(t *testing.T) {
	worst := map[string]float64{}
	for _, row := range readCSV(t, "testdata/large.csv")[1:] {
		p := point{tail: row[0], y: number(t, row[1])}
		for _, v := range row[2:5] {
			if v != "" {
				p.par = append(p.par, number(t, v))
			}
		}
		err := relativeError(p.fast(), number(t, row[5]))
		if !(err <= tolerance) {
			t.Errorf("%v: got %v, off by %.2g", row, p.fast(), err)
		}
		worst[p.tail] = max(worst[p.tail], err)
	}
	t.Logf("worst relative error of ln p: %v", worst)
}

func writeGrid(t *testing.T, points []point) {
	file, err := os.Create(gridFile)
	if err != nil {
		t.Fatal(err)
	}
	w := csv.NewWriter(file)
	_ = w.Write([]string{"tail", "y", "par1", "par2", "par3", "ln_p"})
	for _, p := range points {
		_ = w.Write(p.row(p.exact()))
	}
	w.Flush()
	if err := w.Error(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestReferenceGrids reads the mpmath grids that lie beside the project in some places (60 digits, down to 10^-31320).
func TestReferenceGrids(t *testing.T) {
	folder := publicdata.Folder(t, "reference/ref")
	for _, g := range []struct {
		file string
		want int // column
		tail func(r []float64) float64
	}{
		{"nbinom_logsf.csv", 3, func(r []float64) float64 { return NBLogUpper(int64(r[2]), r[0], r[1]) }},
		{"nbinom_logcdf.csv", 3, func(r []float64) float64 { return NBLogLower(int64(r[2]), r[0], r[1]) }},
		{"poisson_logsf.csv", 2, func(r []float64) float64 { return PoissonLogUpper(int64(r[1]), r[0]) }},
		{"binom_logsf.csv", 3, func(r []float64) float64 { return BinomialLogUpper(int64(r[2]), int64(r[0]), r[1]) }},
		{"betabinom_logsf.csv", 4, func(r []float64) float64 { return BetaBinomialLogUpper(int64(r[3]), int64(r[0]), r[1], r[2]) }},
	} {
		worst, rows := 0.0, readCSV(t, filepath.Join(folder, g.file))[1:]
		for _, row := range rows {
			r := make([]float64, g.want+1)
			for i := range r {
				r[i] = number(t, row[i])
			}
			got, want := g.tail(r), r[g.want]
			if want > 0 && got <= 0 && got > -1e-50 {
				continue // one binomial row is the rounding of 60 digits, 4e-59: no ln p is positive
			}
			err := relativeError(got, want)
			if !(err <= tolerance) {
				t.Errorf("%s %v: got %v, off by %.2g", g.file, row, got, err)
			}
			worst = max(worst, err)
		}
		t.Logf("%s: %d rows, worst relative error of ln p %.2g", g.file, len(rows), worst)
	}
}

func readCSV(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(fmt.Errorf("reading %s: %w", name, err))
	}
	return rows
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func relativeError(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got-want) / math.Abs(want)
}
