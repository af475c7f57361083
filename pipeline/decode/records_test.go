package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"trailgauge/fixtures/publicdata"
	"trailgauge/pipeline/trail"
)

// sameJSON tells whether two texts are the same JSON value; numbers are compared as they are written.
func sameJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	return reflect.DeepEqual(parse(t, a), parse(t, b))
}

func parse(t testing.TB, b []byte) (v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("parsing %.200q: %v", b, err)
	}
	return v
}

// originals returns the items of an object as encoding/json finds them.
func originals(t testing.TB, data []byte) (items []json.RawMessage) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	for dec.More() {
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("reading the original: %v", err)
		}
		list, ok := v, v[0] == '['
		if !ok {
			list, ok = listIn(v)
		}
		if !ok {
			items = append(items, v)
			continue
		}
		var more []json.RawMessage
		if err := json.Unmarshal(list, &more); err != nil {
			t.Fatal(err)
		}
		items = append(items, more...)
	}
	return items
}

// listIn returns the list of {"Records": […]}, unless a member before it makes the object a record.
func listIn(object json.RawMessage) (list json.RawMessage, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(object))
	for dec.Token(); dec.More(); {
		name, _ := dec.Token()
		if err := dec.Decode(&list); err != nil {
			return nil, false
		}
		switch name {
		case "Records":
			return list, true
		case "eventVersion", "eventTime", "eventSource", "eventName", "eventID", "userIdentity", "eventType", "CloudTrailEvent":
			return nil, false
		}
	}
	return nil, false
}

// TestSampleData decodes and rebuilds every public record.
func TestSampleData(t *testing.T) {
	root := publicdata.Folder(t, "data")
	records, rejected, failed, plain := map[string]int{}, map[string]int{}, 0, 0
	reasons := map[string]int{}
	kinds := map[string]int{}
	extras := map[string]int{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.Contains(e.Name(), ".json") {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		set, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data, err := Inflate(nil, body, MaxObject)
		if err != nil {
			t.Errorf("%s: %v", rel, err)
			return nil
		}
		o := trail.ParseKey(filepath.ToSlash(rel))
		if o.Kind() != trail.Trail {
			t.Errorf("%s: not taken for an object of a trail", rel)
		}
		want := originals(t, data)
		recs, metas, err := Records(data, Source{rel, o.Account, o.Region}, nil, func(r Rejection) {
			rejected[set]++
			reasons[strings.SplitN(r.Reason, "\"", 2)[0]]++
			if !sameJSON(t, r.Raw, want[r.Position]) {
				t.Errorf("%s: raw of item %d is %q", rel, r.Position, r.Raw)
			}
		})
		if err != nil {
			failed++
			t.Errorf("%s: %v", rel, err)
			return nil
		}
		records[set] += len(recs)
		for i := range recs {
			back, err := Rebuild(&recs[i])
			if err != nil {
				t.Errorf("%s, item %d: %v", rel, metas[i].Position, err)
			} else if !sameJSON(t, back, want[metas[i].Position]) {
				t.Errorf("%s, item %d: rebuilt\n%s\nwant\n%s", rel, metas[i].Position, back, want[metas[i].Position])
			}
			if recs[i].Extra == "" {
				plain++
			}
			kinds[recs[i].PrincipalKind]++
			extras[recs[i].Extra]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("records %v, rejected %v %v, objects failed %d, without extra %d, distinct extras %d, principals %v",
		records, rejected, reasons, failed, plain, len(extras), kinds)
	want := map[string]int{"invictus-ir": 2900, "stratus-red-team": 310, "traildiscover": 563, "umccr": 206, "panther": 462}
	for set, n := range want {
		if got := records[set] + rejected[set]; got != n {
			t.Errorf("%s: %d records and %d rejected, want %d together", set, records[set], rejected[set], n)
		}
	}
}

const good = `{"eventVersion":"1.11","eventTime":"2026-03-11T08:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","eventID":"e1","recipientAccountId":"111122223333"}`

func TestForms(t *testing.T) {
	pretty := strings.NewReplacer(":\"", " :\n\t\"", ",", " ,\r\n").Replace(good)
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	with := func(member string) string { return good[:len(good)-1] + "," + member + "}" }
	for _, c := range []struct {
		name, data     string
		want, rejected int
		err            string
	}{
		{"empty", "", 0, 0, ""},
		{"only white space", " \n", 0, 0, ""},
		{"empty array", "[]", 0, 0, ""},
		{"no records", `{"Records":[]}`, 0, 0, ""},
		{"null records", `{"Records":null}`, 0, 0, ""},
		{"records", `{"Records":[` + good + "," + good + `]}`, 2, 0, ""},
		{"pretty records", "{ \"Records\" : [\n" + pretty + " , " + pretty + "\n] }\n", 2, 0, ""},
		{"members around records", `{"a":{"Records":[1]},"Records":[` + good + `],"b":[{}]}`, 1, 0, ""},
		{"array", "[" + good + "," + good + "]", 2, 0, ""},
		{"one", good, 1, 0, ""},
		{"lines", good + "\n" + good + "\r\n" + good, 3, 0, ""},
		{"concatenated", good + good, 2, 0, ""},
		{"byte order mark", "\ufeff" + `{"Records":[` + good + `]}`, 1, 0, ""},
		{"nested 195 deep", with(`"x":` + deep(195)), 1, 0, ""},
		{"bad items", `{"Records":[1,null,"x",[],{},` + good + `,{"eventTime":"soon"},{"eventTime":3}]}`, 1, 7, ""},
		{"wrapper", `[{"EventId":"e","EventTime":1.5,"CloudTrailEvent":"{}"}]`, 0, 1, ""},
		{"stranger among lines", good + "\n{\"foo\":1}\n", 1, 1, ""},
		{"huge record", "[" + with(`"x":"`+strings.Repeat("y", maxRecord)+`"`) + "," + good + "]", 1, 1, ""},

		{"nothing like a record", `{"foo":1}`, 0, 0, "want {\"Records\""},
		{"empty object", `{}`, 0, 0, "no records here"},
		{"a string", `"x"`, 0, 0, "no records here"},
		{"records of another type", `{"Records":{}}`, 0, 0, "want an array in Records"},
		{"records twice", `{"Records":[` + good + `],"Records":[]}`, 0, 0, "twice"},
		{"cut short", `{"Records":[` + good + `,{"eventVersion":"1.0"`, 0, 0, "too early"},
		{"cut short in a string", `{"Records":[` + good[:40], 0, 0, "inside of a string"},
		{"garbage behind", `{"Records":[` + good + `]}]`, 0, 0, "no records here"},
		{"garbage in an unknown member", `{"Records":[` + good + `],"x":[1,]}`, 0, 0, "want a value"},
		{"NUL bytes behind", good + "\x00", 0, 0, "no records here"},
		{"nested too deeply", with(`"x":` + deep(250)), 0, 0, "too deeply"},
		{"nested too deeply, spaced", with(`"x" :` + deep(199)), 0, 0, "too deeply"},
		{"bare control character", with("\"x\":\"\x01\""), 0, 0, "control character"},
		{"bad escape", with(`"x":"\x"`), 0, 0, "escape"},
		{"leading zero", with(`"x":01`), 0, 0, "comma"},
		{"JavaScript", `{Records:[]}`, 0, 0, "name of a member"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rejected := 0
			before := []trail.Record{{EventID: "before"}}
			recs, metas, err := Records([]byte(c.data), Source{}, before, func(Rejection) { rejected++ })
			if got := fmt.Sprint(err); (err != nil) != (c.err != "") || !strings.Contains(got, c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if len(recs) != 1+c.want || len(metas) != c.want || rejected != c.rejected || recs[0].EventID != "before" {
				t.Errorf("%d records, %d metas, %d rejected; want %d, %d", len(recs)-1, len(metas), rejected, c.want, c.rejected)
			}
		})
	}
}

func TestRejectionTellsWhere(t *testing.T) {
	data := `{"Records":[` + good + `, {"eventTime":"soon"} ]}`
	var got []Rejection
	if _, _, err := Records([]byte(data), Source{}, nil, func(r Rejection) { got = append(got, r) }); err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	raw := `{"eventTime":"soon"}`
	if r := got[0]; r.Position != 1 || r.Offset != int64(strings.Index(data, raw)) || string(r.Raw) != raw || !strings.Contains(r.Reason, `"soon"`) {
		t.Errorf("got %+v", r)
	}
}

func TestIdentity(t *testing.T) {
	meta := func(text string) Meta {
		t.Helper()
		_, metas, err := Records([]byte(text), Source{Account: "444455556666"}, nil, nil)
		if err != nil || len(metas) != 1 {
			t.Fatalf("%s: %v, %d metas", text, err, len(metas))
		}
		return metas[0]
	}
	base := meta(good)
	if spaced := meta(strings.ReplaceAll(good, ",", " ,\n ")); spaced != base {
		t.Errorf("white space changes the identity: %v, %v", spaced, base)
	}
	if other := meta(strings.Replace(good, "PutObject", "GetObject", 1)); other.Key != base.Key || other.Sum == base.Sum {
		t.Errorf("another name: %v, %v; want the same key, another sum", other, base)
	}
	for _, change := range [][2]string{{"e1", "e2"}, {"111122223333", "111122223334"}, {`"eventID":"e1",`, ""}} {
		if other := meta(strings.Replace(good, change[0], change[1], 1)); other.Key == base.Key {
			t.Errorf("%q for %q: the same key", change[1], change[0])
		}
	}
	none := `{"eventTime":"2026-03-11T08:00:00Z","eventName":"A"}`
	if meta(none) != meta(strings.ReplaceAll(none, ",", " , ")) {
		t.Error("white space changes the identity of a record without eventID")
	}
}

func TestDerivedColumns(t *testing.T) {
	const text = `{"eventTime":"2026-03-11T08:00:00.250Z","eventName":"ListBuckets","errorCode":"AccessDenied",
		"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/ci/run","accountId":"1"},
		"addendum":{"reason":"UPDATED_DATA","originalEventID":"e0"}}`
	recs, _, err := Records([]byte(text), Source{Key: "k", Account: "2", Region: "eu-west-1"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := recs[0]
	got := fmt.Sprintln(r.EventTS, *r.ReadOnlyBool, r.Principal, r.PrincipalKind, r.IsError, r.ErrorFamily, r.Account, r.Region, r.SourceKey, r.Supersedes)
	if want := "1773216000250 true arn:aws:sts::1:assumed-role/ci role true access-denied 1 eu-west-1 k e0\n"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	late := strings.Replace(text, "UPDATED_DATA", "DELIVERY_DELAY", 1)
	if recs, _, _ = Records([]byte(late), Source{}, nil, nil); recs[0].Supersedes != "" {
		t.Errorf("a late record supersedes %q", recs[0].Supersedes)
	}
	if recs, _, _ = Records([]byte(`[{"eventTime":"2026-03-11T08:00:00Z"}]`), Source{}, nil, nil); recs[0].Account != "unknown" || recs[0].Region != "unknown" {
		t.Errorf("account %q, region %q", recs[0].Account, recs[0].Region)
	}
}

// The memory of a record is used again for the next: what Each hands out is right while it is called, what Records returns is for ever.
func TestRecordsKeepWhatTheySay(t *testing.T) {
	one := func(i int) string {
		return fmt.Sprintf(`{"eventTime":"2026-03-11T08:00:00Z","userAgent":"a%d\n","x":"x%d","resources":[{"ARN":"arn%d"}],"y":1}`, i, i, i)
	}
	says := func(r *trail.Record) string {
		return fmt.Sprintf("%+v", r.Resources) + r.UserAgent + r.Extra + r.Principal
	}
	const n = 20_000
	var text []byte
	var want []string
	for i := range n {
		recs, _, err := Records([]byte(one(i)), Source{}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, want = append(text, one(i)...), append(want, says(&recs[0]))
	}
	recs, _, err := Records(text, Source{}, nil, nil)
	if err != nil || len(recs) != n {
		t.Fatal(len(recs), err)
	}
	i := 0
	err = new(Decoder).Each(text, Source{}, func(r *trail.Record, m Meta) error {
		if got := says(r); got != want[i] || says(&recs[i]) != got || m.Position != i {
			t.Fatalf("record %d is %s, then %s, want %s", i, got, says(&recs[i]), want[i])
		}
		i++
		return nil
	}, nil)
	if err != nil || i != n {
		t.Fatal(i, err)
	}
	stop := errors.New("stop")
	err = new(Decoder).Each(text, Source{}, func(_ *trail.Record, m Meta) error {
		if i = m.Position; i == 7 {
			return stop
		}
		return nil
	}, func(Rejection) { t.Error("a rejection of an object that was not read to its end") })
	if err != stop || i != 7 {
		t.Errorf("%v at record %d, want stop at 7", err, i)
	}
}

// Of items that are no records the first ten thousand are told, and how many more there are.
func TestManyRejections(t *testing.T) {
	told, more := 0, 0
	_, _, err := Records([]byte(`{"Records":[1`+strings.Repeat(",2", 25_000)+`]}`), Source{}, nil, func(r Rejection) {
		told++
		more += r.More
	})
	if err != nil || told != maxRejections || told+more != 25_001 {
		t.Errorf("%d rejections and %d more, %v", told, more, err)
	}
}
