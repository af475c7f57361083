package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	pq "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"

	"trailgauge/pipeline/store"
)

// ocsfSchema is what OCSF says of the attributes in use: for each object its attributes with their types, "!" where one is required. A type in brackets is a
// list; one that is a name below is an object; int:1,2 is an enumeration. It was put together from the schema at https://schema.ocsf.io/1.1.0: classes
// detection_finding, profile cloud, and the objects named.
var ocsfSchema = map[string]map[string]string{
	"detection_finding": {
		"activity_id": "int!:0,1,2,3,99", "activity_name": "string", "category_uid": "int!:2", "category_name": "string", "class_uid": "int!:2004", "class_name": "string",
		"type_uid": "int!:200400,200401,200402,200403,200499", "type_name": "string", "time": "time!", "start_time": "time", "end_time": "time", "count": "int",
		"severity_id": "int!:0,1,2,3,4,5,6,99", "severity": "string", "status_id": "int:0,1,2,3,4,99", "status": "string", "message": "string",
		"metadata": "metadata!", "cloud": "cloud!", "finding_info": "finding_info!", "evidences": "[evidences]", "resources": "[resource_details]", "unmapped": "map",
	},
	"metadata":         {"uid": "string", "version": "string!", "product": "product!", "profiles": "[string]"},
	"product":          {"name": "string", "vendor_name": "string!"},
	"cloud":            {"provider": "string!", "region": "string", "account": "account"},
	"account":          {"uid": "string", "type_id": "int:0,1,2,3,4,5,6,7,8,9,10,99", "type": "string"},
	"finding_info":     {"uid": "string!", "title": "string!", "desc": "string", "types": "[string]", "analytic": "analytic", "created_time": "time", "modified_time": "time", "first_seen_time": "time", "last_seen_time": "time"},
	"analytic":         {"name": "string", "type_id": "int!:0,1,2,3,4,99", "type": "string"},
	"evidences":        {"api": "api", "actor": "actor", "src_endpoint": "network_endpoint"},
	"api":              {"operation": "string!", "service": "service"},
	"service":          {"name": "string"},
	"actor":            {"user": "user"},
	"user":             {"uid": "string"},
	"network_endpoint": {"ip": "string", "domain": "string"},
	"resource_details": {"uid": "string", "type": "string"},
}

func checkOCSF(at, kind string, v any) (wrong []string) {
	if inner, ok := strings.CutPrefix(kind, "["); ok {
		list, ok := v.([]any)
		if !ok {
			return []string{at + " is no list"}
		}
		for k, x := range list {
			wrong = append(wrong, checkOCSF(fmt.Sprintf("%s[%d]", at, k), strings.TrimSuffix(inner, "]"), x)...)
		}
		return wrong
	}
	kind, values, _ := strings.Cut(kind, ":")
	kind = strings.TrimSuffix(kind, "!")
	if attributes := ocsfSchema[kind]; attributes != nil {
		object, ok := v.(map[string]any)
		if !ok {
			return []string{at + " is no object"}
		}
		for name, x := range object {
			if attributes[name] == "" {
				wrong = append(wrong, at+"."+name+" is no attribute of "+kind)
				continue
			}
			wrong = append(wrong, checkOCSF(at+"."+name, attributes[name], x)...)
		}
		for name, k := range attributes {
			if _, ok := object[name]; !ok && strings.Contains(k, "!") {
				wrong = append(wrong, at+"."+name+" is missing")
			}
		}
		if kind == "evidences" && len(object) == 0 {
			wrong = append(wrong, at+" has none of its objects")
		}
		return wrong
	}
	ok := false
	switch n, isNumber := v.(float64); kind {
	case "string":
		_, ok = v.(string)
	case "map":
		_, ok = v.(map[string]any)
	case "int":
		ok = isNumber && n == float64(int32(n)) && (values == "" || slices.Contains(strings.Split(values, ","), fmt.Sprint(n)))
	case "time": // milliseconds: of this century
		ok = isNumber && n > 946684800000 && n < 4102444800000
	}
	if !ok {
		wrong = append(wrong, fmt.Sprintf("%s: %v is no %s %s", at, v, kind, values))
	}
	return wrong
}

// TestOCSF writes findings as both formats and reads them back: the same, and what the schema says.
func TestOCSF(t *testing.T) {
	i, retracted, bad := worked(), worked(), hostile()
	retracted.ID, bad.ID = "0f6c1b7a-2f5c-5d0e-8a11-000000000001", "0f6c1b7a-2f5c-5d0e-8a11-000000000002"
	bad.Expected, bad.Worst.Score = 1, 1e300
	test := TestMessage("x", "lake", time.Date(2026, 3, 11, 12, 0, 0, 0, time.UTC))
	list := []Message{about(i, Start), about(retracted, Retraction), about(bad, Revision), test, about(i, End)}
	var rows [2][]any
	for k, format := range []string{"json", "parquet"} {
		dir := t.TempDir()
		taken, refused, left, _, reason := sendAll(t, open(t, Config{Type: "ocsf", Region: "eu-central-1", To: dir, Format: format}), list)
		if len(taken) != 5 || left != 0 {
			t.Fatalf("%d taken, %v, %v", len(taken), refused, reason)
		}
		names := files(t, dir)
		layout := regexp.MustCompile(`^region=eu-central-1/accountId=(111122223333|000000000000|external)/eventDay=20260311/trailgauge-[0-9a-f-]{36}\.(json\.gz|parquet)$`)
		for _, name := range names {
			if !layout.MatchString(name) {
				t.Errorf("object %s", name)
			}
			rows[k] = append(rows[k], read(t, filepath.Join(dir, name))...)
		}
		// The same messages again, as after a crash: the same objects.
		sendAll(t, open(t, Config{Type: "ocsf", Region: "eu-central-1", To: dir, Format: format}), list)
		if d := cmp.Diff(names, files(t, dir)); d != "" {
			t.Errorf("once more:\n%s", d)
		}
		byID := func(a, b any) int { return strings.Compare(uid(a), uid(b)) }
		slices.SortFunc(rows[k], byID)
	}
	if d := cmp.Diff(rows[0], rows[1]); d != "" || len(rows[0]) != 5 {
		t.Errorf("%d rows; JSON and Parquet differ:\n%s", len(rows[0]), d)
	}
	activities := map[string]bool{}
	for _, r := range rows[0] {
		for _, wrong := range checkOCSF("finding", "detection_finding", r) {
			t.Error(wrong)
		}
		o := r.(map[string]any)
		if o["type_uid"].(float64) != 200400+o["activity_id"].(float64) {
			t.Errorf("type %v of activity %v", o["type_uid"], o["activity_id"])
		}
		activities[fmt.Sprint(o["activity_name"], " ", o["status"])] = true
	}
	if len(activities) != 5 {
		t.Errorf("phases are not told apart: %v", activities)
	}
}

// TestOCSFParquet reads an object with another library than the one that wrote it, and looks for what Security Lake and Athena want: zstd, no
// encoding that some reader lacks, and the columns of the schema.
func TestOCSFParquet(t *testing.T) {
	body, err := packParquet([]ocsfFinding{ocsf(new(about(worked(), Start))), ocsf(new(about(hostile(), End)))})
	if err != nil {
		t.Fatal(err)
	}
	f, err := pqfile.NewParquetReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := r.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	for _, name := range table.Schema().Fields() {
		if ocsfSchema["detection_finding"][name.Name] == "" {
			t.Errorf("column %s", name.Name)
		}
	}
	if table.NumRows() != 2 || int(table.NumCols()) != len(ocsfSchema["detection_finding"]) {
		t.Errorf("%d rows, %d columns", table.NumRows(), table.NumCols())
	}
	for k := range f.MetaData().NumColumns() {
		c, err := f.MetaData().RowGroup(0).ColumnChunk(k)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Encodings() {
			if c.Compression() != compress.Codecs.Zstd || e != pq.Encodings.Plain && e != pq.Encodings.RLE && e != pq.Encodings.RLEDict && e != pq.Encodings.PlainDict {
				t.Errorf("%s: %s, %s", c.PathInSchema(), c.Compression(), e)
			}
		}
	}
}

func TestOCSFSchemaFindsFaults(t *testing.T) {
	var r any
	body, _ := json.Marshal(ocsf(new(about(worked(), Start))))
	for _, c := range []struct{ old, new, want string }{
		{`"severity_id":5`, `"severity_id":7`, "severity_id"}, {`"vendor_name"`, `"vendor"`, "vendor"}, {`"start_time":17732`, `"start_time":1`, "start_time"},
	} {
		_ = json.Unmarshal(bytes.Replace(body, []byte(c.old), []byte(c.new), 1), &r)
		if got := strings.Join(checkOCSF("", "detection_finding", r), "; "); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", c.new, got)
		}
	}
}

func uid(r any) string { return r.(map[string]any)["metadata"].(map[string]any)["uid"].(string) }

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	s, err := store.Folder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.List(context.Background(), "", "", func(i store.Info) error { out = append(out, i.Key); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// read returns the rows of an object as JSON has them.
func read(t *testing.T, name string) (out []any) {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".parquet") {
		rows, err := parquet.Read[ocsfFinding](bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				t.Fatal(err)
			}
			out = append(out, v)
		}
		return out
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(z)
	for {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
}
