// Package baseline turns the history of a series into what is usual for it.
//
// The way of one series through the package:
//
//  1. Grid lays a sparse minute track out by hour: calls, and the busiest 5 and 15 minutes that end in each hour.
//     Hours that were not observed are missing, never zero.
//  2. Sketch.Add reduces the grid to integers that are summed over all series of an API, its source, its class and
//     everything. Integer sums make any sharding give the same bits.
//  3. Sketch.Priors turns the sums into what a series of that API is like before anything is known of it.
//  4. Fitter.Fit combines a prior with the series' own grid (empirical Bayes) into Params: level, hour-of-week shape,
//     dispersion, burst sizes, variance inflation of long windows.
//  5. Fitter.FitErrors does the same for the share of calls that end in an error.
//
// The package is pure: no input or output, no clock. Formulas follow the usual Gamma-Poisson and moment estimators; each
// is written next to the code that computes it. y is a count, mu an expectation per hour, ln the natural logarithm.
package baseline
