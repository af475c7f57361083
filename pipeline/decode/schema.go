package decode

import (
	"slices"
	"unsafe"

	"trailgauge/pipeline/trail"
)

// kind says how a member of a record and its column correspond.
type kind uint8

const (
	text       kind = iota // string ↔ string column
	flag                   // true or false ↔ string column (AWS's table has readOnly as a string)
	boolean                // true or false ↔ *bool column
	raw                    // object or array ↔ string column of JSON text
	group                  // object ↔ struct of columns
	resources              // array ↔ []trail.Resource
	attributes             // object of strings ↔ map column
)

// field is one member that has a column. The table of fields is all that decoding and rebuilding know about
// trail.Record: at is where in the row the column lies, so that neither needs code for each.
type field struct {
	name   string
	kind   kind
	at     uintptr
	fields *schema // of a group
	quoted string  // "name":
}

func (f *field) text(row unsafe.Pointer) *string         { return (*string)(unsafe.Add(row, f.at)) }
func (f *field) boolean(row unsafe.Pointer) **bool       { return (**bool)(unsafe.Add(row, f.at)) }
func (f *field) group(row unsafe.Pointer) unsafe.Pointer { return unsafe.Add(row, f.at) }
func (f *field) resources(row unsafe.Pointer) *[]trail.Resource {
	return (*[]trail.Resource)(unsafe.Add(row, f.at))
}
func (f *field) attributes(row unsafe.Pointer) *map[string]string {
	return (*map[string]string)(unsafe.Add(row, f.at))
}

// schema is the members of one JSON object that have columns, in the order CloudTrail writes them.
type schema struct {
	fields []field
	slots  [128]uint8 // 1 + index of a field, by hash, with linear probing
	part   *part      // nil: none
}

func newSchema(fields ...field) *schema {
	s := &schema{fields: fields}
	for i := range s.fields {
		f := &s.fields[i]
		f.quoted = `"` + f.name + `":`
		h := hashName(f.name)
		for s.slots[h] != 0 {
			h = (h + 1) % uint(len(s.slots))
		}
		s.slots[h] = uint8(i + 1)
	}
	return s
}

// find returns the index of the field of that name, -1 without one.
func (s *schema) find(name string) int {
	if name == "" {
		return -1
	}
	for h := hashName(name); s.slots[h] != 0; h = (h + 1) % uint(len(s.slots)) {
		if i := int(s.slots[h]) - 1; s.fields[i].name == name {
			return i
		}
	}
	return -1
}

// withParts marks the parts of a record, s: the whole of an object, or some members of the record itself.
func withParts(s *schema) *schema {
	for p := range trail.Parts {
		of, names := s, p.Members()
		if f := &s.fields[s.find(names[0])]; f.kind == group && len(names) == 1 {
			of, names = f.fields, nil
		}
		of.part = &part{Part: p}
		for i := range of.fields {
			f := &of.fields[i]
			if names == nil || slices.Contains(names, f.name) {
				if of.part.fields == 0 {
					of.part.first = i
				}
				of.part.fields |= 1 << i
				of.part.columns = f.columns(of.part.columns, 0)
			}
		}
	}
	return s
}

// columns appends the columns of a field, in a row that begins at base.
func (f *field) columns(list []column, base uintptr) []column {
	if f.kind != group {
		return append(list, column{uint16(base + f.at), f.kind})
	}
	for i := range f.fields.fields {
		list = f.fields.fields[i].columns(list, base+f.at)
	}
	return list
}

func hashName(name string) uint {
	n := len(name)
	return (uint(n)*7 + uint(name[0])*5 + uint(name[n-1])*3 + uint(name[n/2])) % 128
}

func at(name string, k kind, offset uintptr) field { return field{name: name, kind: k, at: offset} }

func inner(name string, offset uintptr, s *schema) field {
	return field{name: name, kind: group, at: offset, fields: s}
}

var (
	record       trail.Record
	identity     trail.UserIdentity
	onBehalfOf   trail.OnBehalfOf
	session      trail.SessionContext
	sessionAttrs trail.SessionAttributes
	issuer       trail.SessionIssuer
	webID        trail.WebIDFederationData
	resource     trail.Resource
	addendum     trail.Addendum
	tls          trail.TLSDetails
)

var issuerSchema = newSchema(
	at("type", text, unsafe.Offsetof(issuer.Type)),
	at("principalId", text, unsafe.Offsetof(issuer.PrincipalID)),
	at("arn", text, unsafe.Offsetof(issuer.ARN)),
	at("accountId", text, unsafe.Offsetof(issuer.AccountID)),
	at("userName", text, unsafe.Offsetof(issuer.UserName)),
)

var sessionSchema = newSchema(
	inner("sessionIssuer", unsafe.Offsetof(session.SessionIssuer), issuerSchema),
	inner("webIdFederationData", unsafe.Offsetof(session.WebIDFederationData), newSchema(
		at("federatedProvider", text, unsafe.Offsetof(webID.FederatedProvider)),
		at("attributes", attributes, unsafe.Offsetof(webID.Attributes)),
	)),
	inner("attributes", unsafe.Offsetof(session.Attributes), newSchema(
		at("creationDate", text, unsafe.Offsetof(sessionAttrs.CreationDate)),
		at("mfaAuthenticated", text, unsafe.Offsetof(sessionAttrs.MFAAuthenticated)),
	)),
	at("sourceIdentity", text, unsafe.Offsetof(session.SourceIdentity)),
	at("ec2RoleDelivery", text, unsafe.Offsetof(session.EC2RoleDelivery)),
	at("assumedRoot", text, unsafe.Offsetof(session.AssumedRoot)),
)

var identitySchema = newSchema(
	at("type", text, unsafe.Offsetof(identity.Type)),
	at("principalId", text, unsafe.Offsetof(identity.PrincipalID)),
	at("arn", text, unsafe.Offsetof(identity.ARN)),
	at("accountId", text, unsafe.Offsetof(identity.AccountID)),
	at("accessKeyId", text, unsafe.Offsetof(identity.AccessKeyID)),
	at("userName", text, unsafe.Offsetof(identity.UserName)),
	inner("sessionContext", unsafe.Offsetof(identity.SessionContext), sessionSchema),
	at("invokedBy", text, unsafe.Offsetof(identity.InvokedBy)),
	at("identityProvider", text, unsafe.Offsetof(identity.IdentityProvider)),
	inner("onBehalfOf", unsafe.Offsetof(identity.OnBehalfOf), newSchema(
		at("userId", text, unsafe.Offsetof(onBehalfOf.UserID)),
		at("identityStoreArn", text, unsafe.Offsetof(onBehalfOf.IdentityStoreARN)),
	)),
	at("credentialId", text, unsafe.Offsetof(identity.CredentialID)),
)

var resourceSchema = newSchema(
	at("accountId", text, unsafe.Offsetof(resource.AccountID)),
	at("type", text, unsafe.Offsetof(resource.Type)),
	at("ARN", text, unsafe.Offsetof(resource.ARN)),
)

var recordSchema = withParts(newSchema(
	at("eventVersion", text, unsafe.Offsetof(record.EventVersion)),
	inner("userIdentity", unsafe.Offsetof(record.UserIdentity), identitySchema),
	at("eventTime", text, unsafe.Offsetof(record.EventTime)),
	at("eventSource", text, unsafe.Offsetof(record.EventSource)),
	at("eventName", text, unsafe.Offsetof(record.EventName)),
	at("awsRegion", text, unsafe.Offsetof(record.AWSRegion)),
	at("sourceIPAddress", text, unsafe.Offsetof(record.SourceIPAddress)),
	at("userAgent", text, unsafe.Offsetof(record.UserAgent)),
	at("errorCode", text, unsafe.Offsetof(record.ErrorCode)),
	at("errorMessage", text, unsafe.Offsetof(record.ErrorMessage)),
	at("requestParameters", raw, unsafe.Offsetof(record.RequestParameters)),
	at("responseElements", raw, unsafe.Offsetof(record.ResponseElements)),
	at("additionalEventData", raw, unsafe.Offsetof(record.AdditionalEventData)),
	at("requestID", text, unsafe.Offsetof(record.RequestID)),
	at("eventID", text, unsafe.Offsetof(record.EventID)),
	at("readOnly", flag, unsafe.Offsetof(record.ReadOnly)),
	at("resources", resources, unsafe.Offsetof(record.Resources)),
	at("eventType", text, unsafe.Offsetof(record.EventType)),
	at("apiVersion", text, unsafe.Offsetof(record.APIVersion)),
	at("managementEvent", boolean, unsafe.Offsetof(record.ManagementEvent)),
	at("recipientAccountId", text, unsafe.Offsetof(record.RecipientAccountID)),
	at("serviceEventDetails", raw, unsafe.Offsetof(record.ServiceEventDetails)),
	at("sharedEventID", text, unsafe.Offsetof(record.SharedEventID)),
	at("vpcEndpointId", text, unsafe.Offsetof(record.VPCEndpointID)),
	at("vpcEndpointAccountId", text, unsafe.Offsetof(record.VPCEndpointAccountID)),
	at("eventCategory", text, unsafe.Offsetof(record.EventCategory)),
	inner("addendum", unsafe.Offsetof(record.Addendum), newSchema(
		at("reason", text, unsafe.Offsetof(addendum.Reason)),
		at("updatedFields", text, unsafe.Offsetof(addendum.UpdatedFields)),
		at("originalRequestID", text, unsafe.Offsetof(addendum.OriginalRequestID)),
		at("originalEventID", text, unsafe.Offsetof(addendum.OriginalEventID)),
	)),
	at("sessionCredentialFromConsole", text, unsafe.Offsetof(record.SessionCredentialFromConsole)),
	at("edgeDeviceDetails", raw, unsafe.Offsetof(record.EdgeDeviceDetails)),
	inner("tlsDetails", unsafe.Offsetof(record.TLSDetails), newSchema(
		at("tlsVersion", text, unsafe.Offsetof(tls.TLSVersion)),
		at("cipherSuite", text, unsafe.Offsetof(tls.CipherSuite)),
		at("clientProvidedHostHeader", text, unsafe.Offsetof(tls.ClientProvidedHostHeader)),
		at("keyExchange", text, unsafe.Offsetof(tls.KeyExchange)),
	)),
))
