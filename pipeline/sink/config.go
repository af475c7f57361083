package sink

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Config is one sink, as the configuration file has it. What is empty in MinSeverity, Kinds and Accounts lets everything through.
type Config struct {
	Type string `yaml:"type"` // eventbridge, sns, securityhub, ocsf, slack or insight-events
	// Name is what its state is kept under: a sink of another name begins anew. Lower-case letters, digits and hyphens.
	Name        string   `yaml:"name"`
	ARN         string   `yaml:"arn"`          // of the bus or the topic
	Region      string   `yaml:"region"`       // empty: that of ARN, else the SDK's; ocsf needs it
	To          string   `yaml:"to"`           // ocsf, insight-events: s3://bucket/prefix, or a folder
	Format      string   `yaml:"format"`       // ocsf: parquet (the default) or json
	URLFrom     string   `yaml:"url_from"`     // slack: name of the environment variable that holds the webhook's address, which is a secret
	Role        string   `yaml:"role_arn"`     // taken on to deliver; with securityhub {account} in it is the account of the insight
	ExternalID  string   `yaml:"external_id"`  // for that role
	MinSeverity float64  `yaml:"min_severity"` // the score in powers of ten
	Kinds       []string `yaml:"kinds"`        // insight types, as "ApiCallRateInsight"
	Accounts    []string `yaml:"accounts"`     // globs (trail.Glob); one must match
}

// FieldError says which setting of a sink cannot be.
type FieldError struct {
	Field  string // as in the configuration file; "" for the sink as a whole
	Reason string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

var (
	namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	busARN      = regexp.MustCompile(`^arn:aws[a-z-]*:events:([a-z0-9-]+):[0-9]{12}:event-bus/[A-Za-z0-9._/-]+$`)
	topicARN    = regexp.MustCompile(`^arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$`)
	variable    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// wants are the settings that each type needs and the ones besides that it knows, of those that not all know.
var wants = map[string]struct{ needs, knows []string }{
	"eventbridge": {[]string{"arn"}, []string{"region", "role_arn", "external_id"}},
	"sns":         {[]string{"arn"}, []string{"region", "role_arn", "external_id"}},
	"securityhub": {nil, []string{"region", "role_arn", "external_id"}},
	"ocsf":        {[]string{"to", "region"}, []string{"format", "role_arn", "external_id"}},
	"slack":       {[]string{"url_from"}, nil},

	"insight-events": {[]string{"to"}, []string{"region", "role_arn", "external_id"}},
}

// Validate returns the first thing that is wrong as a *FieldError.
func (c *Config) Validate() error {
	want, ok := wants[c.Type]
	switch {
	case !ok:
		return &FieldError{"type", fmt.Sprintf("%q is none of eventbridge, sns, securityhub, ocsf, slack, insight-events", c.Type)}
	case !namePattern.MatchString(c.Name):
		return &FieldError{"name", fmt.Sprintf("%q is not a name of up to 40 lower-case letters, digits and hyphens", c.Name)}
	}
	for _, f := range []struct{ name, value string }{{"arn", c.ARN}, {"region", c.Region}, {"to", c.To}, {"format", c.Format}, {"url_from", c.URLFrom},
		{"role_arn", c.Role}, {"external_id", c.ExternalID}} {
		switch needed := slices.Contains(want.needs, f.name); {
		case needed && f.value == "":
			return &FieldError{"", fmt.Sprintf("%s %q needs %s", c.Type, c.Name, f.name)}
		case f.value != "" && !needed && !slices.Contains(want.knows, f.name):
			return &FieldError{f.name, "a sink of type " + c.Type + " has no such setting"}
		}
	}
	return c.values()
}

func (c *Config) values() error {
	pattern := map[string]*regexp.Regexp{"eventbridge": busARN, "sns": topicARN}[c.Type]
	switch {
	case pattern != nil && !pattern.MatchString(c.ARN):
		return &FieldError{"arn", fmt.Sprintf("%q is not the ARN of %s", c.ARN, map[string]string{"eventbridge": "an event bus", "sns": "a topic"}[c.Type])}
	case pattern != nil && c.Region != "" && pattern.FindStringSubmatch(c.ARN)[1] != c.Region:
		return &FieldError{"region", fmt.Sprintf("%q is not the region of the arn", c.Region)}
	case c.Region != "" && !trail.IsRegion(c.Region):
		return &FieldError{"region", fmt.Sprintf("%q is no region", c.Region)}
	case c.Role != "" && !trail.IsRole(strings.Replace(c.Role, "::"+accountHolder+":", "::000000000000:", 1)):
		return &FieldError{"role_arn", fmt.Sprintf("%q is not the ARN of a role", c.Role)}
	case c.Type != "securityhub" && strings.Contains(c.Role, accountHolder):
		return &FieldError{"role_arn", "only securityhub takes on a role in each account"}
	case c.ExternalID != "" && c.Role == "":
		return &FieldError{"external_id", "there is no role_arn that it is for"}
	case c.Format != "" && c.Format != "parquet" && c.Format != "json":
		return &FieldError{"format", fmt.Sprintf("%q is neither parquet nor json", c.Format)}
	case c.URLFrom != "" && !variable.MatchString(c.URLFrom):
		return &FieldError{"url_from", "it is the name of an environment variable, not the address: that is a secret"}
	case math.IsNaN(c.MinSeverity) || c.MinSeverity < 0 || c.MinSeverity > 1000:
		return &FieldError{"min_severity", fmt.Sprintf("%v is not a number from 0 to 1,000", c.MinSeverity)}
	}
	for _, k := range c.Kinds {
		var kind insight.Kind
		if err := kind.UnmarshalText([]byte(k)); err != nil {
			return &FieldError{"kinds", fmt.Sprintf("%.60q is no insight type, as ApiCallRateInsight", k)}
		}
	}
	for _, a := range c.Accounts {
		if _, err := trail.ParseGlob(a); err != nil || a == "" {
			return &FieldError{"accounts", fmt.Sprintf("%.60q is no account or pattern of accounts", a)}
		}
	}
	return nil
}

// Selects tells whether the sink is to have messages about an insight, whose severity was as high as severity when it was last told of or is so now.
func (c *Config) Selects(i *insight.Insight, severity float64) bool {
	if severity < c.MinSeverity || len(c.Kinds) > 0 && !slices.Contains(c.Kinds, i.Kind.String()) {
		return false
	}
	return len(c.Accounts) == 0 || slices.ContainsFunc(c.Accounts, func(a string) bool {
		g, err := trail.ParseGlob(a)
		return err == nil && g.Match(i.Account)
	})
}

// Open returns the sink. getenv looks up environment variables. Nothing is sent.
func Open(ctx context.Context, c Config, getenv func(string) string) (Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	switch c.Type {
	case "slack":
		address := getenv(c.URLFrom)
		if address == "" {
			return nil, &HintError{fmt.Errorf("the environment variable %s is not set", c.URLFrom), "put the webhook's address into it"}
		}
		return newWebhook(address, c.URLFrom)
	case "ocsf", "insight-events":
		to, err := store.Open(ctx, c.To, store.S3Options{Region: c.Region, RoleARN: c.Role, ExternalID: c.ExternalID, Retries: 1})
		if err != nil {
			return nil, placeError(err)
		}
		if c.Type == "ocsf" {
			return &findings{to, c.Region, c.Format == "json"}, nil
		}
		return &records{to}, nil
	}
	region := c.Region
	for _, p := range []*regexp.Regexp{busARN, topicARN} {
		if m := p.FindStringSubmatch(c.ARN); m != nil {
			region = m[1]
		}
	}
	cfg, err := store.AWS(ctx, region)
	if err == nil {
		err = store.CheckCredentials(ctx, cfg)
	}
	if err != nil {
		return nil, placeError(err)
	}
	if c.Type == "securityhub" {
		return &hub{cfg: cfg, role: c.Role, externalID: c.ExternalID, members: map[string]*member{}}, nil
	}
	cfg = store.Assume(cfg, c.Role, c.ExternalID)
	if c.Type == "sns" {
		return &topic{sns.NewFromConfig(cfg), c.ARN}, nil
	}
	return &bus{eventbridge.NewFromConfig(cfg), c.ARN}, nil
}
