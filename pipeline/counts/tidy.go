package counts

// tidy brings a track that was joined from several tiles into order, adds up equal minutes, and drops those that come to nothing. Tiles
// are ascending, so it merges runs, two by two: an API's roll-up has one a principal and class.
func (tr Track) tidy() Track {
	var ends []int
	for i := range tr {
		if i+1 == len(tr) || tr[i+1].Minute <= tr[i].Minute {
			ends = append(ends, i+1)
		}
	}
	for spare := Track(nil); len(ends) > 1; {
		if spare == nil {
			spare = make(Track, 0, len(tr))
		}
		merged, from, k := spare[:0], 0, 0
		for i := 0; i < len(ends); i += 2 {
			middle, end := ends[i], ends[min(i+1, len(ends)-1)]
			merged = merged.merge(tr[from:middle], tr[middle:end])
			ends[k] = len(merged)
			from, k = end, k+1
		}
		tr, spare, ends = merged, tr, ends[:k]
	}
	k := 0
	for _, p := range tr {
		if p.N > 0 {
			tr[k] = p
			k++
		}
	}
	return tr[:k]
}

// Plus returns the sum of two tracks, and leaves both alone.
func (tr Track) Plus(o Track) Track { return make(Track, 0, len(tr)+len(o)).merge(tr, o) }

// merge appends two strictly ascending tracks as one.
func (tr Track) merge(a, b Track) Track {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Minute < b[0].Minute:
			tr = append(tr, a[0])
			a = a[1:]
		case b[0].Minute < a[0].Minute:
			tr = append(tr, b[0])
			b = b[1:]
		default:
			tr = append(tr, Point{a[0].Minute, a[0].N + b[0].N})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(tr, a...), b...)
}
