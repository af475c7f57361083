package insight

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Technique is a technique of MITRE ATT&CK, and the APIs of an insight that can be used so. It is a hint of where to look, not proof: the same
// call is most often someone's work.
type Technique struct {
	ID     string   `json:"id"`     // "T1098.001"
	Name   string   `json:"name"`   // "Account Manipulation: Additional Cloud Credentials"
	Tactic string   `json:"tactic"` // "Persistence"; the one that is most likely, where there are several
	APIs   []string `json:"apis"`   // as "iam.amazonaws.com CreateAccessKey", sorted; as they were called
}

//go:embed technique.tsv
var techniqueTable string

//go:embed technique_api.tsv
var techniqueAPITable string

// techniques are in the order of the matrix; its values are indices by API without version, as "iam.amazonaws.com CreateAccessKey".
var techniques, techniqueOf = parseTechniques(techniqueTable, techniqueAPITable)

// parseTechniques panics on a table that does not fit: both are part of the program.
func parseTechniques(table, apis string) ([]Technique, map[string]int) {
	var list []Technique
	at, of := map[string]int{}, map[string]int{}
	for _, f := range fields(table, 3) {
		at[f[0]] = len(list)
		list = append(list, Technique{ID: f[0], Name: f[1], Tactic: f[2]})
	}
	for _, f := range fields(apis, 4) {
		n, ok := at[f[2]]
		if _, twice := of[f[0]+" "+f[1]]; !ok || twice {
			panic(fmt.Sprintf("technique_api.tsv: %q", f))
		}
		of[f[0]+" "+f[1]] = n
	}
	return list, of
}

// fields reads lines of n fields; those that begin with # are comments.
func fields(table string, n int) (out [][]string) {
	for line := range strings.Lines(table) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != n {
			panic(fmt.Sprintf("a table of techniques: %q", line))
		}
		out = append(out, f)
	}
	return out
}

// apiVersion is what Lambda and CloudFront append to the names of their APIs: CreateFunction20150331, UpdateFunctionCode20150331v2.
var apiVersion = regexp.MustCompile(`20\d\d_?\d\d_?\d\d(v\d+)?$`)

// Techniques returns what the APIs of insights can be used for, in the order of the matrix. What fell silent was not used.
func Techniques(list ...Insight) []Technique {
	apis := map[int]set{}
	add := func(api, name string) {
		if n, ok := techniqueOf[apiVersion.ReplaceAllString(name, "")]; ok {
			if apis[n] == nil {
				apis[n] = set{}
			}
			apis[n].add(api)
		}
	}
	for k := range list {
		i := &list[k]
		for _, api := range i.apis() {
			source, _, _ := strings.Cut(api, " ")
			if _, own := techniqueOf[source+" "+i.ErrorCode]; own {
				add(api, source+" "+i.ErrorCode)
				continue
			}
			add(api, api)
		}
	}
	var out []Technique
	for n := range techniques {
		if apis[n] != nil {
			t := techniques[n]
			t.APIs = apis[n].list()
			out = append(out, t)
		}
	}
	return out
}

// TechniqueIDs are the IDs of Techniques.
func TechniqueIDs(list ...Insight) (ids []string) {
	for _, t := range Techniques(list...) {
		ids = append(ids, t.ID)
	}
	return ids
}

// apis returns the APIs that an insight is about, as "iam.amazonaws.com CreateUser": its own, those that are new, or of all that a principal
// called the ones with the largest shares. None of a silence.
func (i *Insight) apis() []string {
	switch {
	case i.Kind == Silence:
		return nil
	case i.Kind == Novelty:
		return i.NewAPIs
	case i.Name != "":
		return []string{i.Source + " " + i.Name}
	}
	var out []string
	list, _ := i.Attributed()
	for _, a := range list {
		for _, s := range a.Insight {
			if a.Attribute == "api" && s.Value != "" {
				out = append(out, s.Value)
			}
		}
	}
	slices.Sort(out)
	return out
}
