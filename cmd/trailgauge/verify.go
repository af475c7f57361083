package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"trailgauge/pipeline"
	"trailgauge/pipeline/digest"
	"trailgauge/pipeline/report"
)

// verifyCommand checks a trail against CloudTrail's digests.
type verifyCommand struct {
	trailFlag
	Config     string `placeholder:"FILE" env:"TRAILGAUGE_CONFIG" help:"YAML file that names the trails, as for run."`
	From       string `placeholder:"TIME" help:"First hour to verify (default: 7 days before --to). 2026-11-01 or 2026-11-01T06:00:00Z."`
	To         string `placeholder:"TIME" help:"First hour after it (default: now)."`
	PublicKeys string `placeholder:"FILE" help:"Keys as \"aws cloudtrail list-public-keys\" prints them (default: CloudTrail is asked, in each region)."`
	JSON       bool   `name:"json" help:"Print the result as one JSON object."`
	bucketFlags
}

func (*verifyCommand) Help() string {
	return `Says which log files were changed, removed or added since CloudTrail delivered them, by its signed digests (log file validation must be on). Each digest must have a signature of CloudTrail's, and the hash and signature that the next one names; each log file the hash that its digest names; and each log file must be named.

Exit status 0: all is as delivered; 3: something is not, or is missing; 1: it could not be verified, or there are no digests. Times that no digest covers are told and are no damage; log files of such a time are neither proven nor called forged, and are status 3, too. Where the metadata of objects was lost, as in a copy on disk, the newest digest of each region cannot be proven, and is told.`
}

func (v *verifyCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	o, err := v.window(time.Now())
	if err != nil {
		return outcome{}, err
	}
	if o.Keys, err = v.keys(ctx, o); err != nil {
		return outcome{}, err
	}
	file, err := v.readConfig(ctx, t, v.Config)
	if err != nil {
		return outcome{}, err
	}
	places, err := v.places(v.Trail, file.Trails)
	if err != nil {
		return outcome{}, err
	}
	progress, _, end := t.watch()
	defer end()
	o.Looked = func(objects, bytes int64) { progress.Add(objects, bytes, 0) }
	var results []*digest.Result
	for _, p := range places {
		if o.Trail, o.Path, err = v.openTrails(ctx, []trailPlace{p}, true); err != nil {
			return outcome{}, err
		}
		progress.Stage("verify "+placeName(p.URL), 0, 0)
		r, err := digest.Verify(ctx, o)
		if err != nil {
			return outcome{}, err
		}
		results = append(results, r)
	}
	end()
	ended := outcome{}
	for _, r := range results {
		if r.Damaged() {
			ended.status = statusRejected
		}
		if !v.JSON {
			verified(t.out, r)
		}
		if r.Logs.Unreferenced > 0 {
			t.hint("a log file that no digest names was added, or is of another trail, without log file validation, that delivers to " + r.Trail +
				", too: their names do not tell. aws cloudtrail describe-trails lists trails and where they deliver, and LogFileValidationEnabled")
		}
	}
	if v.JSON {
		err = printJSON(t.out, struct {
			Trails []*digest.Result `json:"trails"`
		}{results})
	}
	return ended, err
}

// window reads the times.
func (v *verifyCommand) window(now time.Time) (o digest.Options, err error) {
	o.To = now.UTC().Truncate(time.Second)
	if v.To != "" {
		if o.To, err = parseTime("--to", v.To); err != nil {
			return o, err
		}
	}
	o.From = o.To.AddDate(0, 0, -7)
	if v.From != "" {
		if o.From, err = parseTime("--from", v.From); err != nil {
			return o, err
		}
	}
	if !o.From.Before(o.To) {
		return o, fmt.Errorf("%w: --from %s does not lie before --to %s", pipeline.ErrUsage, o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	}
	return o, nil
}

func (v *verifyCommand) keys(ctx context.Context, o digest.Options) (digest.Keys, error) {
	if v.PublicKeys == "" {
		return &publicKeys{from: o.From.Add(-time.Hour), to: o.To.Add(2 * time.Hour)}, nil
	}
	body, err := v.load(ctx, "the public keys", v.PublicKeys)
	if err != nil {
		return nil, err
	}
	ring, err := digest.ParseKeys(body)
	if err != nil {
		return nil, fmt.Errorf("%w: reading %s: %w", pipeline.ErrUsage, v.PublicKeys, err)
	}
	return ring, nil
}

// verified prints a result in the words of "aws cloudtrail validate-logs": findings and gaps as lines with tabs, then the sums.
func verified(w io.Writer, r *digest.Result) {
	for _, f := range r.Findings {
		what := "Log file"
		if f.What == "digest" {
			what = "Digest file"
		}
		verdict := "INVALID"
		if !f.Damage() {
			verdict = "NOT PROVEN"
		}
		fmt.Fprintf(w, "%s\t%s\t%s: %s\n", what, report.Clean(f.Object), verdict, report.Clean(f.Reason))
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(w, "No digests cover account %s, %s, trail %s between %s and %s\n", report.Clean(g.Account), report.Clean(g.Region), report.Clean(g.Trail),
			g.From.Format(time.RFC3339), g.To.Format(time.RFC3339))
	}
	if r.More > 0 {
		fmt.Fprintf(w, "… and %d more\n", r.More)
	}
	fmt.Fprintf(w, "Results requested for %s to %s of %s\n", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339), report.Clean(r.Trail))
	if r.Found != nil {
		fmt.Fprintf(w, "Results found for %s to %s:\n", r.Found.From.Format(time.RFC3339), r.Found.To.Format(time.RFC3339))
	}
	d, l := r.Digests, r.Logs
	fmt.Fprintf(w, "%s\n%s\n",
		sum("digest files", d.Valid, d.Valid+d.Invalid+d.Unsigned, part{d.Invalid, "INVALID"}, part{d.Missing, "MISSING"}, part{d.Unsigned, "without a signature to prove them"}),
		sum("log files", l.Valid, l.Valid+l.Unproven+l.Invalid+l.Unreferenced+l.Uncovered, part{l.Invalid, "INVALID"}, part{l.Missing, "MISSING"}, part{l.Unreferenced, "named by no digest"},
			part{l.Uncovered, "of a time without a digest"},
			part{l.Unproven, "of digests that are not proven"}, part{l.Outside, "in other places, not looked at"}, part{l.Pending, "too new for a digest"}))
}

type part struct {
	n    int64
	what string
}

func sum(what string, valid, all int64, parts ...part) string {
	out := []string{fmt.Sprintf("%d/%d %s valid", valid, all, what)}
	for _, p := range parts {
		if p.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(out, ", ")
}
