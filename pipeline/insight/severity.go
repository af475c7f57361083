package insight

import "math"

// Severity is the score in powers of ten: 3 is one such false insight in 1,000 series-days, 4 in 10,000.
func (i *Insight) Severity() float64 { return severity(i.Worst.Score) }

func severity(score float64) float64 { return score / math.Ln10 }

// Grade is a severity in four steps, for reports and for receivers that have no finer ones.
type Grade int

// The grades. No budget opens an insight below 3.
const (
	Low      Grade = iota
	Medium         // from 4: one such false insight in 10,000 series-days
	High           // from 6: in a million
	Critical       // from 9: in a billion
)

// GradeOf returns the grade of a severity.
func GradeOf(severity float64) Grade {
	switch {
	case severity >= 9:
		return Critical
	case severity >= 6:
		return High
	case severity >= 4:
		return Medium
	}
	return Low
}
