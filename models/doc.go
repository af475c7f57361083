// Package models turns a count and an assumption about it into a score: how surprising the count is, kept as ln p.
//
// The tails (NBLogUpper and its kin) are exact to about 1e-13 relative on ln p, near the mean and at 10^-30000 alike. Three rules hold
// in all of them:
//
//   - A probability is never formed as 1-CDF and never combined in linear space: LogAdd and logComplement.
//   - The side that is computed is the small one; the other is its complement, taken in logarithms.
//   - Counts come from logs an attacker can write. No input gives NaN, a positive logarithm or a panic, and an invalid
//     model calls nothing surprising.
//
// The package is pure: no I/O, no clock, no state.
package models
