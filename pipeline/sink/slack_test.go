package sink

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// slackServer is a webhook that answers with each of replies in turn, the last one for good.
func slackServer(t *testing.T, replies ...func(http.ResponseWriter)) (url string, bodies *[]string) {
	t.Helper()
	bodies = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		n := min(len(*bodies), len(replies)-1)
		*bodies = append(*bodies, string(b))
		if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || r.Header.Get("X-Trailgauge-Message") == "" {
			t.Errorf("%s with %v", r.Method, r.Header)
		}
		replies[n](w)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/services/T0/B0/SECRET", bodies
}

func answer(status int, text string, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for k := 0; k < len(header); k += 2 {
			w.Header().Set(header[k], header[k+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

var slackConfig = Config{Type: "slack", URLFrom: "SLACK_WEBHOOK"}

func TestSlack(t *testing.T) {
	url, bodies := slackServer(t, answer(429, "rate_limited", "Retry-After", "7"), answer(200, "ok"))
	taken, _, left, waited, _ := sendAll(t, open(t, slackConfig, url), messages(3))
	if len(taken) != 3 || left != 0 || len(*bodies) != 4 || waited < 10*time.Second { // 7 as asked, and one a second: https://docs.slack.dev/apis/web-api/rate-limits
		t.Errorf("%d taken, %d left, %d requests, waited %v", len(taken), left, len(*bodies), waited)
	}
	for status, c := range map[int]struct {
		text   string
		refuse bool
	}{400: {"invalid_payload", true}, 404: {"no_service", false}, 410: {"channel_is_archived", false}, 403: {"action_prohibited", false}} {
		url, _ := slackServer(t, answer(status, c.text))
		_, refused, left, _, reason := sendAll(t, open(t, slackConfig, url), messages(1))
		var hint *HintError
		if c.refuse != (len(refused) == 1) || c.refuse == (left == 1) || !c.refuse && !errors.As(reason, &hint) {
			t.Errorf("%d: %v refused, %d left, %v", status, refused, left, reason)
		}
	}
}

// TestSlackSecret: the webhook's address is in no error, whatever goes wrong, and a message does not follow a redirection.
func TestSlackSecret(t *testing.T) {
	var urls []string
	elsewhere, taken := slackServer(t, answer(200, "ok"))
	var echo string
	for _, reply := range []func(http.ResponseWriter){answer(500, "x"), answer(307, "", "Location", elsewhere), func(w http.ResponseWriter) { answer(404, "no "+echo)(w) }} {
		url, _ := slackServer(t, reply)
		urls, echo = append(urls, url), url
	}
	urls = append(urls, "http://127.0.0.1:1/services/SECRET", "https://hooks.slack.com.invalid/services/SECRET")
	for _, url := range urls {
		w := open(t, slackConfig, url).(*webhook)
		if err := w.Deliver(t.Context(), messages(1))[0]; err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if len(*taken) > 0 {
		t.Error("a message went where it was redirected to")
	}
	for _, bad := range []string{"http://example.com/SECRET", "SECRET", "https:///SECRET", "ht tp://SECRET"} {
		_, err := Open(t.Context(), Config{Type: "slack", Name: "x", URLFrom: "SLACK_WEBHOOK"}, func(string) string { return bad })
		if err == nil || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "SLACK_WEBHOOK") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestSlackText: no text of a trail is markup, calls anybody or is too long. Lengths are those of the Block Kit reference: header 150, section 3,000,
// field 2,000.
func TestSlackText(t *testing.T) {
	m := about(hostile(), Start)
	m.Title, m.Summary = m.Insight.Name, m.Insight.Name+strings.Repeat("&<>@", 3000)
	body, err := slackText(&m)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Text   string
		Blocks []struct {
			Type             string
			Text             struct{ Type, Text string }
			Fields, Elements []struct{ Type, Text string }
		}
		Mrkdwn *bool
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	texts := []string{got.Text}
	for _, b := range got.Blocks {
		for _, f := range append(b.Fields, append(b.Elements, b.Text)...) {
			if f.Text != "" && f.Type != "plain_text" {
				t.Errorf("a block of type %s has %s", b.Type, f.Type)
			}
			if n := len([]rune(f.Text)); b.Type == "header" && n > 150 || n > 3000 || b.Type == "section" && len(b.Fields) > 0 && n > 2000 {
				t.Errorf("%s of %d characters", b.Type, n)
			}
			texts = append(texts, f.Text)
		}
	}
	for _, s := range texts {
		rest := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "", "@\u2060", "").Replace(s)
		if strings.ContainsAny(rest, "&<>@") || strings.ContainsFunc(rest, func(r rune) bool { return r < ' ' || r == '\u202e' }) {
			t.Errorf("unescaped: %.300q", rest)
		}
	}
	if got.Mrkdwn == nil || *got.Mrkdwn {
		t.Error("the line is read as markup")
	}
}
