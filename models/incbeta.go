package models

import "math"

// betaDist is the beta distribution with parameters a and b: the negative binomial's, the binomial's and the beta-binomial's tails
// are all its tails.
type betaDist struct {
	a, b float64 // in [minParam, maxParam]
	lead float64 // ln of xᵃ yᵇ / B(a, b) at its largest, x = a/(a+b)
}

func newBeta(a, b float64) betaDist {
	all := a + b
	lead := stirlingError(all) - stirlingError(a) - stirlingError(b) + 0.5*math.Log(a*(b/all)) - halfLn2Pi
	return betaDist{a, b, lead}
}

// drop is how far ln xᵃ yᵇ lies below its largest, never negative; y is 1-x, given separately so that an x near 1 loses no digits.
func (d *betaDist) drop(x, y float64) float64 {
	all := d.a + d.b
	return deviance(d.a, all*x) + deviance(d.b, all*y)
}

// logTails returns ln P(X <= x) or ln P(X > x), whichever is the direct one, and unknownTail for the other; in the middle of a
// distribution of large a and b it returns both.
func (d *betaDist) logTails(x, y float64) (lower, upper float64) {
	drop := d.drop(x, y)
	a, b := d.a, d.b
	if drop < middle && min(a, b) > manySteps {
		all := a + b
		far := all*x - a // exact to a rounding of the smaller of a and b
		if b < a {
			far = b - all*y
		}
		p, q := a/all, b/all
		return middleTails(drop, far/(a*q), math.Sqrt(a*q), (q-p)/3, (q-p)*(q-p)/6-(p*p*p+q*q*q)/4)
	}
	if x*(b+1) < y*(a+1) {
		return logProbability(d.lead - drop + math.Log(betaFraction(a, b, x, y)/a)), unknownTail
	}
	return unknownTail, logProbability(d.lead - drop + math.Log(betaFraction(b, a, y, x)/b))
}

// maxFraction bounds the steps of the continued fractions. Where they are used they need fewer than a thousand.
const maxFraction = 20_000

// betaFraction is F in I_x(a, b) = xᵃ yᵇ / (a B(a, b)) · F, where I is the regularised incomplete beta function and
// y = 1-x is given separately, so that an x near 1 loses no digits. It takes a, b > 0 and is meant for x at or below
// about a/(a+b), where it converges fast.
//
// It is the even part of the classic fraction (DiDonato and Morris 1992, TOMS 708, BFRAC), step m divided by a+2m+1
// to keep it near 1 for any a, and evaluated by the forward recurrence: no quotient waits for the one before.
//
// Why not gonum's mathext.RegIncBeta: it returns a probability, which is 0 or NaN in 68 of the 524 rows of
// the exact negative binomial grid, while a count in a far tail needs the logarithm.
func betaFraction(a, b, x, y float64) float64 {
	lambda := a*y - b*x + 1
	inv := 1 / (a + 1)
	den0, den := 1.0, a*inv*inv*lambda
	num0, num := 0.0, 1.0
	last := math.Inf(1)
	before := a // a+m-1, with all the digits of a small a
	for m := 1.0; m < maxFraction; {
		for range 4 {
			next := 1 / (a + 2*m + 1)
			am := a + m
			step := m * (b - m) * x * inv
			alpha := before * inv * ((before + b) * x * next) * (step * inv)
			beta := (m + step + am*next*(lambda+m*(1+y))) * next
			den, den0 = beta*den+alpha*den0, den
			num, num0 = beta*num+alpha*num0, num
			inv, before = next, am
			m++
		}
		scale := 1 / den
		den0, num0 = den0*scale, num0*scale
		den, num = 1, num*scale
		if math.Abs(num-last) <= 1e-15*num {
			break
		}
		last = num
	}
	return a / (a + 1) * num
}
