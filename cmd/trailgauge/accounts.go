package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"trailgauge/pipeline"
	"trailgauge/pipeline/trail"
)

// listedAccount is an account of the file that accounts_file names.
type listedAccount struct {
	place                        string // where in the file
	id, name, owner, email, zone string // "": not said
}

// accountColumns are what columns of the file may be called, in lower case and without blanks, underscores and hyphens. nil is what AWS Organizations says of
// an account besides, which is passed over; so are columns of other names, with a word of it.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
var accountColumns = map[string]func(*listedAccount) *string{
	"id":          func(a *listedAccount) *string { return &a.id },
	"account":     func(a *listedAccount) *string { return &a.id },
	"accountid":   func(a *listedAccount) *string { return &a.id },
	"name":        func(a *listedAccount) *string { return &a.name },
	"accountname": func(a *listedAccount) *string { return &a.name },
	"owner":       func(a *listedAccount) *string { return &a.owner },
	"email":       func(a *listedAccount) *string { return &a.email },
	"timezone":    func(a *listedAccount) *string { return &a.zone },
	"arn":         nil, "state": nil, "status": nil, "paths": nil, "joinedmethod": nil, "joinedtimestamp": nil,
}

// accountColumn finds the column of a name in accountColumns.
func accountColumn(name string) (field func(*listedAccount) *string, known bool) {
	field, known = accountColumns[strings.NewReplacer(" ", "", "_", "", "-", "").Replace(strings.ToLower(name))]
	return field, known
}

// readAccounts adds the accounts of a file to the configuration; what the configuration says itself stands. The file is what
// `aws organizations list-accounts --output json` prints, or CSV with a header, as the console of AWS Organizations exports it. A relative name is
// taken from the folder, or the prefix, of the configuration file. Columns that it does not know are told to t.
func (b bucketFlags) readAccounts(ctx context.Context, t *terminal, name, config string, into *pipeline.Config) error {
	switch {
	case name == "":
		return nil
	case strings.HasPrefix(name, "s3://"), filepath.IsAbs(name):
	case strings.HasPrefix(config, "s3://"):
		name = config[:strings.LastIndexByte(config, '/')+1] + name
	default:
		name = filepath.Join(filepath.Dir(config), name)
	}
	body, err := b.load(ctx, "the accounts_file of "+config, name)
	if err != nil {
		return err
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	read := accountsOfCSV
	if bytes.HasPrefix(body, []byte("{")) || bytes.HasPrefix(body, []byte("[")) {
		read = accountsOfJSON
	}
	list, unknown, err := read(body)
	if err != nil {
		return fmt.Errorf("%w: reading %s: %w", pipeline.ErrUsage, name, err)
	}
	if len(unknown) > 0 {
		t.note("reading %s: not known and passed over: %.200s; what is read is id, name, owner (or email) and time_zone", name, strings.Join(unknown, ", "))
	}
	seen := map[string]string{}
	for _, a := range list {
		if !trail.IsAccount(a.id) {
			return fmt.Errorf("%w: reading %s: %s: %.40q is no account ID of 12 digits; spreadsheets spoil them: keep the column as text", pipeline.ErrUsage, name, a.place, a.id)
		}
		if seen[a.id] != "" {
			return fmt.Errorf("%w: reading %s: %s: account %s is there already: %s", pipeline.ErrUsage, name, a.place, a.id, seen[a.id])
		}
		seen[a.id] = a.place
		if into.Accounts == nil {
			into.Accounts = map[string]pipeline.AccountConfig{}
		}
		c := into.Accounts[a.id]
		if c.Name == "" {
			c.Name = a.name
		}
		if c.Owner == "" {
			c.Owner = cmp.Or(a.owner, a.email)
		}
		if c.TimeZone == "" {
			c.TimeZone = a.zone
		}
		into.Accounts[a.id] = c
	}
	return nil
}

// accountsOfJSON reads {"Accounts": [{"Id": …, "Name": …, "Email": …}]}, or the list alone, and names the members it does not know.
func accountsOfJSON(body []byte) (list []listedAccount, unknown []string, err error) {
	var document struct{ Accounts []map[string]json.RawMessage }
	if body[0] == '[' {
		err = json.Unmarshal(body, &document.Accounts)
	} else {
		err = json.Unmarshal(body, &document)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(document.Accounts) == 0 {
		return nil, nil, errors.New("it lists no accounts: want the output of: aws organizations list-accounts --output json")
	}
	others := map[string]bool{}
	for k, members := range document.Accounts {
		a := listedAccount{place: fmt.Sprintf("account %d", k+1)}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			field, known := accountColumn(name)
			if !known {
				others[name] = true
			}
			if field == nil {
				continue
			}
			if err := json.Unmarshal(members[name], field(&a)); err != nil {
				return nil, nil, fmt.Errorf("%s: %.40q: want a text", a.place, name)
			}
		}
		list = append(list, a)
	}
	return list, slices.Sorted(maps.Keys(others)), nil
}

// accountsOfCSV reads CSV with a header, separated by commas, semicolons or tabs, and names the columns it does not know. Of several columns for the
// same the last one counts.
func accountsOfCSV(body []byte) (list []listedAccount, unknown []string, err error) {
	r := csv.NewReader(bytes.NewReader(body))
	header, _, _ := bytes.Cut(body, []byte("\n"))
	for _, separator := range []rune{';', '\t'} {
		if bytes.ContainsRune(header, separator) && !bytes.ContainsRune(header, ',') {
			r.Comma = separator
		}
	}
	names, err := r.Read()
	if err == io.EOF {
		return nil, nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, nil, err
	}
	fields := make([]func(*listedAccount) *string, len(names))
	var has listedAccount
	for k, name := range names {
		var known bool
		if fields[k], known = accountColumn(name); !known && name != "" {
			unknown = append(unknown, name)
		}
		if fields[k] != nil {
			*fields[k](&has) = name
		}
	}
	if has.id == "" || has.name+has.owner+has.email+has.zone == "" {
		return nil, nil, fmt.Errorf("line 1: %.200q: want a header with id and name; owner or email and time_zone may be there, too", strings.Join(names, string(r.Comma)))
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return list, unknown, nil
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := r.FieldPos(0)
		a := listedAccount{place: fmt.Sprintf("line %d", line)}
		for k, field := range fields {
			if field != nil {
				*field(&a) = strings.TrimSpace(row[k])
			}
		}
		list = append(list, a)
	}
}
