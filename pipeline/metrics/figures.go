package metrics

// metric is a number of a run under the names it has outside. Each is a gauge of the run that wrote it.
type metric struct {
	prom  string // after "trailgauge_"
	label string // value of the label "change", "" for none
	emf   string
	unit  string // of CloudWatch
	help  string
	value func(*Figures) float64
}

// metrics are all figures but the times, which each format has its own way with.
var metrics = []metric{
	{"last_run_objects", "", "Objects", "Count", "Trail objects read.", func(f *Figures) float64 { return float64(f.Objects) }},
	{"last_run_objects_rejected", "", "ObjectsRejected", "Count", "Trail objects rejected as a whole.", func(f *Figures) float64 { return float64(f.ObjectsRejected) }},
	{"last_run_objects_archived", "", "ObjectsArchived", "Count", "Trail objects that need a restore and were skipped.", func(f *Figures) float64 { return float64(f.ObjectsArchived) }},
	{"last_run_bytes", "", "Bytes", "Bytes", "Bytes of the trail objects read, as stored.", func(f *Figures) float64 { return float64(f.Bytes) }},
	{"last_run_records", "", "Records", "Count", "Records read.", func(f *Figures) float64 { return float64(f.Records) }},
	{"last_run_records_kept", "", "RecordsKept", "Count", "Records that are new in the lake.", func(f *Figures) float64 { return float64(f.Kept) }},
	{"last_run_records_duplicate", "", "RecordsDuplicate", "Count", "Records delivered before.", func(f *Figures) float64 { return float64(f.Duplicate) }},
	{"last_run_records_replaced", "", "RecordsReplaced", "Count", "Records superseded by an update.", func(f *Figures) float64 { return float64(f.Replaced) }},
	{"last_run_records_rejected", "", "RecordsRejected", "Count", "Records that could not be understood.", func(f *Figures) float64 { return float64(f.Rejected) }},
	{"last_run_observed_seconds", "", "ObservedSeconds", "Seconds", "Time decided in which the trail delivered something; whole hours.", func(f *Figures) float64 { return 3600 * float64(f.HoursObserved) }},
	{"last_run_unknown_seconds", "", "UnknownSeconds", "Seconds", "Time decided without a sign of life from the trail; whole hours.", func(f *Figures) float64 { return 3600 * float64(f.HoursUnknown) }},
	{"last_run_series", "", "Series", "Count", "Series with calls in the 28 days before.", func(f *Figures) float64 { return float64(f.Series) }},
	{"last_run_insights", "opened", "InsightsOpened", "Count", changeHelp, func(f *Figures) float64 { return float64(f.Opened) }},
	{"last_run_insights", "closed", "InsightsClosed", "Count", changeHelp, func(f *Figures) float64 { return float64(f.Closed) }},
	{"last_run_insights", "open", "InsightsStillOpen", "Count", changeHelp, func(f *Figures) float64 { return float64(f.StillOpen) }},
	{"last_run_insights", "revised", "InsightsRevised", "Count", changeHelp, func(f *Figures) float64 { return float64(f.Revised) }},
	{"last_run_insights", "retracted", "InsightsRetracted", "Count", changeHelp, func(f *Figures) float64 { return float64(f.Retracted) }},
	{"last_run_insights", "suppressed", "InsightsSuppressed", "Count", changeHelp, func(f *Figures) float64 { return float64(f.Suppressed) }},
	{"budget_false_insights_per_day", "", "BudgetFalseInsightsPerDay", "Count", "False insights a day that the configuration allows over the whole lake.", func(f *Figures) float64 { return f.FalsePerDay }},
	{"budget_granted_per_day", "", "BudgetGrantedPerDay", "Count", "False insights a day that the thresholds allow.", func(f *Figures) float64 { return f.Granted }},
	{"last_run_false_insights_expected", "", "FalseInsightsExpected", "Count", "False insights that the budget allowed for in the hours decided.", func(f *Figures) float64 { return f.ExpectedFalse }},
	{"last_run_insights_achieved", "", "InsightsAchieved", "Count", "Insights that opened, true and false, suppressed ones among them.", func(f *Figures) float64 { return float64(f.Achieved) }},
}

const changeHelp = "Insights by what the run did to them; suppressed ones opened, and a rule keeps them from being told."
