package lake

// InsightRow is a row of the insights table: one insight as of its last revision. Counts are calls (kind
// ApiCallRateInsight) or calls with the error code (ApiErrorRateInsight).
type InsightRow struct {
	InsightID     string  `parquet:"insightid"` // AWS's sharedEventID
	Revision      int32   `parquet:"revision"`
	State         string  `parquet:"state,dict"` // open, closed, retracted
	Kind          string  `parquet:"kind,dict"`
	Account       string  `parquet:"account,dict"`
	Region        string  `parquet:"region,dict"`
	EventSource   string  `parquet:"eventsource,dict"`
	EventName     string  `parquet:"eventname,dict"`
	EventCategory string  `parquet:"eventcategory,dict"`
	ErrorCode     string  `parquet:"errorcode,optional,dict"`
	Principal     string  `parquet:"principal,optional,dict"` // null: the API over all principals
	StartTS       int64   `parquet:"startts,timestamp(millisecond)"`
	EndTS         int64   `parquet:"endts,timestamp(millisecond)"` // exclusive; of an open insight: as far as decided
	Minutes       int32   `parquet:"minutes"`
	Observed      int64   `parquet:"observed"`        // count in [start, end)
	Expected      float64 `parquet:"expected"`        // what the model expected there
	BaselineAvg   float64 `parquet:"baselineaverage"` // per minute, AWS's seven-day average
	BaselineMin   int32   `parquet:"baselineminutes"`
	Score         float64 `parquet:"score"`     // -ln(false insights per series-day) at its worst hour
	Severity      float64 `parquet:"severity"`  // score in powers of ten
	Threshold     float64 `parquet:"threshold"` // the score that was needed
	LnP           float64 `parquet:"lnp"`       // ln P under the model at the worst hour
	Window        int32   `parquet:"windowminutes"`
	Model         string  `parquet:"model,dict"`
	ParentID      string  `parquet:"parentid,optional"`
	IncidentID    string  `parquet:"incidentid,optional"`      // insights of one cause share it: most have one of their own; null when suppressed
	Techniques    string  `parquet:"techniques,optional,dict"` // MITRE ATT&CK IDs of what the APIs can be used for, with commas; null: none
	Suppressed    string  `parquet:"suppressed,optional,dict"` // the rule of the configuration that keeps it from being told; null: none
	Detail        string  `parquet:"detail"`                   // the whole insight as JSON: attributions, samples, hours, and the arithmetic of its verdicts
}

// EncodeInsights returns rows of the insights table as one Parquet file.
func EncodeInsights(rows []InsightRow) ([]byte, error) { return encode(rows) }

// BaselineRow is a row of the baselines table: what was usual for one unit before one day. It is for people; no run
// reads it back.
type BaselineRow struct {
	Account       string  `parquet:"account,dict"`
	Region        string  `parquet:"region,dict"`
	EventSource   string  `parquet:"eventsource,dict"`
	EventName     string  `parquet:"eventname,dict"`
	Principal     string  `parquet:"principal,optional,dict"` // null: the API over all principals
	EventCategory string  `parquet:"eventcategory,dict"`
	Kind          string  `parquet:"kind,dict"`
	ErrorCode     string  `parquet:"errorcode,optional,dict"`
	Level         float64 `parquet:"level"`         // expected per hour, averaged over the week
	Dispersion    float64 `parquet:"dispersion"`    // variance = mean + dispersion * mean^2
	ExposureHours float64 `parquet:"exposurehours"` // observed hours behind it
	Total         int64   `parquet:"total"`         // calls or errors in those hours
	ActiveDays    int32   `parquet:"activedays"`
	Pooling       string  `parquet:"pooling,dict"` // own, api, source, class or global
	Regime        string  `parquet:"regime,dict"`
	Undecided     string  `parquet:"undecided,optional,dict"` // why it was not scored, and what would be enough
}

// EncodeBaselines returns rows of the baselines table as one Parquet file.
func EncodeBaselines(rows []BaselineRow) ([]byte, error) { return encode(rows) }
