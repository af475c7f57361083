package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"trailgauge/fixtures"
	"trailgauge/pipeline"
)

// generateCommand writes a made-up trail, so that everything can be tried, and judged, without an AWS account.
type generateCommand struct {
	Out          string  `required:"" placeholder:"DIR" help:"Folder for the trail (DIR/trail) and what is hidden in it (DIR/truth.json); must be new or empty."`
	Seed         uint64  `required:"" placeholder:"N" help:"The same seed gives the same bytes."`
	End          string  `placeholder:"DATE" help:"Day after the last one (default 2026-11-01)."`
	Days         int     `default:"30" placeholder:"N" help:"Days of events (default ${default})."`
	Accounts     int     `default:"3" placeholder:"N" help:"Accounts (default ${default})."`
	Regions      int     `default:"3" placeholder:"N" help:"Regions (default ${default})."`
	Principals   int     `default:"18" placeholder:"N" help:"Principals an account (default ${default})."`
	EventsPerDay int     `default:"10000" placeholder:"N" help:"About how many events a day (default ${default})."`
	Organization string  `placeholder:"o-…" help:"Lay the objects out as an organisation trail does."`
	Duplicates   float64 `default:"0.03" placeholder:"SHARE" help:"Share of management events delivered twice (default ${default})."`
	Late         float64 `default:"0.001" placeholder:"SHARE" help:"Share of events delivered hours late (default ${default})."`
	NoAnomalies  bool    `help:"Inject nothing unusual."`
	Digests      bool    `help:"Write signed digests, too, and DIR/public-keys.json to verify them with."`
	JSON         bool    `name:"json" help:"Print the truth file as JSON."`
}

func (g *generateCommand) config() (fixtures.Config, error) {
	c := fixtures.Default()
	c.Seed, c.Anomalies, c.Organization = g.Seed, !g.NoAnomalies, g.Organization
	c.Days, c.Accounts, c.Regions, c.Principals, c.EventsPerDay = g.Days, g.Accounts, g.Regions, g.Principals, g.EventsPerDay
	c.Duplicates, c.LateShare = g.Duplicates, g.Late
	if g.End != "" {
		end, err := parseTime("--end", g.End)
		if err != nil {
			return c, err
		}
		c.End = end
	}
	return c, nil
}

func (g *generateCommand) run(ctx context.Context, t *terminal) (outcome, error) {
	c, err := g.config()
	if err != nil {
		return outcome{}, err
	}
	if _, err := fixtures.New(c); err != nil {
		return outcome{}, usage(err)
	}
	if there, _ := filepath.Glob(filepath.Join(g.Out, "*")); len(there) > 0 {
		return outcome{}, fmt.Errorf("%w: %s is not empty", pipeline.ErrUsage, g.Out)
	}
	progress, _, end := t.watch()
	defer end()
	progress.Stage("generate", 0, 0)
	began := time.Now()
	var bytes int64
	truth, err := g.write(ctx, c, func(key string, body []byte) error {
		bytes += int64(len(body))
		progress.Add(1, int64(len(body)), 0)
		return writeFile(filepath.Join(g.Out, "trail", filepath.FromSlash(key)), body)
	})
	if err != nil {
		return outcome{}, err
	}
	text, err := json.MarshalIndent(truth, "", "  ")
	if err != nil {
		return outcome{}, err
	}
	text = append(text, '\n')
	if err := writeFile(filepath.Join(g.Out, "truth.json"), text); err != nil {
		return outcome{}, err
	}
	end()
	if g.JSON {
		_, err = t.out.Write(text)
		return outcome{}, err
	}
	fmt.Fprintf(t.out, "%d records (%d delivered twice) in %d objects, %.1f MB, %s to %s, in %.1f s\n", truth.Records, truth.Duplicates, truth.Objects,
		float64(bytes)/1e6, truth.First.Format("2006-01-02"), truth.End.Format("2006-01-02"), time.Since(began).Seconds())
	fmt.Fprintf(t.out, "%d anomalies are hidden in them: %s\n", len(truth.Anomalies), filepath.Join(g.Out, "truth.json"))
	return outcome{}, nil
}

// write makes the trail up, and where they are asked for its digests and the keys to verify them with.
func (g *generateCommand) write(ctx context.Context, c fixtures.Config, put func(key string, body []byte) error) (*fixtures.Truth, error) {
	if !g.Digests {
		return fixtures.Write(ctx, c, put)
	}
	digests := fixtures.NewDigester(g.Seed)
	truth, err := fixtures.Write(ctx, c, func(key string, body []byte) error { return errors.Join(digests.Add(key, body), put(key, body)) })
	if err == nil { // a folder has no place for metadata
		err = digests.Write(truth.Delivered.Add(time.Minute), func(key string, body []byte, _ map[string]string) error { return put(key, body) })
	}
	if err == nil {
		err = writeFile(filepath.Join(g.Out, "public-keys.json"), digests.PublicKeys())
	}
	return truth, err
}

// writeFile writes a file and the folders above it. Unlike a store's Put it does not wait for the disk: a made-up trail can be made again.
func writeFile(name string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, body, 0o644)
}
