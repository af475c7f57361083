package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// Why says in a sentence what an insight is about: what was counted, and what would have been usual.
func Why(i *insight.Insight) string {
	s := fmt.Sprintf("%s in %s; %s expected %s", counted(i), length(i.Whole.Minutes()), expected(i.Expected), basis(i))
	if i.Worst.Model == "attempts" {
		s += ", in calls that came on top of the usual ones"
	}
	return s
}

// counted says what an insight counts, and by whom.
func counted(i *insight.Insight) string {
	n, by := i.Whole.Count, "by all principals"
	if i.Principal != "" {
		by = "by " + Who(i.Principal)
	}
	of := Clean(i.Name)
	switch {
	case isAccount(i):
		of, by = "", "by principals that never pause"
	case i.IsTotal() && i.Kind == insight.ErrorRate:
		of = ""
	case i.IsTotal():
		of = "write"
		if i.Reads {
			of = ""
		}
	}
	what := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", group(n), of, plural(n, "call"), by)), " ")
	switch i.Kind {
	case insight.ErrorRate:
		if i.IsTotal() {
			return what + " were denied access"
		}
		return what + " ended in " + Clean(i.ErrorCode)
	case insight.Silence:
		return "Only " + what
	case insight.Novelty:
		return fmt.Sprintf("%s %s never used before called %s", group(n), plural(n, "API"), by)
	}
	return what
}

// isAccount tells whether an insight is about a whole account.
func isAccount(i *insight.Insight) bool { return i.Principal == "" && i.Source == "" && i.Name == "" }

// basis says what an expectation rests on.
func basis(i *insight.Insight) string {
	f := i.Fit
	days := int(math.Round(f.Exposure / 24))
	own := fmt.Sprintf("from %s of its own history", count(days, "day"))
	switch {
	case isAccount(i):
		return "from their own history"
	case i.Kind == insight.Novelty:
		return "of a principal like this"
	case f.Regime == "newcomer":
		return "from what newcomers to the API usually do"
	case f.Pooling == "" || f.Pooling == "own":
		return own
	case f.Pooling == "api":
		return fmt.Sprintf("from %s of its history, mostly after the API's other callers", count(days, "day"))
	}
	return fmt.Sprintf("from %s of its history, mostly after similar APIs", count(days, "day"))
}

// Who names a principal in short: "role ci-deployer", "user anna", "root", with what calls on its behalf.
func Who(principal string) string {
	name, via := trail.SplitVia(principal)
	switch kind, rest := trail.KindOf(principal); kind {
	case "role", "user", "service":
		name = kind + " " + rest
	case "root":
		name = kind + rest
	}
	if via != "" {
		name += " via " + via
	}
	return Clean(name)
}

// group writes n with commas between thousands.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for k := len(s) - 3; k > 0; k -= 3 {
		s = s[:k] + "," + s[k:]
	}
	return sign + s
}

// expected writes an expectation: three digits, never an exponent.
func expected(x float64) string {
	switch {
	case x-x != 0:
		return "unknown"
	case x >= 1000:
		return group(int64(math.Round(x)))
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return decimals(x, 1)
	case x >= 1:
		return decimals(x, 2)
	case x >= .0005:
		return decimals(x, 3)
	case x > 0:
		return "less than 0.001"
	}
	return "0"
}

// decimals writes x with at most n decimals.
func decimals(x float64, n int) string {
	s := strconv.FormatFloat(x, 'f', n, 64)
	if n == 0 {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// length writes minutes as people say them.
func length(minutes int) string {
	switch {
	case minutes < 120:
		return count(minutes, "minute")
	case minutes < 48*60:
		return decimals(float64(minutes)/60, 1) + " hours"
	}
	return decimals(float64(minutes)/1440, 1) + " days"
}

func count(n int, what string) string { return group(int64(n)) + " " + plural(int64(n), what) }

func plural(n int64, what string) string {
	if n == 1 {
		return what
	}
	return what + "s"
}

// when writes an instant; the zero one as a dash.
func when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// odds says what a score means.
func odds(score float64) string {
	if score-score != 0 {
		return "not scored"
	}
	n := math.Exp(score)
	if n > 1e12 {
		return "fewer than one such false insight in a trillion series-days"
	}
	digits := math.Pow(10, math.Max(0, math.Floor(math.Log10(n))-1))
	return "one such false insight in " + group(int64(math.Round(n/digits)*digits)) + " series-days"
}

// Title names what an insight is about, in a line.
func Title(i *insight.Insight) string {
	switch {
	case isAccount(i):
		return "account " + Clean(i.Account) + " fell silent"
	case i.Kind == insight.Novelty:
		return Who(i.Principal) + ": new APIs"
	case i.IsTotal() && i.Kind == insight.ErrorRate:
		return Who(i.Principal) + ": access denied"
	case i.IsTotal() && i.Kind == insight.Silence:
		return Who(i.Principal) + " fell silent"
	case i.IsTotal():
		return Who(i.Principal) + ": all calls"
	}
	t := Clean(i.Source) + " " + Clean(i.Name)
	switch i.Kind {
	case insight.ErrorRate:
		t += " " + Clean(i.ErrorCode)
	case insight.Silence:
		t += " fell silent"
	}
	return t
}

// region is where an insight happened.
func region(i *insight.Insight) string {
	if i.Region == "" && (i.IsTotal() || isAccount(i)) {
		return "all regions"
	}
	return Clean(i.Region)
}

// stateName adds the revision to the state.
func stateName(i *insight.Insight) string {
	s := string(i.State)
	if i.Revision > 1 {
		s += fmt.Sprintf(", revision %d", i.Revision)
	}
	return s
}
