package models

import (
	"math"
	"testing"
)

func TestInvalidModelsSurpriseNobody(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"count 0", NBLogUpper(0, 3, 2), 0},
		{"negative count", NBLogUpper(-5, 3, 2), 0},
		{"smallest count", NBLogUpper(math.MinInt64, 3, 2), 0},
		{"negative count below", NBLogLower(-1, 3, 2), -inf},
		{"mean 0", NBLogUpper(1, 0, 2), -inf},
		{"mean 0, count 0", NBLogUpper(0, 0, 2), 0},
		{"mean 0 below", NBLogLower(0, 0, 2), 0},
		{"negative mean", NBLogUpper(9, -1, 2), 0},
		{"mean NaN", NBLogUpper(9, nan, 2), 0},
		{"size 0", NBLogUpper(9, 1, 0), 0},
		{"negative size", NBLogUpper(9, 1, -1), 0},
		{"size NaN", NBLogUpper(9, 1, nan), 0},
		{"size NaN below", NBLogLower(9, 1, nan), 0},
		{"endless size is Poisson", NBLogUpper(9, 1, inf), PoissonLogUpper(9, 1)},
		{"Poisson mean NaN", PoissonLogUpper(9, nan), 0},
		{"Poisson mean NaN below", PoissonLogLower(9, nan), 0},
		{"binomial p NaN", BinomialLogUpper(1, 2, nan), 0},
		{"binomial p above 1", BinomialLogUpper(1, 2, 1.5), 0},
		{"binomial p 1", BinomialLogUpper(2, 2, 1), 0},
		{"binomial p 0", BinomialLogUpper(1, 2, 0), -inf},
		{"more successes than trials", BinomialLogUpper(3, 2, 0.5), -inf},
		{"no trials", BetaBinomialLogUpper(1, 0, 1, 1), -inf},
		{"beta-binomial a 0", BetaBinomialLogUpper(1, 2, 0, 1), 0},
		{"beta-binomial b NaN", BetaBinomialLogUpper(1, 2, 1, nan), 0},
		{"t NaN", StudentTLogUpper(nan, 5), 0},
		{"df 0", StudentTLogUpper(3, 0), 0},
		{"t 0", StudentTLogUpper(0, 5), -math.Ln2},
		{"t endless", StudentTLogUpper(inf, 5), -inf},
		{"t endless below", StudentTLogUpper(-inf, 5), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}
