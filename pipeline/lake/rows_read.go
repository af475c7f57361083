package lake

import "unsafe"

// Texts are the values of a text column.
type Texts struct{ *vector }

// Texts returns a column of texts that a record has once, by its path as in useridentity.arn.
func (r *Rows) Texts(path string) Texts { return Texts{r.column(path, optionalText)} }

// At returns the text of a row, "" for a null. It is valid until Clear.
func (t Texts) At(row int) string {
	item := row + 1
	if t.leaf.dict {
		item = int(t.Number(row))
	}
	if item == 0 || item > t.texts.len() {
		return ""
	}
	b := t.texts.at(item - 1)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// Number returns the same number for the rows that have the same text, 0 for a null. It is for columns with a dictionary.
func (t Texts) Number(row int) uint32 {
	if t.of != nil {
		row = int(t.of.rows[row])
	}
	if row < len(t.ids) {
		return t.ids[row]
	}
	return 0
}

// Flags are the values of a column of flags.
type Flags struct{ *vector }

// Flags returns a column of flags that may be null.
func (r *Rows) Flags(path string) Flags { return Flags{r.column(path, optionalFlag)} }

// True tells whether a row's flag is there and set.
func (f Flags) True(row int) bool { return row < len(f.flags) && f.flags[row] == isTrue }

// Time returns a row's eventts, milliseconds since 1970 UTC.
func (r *Rows) Time(row int) int64 { return r.columns[eventsTable().time].times[row] }

func (r *Rows) column(path string, s shape) *vector {
	r.ready()
	i, ok := eventsTable().byPath[path]
	if !ok || r.columns[i].leaf.shape != s {
		panic("lake: internal error: no such column of events: " + path)
	}
	return &r.columns[i]
}
