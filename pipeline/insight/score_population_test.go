package insight

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/trail"
)

// population is a simulated account landscape at minute resolution, after the hourly simulator of the design: human sessions in
// business hours, services with an autocorrelated level, cron jobs in one minute of the hour, deployments with log-normal
// bursts, rare APIs with a Pareto size; newcomers, retirements, vacations, release days and error storms. No anomalies.
type population struct {
	days   int
	series []simSeries // principals first, then the roll-ups of their APIs, then those of principals
	hours  []uint32
}

type simSeries struct {
	counts.Series
	kind   string
	read   bool
	calls  counts.Track            // minutes since the population's first day
	errors map[string]counts.Track // by code
	codes  []string
	novel  counts.Track // of a principal's roll-up: first calls of APIs
}

const simFirst = trail.Day(20000) // 2024-10-04, a Friday

var simCodes = []string{"AccessDenied", "Client.UnauthorizedOperation", "ResourceNotFoundException", "ThrottlingException"}

// newPopulation simulates n series of principals over days days.
func newPopulation(seed uint64, n, days int) *population {
	r := rand.New(rand.NewPCG(seed, 17))
	p := &population{days: days, hours: make([]uint32, days)}
	for d := range p.hours {
		p.hours[d] = 1<<24 - 1
	}
	accounts := max(1, min(10, n/100))
	zone := make([]int, accounts)
	release := make([]int, accounts)
	for a := range zone {
		zone[a] = []int{0, 0, 5, 8, 16, 19}[r.IntN(6)]
		release[a] = -1
		if r.Float64() < .4 {
			release[a] = 3 + r.IntN(days)
		}
	}
	apis := make([]simAPI, max(8, n/25))
	for i := range apis {
		apis[i] = newSimAPI(r, i)
	}
	for i := range n {
		api := apis[r.IntN(len(apis))]
		a := r.IntN(accounts)
		s := simSeries{
			Series: counts.Series{Account: fmt.Sprintf("%012d", a), Region: "us-east-1", Source: api.source, Name: api.name, Principal: fmt.Sprintf("role/%d", i)},
			kind:   api.kind, read: api.read,
		}
		m := simMinutes{days: days, n: map[int32]int64{}, r: r, zone: zone[a], release: release[a]}
		m.fill(&api)
		m.lives(&api)
		s.calls = trackOf(m.n)
		s.addErrors(r, &api)
		p.series = append(p.series, s)
	}
	p.rollUp()
	r = rand.New(rand.NewPCG(seed, 18))
	for i := range n / 6 {
		a := r.IntN(accounts)
		m := simMinutes{days: days, n: map[int32]int64{}, r: r, zone: zone[a], release: release[a]}
		s := m.total()
		s.Series = counts.Series{Account: fmt.Sprintf("%012d", a), Principal: fmt.Sprintf("role/total-%d", i)}
		p.series = append(p.series, s)
	}
	return p
}

// total makes up all that one principal calls: people in long sessions, a service's APIs that follow one load, jobs and deployments that call many
// APIs at once. Of the calls in a session, the k-th new one of the principal comes as in a Chinese restaurant; whoever opens a
// page of a console calls several at a time.
func (m *simMinutes) total() simSeries {
	r := m.r
	api := simAPI{
		kind: "human", logRate: 1.2 + .8*r.NormFloat64(), size: 5 + 25*r.Float64(), k: 3 + 10*r.Float64(),
		errorRate: math.Exp(math.Log(.01) + r.NormFloat64()), codes: []float64{1, 1, 1},
	}
	appetite, page := 2+8*r.Float64(), 1.5
	switch x := r.Float64(); {
	case x < .2:
		api.kind, appetite, page = "service", 1+2*r.Float64(), .3
	case x < .35:
		api.kind, appetite, page = "cron", 1+2*r.Float64(), .5
	case x < .55:
		api.kind, api.logRate, appetite = "deploy", api.logRate+1, 3+10*r.Float64()
	}
	m.fill(&api)
	if api.kind == "service" {
		m.cron(&api)
	}
	m.lives(&api)
	s := simSeries{kind: api.kind + " total", calls: trackOf(m.n)}
	s.addErrors(r, &api)
	novel, seen, opened := map[int32]int64{}, 0., int32(-60)
	for _, c := range s.calls {
		for range c.N {
			if r.Float64() < appetite/(appetite+seen) {
				novel[c.Minute]++
				if n := negBinomial(r, .5, page); c.Minute >= opened+60 && n > 0 {
					novel[c.Minute+1+int32(r.IntN(10))] += n
					opened = c.Minute
				}
			}
			seen++
		}
	}
	s.novel = trackOf(novel)
	if d, ok := s.errors["AccessDenied"]; ok {
		s.errors, s.codes = map[string]counts.Track{counts.Denied: d}, []string{counts.Denied}
	}
	return s
}

// simKinds narrows the kinds of APIs: human below .30, service to .55, cron to .75, deployments to .90, rare above.
var simKinds = [2]float64{0, 1}

type simAPI struct {
	source, name, kind string
	read               bool
	logRate, size, k   float64
	errorRate          float64
	codes              []float64 // cumulative
}

func newSimAPI(r *rand.Rand, i int) simAPI {
	x := simKinds[0] + (simKinds[1]-simKinds[0])*r.Float64()
	kind := "rare"
	for _, k := range []struct {
		p    float64
		name string
	}{{.30, "human"}, {.55, "service"}, {.75, "cron"}, {.90, "deploy"}} {
		if x < k.p {
			kind = k.name
			break
		}
	}
	api := simAPI{
		source: fmt.Sprintf("s%d.amazonaws.com", i%9), name: fmt.Sprintf("Do%d", i), kind: kind, read: r.Float64() < .2,
		logRate: r.NormFloat64() * .6, size: 2 + 6*r.Float64(), k: math.Exp(math.Log(12) + .6*r.NormFloat64()),
		errorRate: math.Exp(math.Log(.02) + .9*r.NormFloat64()),
	}
	if i%10 == 0 {
		api.errorRate = .15 + .25*r.Float64()
	}
	a, b := r.Float64(), r.Float64()
	api.codes = []float64{min(a, b), max(a, b), 1}
	return api
}

// simMinutes are the calls of one series while they are made up.
type simMinutes struct {
	days          int
	n             map[int32]int64
	r             *rand.Rand
	zone, release int
}

func (m *simMinutes) add(minute int, n int64) {
	if n > 0 && minute >= 0 && minute < m.days*1440 {
		m.n[int32(minute)] += n
	}
}

// business is the activity of people by hour, 1 on average.
func (m *simMinutes) business(t int) float64 {
	local := (t + m.zone + (int(simFirst)+3)%7*24) % 168
	h, day := float64(local%24), local/24
	g := math.Exp(-.5*sq((h-11)/1.8)) + .9*math.Exp(-.5*sq((h-15.5)/1.9))
	if day >= 5 {
		g *= .08
	}
	g = (g + .02) / .27
	if t/24 == m.release {
		g *= 2
	}
	return g
}

func sq(x float64) float64 { return x * x }

func (m *simMinutes) fill(api *simAPI) {
	switch api.kind {
	case "human":
		m.human(api)
	case "service":
		m.service(api)
	case "cron":
		m.cron(api)
	case "deploy":
		m.deploy(api)
	default:
		m.rare()
	}
}

func (m *simMinutes) human(api *simAPI) {
	r := m.r
	rate := math.Exp(math.Log(.15)+r.NormFloat64()+api.logRate) / api.size
	var habit [168]float64
	for i := range habit {
		habit[i] = math.Exp(.3 * r.NormFloat64())
	}
	vacation, back := -1, -1
	if r.Float64() < .15 {
		vacation = r.IntN(m.days)
		back = vacation + 3 + r.IntN(5)
	}
	for t := range m.days * 24 {
		if t/24 >= vacation && t/24 < back {
			continue
		}
		for range poisson(r, rate*m.business(t)*habit[t%168]) {
			at := float64(t*60 + r.IntN(60))
			for range 1 + negBinomial(r, .8, api.size-1) {
				m.add(int(at), 1)
				at += r.ExpFloat64() * 6 / math.Sqrt(api.size)
			}
		}
	}
}

func (m *simMinutes) service(api *simAPI) {
	r := m.r
	rate := min(math.Exp(math.Log(5)+1.4*r.NormFloat64()+api.logRate), 2000)
	amplitude, weekend, trend := .6*r.Float64(), .5+.5*r.Float64(), .06*r.NormFloat64()
	sigma, rho := .1+.3*r.Float64(), .5+.4*r.Float64()
	k := api.k * math.Exp(.4*r.NormFloat64())
	cluster := 1 + 5*r.Float64()
	z := r.NormFloat64() * sigma
	scaling, factor := 0, 1.
	for t := range m.days * 24 {
		z = rho*z + sigma*math.Sqrt(1-rho*rho)*r.NormFloat64()
		if scaling--; scaling < 0 {
			factor = 1
			if r.Float64() < .3/168 {
				scaling, factor = 1+r.IntN(2), math.Exp(math.Abs(.7+.4*r.NormFloat64()))
			}
		}
		local := (t + m.zone + (int(simFirst)+3)%7*24) % 168
		mu := rate * (1 + amplitude*math.Cos(2*math.Pi*float64(local%24-14)/24)) * math.Exp(trend*float64(t)/168+z-sigma*sigma/2) * factor
		if local/24 >= 5 {
			mu *= weekend
		}
		for n := negBinomial(r, k, mu); n > 0; {
			c := min(n, 1+poisson(r, cluster-1))
			at := t*60 + r.IntN(60)
			first := binomial(r, c, .7)
			m.add(at, first)
			m.add(at+1, c-first)
			n -= c
		}
	}
}

func (m *simMinutes) cron(api *simAPI) {
	r := m.r
	period := []int{15, 60, 180, 360, 720, 1440, 1440, -1440, 10080}[r.IntN(9)]
	size := math.Exp(math.Log(20) + r.NormFloat64() + .5*api.logRate)
	workdays := period < 0
	period = max(period, -period)
	for t := r.IntN(period); t < m.days*1440; t += period {
		if workdays && (t/1440+(int(simFirst)+3)%7)%7 >= 5 || r.Float64() < .005 {
			continue
		}
		n := negBinomial(r, 20, size)
		if r.Float64() < .01 {
			n *= 2
		}
		at := t
		if r.Float64() < .02 {
			at += 60
		}
		first := binomial(r, n, .7)
		m.add(at, first)
		m.add(at+1, n-first)
	}
	for range poisson(r, .02*24*float64(m.days)) {
		m.add(r.IntN(m.days*1440), 1)
	}
}

func (m *simMinutes) deploy(api *simAPI) {
	r := m.r
	perHour := .6 * (r.ExpFloat64() + r.ExpFloat64()) / 24
	median := math.Exp(math.Log(12) + .7*r.NormFloat64() + .5*api.logRate)
	for t := range m.days * 24 {
		for range poisson(r, perHour*m.business(t)) {
			at, span := t*60+r.IntN(60), 5+25*r.Float64()
			for range max(1, int(math.Round(median*math.Exp(.9*r.NormFloat64())))) {
				m.add(at+int(span*r.Float64()), 1)
			}
		}
	}
}

func (m *simMinutes) rare() {
	r := m.r
	rate := math.Exp(math.Log(.002) + r.Float64()*math.Log(15))
	for range poisson(r, rate*24*float64(m.days)) {
		m.add(r.IntN(m.days*1440), int64(min(math.Pow(r.Float64(), -1/1.8), 500)))
	}
}

// lives makes some series newcomers and retires others.
func (m *simMinutes) lives(api *simAPI) {
	from, to := int32(0), int32(m.days*1440)
	switch x := m.r.Float64(); {
	case x < .08 && api.kind != "cron":
		from = int32((3 + m.r.IntN(m.days-4)) * 1440)
	case x > .97 && (api.kind == "human" || api.kind == "rare"):
		to = int32((3 + m.r.IntN(m.days-4)) * 1440)
	}
	for t := range m.n {
		if t < from || t >= to {
			delete(m.n, t)
		}
	}
}

func trackOf(n map[int32]int64) counts.Track {
	t := make(counts.Track, 0, len(n))
	for m, c := range n {
		t = append(t, counts.Point{Minute: m, N: c})
	}
	sort.Slice(t, func(i, j int) bool { return t[i].Minute < t[j].Minute })
	return t
}

// addErrors lets a share of the calls fail, correlated within the hour.
func (s *simSeries) addErrors(r *rand.Rand, api *simAPI) {
	p := min(max(api.errorRate*math.Exp(.5*r.NormFloat64()), 1e-4), .7)
	rho := .02 + .13*r.Float64()
	byCode := map[string]map[int32]int64{}
	hour, rate := int32(-1), 0.
	for _, c := range s.calls {
		if c.Minute/60 != hour {
			hour = c.Minute / 60
			rate = betaVariate(r, p*(1/rho-1), (1-p)*(1/rho-1))
			if r.Float64() < .0004 {
				rate = max(rate, .2+.7*r.Float64())
			}
		}
		for range binomial(r, c.N, rate) {
			code := simCodes[sort.SearchFloat64s(api.codes, r.Float64())]
			if byCode[code] == nil {
				byCode[code] = map[int32]int64{}
			}
			byCode[code][c.Minute]++
		}
	}
	s.errors = map[string]counts.Track{}
	for code, n := range byCode {
		s.errors[code] = trackOf(n)
		s.codes = append(s.codes, code)
	}
	slices.Sort(s.codes)
}

// rollUp adds the series of every API over its principals.
func (p *population) rollUp() {
	calls := map[counts.Series]map[int32]int64{}
	errors := map[counts.Series]map[string]map[int32]int64{}
	var order []simSeries
	for _, s := range p.series {
		k := s.Series
		k.Principal = ""
		if calls[k] == nil {
			calls[k], errors[k] = map[int32]int64{}, map[string]map[int32]int64{}
			order = append(order, simSeries{Series: k, kind: s.kind, read: s.read})
		}
		for _, c := range s.calls {
			calls[k][c.Minute] += c.N
		}
		for code, t := range s.errors {
			if errors[k][code] == nil {
				errors[k][code] = map[int32]int64{}
			}
			for _, c := range t {
				errors[k][code][c.Minute] += c.N
			}
		}
	}
	for _, s := range order {
		s.calls, s.errors = trackOf(calls[s.Series]), map[string]counts.Track{}
		for code, n := range errors[s.Series] {
			s.errors[code] = trackOf(n)
			s.codes = append(s.codes, code)
		}
		slices.Sort(s.codes)
		p.series = append(p.series, s)
	}
}

// history cuts the days [first, scored] out of a series; false when there is nothing in them.
func (s *simSeries) history(first, scored int) (*counts.History, bool) {
	h := &counts.History{Series: s.Series, First: simFirst + trail.Day(first), Days: scored - first + 1}
	h.All = between(s.calls, first, scored)
	if len(h.All) == 0 {
		return nil, false
	}
	if !s.read {
		h.Rated = h.All
	}
	h.Born = s.calls[0].Minute - int32(first)*1440
	h.New = between(s.novel, first, scored)
	for _, code := range s.codes {
		if t := between(s.errors[code], first, scored); len(t) > 0 {
			h.Errors = append(h.Errors, counts.CodeTrack{Code: code, Track: t})
		}
	}
	return h, true
}

func between(t counts.Track, first, scored int) counts.Track {
	at := func(m int) int { return sort.Search(len(t), func(i int) bool { return int(t[i].Minute) >= m }) }
	part := slices.Clone(t[at(first*1440):at((scored+1)*1440)])
	for i := range part {
		part[i].Minute -= int32(first) * 1440
	}
	return part
}
