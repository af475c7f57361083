package lake

import "slices"

// span is what a page takes of the column in hand: whole rows.
type span struct {
	from, to int   // entries
	row      int64 // the first
	values   int   // entries that are no nulls
}

// gather brings the values, or where they are, into the order of the file, and the levels of a repeated column.
func (e *encoder) gather(rows []int32) {
	c := e.column
	e.entries, e.absent, e.items = len(rows), c.absent(), e.items[:0]
	e.repeats = c.leaf.shape.repeated() && !e.absent
	switch {
	case e.absent: // there are always such columns, and nothing is to be looked for
	case c.leaf.shape == requiredTime: // its values lie by row
	case e.repeats:
		e.gatherRepeated(rows)
	case c.leaf.shape != optionalText:
		e.items = pick(e.items, c.flags, rows)
	case c.of != nil:
		e.items = pick(e.items, c.ids, c.of.ordered)
	case c.leaf.dict:
		e.items = pick(e.items, c.ids, rows)
	default:
		for _, row := range rows {
			item := uint32(0)
			if i := int(row); i < c.texts.len() && len(c.texts.at(i)) > 0 {
				item = uint32(i) + 1
			}
			e.items = append(e.items, item)
		}
	}
}

// absent tells whether no row has a value.
func (c *vector) absent() bool {
	if c.leaf.shape.repeated() {
		return len(c.starts) == 0
	}
	return len(c.ids) == 0 && len(c.flags) == 0 && len(c.times) == 0 && c.texts.len() == 0
}

// pick appends the values of rows, 0 for those beyond the last.
func pick[T byte | uint32](items []uint32, values []T, rows []int32) []uint32 {
	items = slices.Grow(items, len(rows))[:len(rows)]
	for k, row := range rows {
		if uint(row) < uint(len(values)) {
			items[k] = uint32(values[row])
		} else {
			items[k] = 0
		}
	}
	return items
}

// gatherRepeated gathers the items of rows: level 0 for a row without any, 1 for an item that lacks this text, 2 for one that has it.
func (e *encoder) gatherRepeated(rows []int32) {
	c := e.column
	e.levels, e.again = e.levels[:0], e.again[:0]
	for _, row := range rows {
		from, to := c.span(int(row))
		if from == to {
			e.items, e.levels, e.again = append(e.items, 0), append(e.levels, 0), append(e.again, 0)
		}
		for i := from; i < to; i++ {
			item, level := uint32(i)+1, byte(2)
			if c.leaf.dict {
				item = c.ids[i]
			} else if c.leaf.shape == resourceText && len(c.texts.at(i)) == 0 {
				item = 0
			}
			if item == 0 {
				level = 1
			}
			e.items, e.levels, e.again = append(e.items, item), append(e.levels, level), append(e.again, byte(min(i-from, 1)))
		}
	}
	e.entries = len(e.items)
}

// cut ends the page before an entry, and begins one there with the given row.
func (e *encoder) cut(entry int, row int64) {
	if last := len(e.spans) - 1; last >= 0 {
		e.spans[last].to = entry
	}
	e.spans = append(e.spans, span{from: entry, to: e.entries, row: row})
}

// cutRows divides the column into pages of pageRows rows; their values are not counted.
func (e *encoder) cutRows() {
	e.spans = e.spans[:0]
	if !e.repeats {
		for k := 0; k < e.entries; k += pageRows {
			e.cut(k, int64(k))
		}
		return
	}
	rows := int64(0)
	for k, again := range e.again {
		if again != 0 {
			continue
		}
		if rows%pageRows == 0 {
			e.cut(k, rows)
		}
		rows++
	}
}

// cutBytes divides the column into pages of its leaf's size, or of pageRows rows where these take less.
func (e *encoder) cutBytes() {
	e.spans = e.spans[:0]
	t, size, rows, s := &e.column.texts, 0, int64(0), (*span)(nil)
	for k, item := range e.items {
		if !e.repeats || e.again[k] == 0 {
			if s == nil || size >= e.column.leaf.page || rows-s.row >= pageRows {
				e.cut(k, rows)
				s, size = &e.spans[len(e.spans)-1], 0
			}
			rows++
		}
		if item != 0 {
			size += 4 + len(t.at(int(item-1)))
			s.values++
		}
	}
}
