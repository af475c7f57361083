package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"trailgauge/pipeline/counts"
	"trailgauge/pipeline/insight"
)

// endpoint stands where AWS is. It checks each request against the models and answers what the test says.
type endpoint struct {
	*testing.T
	mu       sync.Mutex
	requests []request
	reply    func(r request, n int) (status int, body string) // n: how many of that operation came before
	models   map[string]*model
}

type request struct {
	operation string
	input     map[string]any
	body      string
	header    http.Header
}

// serve points the SDK at a new endpoint for this test.
func serve(t *testing.T, reply func(r request, n int) (int, string)) *endpoint {
	t.Helper()
	e := &endpoint{T: t, reply: reply, models: map[string]*model{}}
	for _, s := range []string{"events", "sns", "securityhub", "sts"} {
		e.models[s] = loadModel(t, s)
	}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	for k, v := range map[string]string{"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": "", "AWS_REGION": "eu-central-1"} {
		t.Setenv(k, v)
	}
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		e.Error(err)
	}
	r := request{body: string(body), header: q.Header.Clone()}
	var m *model
	target := q.Header.Get("X-Amz-Target")
	switch {
	case target != "":
		r.operation, m = target[strings.LastIndex(target, ".")+1:], e.models["events"]
		if target != "AWSEvents.PutEvents" || q.Header.Get("Content-Type") != "application/x-amz-json-1.1" {
			e.Errorf("target %s, %s", target, q.Header.Get("Content-Type"))
		}
		e.decode(body, &r)
	case q.URL.Path == "/findings/import":
		r.operation, m = "BatchImportFindings", e.models["securityhub"]
		e.decode(body, &r)
	default:
		form, err := url.ParseQuery(string(body))
		if err != nil {
			e.Errorf("%s: %v", body, err)
		}
		r.operation, m = form.Get("Action"), e.models["sns"]
		if strings.HasPrefix(form.Get("Version"), "2011") {
			m = e.models["sts"]
		}
		form.Del("Action")
		form.Del("Version")
		shape := m.Operations[r.operation].Input.Shape
		if shape == "" {
			e.Errorf("no operation %q in the models: %s", r.operation, body)
			return
		}
		r.input, _ = m.unfold(e.T, form, "", shape).(map[string]any)
		for k := range form {
			if !strings.HasSuffix(k, ".Name") { // keys of maps stay
				e.Errorf("%s is no member: %s", k, form.Get(k))
			}
		}
	}
	for _, wrong := range m.check(r.operation, m.Operations[r.operation].Input.Shape, any(r.input)) {
		e.Error(wrong)
	}
	if !strings.HasPrefix(q.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=") {
		e.Errorf("%s is not signed", r.operation)
	}
	e.mu.Lock()
	n := 0
	for _, o := range e.requests {
		if o.operation == r.operation {
			n++
		}
	}
	e.requests = append(e.requests, r)
	status, text := e.reply(r, n)
	e.mu.Unlock()
	w.Header().Set("Content-Type", map[bool]string{true: "application/x-amz-json-1.1", false: "text/xml"}[strings.HasPrefix(text, "{")])
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (e *endpoint) decode(body []byte, r *request) {
	if err := json.Unmarshal(body, &r.input); err != nil {
		e.Errorf("%s: %v", body, err)
	}
}

// entries are the items of a request's one list.
func (r request) entries() (out []map[string]any) {
	for _, name := range []string{"Entries", "PublishBatchRequestEntries", "Findings"} {
		list, _ := r.input[name].([]any)
		for _, x := range list {
			out = append(out, x.(map[string]any))
		}
	}
	return out
}

// open opens a sink of a configuration.
func open(t *testing.T, c Config, env ...string) Sink {
	t.Helper()
	if c.Name == "" {
		c.Name = "x"
	}
	s, err := Open(t.Context(), c, func(string) string { return strings.Join(env, "") })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// messages makes n messages, each about an insight of its own.
func messages(n int) []Message {
	out := make([]Message, n)
	for k := range out {
		i := worked()
		i.ID = fmt.Sprintf("0f6c1b7a-2f5c-5d0e-8a11-%012d", k)
		out[k] = about(i, Start)
		out[k].Order = k
	}
	return out
}

func about(i *insight.Insight, p Phase) Message {
	return Message{ID: NewID(i, p, "x"), Phase: p, Insight: i, Told: time.Date(2026, 3, 11, 11, 0, 0, 0, time.UTC), Title: "ec2.amazonaws.com RunInstances",
		Summary: "561 RunInstances calls by all principals in 17 minutes; 0.34 expected.", Lake: "s3://acme-lake/trailgauge"}
}

// hostile is an insight whose every text is an attack.
func hostile() *insight.Insight {
	bad := "\x1b[31m<!here> @channel <https://evil|ok> &amp; \u202egnp *b* `c`\r\nBcc: x\x00\xff" + strings.Repeat("é", 700)
	i := worked()
	i.State, i.Series = insight.Open, counts.Series{Account: bad, Region: bad, Source: bad, Name: bad, Principal: "arn:aws:iam::111122223333:user/" + bad}
	i.Kind, i.ErrorCode = insight.ErrorRate, bad
	for a := range i.Attributions {
		for s := range i.Attributions[a].Insight {
			i.Attributions[a].Insight[s].Value = bad
		}
	}
	i.Expected, i.Worst.Score = math.Inf(1), math.NaN()
	return i
}

// sendAll sends messages without waiting and says how long it would have waited.
func sendAll(t *testing.T, s Sink, list []Message) (taken []string, refused map[string]error, left int, waited time.Duration, reason error) {
	t.Helper()
	refused = map[string]error{}
	sender := Sender{Sink: s, Wait: func(_ context.Context, d time.Duration) error { waited += d; return nil },
		Settled: func(batch []Message, errs []error) error {
			for k, m := range batch {
				if errs[k] == nil {
					taken = append(taken, m.ID)
				} else {
					refused[m.ID] = errs[k]
				}
			}
			return nil
		}}
	left, reason, err := sender.Send(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return taken, refused, left, waited, reason
}
