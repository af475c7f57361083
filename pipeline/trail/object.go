package trail

import (
	"strings"
	"time"
)

// Object is what the key of an object says about it. The key only prunes the listing and fills gaps: the
// fields of a record decide its account, region and day.
type Object struct {
	Key          string
	Organization string    // o-… below AWSLogs, "" without one
	Account      string    // any text, not always 12 digits; "" when the key does not say
	Region       string    // "" when the key does not say
	Folder       string    // CloudTrail, CloudTrail-Digest, Config, …; "" when the key does not say
	Day          Day       // delivery day (UTC); meaningful only with HasDay
	HasDay       bool      //
	Stamp        time.Time // delivery minute from the file name, UTC; zero when it has none
}

// ObjectKind says whether an object is to be read.
type ObjectKind uint8

const (
	Foreign ObjectKind = iota // not a log file of a trail: digests, insights, other services' logs, other files
	Trail                     // to be read
)

// String returns "foreign" or "trail".
func (k ObjectKind) String() string {
	if k == Trail {
		return "trail"
	}
	return "foreign"
}

// ParseKey reads a key such as
//
//	[prefix/]AWSLogs/[o-xxxxxxxxxx/]<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_YYYYMMDDTHHmmZ_<16 characters>.json.gz
//
// (CloudTrail user guide, "Finding your CloudTrail log files"), from its last AWSLogs segment: a prefix may
// hold anything, another AWSLogs included. Elsewhere it takes what the file name and the folders tell.
func ParseKey(key string) Object {
	o := Object{Key: key}
	dir, base := "", key
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		dir, base = key[:i], key[i+1:]
	}
	if below, ok := belowAWSLogs(key); ok {
		o.readFolders(below)
	} else {
		o.readStem(base)
		o.Day, o.HasDay = dayOfFolders(strings.Split(dir, "/"))
	}
	o.Stamp = stampOf(base)
	if !o.HasDay && !o.Stamp.IsZero() {
		o.Day, o.HasDay = DayOf(o.Stamp), true
	}
	return o
}

// Kind tells log files of a trail from everything else. Below AWSLogs only the folder CloudTrail is read;
// elsewhere every object with ".json" in its name, unless its own stem or a folder names one of CloudTrail's
// other kinds.
func (o Object) Kind() ObjectKind {
	base := o.Key[strings.LastIndexByte(o.Key, '/')+1:]
	if !strings.Contains(base, ".json") {
		return Foreign
	}
	if o.Folder == "CloudTrail" {
		return Trail
	}
	if _, below := belowAWSLogs(o.Key); below || o.Folder != "" {
		return Foreign
	}
	return Trail
}

// belowAWSLogs returns what follows the last AWSLogs segment of key.
func belowAWSLogs(key string) (string, bool) {
	const segment = "AWSLogs/"
	for end := len(key); ; {
		i := strings.LastIndex(key[:end], segment)
		if i < 0 {
			return "", false
		}
		if i == 0 || key[i-1] == '/' {
			return key[i+len(segment):], true
		}
		end = i
	}
}

func (o *Object) readFolders(below string) {
	s := strings.Split(below, "/")
	s = s[:len(s)-1] // the file
	if len(s) > 0 && strings.HasPrefix(s[0], "o-") {
		o.Organization, s = s[0], s[1:]
	}
	for i, field := range []*string{&o.Account, &o.Folder, &o.Region} {
		if i < len(s) {
			*field = s[i]
		}
	}
	if len(s) > 3 {
		o.Day, o.HasDay = dayOfFolders(s[3:])
	}
}

// readStem reads <account>_CloudTrail_<region>_… and the folders of a key that has no AWSLogs segment.
func (o *Object) readStem(base string) {
	if p := strings.SplitN(base, "_", 4); len(p) == 4 && strings.HasPrefix(p[1], "CloudTrail") {
		o.Account, o.Folder, o.Region = p[0], p[1], p[2]
		return
	}
	for segment := range strings.SplitSeq(o.Key, "/") {
		switch segment {
		case "CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated":
			o.Folder = segment
		}
	}
}

// dayOfFolders finds YYYY, MM, DD as three folders in a row, the last such if there are several.
func dayOfFolders(s []string) (Day, bool) {
	for i := len(s) - 3; i >= 0; i-- {
		if len(s[i]) == 4 && len(s[i+1]) == 2 && len(s[i+2]) == 2 {
			if d, err := ParseDay(s[i] + "/" + s[i+1] + "/" + s[i+2]); err == nil {
				return d, true
			}
		}
	}
	return 0, false
}

// stampOf finds YYYYMMDDTHHmm in a file name, with or without seconds, a Z, or underscores around it.
func stampOf(base string) time.Time {
	const date, clock = len("20060102"), len("1504")
	for i := date; i+1+clock <= len(base); i++ {
		if base[i] != 'T' || digits(base[i-date:]) != date || (i > date && isDigit(base[i-date-1])) {
			continue
		}
		if n := digits(base[i+1:]); n == clock || n == clock+2 {
			if t, err := time.Parse("20060102T1504", base[i-date:i+1+clock]); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

// digits returns the number of decimal digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c-'0' <= 9 }
