package trail

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// MaxPrincipal bounds the length of a principal's key, in bytes.
const MaxPrincipal = 512

// viaMark comes between a principal and the service that calls on its behalf.
const viaMark = "|via="

// PrincipalOf returns the stable key of who made a call, in the form CloudTrail Insights attributes calls
// (an assumed-role ARN without its session), and its kind: role, root, user, federated, service, account,
// anonymous, web, saml, idc, other or unknown.
//
// Sessions, access keys and credential IDs are never part of a key: they change by the hour. A call that a
// service makes on behalf of a principal has the suffix "|via=" and the service: a person's rate must not hold
// CloudFormation's calls. A user name that only a failed sign-in claims has the suffix "#unverified". A key that
// is longer than MaxPrincipal or has control characters is cut and cleaned, and ends in "~" and a hash of all of it.
func PrincipalOf(r *Record) (key, kind string) {
	b, kind, _ := AppendPrincipal(make([]byte, 0, 128), r)
	return string(b), kind
}

// AppendPrincipal appends the key of PrincipalOf to dst, and tells whether it is userIdentity's own: all records with that have that key.
func AppendPrincipal(dst []byte, r *Record) (key []byte, kind string, own bool) {
	from, c := len(dst), caller{&r.UserIdentity, r, true}
	dst, kind = c.appendKey(dst)
	switch kind {
	case "role", "user", "root", "federated":
		// In old records signin.amazonaws.com marks a person in the console.
		if by := r.UserIdentity.InvokedBy; by != "" && !strings.HasPrefix(by, "signin.") {
			dst = append(append(dst, viaMark...), by...)
		}
	}
	return bounded(dst, from), kind, c.own
}

// caller is who made a call. What userIdentity does not say of them may be read off the rest of the record.
type caller struct {
	*UserIdentity
	record *Record
	own    bool // the rest was not asked
}

func (c *caller) rest() *Record {
	c.own = false
	return c.record
}

func (c *caller) appendKey(dst []byte) ([]byte, string) {
	u := c.UserIdentity
	switch u.Type {
	case "AssumedRole", "Role":
		return c.appendRole(dst), "role"
	case "Root":
		account := first(u.AccountID, arnAccount(u.ARN), u.PrincipalID)
		if account == "" {
			account = c.rest().RecipientAccountID
		}
		dst = c.appendARN(dst, "iam", account, "root")
		if strings.EqualFold(u.SessionContext.AssumedRoot, "true") {
			dst = append(dst, "#assumed"...)
		}
		return dst, "root"
	case "IAMUser":
		return c.appendUser(dst), "user"
	case "FederatedUser":
		name, ok := strings.CutPrefix(arnResource(u.ARN), "federated-user/")
		if !ok {
			_, name, _ = strings.Cut(u.PrincipalID, ":")
		}
		return c.appendARN(dst, "sts", first(u.AccountID, arnAccount(u.ARN)), "federated-user/", name), "federated"
	case "AWSService":
		return appendAll(dst, "service:", c.service()), "service"
	case "AWSAccount":
		if strings.EqualFold(u.AccountID, "anonymous") || u.AccountID == "ANONYMOUS_PRINCIPAL" {
			return append(dst, "anonymous"...), "anonymous"
		}
		return appendAll(dst, "account:", u.AccountID, "/", beforeColon(u.PrincipalID)), "account"
	case "WebIdentityUser":
		return appendAll(dst, "web:", u.IdentityProvider, ":", first(u.UserName, u.PrincipalID)), "web"
	case "SAMLUser":
		return appendAll(dst, "saml:", u.IdentityProvider, ":", first(u.UserName, u.PrincipalID)), "saml"
	case "IdentityCenterUser":
		if u.OnBehalfOf.UserID == "" {
			return appendOther(dst, u), "idc"
		}
		return appendAll(dst, "idc:", u.OnBehalfOf.IdentityStoreARN, "/", u.OnBehalfOf.UserID), "idc"
	case "":
		if u.InvokedBy != "" {
			return appendAll(dst, "service:", u.InvokedBy), "service"
		}
		return appendAll(dst, "unknown:", c.rest().RecipientAccountID), "unknown"
	}
	return appendOther(dst, u), "other"
}

// appendRole takes the role's name from the caller's ARN or else from the session's issuer; where both are
// there and differ (sanitised samples), the ARN is right. Role names are unique in an account, so that the
// role's path, which only the issuer has, is not needed.
func (c *caller) appendRole(dst []byte) []byte {
	u, issuer := c.UserIdentity, &c.SessionContext.SessionIssuer
	role := first(roleOfARN(u.ARN), issuer.UserName)
	if role == "" {
		role = roleOfARN(issuer.ARN)
	}
	if role == "" {
		if id := beforeColon(u.PrincipalID); id != "" {
			return appendAll(dst, "aroa:", id)
		}
		return appendOther(dst, u)
	}
	account := first(issuer.AccountID, u.AccountID)
	if account == "" {
		account = first(arnAccount(u.ARN), arnAccount(issuer.ARN))
	}
	return c.appendARN(dst, "sts", account, "assumed-role/", role)
}

func (c *caller) appendUser(dst []byte) []byte {
	u := c.UserIdentity
	if u.ARN != "" {
		return append(dst, u.ARN...)
	}
	account := u.AccountID
	if account == "" {
		account = c.rest().RecipientAccountID
	}
	switch u.UserName {
	case "HIDDEN_DUE_TO_SECURITY_REASONS":
		return appendAll(dst, "iam-hidden:", account)
	case "":
		return appendOther(dst, u)
	}
	return append(c.appendARN(dst, "iam", account, "user/", u.UserName), "#unverified"...)
}

func appendOther(dst []byte, u *UserIdentity) []byte {
	return appendAll(dst, u.Type, ":", u.AccountID, ":", first(u.PrincipalID, u.UserName))
}

func (c *caller) service() string {
	if c.InvokedBy != "" {
		return c.InvokedBy
	}
	ip := c.rest().SourceIPAddress
	if strings.HasSuffix(ip, ".amazonaws.com") || strings.HasSuffix(ip, ".amazonaws.com.cn") {
		return ip
	}
	return "unknown"
}

func first(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}

func appendAll(dst []byte, s ...string) []byte {
	for _, v := range s {
		dst = append(dst, v...)
	}
	return dst
}

// bounded cuts and cleans the key b[from:]. The hash keeps apart what cutting and cleaning would make equal.
func bounded(b []byte, from int) []byte {
	key := b[from:]
	if len(key) <= MaxPrincipal && !hasControls(key) {
		return b
	}
	const suffix = 1 + 16
	sum := sha256.Sum256(key)
	clean := make([]byte, 0, MaxPrincipal)
	for len(key) > 0 {
		c, n := utf8.DecodeRune(key)
		key = key[n:]
		if Commands(c) {
			c = utf8.RuneError
		}
		if len(clean)+utf8.RuneLen(c)+suffix > MaxPrincipal {
			break
		}
		clean = utf8.AppendRune(clean, c)
	}
	b = append(append(b[:from], clean...), '~')
	return hex.AppendEncode(b, sum[:(suffix-1)/2])
}

func hasControls(key []byte) bool {
	for i := 0; i < len(key); {
		if c := key[i]; c >= ' ' && c < 0x7f {
			i++
			continue
		}
		c, n := utf8.DecodeRune(key[i:])
		if Commands(c) || (c == utf8.RuneError && n == 1) {
			return true
		}
		i += n
	}
	return false
}
