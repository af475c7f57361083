package sink

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/trail"
)

// Of one BatchImportFindings request: findings are in the service model; bytes, less some to spare, and the rate from "Guidelines for using the
// BatchImportFindings API" in the Security Hub partner guide: 240 KB a finding, 6 MB a batch, 10 requests a second.
const (
	hubFindings   = 100
	hubBytes      = 5 << 20
	hubPause      = 100 * time.Millisecond
	accountHolder = "{account}" // in a role's ARN: the account of the insight
)

// hub is Security Hub. Findings filed under the default product must come from the account that they are of. With a role for each member they are filed
// there; without, under the caller's account, and name the member as the resource.
type hub struct {
	cfg        aws.Config
	role       string // may hold accountHolder; "" is none
	externalID string

	mu      sync.Mutex
	members map[string]*member // by account of the insight; "" for the caller's
}

// member is an account that findings are filed under.
type member struct {
	client  *securityhub.Client
	account string // "" until asked for
}

func (h *hub) Limits() (int, time.Duration) { return hubFindings, hubPause }

func (h *hub) Deliver(ctx context.Context, batch []Message) []error {
	return grouped(batch, h.memberOf, func(to string, list []Message) []error { return h.file(ctx, to, list) })
}

// memberOf is whose findings a message's are; "" is the caller.
func (h *hub) memberOf(m *Message) string {
	if strings.Contains(h.role, accountHolder) && trail.IsAccount(m.Insight.Account) && m.Phase != Test {
		return m.Insight.Account
	}
	return ""
}

// file hands findings to one member; "" is the caller.
func (h *hub) file(ctx context.Context, to string, list []Message) []error {
	ctx, stop := context.WithTimeout(ctx, requestTime)
	defer stop()
	m, err := h.member(ctx, to)
	if err != nil {
		return all(len(list), err)
	}
	entry := func(x *Message) (types.AwsSecurityFinding, int, error) {
		f := finding(x, m.account, h.cfg.Region)
		return f, sizeOf(&f), nil
	}
	return entries(list, hubFindings, hubBytes, entry, func(list []types.AwsSecurityFinding) []error { return m.send(ctx, list) })
}

func (h *hub) member(ctx context.Context, to string) (*member, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m := h.members[to]; m != nil {
		return m, nil
	}
	role := h.role
	if strings.Contains(role, accountHolder) {
		if role = ""; to != "" {
			role = strings.ReplaceAll(h.role, accountHolder, to)
		}
	}
	cfg := store.Assume(h.cfg, role, h.externalID)
	m := &member{client: securityhub.NewFromConfig(cfg), account: to}
	if to == "" {
		out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, awsError(ctx, "asking whose account the findings are filed under", err)
		}
		m.account = aws.ToString(out.Account)
	}
	h.members[to] = m
	return m, nil
}

func (m *member) send(ctx context.Context, findings []types.AwsSecurityFinding) []error {
	what := "importing findings into Security Hub of account " + m.account
	out, err := m.client.BatchImportFindings(ctx, &securityhub.BatchImportFindingsInput{Findings: findings})
	if err != nil {
		return all(len(findings), hubDown(awsError(ctx, what, err), err))
	}
	failed := map[string]error{}
	for _, f := range out.FailedFindings {
		failed[aws.ToString(f.Id)] = findingError(what, aws.ToString(f.ErrorCode), aws.ToString(f.ErrorMessage))
	}
	errs := make([]error, len(findings))
	for k, f := range findings {
		errs[k] = failed[*f.Id]
	}
	return errs
}

// hubDown adds what to do about the refusal that an account gives where Security Hub is off.
func hubDown(err, raw error) error {
	if strings.Contains(raw.Error(), "InvalidAccessException") {
		return &HintError{err, "turn Security Hub on in that account and region, or leave the account out (accounts:)"}
	}
	return err
}

// findingError sorts the failure of one finding: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_ImportFindingsError.html
func findingError(what, code, text string) error {
	told := fmt.Errorf("%s: %s", what, said(code, text))
	switch {
	case code == "InvalidInput", code == "InvalidInputException":
		return fmt.Errorf("%w: %w", ErrRefused, told)
	case passing(code):
		return &BusyError{Err: told}
	}
	return told
}
