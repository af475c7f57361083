package baseline

import "math"

// ErrorParams is what is usual for the calls of a series that end in one error code: Params of their count, and their
// share of all calls as a beta-binomial.
type ErrorParams struct {
	*Params
	Calls int64   // calls behind Rate
	Rate  float64 // expected share of calls that end in the error
	Rho   float64 // correlation of the calls of one hour
	worth float64 // calls behind Rate, the prior's included
	share share
}

// share is the raw material of the beta-binomial over the hours used.
type share struct {
	calls  int64
	errors float64 // cut at 3 times the expected of the hour, plus 3
}

// FitErrors estimates what is usual for the errors loaded in g, given the calls loaded in calls (same hours). The
// result is valid until the next call of f.
func (f *Fitter) FitErrors(g, calls *Grid, prior *Prior, masked []int32) ErrorParams {
	p := f.Fit(g, prior, masked)
	s := f.share(g, calls)
	n := float64(s.calls)
	e := ErrorParams{Params: p, Calls: s.calls, worth: n + prior.Worth, share: s}
	e.Rate = clip((s.errors+prior.Worth*prior.Rate)/e.worth, 1e-6, 1-1e-6)
	num, den := s.correlation(f, g, calls, e.Rate)
	e.Rho = clip((num+5*prior.Rho)/(den+5), .005, .6)
	return e
}

// Beta returns the parameters of the beta distribution of the share in a window of so many hours (at least 1): correlation
// within the window, which wears off with its length, and the uncertainty of Rate.
func (e *ErrorParams) Beta(hours int) (a, b float64) {
	c := 1 / (e.Rho/(1-e.Rho)/math.Sqrt(float64(max(hours, 1))) + 1/e.worth)
	return e.Rate * c, (1 - e.Rate) * c
}

func (f *Fitter) share(g, calls *Grid) (s share) {
	for _, t := range calls.Active {
		if int(t) < g.Fit && f.own.used[t] {
			s.calls += calls.N[t]
		}
	}
	rate := (float64(f.own.n) + .5) / (float64(s.calls) + 1)
	for _, t := range f.own.active {
		s.errors += min(float64(g.N[t]), 3*rate*float64(calls.N[t])+3)
	}
	s.errors = min(s.errors, float64(s.calls))
	return s
}

// correlation returns the moment sums of rho = sum(((e-np)² - np(1-p))/n) / sum((n-1)p(1-p)) over hours with n > 1.
func (s *share) correlation(f *Fitter, g, calls *Grid, p float64) (num, den float64) {
	rate := (float64(f.own.n) + .5) / (float64(s.calls) + 1)
	for _, t := range calls.Active {
		n := float64(calls.N[t])
		if int(t) >= g.Fit || n < 2 || !f.own.used[t] {
			continue
		}
		den += (n - 1) * p * (1 - p)
		e := min(float64(g.N[t]), 3*rate*n+3) - n*p
		num += e*e/n - p*(1-p)
	}
	return num, den
}
