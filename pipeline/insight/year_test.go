package insight

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/models"
	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// The most of any window that ends on a day, over midnight too, added up here the slow way.
func TestMaxima(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const days = 3
		var calls [days * 1440]int64
		var m Maxima
		var want []dayMaxima
		for d := range days {
			var track counts.Track
			for at := int32(0); ; {
				if at += rapid.Int32Range(1, 700).Draw(t, "gap"); at >= 1440 {
					break
				}
				n := rapid.Int64Range(1, 9).Draw(t, "n")
				calls[d*1440+int(at)] = n
				track = append(track, counts.Point{Minute: at, N: n})
			}
			m.Add(trail.Day(100+d), track)
			if len(track) == 0 {
				continue
			}
			most := dayMaxima{day: trail.Day(100 + d)}
			for _, c := range track {
				end := d*1440 + int(c.Minute) + 1
				for w, minutes := range models.Windows {
					var sum int64
					for _, n := range calls[max(0, end-minutes):end] {
						sum += n
					}
					most.most[w] = max(most.most[w], sum)
				}
			}
			want = append(want, most)
		}
		if d := cmp.Diff(want, m.days, cmp.AllowUnexported(dayMaxima{})); d != "" {
			t.Fatal(d)
		}
	})
}

// alarmOf is an hour in which so many calls in a quarter of an hour raised an alarm, as they do in the hour and the day they lie in.
func alarmOf(count, hour int64) Verdict {
	tried := func(window int, n int64) Tried {
		return Tried{Window: window, Count: n, Score: 12, Material: true}
	}
	return Verdict{Score: 12, LnP: -20, Window: 15, Count: count, Model: "hurdle", Arithmetic: &Arithmetic{
		Tried: []Tried{tried(15, count), tried(60, hour), tried(1440, hour), {Window: 5, Count: 1 << 40, Score: 12}, {Window: 5, Count: 1 << 40, Score: 7, Material: true}},
	}}
}

func TestRecall(t *testing.T) {
	const day = trail.Day(20_400)
	limits := Thresholds{CallRate: 8}
	type event struct {
		ago       int // days
		n, minute int64
	}
	for _, c := range []struct {
		name   string
		events []event
		blind  int // days without observation
		want   Year
		score  float64
	}{
		{"never seen", []event{{300, 30, 0}}, 0, Year{Days: 300}, 12},
		{"seen once", []event{{300, 30, 0}, {61, 400, 0}}, 0, Year{Days: 300, AsLarge: 1}, 12},
		{"seen twice", []event{{61, 400, 0}, {30, 400, 0}}, 0, Year{}, math.Log(62. / 2)},
		{"seen twice, lately too", []event{{61, 400, 0}, {28, 400, 0}}, 0, Year{}, math.Log(62. / 2)},
		{"a fortnight apart", []event{{50, 400, 0}, {36, 400, 0}}, 0, Year{}, math.Log(51. / 2)},
		{"in one fortnight", []event{{50, 400, 0}, {37, 400, 0}}, 0, Year{Days: 50, AsLarge: 2}, 12},
		{"often, and for long", []event{{300, 9, 0}, {91, 400, 0}, {61, 400, 0}, {30, 400, 0}}, 0, Year{}, math.Log(301. / 3)},
		{"about as much", []event{{61, 325, 0}, {30, 500, 0}}, 0, Year{}, math.Log(62. / 2)},
		{"less", []event{{61, 315, 0}, {30, 500, 0}}, 0, Year{Days: 61, AsLarge: 1}, 12},
		{"slower", []event{{61, 400, 1}, {30, 400, 1}}, 0, Year{Days: 61}, 12},
		{"on days of the last four weeks", []event{{61, 400, 0}, {28, 400, 0}, {9, 400, 0}}, 0, Year{Days: 61, AsLarge: 3}, 12},
		{"before the year", []event{{366, 400, 0}, {61, 400, 0}}, 0, Year{Days: 61, AsLarge: 1}, 12},
		{"days unknown", []event{{61, 400, 0}, {30, 400, 0}}, 20, Year{}, math.Log(42. / 2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			unit := Unit{Series: counts.Series{Account: "1", Name: "n"}}
			e := counts.NewExposure(day-YearDays, YearDays)
			for d := range YearDays - c.blind {
				e.Hours[d] = 1<<24 - 1
			}
			m := &Maxima{}
			want := c.want
			for _, x := range c.events {
				if x.ago > YearDays {
					continue
				}
				track := counts.Track{{Minute: 600, N: x.n}}
				if x.minute > 0 { // the same in forty minutes
					track = nil
					for k := range int32(40) {
						track = append(track, counts.Point{Minute: 600 + k, N: x.n / 40})
					}
				}
				m.Add(day-trail.Day(x.ago), track)
				if want.AsLarge > 0 && float64(x.n) >= .8*400 {
					want.Seen = append(want.Seen, day-trail.Day(x.ago))
				}
			}
			cands := []Candidate{{DayScore: DayScore{Unit: unit}}}
			cands[0].Hours[3].Best = alarmOf(400, 400)
			before := cands[0].Hours[3].Best.Arithmetic
			Recall(cands, day, map[Unit]*Maxima{unit: m}, e, limits)
			v := cands[0].Hours[3].Best
			if before.Year != nil {
				t.Error("the arithmetic of another candidate was changed")
			}
			if c.score == 12 {
				if v.Arithmetic == nil || v.Arithmetic.Year == nil || v.Score != 12 || v.Model != "hurdle" || v.LnP != -20 {
					t.Fatalf("got %+v, want the alarm as it was, and why", v)
				}
				if d := cmp.Diff(want, *v.Arithmetic.Year); d != "" {
					t.Error(d)
				}
				return
			}
			if math.Abs(v.Score-c.score) > 1e-12 || v.LnP != -v.Score || v.Model != "year" || v.Arithmetic != nil {
				t.Errorf("score %v, ln p %v, model %s; want %v", v.Score, v.LnP, v.Model, c.score)
			}
		})
	}
}

// An hour is excused only where all of its alarms are: the usual number in a day, but never as many in a quarter of an hour.
func TestRecallWindowByWindow(t *testing.T) {
	const day = trail.Day(20_400)
	e := counts.NewExposure(day-YearDays, YearDays)
	for d := range e.Hours {
		e.Hours[d] = 1<<24 - 1
	}
	m := &Maxima{}
	for _, ago := range []trail.Day{90, 60, 30} {
		m.Add(day-ago, counts.Track{{Minute: 0, N: 100}, {Minute: 55, N: 400}, {Minute: 700, N: 200}})
	}
	unit := Unit{Series: counts.Series{Account: "1", Name: "n"}}
	for _, c := range []struct {
		quarter, hour int64
		excused       bool
	}{{400, 500, true}, {600, 600, false}, {500, 500, true}, {400, 700, false}} {
		cands := []Candidate{{DayScore: DayScore{Unit: unit}}}
		cands[0].Hours[7].Best = alarmOf(c.quarter, c.hour)
		Recall(cands, day, map[Unit]*Maxima{unit: m}, e, Thresholds{CallRate: 8})
		if got := cands[0].Hours[7].Best.Model == "year"; got != c.excused {
			t.Errorf("%d in 15 minutes and %d in the hour: excused %v", c.quarter, c.hour, got)
		}
	}
}

// Units of calls and errors are asked about, the highest scores first where there are too many.
func TestAlarmed(t *testing.T) {
	limits := Thresholds{CallRate: 8, ErrorRate: 9, Silence: 5, Novelty: 5}
	var cands []Candidate
	for n := range maxRecalled + 40 {
		c := Candidate{}
		c.Name, c.Kind = fmt.Sprintf("%04d", n), []Kind{CallRate, ErrorRate, Silence, Novelty}[max(0, n-maxRecalled-36)]
		for h := range c.Hours {
			c.Hours[h].Best = silent(h)
		}
		c.Hours[n%24].Best.Score = 8.5 + float64(n%2)
		cands = append(cands, c)
	}
	got := Alarmed(cands, limits)
	if len(got) != maxRecalled {
		t.Fatalf("%d units", len(got))
	}
	low, last := 0, ""
	for _, u := range got {
		if u.Kind != CallRate && (u.Kind != ErrorRate || u.Name[3]%2 == 0) || u.Name <= last {
			t.Errorf("unit %+v after %s", u, last)
		}
		if last = u.Name; u.Name[3]%2 == 0 {
			low++
		}
	}
	if want := maxRecalled - (maxRecalled+40)/2 + 1; low != want { // of the loud ones one is a silence and one a novelty
		t.Errorf("%d with the lower score, want %d", low, want)
	}
}
