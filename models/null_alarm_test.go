package models

import (
	"math"
	"math/rand/v2"
	"testing"
)

// usualDays closes days of 10,000 series whose evidence in a cell is exponential, and, in the second half of the days, so many attacks
// of 10 to 11 nats a day. It returns the false alarms of that half and how many the budget promised. apart tells the null
// which of them were alarms.
func usualDays(n *Nulls, c Cell, days, attacks int, perSeriesDay float64, apart bool) (alarms, promised float64) {
	const series = 10_000
	r := rand.New(rand.NewPCG(7, 7))
	limit := Budget{FalsePerDay: perSeriesDay, SeriesPerDay: 1}.Threshold(c.channel())
	for d := range days {
		var day Tally
		day.Series[c.channel()] = series
		add := func(l float64) bool {
			alarm := n.Score(c, l) >= limit
			if alarm && apart {
				day.AddAlarm(c, l)
			} else {
				day.Add(c, l)
			}
			return alarm
		}
		for range series {
			if add(r.ExpFloat64()) && d >= days/2 {
				alarms++
			}
		}
		for i := range attacks * (2 * d / days) {
			add(10 + float64(i)/float64(attacks))
		}
		if d >= days/2 {
			promised += series * c.Share() * math.Exp(-limit)
		}
		if apart {
			n.Close(&day, perSeriesDay)
		} else {
			n.Close(&day, 0)
		}
	}
	return alarms, promised
}

var recordCell = CellOf(Calls, Principals, Record, 2)

// Leaving alarms out of the null does not lower the threshold day by day: after four months the false alarms are still at most those promised, and
// about as many as when all days teach alike.
func TestAlarmsFeedBackLittle(t *testing.T) {
	alarms, promised := usualDays(NewNulls(), recordCell, 120, 0, .001, true)
	alike, _ := usualDays(NewNulls(), recordCell, 120, 0, .001, false)
	t.Logf("%.0f false alarms, %.0f when all days teach alike, %.0f promised", alarms, alike, promised)
	if r := alarms / promised; r < .5 || r > 1.2 || math.Abs(alarms-alike) > .3*promised {
		t.Errorf("%.0f false alarms, %.0f when all days teach alike, %.0f promised", alarms, alike, promised)
	}
}

// A dozen attacks in a month leave the score of the next as it was; several a day, week after week, are what the lake must expect.
func TestFewAlarmsDoNotTeach(t *testing.T) {
	score := func(attacks int) float64 {
		n := NewNulls()
		usualDays(n, recordCell, 56, attacks, .001, true)
		return n.Score(recordCell, 10.5)
	}
	none, few, many := score(0), score(1), score(40)
	t.Logf("a burst scores %.2f, %.2f after 28 attacks, %.2f after 1,120", none, few, many)
	if few < none-.1 {
		t.Errorf("after 28 attacks in as many days a burst scores %.2f, %.2f without", few, none)
	}
	if many > none-2 {
		t.Errorf("after 1,120 attacks a burst scores %.2f, %.2f without", many, none)
	}
}
