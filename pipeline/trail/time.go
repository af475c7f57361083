package trail

import "time"

// Years outside of these make a time unreadable: AWS began in 2006, and a bin of the year 9999 would keep
// every window open.
const firstYear, lastYear = 2006, 2200

// ParseTime reads an eventTime as milliseconds since 1970-01-01T00:00:00Z. The form of the trail is
// YYYY-MM-DDTHH:MM:SSZ; fractions (cut to milliseconds), a space for the T, small letters, no zone at all
// (UTC), numeric offsets and ISO 8601's basic form are read as well. ok is false for anything else, and for
// years before 2006 or after 2200.
func ParseTime(s string) (ms int64, ok bool) {
	var f [6]int // year, month, day, hour, minute, second
	p := timeParser{rest: s, ok: true}
	extended := len(s) > 4 && s[4] == '-'
	for i := range f {
		if i == 3 {
			p.oneOf("Tt ")
		} else if i > 0 && extended {
			p.oneOf("--.::"[i-1 : i])
		}
		n := 2
		if i == 0 {
			n = 4
		}
		f[i] = p.number(n)
	}
	milli := p.fraction()
	offset := p.zone()
	if !p.ok || p.rest != "" || f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > daysIn(f[0], f[1]) ||
		f[3] > 23 || f[4] > 59 || f[5] > 60 { // 60: a leap second counts as the next minute's first
		return 0, false
	}
	t := time.Date(f[0], time.Month(f[1]), f[2], f[3], f[4]-offset, f[5], 0, time.UTC)
	if y := t.Year(); y < firstYear || y > lastYear {
		return 0, false
	}
	return t.UnixMilli() + int64(milli), true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// timeParser takes a time apart from the left; ok turns false at the first thing that is not as it should be.
type timeParser struct {
	rest string
	ok   bool
}

func (p *timeParser) oneOf(set string) {
	for i := range len(set) {
		if p.rest != "" && p.rest[0] == set[i] {
			p.rest = p.rest[1:]
			return
		}
	}
	p.ok = false
}

func (p *timeParser) number(n int) int {
	if len(p.rest) < n {
		p.ok = false
		return 0
	}
	v := 0
	for i := range n {
		c := p.rest[i]
		p.ok = p.ok && isDigit(c)
		v = v*10 + int(c-'0')
	}
	p.rest = p.rest[n:]
	return v
}

// fraction reads ".123456" as 123 milliseconds.
func (p *timeParser) fraction() int {
	if p.rest == "" || p.rest[0] != '.' {
		return 0
	}
	n := digits(p.rest[1:])
	p.ok = p.ok && n > 0
	ms := 0
	for i := 1; i <= 3; i++ {
		ms *= 10
		if i <= n {
			ms += int(p.rest[i] - '0')
		}
	}
	p.rest = p.rest[1+n:]
	return ms
}

// zone reads Z, nothing, +hh:mm, +hhmm or +hh as minutes east of UTC.
func (p *timeParser) zone() int {
	if p.rest == "" {
		return 0
	}
	sign := 1
	switch c := p.rest[0]; c {
	case 'Z', 'z':
		p.rest = p.rest[1:]
		return 0
	case '-':
		sign = -1
	case '+':
	default:
		p.ok = false
		return 0
	}
	p.rest = p.rest[1:]
	h, m := p.number(2), 0
	if p.rest != "" {
		if p.rest[0] == ':' {
			p.rest = p.rest[1:]
		}
		m = p.number(2)
	}
	p.ok = p.ok && h <= 14 && m <= 59
	return sign * (h*60 + m)
}
