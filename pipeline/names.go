package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"unicode"

	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/report"
	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// names returns what reports call accounts and networks. An error is a *SettingError.
func (c *Config) names() (report.Names, error) {
	out := report.Names{Accounts: map[string]report.AccountName{}}
	for _, id := range slices.Sorted(maps.Keys(c.Accounts)) {
		a := c.Accounts[id]
		for _, t := range [][2]string{{"name", a.Name}, {"owner", a.Owner}} {
			if strings.ContainsFunc(t[1], unicode.IsControl) {
				return out, &SettingError{[]string{"accounts", id, t[0]}, "it holds a control character"}
			}
		}
		out.Accounts[id] = report.AccountName{Name: a.Name, Owner: a.Owner}
	}
	for k, p := range c.OwnPrincipals {
		g, err := trail.ParseGlob(p)
		if err == nil && strings.Trim(p, "*?") == "" {
			err = fmt.Errorf("%q would be everybody", p)
		}
		if err != nil {
			return out, &SettingError{[]string{"own_principals", fmt.Sprintf("[%d]", k)}, err.Error()}
		}
		out.Own = append(out.Own, g)
	}
	seen := map[netip.Prefix]string{}
	for _, text := range slices.Sorted(maps.Keys(c.Networks)) {
		p, err := parseNetwork(text)
		name := strings.TrimSpace(c.Networks[text])
		reason := ""
		switch {
		case err != nil:
			reason = "want a network as 192.0.2.0/24 or 2001:db8::/32, or one address"
		case seen[p] != "":
			reason = fmt.Sprintf("it is %s again", seen[p])
		case name == "":
			reason = "it has no name"
		case name == report.Outside, name == report.Private:
			reason = fmt.Sprintf("%q is what addresses in no network are called", name)
		case strings.ContainsFunc(name, unicode.IsControl):
			reason = "its name holds a control character"
		}
		if reason != "" {
			return out, &SettingError{[]string{"networks", text}, reason}
		}
		seen[p] = text
		out.Networks = append(out.Networks, report.Network{Prefix: p, Name: name})
	}
	return out, nil
}

// NamesOf returns what the newest run on a lake called accounts and networks, for who reads the lake without a configuration; none where that run is long ago.
func NamesOf(ctx context.Context, s store.Store) (report.Names, error) {
	c, err := lake.Current(ctx, s)
	if err != nil {
		return report.Names{}, err
	}
	newest := ""
	if err := s.List(ctx, "state/plans/", planKey(max(0, c.Number-plansBack)), func(i store.Info) error { newest = i.Key; return nil }); err != nil || newest == "" {
		return report.Names{}, err
	}
	config, err := plannedConfig(ctx, s, newest)
	if err != nil {
		return report.Names{}, err
	}
	return config.names()
}

// plansBack is how many commits back the newest plan is looked for: a run makes two, upkeep some without a plan.
const plansBack = 500

// plannedConfig reads the configuration out of a plan without the objects behind it, of which there may be millions.
func plannedConfig(ctx context.Context, s store.Store, key string) (*Config, error) {
	head, err := s.GetRange(ctx, key, 0, 16<<20)
	if err != nil {
		return nil, err
	}
	config := new(Config)
	d := json.NewDecoder(bytes.NewReader(head))
	_, err = d.Token() // the object begins
	for err == nil && d.More() {
		var name json.Token
		if name, err = d.Token(); err != nil {
			break
		}
		if name == "config" {
			if err = d.Decode(config); err == nil {
				return config, nil
			}
			break
		}
		var other json.RawMessage
		err = d.Decode(&other)
	}
	return nil, fmt.Errorf("reading the configuration of %s: %w", s.URL(key), errors.Join(lake.ErrForeign, err))
}

// parseNetwork reads a CIDR prefix, whatever its bits behind the mask, or one address.
func parseNetwork(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is no network", s)
	}
	return netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()), nil
}
