package decode

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"trailgauge/pipeline/trail"
)

// decoded is a record that outlives the call it came in.
type decoded struct {
	trail.Record
	Meta
	Reason string // why it was rejected
}

// one decodes an object of one record; ok is false if it is none.
func one(d *Decoder, text string) (got decoded, ok bool) {
	data := []byte(text)
	_ = d.Each(data, Source{Key: "k", Account: "9", Region: "r"}, func(r *trail.Record, m Meta) error {
		got, ok = decoded{Record: *r, Meta: m}, true
		cloneTexts(reflect.ValueOf(&got.Record).Elem())
		return nil
	}, func(r Rejection) { got.Reason = r.Reason })
	clear(data) // what the decoder has kept of it would show
	return got, ok
}

// cloneTexts makes the strings in v copies.
func cloneTexts(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Clone(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			cloneTexts(v.Field(i))
		}
	case reflect.Slice:
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			cloneTexts(list.Index(i))
		}
		v.Set(list)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		for _, k := range v.MapKeys() {
			m.SetMapIndex(reflect.ValueOf(strings.Clone(k.String())), reflect.ValueOf(strings.Clone(v.MapIndex(k).String())))
		}
		if v.Len() > 0 {
			v.Set(m)
		}
	}
}

// likeness tells a record from those that differ in a part: its members, and what is derived from them.
func likeness(r *trail.Record, p trail.Part) any {
	if p == trail.Caller {
		return []any{r.UserIdentity, r.Principal, r.PrincipalKind}
	}
	return []any{
		r.EventType, r.APIVersion, r.ManagementEvent, r.RecipientAccountID, r.VPCEndpointID, r.VPCEndpointAccountID, r.EventCategory,
		r.SessionCredentialFromConsole, r.TLSDetails,
	}
}

// alikeRecords makes records whose parts come from few texts, each of them whole or with something changed.
func alikeRecords() *rapid.Generator[string] {
	callers := []string{
		`{"type":"AssumedRole","principalId":"AROA1:s","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333","accessKeyId":"ASIA1","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/app","userName":"app"},"webIdFederationData":{},"attributes":{"creationDate":"2026-03-11T07:12:33Z","mfaAuthenticated":"false"}}}`,
		`{"type":"AssumedRole","principalId":"AROA1:s","sessionContext":{"webIdFederationData":{"federatedProvider":"p","attributes":{"a":"b"}}}}`,
		`{"type":"IAMUser","arn":"arn:aws:iam::1:user/u"}`, `{"type":"IAMUser","userName":"u"}`,
		`{"type":"Root","accountId":"1","new":[{"x":1}],"arn":""}`,
		`{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`, `{"type":"AWSService"}`, `{"type":"a\u0062c"}`, `{"type":null,"arn":7}`, `{}`, `null`, `"x"`,
	}
	manners := []string{
		`"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"c","clientProvidedHostHeader":"h"}`,
		`"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"1","sharedEventID":"s","eventCategory":"Data"`,
		`"eventType":"AwsApiCall","apiVersion":[1,{}],"managementEvent":"TRUE","new":"a\n","tlsDetails":{}`,
		`"eventType":"AwsApiCall","tlsDetails":null,"CloudTrailEvent":"{}"`, `"eventType":"AwsApiCall"`,
	}
	changes := []string{`"`, `,`, `:`, `}`, `{`, ` `, `\`, `e`, `"type":"x",`, `"eventType":"y",`, `,"eventType":"z"`}
	return rapid.Custom(func(t *rapid.T) string {
		b := rapid.SampledFrom([]string{`{"eventTime":"2026-03-11T08:00:00Z",`, `{"eventTime":"2026-03-11 08:00:01",`, `{"eventVersion":"1",`}).Draw(t, "begin")
		for _, m := range rapid.SliceOfN(rapid.SampledFrom([]string{`"awsRegion":"cn-north-1",`, `"eventCategory":"Data",`, `"sourceIPAddress":"x.amazonaws.com",`}), 0, 1).Draw(t, "before") {
			b += m
		}
		text := b + `"userIdentity":` + rapid.SampledFrom(callers).Draw(t, "caller") + `,"eventName":"n",` + rapid.SampledFrom(manners).Draw(t, "manner") + "}"
		if rapid.IntRange(0, 2).Draw(t, "whole") == 0 {
			at := rapid.IntRange(len(b), len(text)).Draw(t, "at")
			text = text[:at] + rapid.SampledFrom(changes).Draw(t, "change") + text[min(len(text), at+rapid.IntRange(0, 2).Draw(t, "gone")):]
		}
		return text
	})
}

// A decoder that has met parts of a record before makes of it what a new one makes.
func TestMemoIsUnseen(t *testing.T) {
	records := rapid.OneOf(alikeRecords(), alikeRecords(), alikeRecords(), oddRecords())
	used := [trail.Parts]int{}
	rapid.Check(t, func(t *rapid.T) {
		var warm Decoder
		var met [trail.Parts]map[uint64]any
		for p := range met {
			met[p] = map[uint64]any{}
		}
		for _, text := range rapid.SliceOfN(records, 10, 40).Draw(t, "records") {
			want, wantOK := one(new(Decoder), text)
			got, ok := one(&warm, text)
			alike := got.Alike
			got.Alike, want.Alike = trail.Alike{}, trail.Alike{}
			if diff := cmp.Diff(want, got); ok != wantOK || diff != "" {
				t.Fatalf("%s: %v, fresh %v: %s", text, ok, wantOK, diff)
			}
			for p, number := range alike {
				like := likeness(&got.Record, trail.Part(p))
				before, again := met[p][number]
				if again && number != 0 && !cmp.Equal(before, like) {
					t.Fatalf("%s: number %d of part %d was %v", text, number, p, before)
				}
				if again && number != 0 {
					used[p]++
				}
				met[p][number] = like
			}
		}
	})
	for p, n := range used {
		if n < 30 {
			t.Errorf("part %d was met again %d times only", p, n)
		}
	}
}

// caller is an object of one record by the i-th of endless callers, which differ where it says.
func caller(i int, early, late string) string {
	return fmt.Sprintf(`{"eventTime":"2026-03-11T08:00:00Z","userIdentity":{"type":"IAMUser","arn":"%s%s","sessionContext":{"sessionIssuer":{"arn":"a"},"sourceIdentity":"%s"}}}`,
		early, strings.Repeat("x", i%300), late)
}

// Endless new texts take no more memory than the memo's bounds, nor do they keep it from being used afterwards; those that look alike
// where it looks first are few.
func TestMemoIsBounded(t *testing.T) {
	var d Decoder
	m := &d.memos[trail.Caller]
	read := func(text string) trail.Alike {
		t.Helper()
		got, ok := one(&d, text)
		if u := got.UserIdentity; !ok || !strings.Contains(text, `"arn":"`+u.ARN+`"`) || !strings.Contains(text, `"`+u.SessionContext.SourceIdentity+`"`) {
			t.Fatalf("%s: %v, %+v", text, ok, u)
		}
		if len(m.texts) > maxTexts || cap(m.texts) > maxTexts || len(m.slots) != slots || len(m.texts[0].text) > maxRemembered {
			t.Fatalf("%d texts of %d, %d slots", len(m.texts), cap(m.texts), len(m.slots))
		}
		return got.Alike
	}
	numbers := map[uint64]bool{}
	for i := range 2*maxTexts + maxTexts/2 {
		numbers[read(caller(i, fmt.Sprint(i), ""))[trail.Caller]] = true
	}
	if len(numbers) < 2*maxTexts+maxTexts/2-10 { // where many have their places side by side, one has none
		t.Errorf("%d different numbers", len(numbers))
	}
	if a := read(caller(0, "new", ""))[trail.Caller]; a == 0 || a != read(caller(0, "new", ""))[trail.Caller] {
		t.Errorf("not met again: %d", a)
	}
	before := len(m.texts)
	for i := range 1000 {
		read(caller(0, "same", fmt.Sprint(i)))
	}
	if n := len(m.texts) - before; n > maxLook {
		t.Errorf("%d texts of one beginning are remembered", n)
	}
	if a := read(caller(0, "long", strings.Repeat("y", maxRemembered)))[trail.Caller]; a != 0 {
		t.Errorf("a long text is remembered: %d", a)
	}
}
