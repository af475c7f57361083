package decode

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

// roundTrip decodes one record and rebuilds it.
func roundTrip(t testing.TB, text string) (trail.Record, string) {
	t.Helper()
	recs, _, err := Records([]byte("["+text+"]"), Source{}, nil, func(r Rejection) { t.Errorf("rejected %s: %s", text, r.Reason) })
	if err != nil || len(recs) != 1 {
		t.Fatalf("%s: %d records, %v", text, len(recs), err)
	}
	back, err := Rebuild(&recs[0])
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !sameJSON(t, back, []byte(text)) {
		t.Errorf("rebuilt %s\nwant    %s\nextra   %s", back, text, recs[0].Extra)
	}
	return recs[0], string(back)
}

func TestOddMembers(t *testing.T) {
	for _, c := range []struct{ member, extra string }{
		{`"eventName":"x"`, ``},
		{`"responseElements":null`, `{"responseElements":null}`},
		{`"requestParameters":null,"responseElements":null`, `{"requestParameters":null,"responseElements":null}`},
		{`"requestParameters":{"a":[1,{"b":null}]}`, ``},
		{`"requestParameters":{}`, ``},
		{`"requestParameters":[]`, ``},
		{`"requestParameters":{"a":1,"A":2,"a.b":"\u0000","big":9007199254740993,"f":0.0,"e":1E+2}`, ``},
		{`"requestParameters":"{\"a\":1}"`, `{"requestParameters":"{\"a\":1}"}`},
		{`"requestParameters":""`, `{"requestParameters":""}`},
		{`"requestParameters":-0.50`, `{"requestParameters":-0.50}`},
		{`"requestParameters":true`, `{"requestParameters":true}`},
		{`"errorCode":""`, `{"errorCode":""}`},
		{`"errorCode":null`, `{"errorCode":null}`},
		{`"errorCode":12`, `{"errorCode":12}`},
		{`"errorCode":["a"]`, `{"errorCode":["a"]}`},
		{`"errorCode":{}`, `{"errorCode":{}}`},
		{`"readOnly":true`, ``},
		{`"readOnly":"True"`, `{"readOnly":"True"}`},
		{`"readOnly":"true"`, `{"readOnly":"true"}`},
		{`"readOnly":0`, `{"readOnly":0}`},
		{`"managementEvent":false`, ``},
		{`"managementEvent":"false"`, `{"managementEvent":"false"}`},
		{`"managementEvent":null`, `{"managementEvent":null}`},
		{`"managementEvent":{"a":1}`, `{"managementEvent":{"a":1}}`},
		{`"sessionCredentialFromConsole":true`, `{"sessionCredentialFromConsole":true}`},
		{`"userIdentity":null`, `{"userIdentity":null}`},
		{`"userIdentity":{}`, `{"userIdentity":{}}`},
		{`"userIdentity":"x"`, `{"userIdentity":"x"}`},
		{`"userIdentity":[]`, `{"userIdentity":[]}`},
		{`"userIdentity":{"type":null}`, `{"userIdentity":{"type":null}}`},
		{`"userIdentity":{"type":"Root","new":{"x":[]}}`, `{"userIdentity":{"new":{"x":[]}}}`},
		{`"userIdentity":{"sessionContext":{"sessionIssuer":{},"webIdFederationData":{},"attributes":{"mfaAuthenticated":"false"}}}`,
			`{"userIdentity":{"sessionContext":{"sessionIssuer":{},"webIdFederationData":{}}}}`},
		{`"userIdentity":{"sessionContext":7,"onBehalfOf":{"userId":"u"}}`, `{"userIdentity":{"sessionContext":7}}`},
		{`"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"a":"b","":""}}}}`, ``},
		{`"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"a":"b","c":null}}}}`,
			`{"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"a":"b","c":null}}}}}`},
		{`"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{}}}}`,
			`{"userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{}}}}}`},
		{`"resources":[{"ARN":"a","type":"t"},{"accountId":"1"}]`, ``},
		{`"resources":[]`, `{"resources":[]}`},
		{`"resources":null`, `{"resources":null}`},
		{`"resources":""`, `{"resources":""}`},
		{`"resources":[{"ARN":"a"},{}]`, `{"resources":[{"ARN":"a"},{}]}`},
		{`"resources":[{"arn":"a"}]`, `{"resources":[{"arn":"a"}]}`},
		{`"resources":[{"ARN":"a","ARNPrefix":"b"},null,"x",[1]]`, `{"resources":[{"ARN":"a","ARNPrefix":"b"},null,"x",[1]]}`},
		{`"eventname":"x","Eventname":"y","a.b":1,"":2`, `{"eventname":"x","Eventname":"y","a.b":1,"":2}`},
		{`"event\u004eame":"x"`, ``},
		{`"userAgent":"a\"\\\/\b\f\n\r\t\u00e9\u202f\u0000\ud83d\ude00"`, ``},
		{`"userAgent":"\ud800x"`, `{"userAgent":"\ud800x"}`},
		{`"userAgent":"\ud800\u0041"`, `{"userAgent":"\ud800\u0041"}`},
		{`"userAgent":"\udc00\ud800"`, `{"userAgent":"\udc00\ud800"}`},
		{`"requestParameters":{"a":"\udc00"}`, ``},
		{`"requestParameters":"\udc00"`, `{"requestParameters":"\udc00"}`},
		{`"tlsDetails":{"tlsVersion":"","x":1},"addendum":{}`, `{"tlsDetails":{"tlsVersion":"","x":1},"addendum":{}}`},
		{`"errorCode":null,"errorCode":"A"`, ``},
		{`"errorCode":"A","errorCode":""`, `{"errorCode":""}`},
		{`"userIdentity":{"arn":"a","arn":"b"},"userIdentity":{"arn":null,"arn":"c"}`, ``},
		{`"resources":[{"ARN":"a","ARN":"b"}],"new":{"x":1,"x":2}`, `{"new":{"x":2}}`},
	} {
		r, _ := roundTrip(t, `{"eventTime":"2026-03-11T08:00:00Z",`+c.member+`}`)
		if r.Extra != c.extra {
			t.Errorf("%s: extra %s, want %s", c.member, r.Extra, c.extra)
		}
		// The pretty form of a record is the same record.
		spaced, _ := roundTrip(t, "{\t\"eventTime\" : \"2026-03-11T08:00:00Z\" ,\n"+c.member+" }\n")
		if spaced.Extra != c.extra {
			t.Errorf("%s: with white space, extra %s, want %s", c.member, spaced.Extra, c.extra)
		}
	}
}

func TestColumnsOfOddMembers(t *testing.T) {
	r, back := roundTrip(t, `{"eventTime":"2026-03-11T08:00:00Z","errorCode":12,"readOnly":"True","userAgent":"a\ud800","managementEvent":"TRUE",
		"requestParameters":{ "a" : [1, 2] },"responseElements":"text","apiVersion":[ 1 ],"resources":[null,{"ARN":"x","y":1}]}`)
	got := fmt.Sprintf("%q", []string{r.ErrorCode, r.ReadOnly, r.UserAgent, r.RequestParameters, r.ResponseElements, r.APIVersion, r.Resources[1].ARN})
	if want := `["12" "True" "a\ufffd" "{\"a\":[1,2]}" "text" "[1]" "x"]`; strings.ReplaceAll(got, "\ufffd", `\ufffd`) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !*r.ManagementEvent || !*r.ReadOnlyBool {
		t.Error("managementEvent or readOnly not understood")
	}
	if !strings.Contains(back, `"a\ud800"`) {
		t.Errorf("half of a surrogate pair is lost: %s", back)
	}
}

func TestInvalidUTF8(t *testing.T) {
	data := []byte(`[{"eventTime":"2026-03-11T08:00:00Z","userAgent":"` + "a\xff\xfeb" + `"}]`)
	recs, _, err := Records(data, Source{}, nil, nil)
	if err != nil || recs[0].UserAgent != "a\ufffd\ufffdb" {
		t.Errorf("%+v, %v", recs, err)
	}
}

func TestRebuildRefusesOtherRows(t *testing.T) {
	for _, r := range []trail.Record{{Extra: "{"}, {Extra: "[]"}, {Extra: "{} x"}, {RequestParameters: "{"}, {ReadOnly: "maybe"}} {
		if b, err := Rebuild(&r); err == nil {
			t.Errorf("%+v: rebuilt as %s", r, b)
		}
	}
}

// oddRecords makes records out of the names of the schema and strange ones, with values of any type anywhere.
func oddRecords() *rapid.Generator[string] {
	str := rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "true", "{", "\\\"", "\\u0000", "\\ud800", "\\ud83d\\ude00", "é", "[1]", "null", " , ", "12"}), 0, 4).Draw(t, "string")
		return `"` + strings.Join(parts, "") + `"`
	})
	scalar := rapid.OneOf(str, rapid.SampledFrom([]string{"null", "true", "false", "0", "0.0", "-1e9", "123456789012345678901234567890", "{}", "[]"}))
	// A name is the index of a field of s or a strange one; depth bounds the values.
	var object func(s *schema, depth int) *rapid.Generator[string]
	object = func(s *schema, depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			var members []string
			if depth == 0 {
				members = append(members, `"eventTime":"2026-03-11T08:00:00Z"`)
			}
			for range rapid.IntRange(0, 6).Draw(t, "members") {
				name := rapid.SampledFrom([]string{`""`, `"new"`, `"a.b"`, `"Type"`, `"\ud800"`, `"eventname"`}).Draw(t, "name")
				var inside *schema
				array := false
				if s != nil && rapid.Bool().Draw(t, "known") {
					f := s.fields[rapid.IntRange(0, len(s.fields)-1).Draw(t, "field")]
					name, inside = `"`+f.name+`"`, f.fields
					if f.kind == resources {
						inside, array = resourceSchema, true
					}
					if f.name == "eventTime" {
						continue
					}
				}
				value := scalar.Draw(t, "value")
				if depth < 3 && rapid.Bool().Draw(t, "nested") {
					value = object(inside, depth+1).Draw(t, "object")
					if array || rapid.IntRange(0, 4).Draw(t, "list") == 0 {
						value = "[" + value + "," + value + "]"
					}
				}
				members = append(members, name+rapid.SampledFrom([]string{":", ":", ":", " : "}).Draw(t, "space")+value)
			}
			return "{" + strings.Join(members, ",") + "}"
		})
	}
	return object(recordSchema, 0)
}

func TestOddRecordsRebuild(t *testing.T) {
	odd := oddRecords()
	rapid.Check(t, func(rt *rapid.T) {
		text := odd.Draw(rt, "record")
		recs, _, err := Records([]byte(text), Source{}, nil, nil)
		if err != nil || len(recs) != 1 {
			rt.Fatalf("%d records, %v", len(recs), err)
		}
		back, err := Rebuild(&recs[0])
		if err != nil {
			rt.Fatal(err)
		}
		if !sameJSON(t, back, []byte(text)) {
			rt.Fatalf("rebuilt %s\nextra %s", back, recs[0].Extra)
		}
		again, _, err := Records(back, Source{}, nil, nil)
		if err != nil || again[0].Extra != recs[0].Extra && !sameJSON(t, []byte(again[0].Extra), []byte(recs[0].Extra)) {
			rt.Fatalf("decoded again: %v, extra %s, first %s", err, again[0].Extra, recs[0].Extra)
		}
	})
}

// FuzzRecords: whatever the bytes are, decoding does not panic, and what it accepts can be rebuilt.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{good, `{"Records":[` + good + `,1]}`, "[" + good + "]\n" + good, "", "\ufeff[]",
		`{"eventTime":"2026-03-11T08:00:00Z","userIdentity":{"sessionContext":{"webIdFederationData":{"attributes":{"a":"b"}}}},"resources":[{"ARN":"a"},{}],"readOnly":"True","x":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Add(trailText(3))
	f.Fuzz(func(t *testing.T, data []byte) {
		recs, metas, err := Records(data, Source{}, nil, nil)
		if err != nil {
			return
		}
		items := originals(t, validText(data))
		for i := range recs {
			back, err := Rebuild(&recs[i])
			if err != nil {
				t.Fatal(err)
			}
			if want := items[metas[i].Position]; !sameJSON(t, back, want) {
				t.Fatalf("rebuilt %s, want %s", back, want)
			}
		}
	})
}
