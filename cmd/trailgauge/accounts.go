package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"trailgauge/pipeline"
	"trailgauge/pipeline/trail"
)

// listedAccount is an account of the file that accounts_file names.
type listedAccount struct {
	place           string // where in the file
	id, name, owner string
}

// readAccounts adds the accounts of a file to the configuration; what the configuration says itself stands. The file is what
// `aws organizations list-accounts --output json` prints, or CSV with a header, as the console of AWS Organizations exports it. A relative name is
// taken from the folder, or the prefix, of the configuration file.
func (b bucketFlags) readAccounts(ctx context.Context, name, config string, into *pipeline.Config) error {
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
	list, err := read(body)
	if err != nil {
		return fmt.Errorf("%w: reading %s: %w", pipeline.ErrUsage, name, err)
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
			c.Owner = a.owner
		}
		into.Accounts[a.id] = c
	}
	return nil
}

// accountsOfJSON reads {"Accounts": [{"Id": …, "Name": …, "Email": …}]}, or the list alone. Other members are AWS's own and passed over.
func accountsOfJSON(body []byte) ([]listedAccount, error) {
	var document struct {
		Accounts []struct{ ID, Name, Email, Owner string }
	}
	var err error
	if body[0] == '[' {
		err = json.Unmarshal(body, &document.Accounts)
	} else {
		err = json.Unmarshal(body, &document)
	}
	if err != nil {
		return nil, err
	}
	if len(document.Accounts) == 0 {
		return nil, fmt.Errorf("it lists no accounts: want the output of: aws organizations list-accounts --output json")
	}
	var out []listedAccount
	for k, a := range document.Accounts {
		if a.Owner == "" {
			a.Owner = a.Email
		}
		out = append(out, listedAccount{fmt.Sprintf("account %d", k+1), a.ID, a.Name, a.Owner})
	}
	return out, nil
}

// accountColumns are the columns of a CSV file that are read, by what their headers may be, in lower case and without blanks and underscores. Where there
// is an owner and an email, the owner counts.
var accountColumns = [...][]string{{"id", "account", "accountid"}, {"name", "accountname"}, {"owner"}, {"email"}}

// columnsOf finds accountColumns in a header, of several the last; -1 is a column that it has not.
func columnsOf(header []string) (at [len(accountColumns)]int) {
	for c, known := range accountColumns {
		at[c] = -1
		for k, name := range header {
			if slices.Contains(known, strings.NewReplacer(" ", "", "_", "").Replace(strings.ToLower(name))) {
				at[c] = k
			}
		}
	}
	return at
}

// accountsOfCSV reads CSV with a header; it may be separated by semicolons or tabs.
func accountsOfCSV(body []byte) ([]listedAccount, error) {
	r := csv.NewReader(bytes.NewReader(body))
	header, _, _ := bytes.Cut(body, []byte("\n"))
	for _, separator := range []rune{';', '\t'} {
		if bytes.ContainsRune(header, separator) && !bytes.ContainsRune(header, ',') {
			r.Comma = separator
		}
	}
	names, err := r.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("it is empty")
	}
	if err != nil {
		return nil, err
	}
	at := columnsOf(names)
	if at[0] < 0 || at[1] < 0 && at[2] < 0 && at[3] < 0 {
		return nil, fmt.Errorf("line 1: %.200q: want a header with id and name; owner or email may be there, too", strings.Join(names, string(r.Comma)))
	}
	var out []listedAccount
	for {
		row, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		text := func(c int) string {
			if at[c] < 0 {
				return ""
			}
			return strings.TrimSpace(row[at[c]])
		}
		a := listedAccount{fmt.Sprintf("line %d", line), text(0), text(1), text(2)}
		if a.owner == "" {
			a.owner = text(3)
		}
		out = append(out, a)
	}
}
