package insight

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every technique of the tables is well formed, is used, and says where it is from; they are in the order of the tactics.
func TestTechniqueTables(t *testing.T) {
	tactics := []string{"Initial Access", "Execution", "Persistence", "Privilege Escalation", "Defense Evasion", "Credential Access", "Discovery",
		"Lateral Movement", "Collection", "Exfiltration", "Impact"}
	used, last := map[int]bool{}, 0
	for _, n := range techniqueOf {
		used[n] = true
	}
	for n, x := range techniques {
		for last < len(tactics) && tactics[last] != x.Tactic {
			last++
		}
		if !used[n] || last == len(tactics) || !regexp.MustCompile(`^T\d{4}(\.\d{3})?$`).MatchString(x.ID) || x.Name == "" {
			t.Errorf("%+v, used: %v", x, used[n])
		}
	}
	origin := regexp.MustCompile(`^(attack|traildiscover|sigma:aws_[a-z0-9_]+)$`)
	api := regexp.MustCompile(`^[a-z0-9-]+\.amazonaws\.com$`)
	for _, f := range fields(techniqueAPITable, 4) {
		if !origin.MatchString(f[3]) || !api.MatchString(f[0]) || apiVersion.MatchString(f[1]) || strings.ContainsAny(f[1], " \t") {
			t.Errorf("%q", f)
		}
	}
	if len(techniqueOf) < 100 {
		t.Errorf("%d APIs", len(techniqueOf))
	}
}

func TestTechniques(t *testing.T) {
	ids := func(list ...Insight) (out []string) {
		for _, x := range Techniques(list...) {
			out = append(out, x.ID+" "+strings.Join(x.APIs, ", "))
		}
		return out
	}
	of := func(source, name string, change func(*Insight)) Insight {
		i := *finding(name, backup, 0)
		i.Source = source + ".amazonaws.com"
		if change != nil {
			change(&i)
		}
		return i
	}
	total := *finding("", backup, 0).from("api", "iam.amazonaws.com CreateUser", 60, 0)
	total.Source, total.Region = "", ""
	for name, c := range map[string]struct {
		list []Insight
		want []string
	}{
		"none":             {[]Insight{of("ec2", "CreateTags", nil)}, nil},
		"another source's": {[]Insight{of("ec2", "StopLogging", nil)}, nil},
		"one":              {[]Insight{of("cloudtrail", "StopLogging", nil)}, []string{"T1562.008 cloudtrail.amazonaws.com StopLogging"}},
		"with a version":   {[]Insight{of("lambda", "UpdateFunctionCode20150331v2", nil)}, []string{"T1098 lambda.amazonaws.com UpdateFunctionCode20150331v2"}},
		"signing in":       {[]Insight{of("signin", "ConsoleLogin", nil)}, []string{"T1078.004 signin.amazonaws.com ConsoleLogin"}},
		"failing to":       {[]Insight{of("signin", "ConsoleLogin", func(i *Insight) { i.Kind, i.ErrorCode = ErrorRate, "ConsoleLogin.Failure" })}, []string{"T1110 signin.amazonaws.com ConsoleLogin"}},
		"what fell silent": {[]Insight{of("cloudtrail", "StopLogging", func(i *Insight) { i.Kind = Silence })}, nil},
		"new APIs": {[]Insight{of("", "", func(i *Insight) {
			i.Kind, i.Source, i.NewAPIs = Novelty, "", []string{"iam.amazonaws.com ListUsers", "iam.amazonaws.com CreateUser"}
		})}, []string{"T1136.003 iam.amazonaws.com CreateUser", "T1087.004 iam.amazonaws.com ListUsers"}},
		"all that somebody does": {[]Insight{total}, []string{"T1136.003 iam.amazonaws.com CreateUser"}},
		"together, in the order of the matrix": {[]Insight{of("ec2", "DeleteSnapshot", nil), of("iam", "CreateAccessKey", nil), of("iam", "CreateLoginProfile", nil)},
			[]string{"T1098.001 iam.amazonaws.com CreateAccessKey, iam.amazonaws.com CreateLoginProfile", "T1485 ec2.amazonaws.com DeleteSnapshot"}},
	} {
		if d := cmp.Diff(c.want, ids(c.list...)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}
