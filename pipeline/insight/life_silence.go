package insight

// Where calls are missing, the minutes that matter are those after a call: a silence begins and ends with one.

// silentFrom returns the minute that the silence before end began in: the one from which what is missing of the expected over slack is largest.
func (l *life) silentFrom(earliest, end int32) int32 {
	var sum, best float64
	start, at := end, end
	better := func(minute int32) {
		sum += l.expected(minute, at) / slack
		if at = minute; sum > best {
			best, start = sum, minute
		}
	}
	points := l.between(earliest, end)
	for k := len(points) - 1; k >= 0; k-- {
		better(points[k].Minute + 1)
		sum -= float64(points[k].N)
	}
	better(earliest)
	return min(start, end-1)
}

// silentUntil returns the exclusive end of the silence that began in start: the minute up to which that sum is largest.
func (l *life) silentUntil(start, end int32) int32 {
	var sum, best float64
	last, at := start+1, start
	better := func(minute int32) {
		sum += l.expected(at, minute) / slack
		if at = minute; sum > best {
			best, last = sum, max(minute, start+1)
		}
	}
	for _, p := range l.between(start, end) {
		better(p.Minute)
		sum -= float64(p.N)
	}
	better(end)
	return last
}
