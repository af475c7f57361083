package models

import "math/big"

// The exact tails that the grid is made of: sums of masses in 640-bit arithmetic, by the ratio of neighbours from the mass
// at 0. Nothing here is shared with the code under test.

const exactBits = 640

func num(v float64) *big.Float       { return new(big.Float).SetPrec(exactBits).SetFloat64(v) }
func add(a, b *big.Float) *big.Float { return num(0).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return num(0).Sub(a, b) }
func mul(a, b *big.Float) *big.Float { return num(0).Mul(a, b) }
func quo(a, b *big.Float) *big.Float { return num(0).Quo(a, b) }

// negligible tells whether term no longer changes sum.
func negligible(term, sum *big.Float) bool {
	return term.Sign() == 0 || term.MantExp(nil) < sum.MantExp(nil)-exactBits
}

// exactExp is e^x: Taylor's series of x/2^s, squared s times.
func exactExp(x *big.Float) *big.Float {
	s := max(0, x.MantExp(nil)+16)
	small := num(0).SetMantExp(x, -s)
	sum, term := num(1), num(1)
	for i := 1.0; !negligible(term, sum); i++ {
		term = quo(mul(term, small), num(i))
		sum = add(sum, term)
	}
	for range s {
		sum = mul(sum, sum)
	}
	return sum
}

// exactLog is ln x = e ln 2 + 2 artanh((m-1)/(m+1)) for x = m 2^e.
func exactLog(x *big.Float) *big.Float {
	m := num(0)
	e := x.MantExp(m)
	artanh := func(z *big.Float) *big.Float {
		sum, power, square := z, z, mul(z, z)
		for i := 3.0; !negligible(power, sum); i += 2 {
			power = mul(power, square)
			sum = add(sum, quo(power, num(i)))
		}
		return sum
	}
	ln2 := mul(num(2), artanh(quo(num(1), num(3))))
	if e == 0 { // near 1: no cancelling ln 2
		return mul(num(2), artanh(quo(sub(m, num(1)), add(m, num(1)))))
	}
	return add(mul(num(float64(e)), ln2), mul(num(2), artanh(quo(sub(m, num(1)), add(m, num(1))))))
}

// log1m is ln(1-p), p itself where 1-p would lose it.
func log1m(p *big.Float) *big.Float {
	if p.MantExp(nil) < -exactBits/2 {
		return num(0).Neg(p)
	}
	return exactLog(sub(num(1), p))
}

func float(x *big.Float) float64 { v, _ := x.Float64(); return v }

// exactTails is ln P(Y >= y) and ln P(Y < y) of the masses first, first·ratio(0), first·ratio(0)·ratio(1), …
func exactTails(y int64, first *big.Float, ratio func(j float64) *big.Float) (upper, lower float64) {
	below, term := num(0), first
	for j := range y {
		below = add(below, term)
		term = mul(term, ratio(float64(j)))
	}
	if rest := sub(num(1), below); rest.Sign() > 0 && rest.MantExp(nil) > -exactBits/2 {
		return float(log1m(below)), float(exactLog(below))
	}
	above := term
	for j := y; ; j++ {
		term = mul(term, ratio(float64(j)))
		if negligible(term, above) {
			break
		}
		above = add(above, term)
	}
	return float(exactLog(above)), float(log1m(above))
}

func exactNB(y int64, mean, size float64) (upper, lower float64) {
	k := num(size)
	q := quo(num(mean), add(num(mean), k))
	first := exactExp(mul(k, exactLog(sub(num(1), q))))
	return exactTails(y, first, func(j float64) *big.Float { return quo(mul(add(num(j), k), q), num(j+1)) })
}

func exactPoisson(y int64, mean float64) (upper, lower float64) {
	m := num(mean)
	return exactTails(y, exactExp(num(-mean)), func(j float64) *big.Float { return quo(m, num(j+1)) })
}

func exactBinomial(x, n int64, p float64) float64 {
	odds := quo(num(p), sub(num(1), num(p)))
	first := exactExp(mul(num(float64(n)), exactLog(sub(num(1), num(p)))))
	upper, _ := exactTails(x, first, func(j float64) *big.Float { return quo(mul(num(float64(n)-j), odds), num(j+1)) })
	return upper
}

func exactBetaBinomial(x, n int64, a, b float64) float64 {
	first := num(1)
	for i := range n {
		first = mul(first, quo(add(num(b), num(float64(i))), add(add(num(a), num(b)), num(float64(i)))))
	}
	upper, _ := exactTails(x, first, func(j float64) *big.Float {
		left := num(float64(n) - j)
		below := add(sub(left, num(1)), num(b))
		return quo(mul(left, add(num(j), num(a))), mul(num(j+1), below))
	})
	return upper
}

// exactStudentT is ln P(T >= t) for t > 0 and whole df: ½ I_x(df/2, ½) by the hypergeometric series of the smaller side.
func exactStudentT(t, df float64) float64 {
	half, nu, square := num(0.5), num(df), mul(num(t), num(t))
	a := mul(nu, half)
	x := quo(nu, add(nu, square))
	y := quo(square, add(nu, square))
	at, beta := num(1), num(2) // B(1, ½) = 2, B(½, ½) = π, B(a+1, ½) = B(a, ½) a/(a+½)
	if int64(df)%2 == 1 {
		at, beta = half, exactPi()
	}
	for at.Cmp(a) < 0 {
		beta = mul(beta, quo(at, add(at, half)))
		at = add(at, num(1))
	}
	factor := quo(mul(exactExp(mul(a, exactLog(x))), num(0).Sqrt(y)), beta)
	series := func(a, z *big.Float, b *big.Float) *big.Float { // Σ (a+b)_n/(a+1)_n zⁿ / a
		sum, term := num(1), num(1)
		for n := 0.0; !negligible(term, sum); n++ {
			term = mul(term, quo(mul(add(add(a, b), num(n)), z), add(a, num(n+1))))
			sum = add(sum, term)
		}
		return quo(sum, a)
	}
	if y.Cmp(x) < 0 {
		inner := mul(factor, series(half, y, a))
		return float(exactLog(mul(half, sub(num(1), inner))))
	}
	return float(exactLog(mul(half, mul(factor, series(a, x, half)))))
}

// exactPi is Machin's 16 arctan(1/5) - 4 arctan(1/239).
func exactPi() *big.Float {
	arctan := func(n float64) *big.Float {
		power := quo(num(1), num(n))
		sum := power
		for i := 3.0; !negligible(power, sum); i += 2 {
			power = quo(power, num(-n*n))
			sum = add(sum, quo(power, num(i)))
		}
		return sum
	}
	return sub(mul(num(16), arctan(5)), mul(num(4), arctan(239)))
}
