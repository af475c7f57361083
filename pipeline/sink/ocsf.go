package sink

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// findings writes OCSF findings as objects, laid out as Security Lake wants custom sources ("Collecting data from custom sources" in its user guide):
// region=R/accountId=A/eventDay=YYYYMMDD/, one class, sorted by time, Parquet with zstd; or the same rows as gzipped JSON Lines, for others.
//
// An object's name follows from the messages in it: one that is written again after a crash replaces itself.
type findings struct {
	to     store.Store
	region string // that Security Lake collects in
	json   bool
}

func (f *findings) Limits() (int, time.Duration) { return 500, 0 }

func (f *findings) Deliver(ctx context.Context, batch []Message) []error {
	return grouped(batch, f.folder, func(dir string, list []Message) []error { return all(len(list), f.write(ctx, dir, list)) })
}

func (f *findings) folder(m *Message) string {
	account := "external" // what Security Lake has for records of no account
	if trail.IsAccount(m.Insight.Account) {
		account = m.Insight.Account
	}
	return "region=" + f.region + "/accountId=" + account + "/eventDay=" + m.Told.UTC().Format("20060102") + "/"
}

func (f *findings) write(ctx context.Context, dir string, list []Message) error {
	rows, ids := make([]ocsfFinding, len(list)), make([]string, len(list))
	for k := range list {
		rows[k], ids[k] = ocsf(&list[k]), list[k].ID
	}
	slices.SortFunc(rows, func(a, b ocsfFinding) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.Metadata.UID, b.Metadata.UID))
	})
	slices.Sort(ids)
	key := dir + "trailgauge-" + uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.Join(ids, " "))).String()
	pack, suffix := packParquet, ".parquet"
	if f.json {
		pack, suffix = packLines, ".json.gz"
	}
	body, err := pack(rows)
	if err != nil {
		return fmt.Errorf("writing findings: %w", err)
	}
	return put(ctx, f.to, key+suffix, body)
}

func packParquet(rows []ocsfFinding) ([]byte, error) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[ocsfFinding](&b, parquet.Compression(&parquet.Zstd), parquet.DataPageVersion(1),
		parquet.DefaultEncodingFor(parquet.ByteArray, &parquet.Plain), parquet.CreatedBy("trailgauge", "1", ""))
	if _, err := w.Write(rows); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func packLines(rows []ocsfFinding) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	j := json.NewEncoder(z)
	j.SetEscapeHTML(false)
	for _, r := range rows {
		if err := j.Encode(r); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}
