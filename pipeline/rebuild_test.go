package pipeline

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"trailgauge/fixtures/publicdata"
	"trailgauge/pipeline/decode"
	"trailgauge/pipeline/lake"
	"trailgauge/pipeline/trail"
)

// Every public record that can be taken in is written to Parquet, read back by another library, and rebuilt from the row that
// was read: the same JSON value.
func TestRebuildFromParquet(t *testing.T) {
	rebuilt := 0
	data := publicdata.Folder(t, "data")
	err := filepath.WalkDir(data, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.Contains(name, ".json") {
			return err
		}
		body, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text, err := decode.Inflate(nil, body, decode.MaxObject)
		if err != nil {
			t.Logf("%s: %v", name, err)
			return nil
		}
		rebuilt += rebuildAll(t, name, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if rebuilt < 4000 {
		t.Errorf("only %d records were compared: the data's page names more", rebuilt)
	}
	t.Logf("%d records", rebuilt)
}

// What the public records have not: maps, nulls among values, lists with holes.
func TestRebuildOddRecords(t *testing.T) {
	n := rebuildAll(t, "odd", []byte(`[
		{"eventTime":"2026-03-11T08:00:00Z","userIdentity":{"sessionContext":{"webIdFederationData":{"federatedProvider":"p","attributes":{"b":"2","a":"1","c":"","d":"x"}}}},"resources":[{"ARN":"a"},{"ARN":"b","accountId":"1"},{"ARN":"c"},{}]},
		{"eventTime":"2026-03-11T08:00:00Z","errorCode":"","readOnly":false,"managementEvent":true,"resources":[],"responseElements":null},
		{"eventTime":"2026-03-11T08:00:00Z","userIdentity":null,"resources":null,"tlsDetails":{},"x":{"y":[null,"\u2028\u0000"]},"managementEvent":"true"},
		{"eventTime":"2026-03-11T08:00:00Z","requestParameters":{"n":12345678901234567890.10,"e":""},"addendum":{"reason":"UPDATED_DATA","originalEventID":"e-1"}}]`))
	if n != 4 {
		t.Errorf("%d records, want 4", n)
	}
}

// rebuildAll returns how many records of an object it compared.
func rebuildAll(t *testing.T, name string, text []byte) int {
	t.Helper()
	rows, metas, err := decode.Records(text, decode.Source{Key: filepath.Base(name)}, nil, func(r decode.Rejection) {})
	if err != nil || len(rows) == 0 {
		return 0
	}
	originals := itemsOf(t, text)
	var table lake.Rows
	var order []int32
	for i := range rows {
		table.Append(&rows[i], trail.Alike{})
		order = append(order, int32(i))
	}
	second := eventsOf(t, must(table.Encode(order))(t))
	if !reflect.DeepEqual(rows, second) {
		if diff := cmp.Diff(rows, second, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: parquet-go reads other rows: %s", name, diff)
		}
	}
	for i := range second {
		back, err := decode.Rebuild(&second[i])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := value(t, back), value(t, originals[metas[i].Position]); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: record %d is rebuilt as another one: %s", name, metas[i].Position, cmp.Diff(want, got))
		}
	}
	return len(second)
}

// eventsOf reads an events file with another library than wrote it.
func eventsOf(t *testing.T, body []byte) []trail.Record {
	t.Helper()
	return must(parquet.Read[trail.Record](bytes.NewReader(body), int64(len(body))))(t)
}

// itemsOf returns the records of an object as encoding/json finds them.
func itemsOf(t *testing.T, text []byte) (items []json.RawMessage) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	for d.More() {
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		var wrapped struct{ Records []json.RawMessage }
		var list []json.RawMessage
		switch {
		case v[0] == '{' && json.Unmarshal(v, &wrapped) == nil && wrapped.Records != nil:
			items = append(items, wrapped.Records...)
		case v[0] == '[' && json.Unmarshal(v, &list) == nil:
			items = append(items, list...)
		default:
			items = append(items, v)
		}
	}
	return items
}

// value parses JSON with numbers kept as they are written.
func value(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return v
}
