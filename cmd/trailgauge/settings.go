package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"

	"trailgauge/pipeline"
	"trailgauge/pipeline/store"
)

// settings is the configuration file: what decides a run's outputs, and where the trails are. configuration.md tells people of every key.
type settings struct {
	pipeline.Config `yaml:",inline"`
	AccountsFile    string       `yaml:"accounts_file"` // names, owners and time zones of accounts, see readAccounts
	Trails          []trailPlace `yaml:"trails"`

	name string // of the file; "": there is none
	body []byte
}

// wrong says where in the file a setting is that cannot be.
func (s *settings) wrong(err error) error {
	return fmt.Errorf("%w: reading %s: %s%w", pipeline.ErrUsage, s.name, placeOf(s.body, err), err)
}

// readConfig reads the YAML file, from disk or from s3://bucket/key; defaults where name is empty. Keys it does not know are refused by name
// and line. What is odd without being wrong is told to t.
func (b bucketFlags) readConfig(ctx context.Context, t *terminal, name string) (*settings, error) {
	into := &settings{Config: pipeline.DefaultConfig(), name: name}
	if name == "" {
		return into, nil
	}
	body, err := b.load(ctx, "the configuration", name)
	if err != nil {
		return nil, err
	}
	into.body = body
	var document any
	if err := yaml.Unmarshal(body, &document); err == nil && document == nil {
		return into, nil // empty, or comments alone: decoding it would wipe out the defaults
	}
	if n := notDecimal(body); n != nil {
		return nil, fmt.Errorf("%w: reading %s: [%d:%d] %.40s is not read as these digits: YAML takes it for an octal, binary or hexadecimal number; an account ID is written in quotes, as \"012345678901\"",
			pipeline.ErrUsage, name, n.Position.Line, n.Position.Column, n.Value)
	}
	err = yaml.NewDecoder(bytes.NewReader(body), yaml.Strict()).Decode(into)
	var wrong *yaml.TypeError
	switch {
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("%w: reading %s: [%d:%d] %s", pipeline.ErrUsage, name, wrong.Token.Position.Line, wrong.Token.Position.Column, wantedType(wrong.DstType.Kind()))
	case err != nil:
		return nil, fmt.Errorf("%w: reading %s: %s", pipeline.ErrUsage, name, yaml.FormatError(err, false, false))
	}
	if err := into.check(); err != nil {
		return nil, into.wrong(err)
	}
	if err := b.readAccounts(ctx, t, into.AccountsFile, name, &into.Config); err != nil {
		return nil, err
	}
	if err := into.Validate(); err != nil { // of the accounts' names
		return nil, fmt.Errorf("%w: reading %s: %w", pipeline.ErrUsage, into.AccountsFile, err)
	}
	return into, nil
}

// notDecimal returns the first number that is not what its digits look like, nil where there is none: 012345670123 would be account 1402433619.
func notDecimal(body []byte) *token.Token {
	for _, t := range lexer.Tokenize(string(body)) {
		switch t.Type {
		case token.OctetIntegerType, token.BinaryIntegerType, token.HexIntegerType:
			return t
		}
	}
	return nil
}

func (s *settings) check() error {
	if err := s.Config.Validate(); err != nil {
		return err
	}
	for i, p := range s.Trails {
		if err := p.check(i); err != nil {
			return err
		}
	}
	return nil
}

// apart refuses sinks that would write into what the job reads or keeps: the lake, or a trail.
func (s *settings) apart(lake string, trails []trailPlace) error {
	for k, c := range s.Sinks {
		into := func(what, name string) error {
			return s.wrong(&pipeline.SettingError{Setting: []string{"sinks", fmt.Sprintf("[%d]", k), "to"}, Reason: fmt.Sprintf("%s and the %s %s overlap: a sink needs a place of its own", c.To, what, name)})
		}
		if c.To == "" {
			continue
		}
		if store.Overlap(c.To, lake) {
			return into("lake", lake)
		}
		for _, p := range trails {
			if store.Overlap(c.To, p.URL) {
				return into("trail", p.URL)
			}
		}
	}
	return nil
}

// maxConfig bounds a configuration file, in bytes.
const maxConfig = 4 << 20

// load reads a file, or an object of a bucket; what says what it is.
func (b bucketFlags) load(ctx context.Context, what, name string) ([]byte, error) {
	if !strings.HasPrefix(name, "s3://") {
		body, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%w: reading %s: %w", pipeline.ErrUsage, what, err)
		}
		return body, nil
	}
	at := strings.LastIndexByte(name, '/')
	if at < len("s3://b") || at == len(name)-1 {
		return nil, fmt.Errorf("%w: reading %s: %s is no object: want s3://bucket/key", pipeline.ErrUsage, what, name)
	}
	s, err := store.Open(ctx, name[:at], b.s3())
	if err != nil {
		return nil, usage(err)
	}
	body, _, err := s.Get(ctx, name[at+1:], maxConfig)
	if err != nil {
		return nil, usage(fmt.Errorf("reading %s: %w", what, err))
	}
	return body, nil
}

// placeOf says where in the file the setting is that an error is about, as "[2:5] "; "" when that is not known.
func placeOf(body []byte, err error) string {
	var wrong *pipeline.SettingError
	if !errors.As(err, &wrong) {
		return ""
	}
	path := (&yaml.PathBuilder{}).Root()
	for _, name := range wrong.Setting {
		var item uint
		if _, err := fmt.Sscanf(name, "[%d]", &item); err == nil {
			path = path.Index(item)
			continue
		}
		path = path.Child(name)
	}
	node, err := path.Build().ReadNode(bytes.NewReader(body))
	if err != nil {
		return ""
	}
	at := node.GetToken().Position
	return fmt.Sprintf("[%d:%d] ", at.Line, at.Column)
}

// wantedType says what a setting takes, in the words of who writes the file.
func wantedType(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "want true or false here"
	case reflect.Float64, reflect.Int, reflect.Int64:
		return "want a number here"
	case reflect.String:
		return "want a text here"
	}
	return "want settings here, as name: value"
}
