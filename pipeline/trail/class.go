package trail

import "strings"

var yes, no = true, false

// readPrefixes begin the names of calls that change nothing; the rule is for records without readOnly.
var readPrefixes = [...]string{"Get", "List", "Describe", "Head", "Lookup", "Search", "BatchGet", "Query", "Scan"}

// ReadOnlyOf tells read calls from write calls: by readOnly (any case), else by what the API's name begins
// with. Nil when neither says. The result is shared and must not be written to.
func ReadOnlyOf(r *Record) *bool {
	switch {
	case strings.EqualFold(r.ReadOnly, "true"):
		return &yes
	case strings.EqualFold(r.ReadOnly, "false"):
		return &no
	case r.EventName == "":
		return nil
	}
	for _, p := range readPrefixes {
		if rest, ok := strings.CutPrefix(r.EventName, p); ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return &yes
		}
	}
	return &no
}

// IsData tells data events from all others: by eventCategory, else managementEvent. Records older than both
// fields (before eventVersion 1.06, 2019) are data events when they touch an S3 object or invoke a Lambda
// function: there were no other data events then.
func IsData(r *Record) bool {
	switch {
	case r.EventCategory != "":
		return strings.EqualFold(r.EventCategory, Category(true))
	case r.ManagementEvent != nil:
		return !*r.ManagementEvent
	}
	for i := range r.Resources {
		switch r.Resources[i].Type {
		case "AWS::S3::Object":
			return true
		case "AWS::Lambda::Function":
			return strings.HasPrefix(r.EventName, "Invoke")
		}
	}
	return false
}

// Category is the eventCategory that a call is counted under: what IsData tells.
func Category(data bool) string {
	if data {
		return "Data"
	}
	return "Management"
}

// Counted tells whether a record is an API call that belongs in call rates. Events of a service's own accord,
// network activity (the same call again, seen from its VPC endpoint), insights and aggregates do not; console
// sign-ins and console actions do, and so do records from before eventType existed.
func Counted(r *Record) bool {
	if r.EventName == "" {
		return false
	}
	if r.EventCategory == "Management" && r.EventType == "AwsApiCall" { // nearly all
		return true
	}
	for _, c := range [...]string{"NetworkActivity", "Insight", "Aggregated"} {
		if strings.EqualFold(r.EventCategory, c) {
			return false
		}
	}
	// AWS's pages spell some of these with and without the plural.
	for _, t := range [...]string{"AwsServiceEvent", "AwsVpceEvent", "AwsVpceEvents", "AwsCloudTrailInsight", "AwsAggregatedEvent"} {
		if strings.EqualFold(r.EventType, t) {
			return false
		}
	}
	return true
}
