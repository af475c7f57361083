package lake

import (
	"unsafe"

	"trailgauge/pipeline/trail"
)

// varieties are the different values that the rows have in the columns of one part of a record (trail.Part). Such a column's vector has
// a value a variety, where others have one a row: the texts of a caller are looked up once, not at each of its calls.
type varieties struct {
	n       int      // how many
	rows    []int32  // which one each row has
	ordered []int32  // the same for the rows being encoded, in their order
	numbers []uint64 // of varieties that may come again (trail.Alike): number n has place n%maxKnown
	places  []int32  // the varieties in these places
}

// maxKnown is how many numbers of a part are known at a time. One that lost its place begins another variety.
const maxKnown = 1 << 12

func (v *varieties) clear() {
	v.n, v.rows = 0, v.rows[:0]
	clear(v.numbers)
}

// next returns the variety of the next row and whether it is one that no row has yet. Number 0 always is.
func (v *varieties) next(number uint64) (variety int, isNew bool) {
	if v.numbers == nil {
		v.numbers, v.places = make([]uint64, maxKnown), make([]int32, maxKnown)
	}
	place := number % maxKnown
	if isNew = number == 0 || v.numbers[place] != number; isNew {
		v.numbers[place], v.places[place] = number, int32(v.n)
		v.n++
	}
	v.rows = append(v.rows, v.places[place])
	return int(v.places[place]), isNew
}

// order notes the varieties of rows, in their order.
func (v *varieties) order(rows []int32) {
	v.ordered = v.ordered[:0]
	for _, row := range rows {
		v.ordered = append(v.ordered, v.rows[row])
	}
}

// addPart adds the values of the columns of one part of a record.
func (r *Rows) addPart(p trail.Part, number uint64, at unsafe.Pointer) {
	variety, isNew := r.parts[p].next(number)
	if !isNew {
		return
	}
	for _, l := range eventsTable().parts[p] {
		if s := *(*string)(unsafe.Add(at, l.at)); s != "" {
			r.columns[l.index].named(variety, s)
		}
	}
}

// named sets the value of a row, or a variety, in a column with a dictionary. Those before it are there already, or are null.
func (c *vector) named(at int, s string) {
	c.ids = append(roomy(padded(c.ids, at, 0), 1), c.texts.number(s))
}
