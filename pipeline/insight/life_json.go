package insight

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// number is a float64 whose infinities and NaN survive JSON, as the strings "+Inf", "-Inf" and "NaN".
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return strconv.AppendQuote(nil, strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return json.Marshal(f)
}

func (n *number) UnmarshalJSON(b []byte) error {
	if s, err := strconv.Unquote(string(b)); err == nil {
		b = []byte(s)
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("reading %.40q as a number: %w", b, err)
	}
	*n = number(f)
	return nil
}

type verdictJSON struct {
	Score  number `json:"score"`
	LnP    number `json:"lnP"`
	Window int    `json:"window"`
	End    int32  `json:"end"`
	Count  int64  `json:"count"`
	Mean   number `json:"mean"`
	Size   number `json:"size"`
	Model  string `json:"model,omitempty"`
	Cell   string `json:"cell,omitempty"`
	Trials int64  `json:"trials,omitempty"`
	Rate   number `json:"rate,omitempty"`

	Arithmetic *Arithmetic `json:"arithmetic,omitempty"`
}

// MarshalJSON writes v with infinities as the strings "+Inf" and "-Inf", which JSON has no numbers for.
func (v Verdict) MarshalJSON() ([]byte, error) {
	return json.Marshal(verdictJSON{number(v.Score), number(v.LnP), v.Window, v.End, v.Count, number(v.Mean), number(v.Size),
		v.Model, v.Cell, v.Trials, number(v.Rate), v.Arithmetic})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Verdict) UnmarshalJSON(b []byte) error {
	var j verdictJSON
	err := json.Unmarshal(b, &j)
	*v = Verdict{float64(j.Score), float64(j.LnP), j.Window, j.End, j.Count, float64(j.Mean), float64(j.Size), j.Model, j.Cell,
		j.Trials, float64(j.Rate), j.Arithmetic}
	return err
}
