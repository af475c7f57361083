package sink

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// webhook takes messages in Slack's format: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. Its address is a secret and is
// in no error.
type webhook struct {
	client *http.Client
	url    string
	from   string // names the address for a person
}

// slackPause keeps to "1 message per second", https://docs.slack.dev/apis/web-api/rate-limits.
const slackPause = time.Second

func newWebhook(address, from string) (*webhook, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "": // the error would repeat the address
		return nil, fmt.Errorf("%s holds no URL", from)
	case u.Scheme != "https" && !(u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1")):
		return nil, fmt.Errorf("%s holds a URL without https", from)
	}
	return &webhook{url: address, from: from, client: &http.Client{
		Timeout:       requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would take the message elsewhere
	}}, nil
}

func (w *webhook) Limits() (int, time.Duration) { return 1, slackPause }

func (w *webhook) Deliver(ctx context.Context, batch []Message) []error {
	errs := make([]error, len(batch))
	for k := range batch {
		errs[k] = w.post(ctx, &batch[k])
	}
	return errs
}

func (w *webhook) post(ctx context.Context, m *Message) error {
	body, err := slackText(m)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s holds no URL", w.from)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "trailgauge")
	r.Header.Set("X-Trailgauge-Message", m.ID)
	reply, err := w.client.Do(r)
	if err != nil {
		var with *url.Error // it names the address
		if errors.As(err, &with) {
			err = with.Err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("posting to %s: %w", w.from, ctx.Err())
		}
		return &BusyError{Err: fmt.Errorf("posting to %s: %s", w.from, said(err.Error()))}
	}
	defer reply.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(reply.Body, 1000))
	return w.verdict(reply, strings.ReplaceAll(string(text), w.url, "…"))
}

// verdict sorts a reply. Slack's words are those of "Handling errors" on the page above.
func (w *webhook) verdict(reply *http.Response, text string) error {
	told := fmt.Errorf("posting to %s: %d %s", w.from, reply.StatusCode, said(text))
	switch code := reply.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusTooManyRequests || code >= 500 || code == http.StatusRequestTimeout:
		after, _ := strconv.Atoi(reply.Header.Get("Retry-After"))
		return &BusyError{Err: told, After: time.Duration(min(max(after, 0), 3600)) * time.Second}
	case code == http.StatusBadRequest && (strings.Contains(text, "invalid_payload") || strings.Contains(text, "invalid_blocks") || strings.Contains(text, "no_text")), code == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: %w", ErrRefused, told)
	}
	return &HintError{told, "the webhook was removed, or its channel archived: put the address of a working one into " + w.from}
}

// slackText is a message as blocks, with a plain line for notifications. No text of the trail is read as markup: the line is
// escaped, and blocks with such text are plain_text, where only & < > mean anything.
func slackText(m *Message) ([]byte, error) {
	type text struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Emoji *bool  `json:"emoji,omitempty"`
	}
	type block struct {
		Type     string `json:"type"`
		Text     *text  `json:"text,omitempty"`
		Fields   []text `json:"fields,omitempty"`
		Elements []text `json:"elements,omitempty"`
	}
	no := false
	show := func(s string, most int) text { return text{"plain_text", slackEscape(s, most), &no} } // most: of the block kit's reference
	i := m.Insight
	heading := slackPhase(m) + ": " + m.Title
	fields := []text{
		show("Account "+i.Account+", "+cmp.Or(i.Region, "all regions"), 2000),
		show(fmt.Sprintf("Severity %s (%s)", fixed(math.Round(i.Severity()*10)/10), strings.ToLower(levelNames[m.level()])), 2000),
		show(i.Whole.Start.UTC().Format("2006-01-02 15:04Z")+" to "+i.Whole.End.UTC().Format("2006-01-02 15:04Z"), 2000),
		show("Insight "+i.ID, 2000),
	}
	blocks := []block{
		{Type: "header", Text: new(show(heading, 150))},
		{Type: "section", Text: new(show(m.Summary, 3000))},
		{Type: "section", Fields: fields},
	}
	if m.Phase != Test {
		blocks = append(blocks, block{Type: "section", Text: new(show(m.Explain(), 3000))})
	}
	blocks = append(blocks, block{Type: "context", Elements: []text{show("message "+m.ID, 2000)}})
	return json.Marshal(map[string]any{
		"text": slackEscape(heading+". "+m.Summary, 3000), "blocks": blocks, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false,
	})
}

func slackPhase(m *Message) string {
	switch {
	case m.Phase == Start && m.over():
		return "Insight, over already"
	case m.Phase == Start:
		return "Insight"
	case m.Phase == End:
		return "Over"
	case m.Phase == Revision:
		return fmt.Sprintf("Revision %d", m.Insight.Revision)
	case m.Phase == Retraction:
		return "Retracted"
	}
	return "TEST"
}

// slackEscape makes a text of at most most characters, escaped ones counted as written, that Slack shows as it is: the three characters it gives a meaning to
// are escaped (https://docs.slack.dev/messaging/formatting-message-text, "Escaping text"), and a word joiner after each @ keeps @here, @channel, @everyone and
// names from calling anybody where a client looks for them in plain text.
func slackEscape(s string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range plain(s) {
		out := string(r)
		switch r {
		case '&':
			out = "&amp;"
		case '<':
			out = "&lt;"
		case '>':
			out = "&gt;"
		case '@':
			out = "@\u2060"
		}
		size := len([]rune(out))
		if n+size > most-1 {
			b.WriteString("…")
			break
		}
		b.WriteString(out)
		n += size
	}
	return b.String()
}
