package insight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// As is what a person says an insight is.
type As string

const (
	AsBenign   As = "benign"   // its hours are usual: from the day after the mark on, its unit's baseline learns from them
	AsIncident As = "incident" // its hours are hidden from the unit's baseline for good
	AsClosed   As = "closed"   // it is dealt with: closed as of the next full hour, and not opened again before it is over
)

// Known tells whether it is one of these.
func (a As) Known() bool { return a == AsBenign || a == AsIncident || a == AsClosed }

// Mark is what a person said about one insight. Marks are added and never changed; one that Undoes another takes it back from its own time on.
type Mark struct {
	Number  int       `json:"number"`           // 1, 2, 3, … in the order they were made
	Insight string    `json:"insight"`          // its ID, or that of an incident
	Of      []Marked  `json:"of"`               // the insight and those below it, which share its burst, or all of the incident as far as they were known; the same holds for each
	As      As        `json:"as"`               // what it says, or takes back
	Undoes  int       `json:"undoes,omitempty"` // number of the mark that it takes back; 0: none
	By      string    `json:"by"`               // who says so
	Note    string    `json:"note"`             // why
	Ticket  string    `json:"ticket,omitempty"` // where more is written
	At      time.Time `json:"at"`               // when it was said, to the second, UTC: an input like as-of
}

// Marked is an insight as it was when it was marked.
type Marked struct {
	Insight string    `json:"insight"` // ID
	Unit    Unit      `json:"unit"`    // what it is about
	Start   time.Time `json:"start"`   // inclusive
	End     time.Time `json:"end"`     // exclusive, as far as known
}

// Says tells whether two marks say the same of the same insights as far as they were known, whenever it was said.
func (m *Mark) Says(o *Mark) bool {
	return m.Insight == o.Insight && m.As == o.As && m.Undoes == o.Undoes && m.By == o.By && m.Note == o.Note && m.Ticket == o.Ticket &&
		slices.EqualFunc(m.Of, o.Of, func(a, b Marked) bool {
			return a.Insight == b.Insight && a.Unit == b.Unit && a.Start.Equal(b.Start) && a.End.Equal(b.End)
		})
}

// The longest texts of a mark, in bytes.
const (
	maxBy   = 200
	maxNote = 2000
)

// Check returns what no mark may say. Notes may have several lines; who and where may not.
func (m *Mark) Check() error {
	if m.Undoes == 0 && !m.As.Known() {
		return fmt.Errorf("%q is none of benign, incident, closed", m.As)
	}
	for _, f := range []struct {
		name, text string
		most       int
		needed     bool
	}{{"by", m.By, maxBy, true}, {"note", m.Note, maxNote, m.Undoes == 0}, {"ticket", m.Ticket, maxBy, false}} {
		switch {
		case f.needed && strings.TrimSpace(f.text) == "":
			return fmt.Errorf("%s is empty", f.name)
		case len(f.text) > f.most:
			return fmt.Errorf("%s has %d bytes; up to %d are kept", f.name, len(f.text), f.most)
		case !utf8.ValidString(f.text):
			return fmt.Errorf("%s is no UTF-8 text", f.name)
		case f.name != "note" && strings.ContainsFunc(f.text, func(r rune) bool { return !unicode.IsPrint(r) }):
			return fmt.Errorf("%s holds a character that cannot be seen", f.name)
		}
	}
	return nil
}

// Marks are all marks that a decision heeds. A nil *Marks has none.
type Marks struct {
	list   []Mark // by time and number
	byUnit map[Unit][]said
	undone map[int]time.Time // by number
}

// said is a mark and one of the insights it is of.
type said struct {
	*Mark
	of Marked
}

// NewMarks takes marks in any order.
func NewMarks(list []Mark) *Marks {
	m := &Marks{list: slices.Clone(list), byUnit: map[Unit][]said{}, undone: map[int]time.Time{}}
	slices.SortFunc(m.list, func(a, b Mark) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Number, b.Number)) })
	for k := range m.list {
		x := &m.list[k]
		if x.Undoes == 0 {
			for _, of := range x.Of {
				m.byUnit[of.Unit] = append(m.byUnit[of.Unit], said{x, of})
			}
		} else if _, twice := m.undone[x.Undoes]; !twice {
			m.undone[x.Undoes] = x.At
		}
	}
	return m
}

// holds tells whether a mark was made before t and not taken back before t.
func (m *Marks) holds(x *Mark, t time.Time) bool {
	at, undone := m.undone[x.Number]
	return x.Undoes == 0 && x.At.Before(t) && (!undone || !at.Before(t))
}

// Between returns the marks made in [from, to), in order, those that take others back among them.
func (m *Marks) Between(from, to time.Time) []Mark {
	var out []Mark
	if m == nil {
		return nil
	}
	for _, x := range m.list {
		if !x.At.Before(from) && x.At.Before(to) {
			out = append(out, x)
		}
	}
	return out
}

// UndoOf returns the mark that takes back the one with a number; nil when none does.
func (m *Marks) UndoOf(number int) *Mark {
	n := slices.IndexFunc(m.list, func(x Mark) bool { return x.Undoes == number })
	if n < 0 {
		return nil
	}
	return &m.list[n]
}

// Last returns the newest mark made of an insight itself that holds at t; nil when there is none.
func (m *Marks) Last(id string, t time.Time) *Mark {
	return m.last(t, func(x *Mark) bool { return x.Insight == id })
}

// About returns what was said last of an insight, or of one it is below, as of t. Nil: nothing.
func (m *Marks) About(id string, t time.Time) *Seen {
	return m.last(t, func(x *Mark) bool { return x.Names(id) }).seen()
}

// Names tells whether a mark is of an insight: the one it was said of, or one below that.
func (m *Mark) Names(id string) bool {
	return slices.ContainsFunc(m.Of, func(of Marked) bool { return of.Insight == id })
}

func (m *Marks) last(t time.Time, about func(*Mark) bool) *Mark {
	if m == nil {
		return nil
	}
	for k := range slices.Backward(m.list) {
		if x := &m.list[k]; about(x) && m.holds(x, t) {
			return x
		}
	}
	return nil
}

// Seen is what somebody said of an insight.
type Seen struct {
	Insight string    `json:"insight"`          // ID of the one it was said of
	As      As        `json:"as"`               // benign, incident or closed
	By      string    `json:"by"`               // who said so
	Note    string    `json:"note"`             // why
	Ticket  string    `json:"ticket,omitempty"` // where more is written
	At      time.Time `json:"at"`               // when it was said, UTC
}

func (m *Mark) seen() *Seen {
	if m == nil {
		return nil
	}
	return &Seen{m.Insight, m.As, m.By, m.Note, m.Ticket, m.At}
}

// Before returns what was said last of an insight like i before i began: one of the same unit, or of the same kind, API and principal in another
// account or region. Nil: nothing.
func (m *Marks) Before(i *Insight) *Seen {
	return m.last(i.Whole.Start, func(x *Mark) bool {
		return !x.Names(i.ID) && slices.ContainsFunc(x.Of, func(of Marked) bool { return of.Unit.like(i.Unit) })
	}).seen()
}

// like tells whether two units are the same but for where.
func (u Unit) like(v Unit) bool {
	if u.Principal != "" || u.Name != "" {
		u.Account, u.Region = v.Account, v.Region
	}
	return u == v
}

// closes tells whether a mark wants an insight closed as of t.
func (m *Marks) closes(i *Insight, t time.Time) bool {
	if m == nil {
		return false
	}
	return slices.ContainsFunc(m.byUnit[i.Unit], func(x said) bool {
		return x.As == AsClosed && m.holds(x.Mark, t) && x.of.End.After(i.Whole.Start)
	})
}
