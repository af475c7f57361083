package trail

// Record is one CloudTrail event as a row of the events table.
//
// Names and order of the first columns are those of the Athena table AWS documents for CloudTrail logs
// (Athena user guide, "Create a table for CloudTrail logs in Athena using partition projection"), so that
// queries written for that table run unchanged; typed additions follow. An empty string is a null. What no
// column can hold (an unknown field, a null that is not an absence, an empty string, a value of another
// type) is in Extra, so that the record can be rebuilt.
//
// Strings may point into the buffer the record was decoded from: it lives as long as the record.
type Record struct {
	EventVersion                 string       `parquet:"eventversion,optional,dict"`
	UserIdentity                 UserIdentity `parquet:"useridentity"`
	EventTime                    string       `parquet:"eventtime,optional"` // as in the trail, an ISO 8601 string
	EventSource                  string       `parquet:"eventsource,optional,dict"`
	EventName                    string       `parquet:"eventname,optional,dict"`
	AWSRegion                    string       `parquet:"awsregion,optional,dict"`
	SourceIPAddress              string       `parquet:"sourceipaddress,optional,dict"`
	UserAgent                    string       `parquet:"useragent,optional,dict"`
	ErrorCode                    string       `parquet:"errorcode,optional,dict"`
	ErrorMessage                 string       `parquet:"errormessage,optional,dict"`
	RequestParameters            string       `parquet:"requestparameters,optional"` // JSON text, white space outside strings removed
	ResponseElements             string       `parquet:"responseelements,optional"`  // JSON text
	AdditionalEventData          string       `parquet:"additionaleventdata,optional"`
	RequestID                    string       `parquet:"requestid,optional"`
	EventID                      string       `parquet:"eventid,optional"`
	ReadOnly                     string       `parquet:"readonly,optional,dict"` // "true", "false", or null: AWS's table has it as a string
	Resources                    []Resource   `parquet:"resources,list"`
	EventType                    string       `parquet:"eventtype,optional,dict"`
	APIVersion                   string       `parquet:"apiversion,optional,dict"`
	RecipientAccountID           string       `parquet:"recipientaccountid,optional,dict"`
	ServiceEventDetails          string       `parquet:"serviceeventdetails,optional"` // JSON text
	SharedEventID                string       `parquet:"sharedeventid,optional"`
	VPCEndpointID                string       `parquet:"vpcendpointid,optional,dict"`
	VPCEndpointAccountID         string       `parquet:"vpcendpointaccountid,optional,dict"`
	EventCategory                string       `parquet:"eventcategory,optional,dict"`
	Addendum                     Addendum     `parquet:"addendum"`
	SessionCredentialFromConsole string       `parquet:"sessioncredentialfromconsole,optional,dict"`
	EdgeDeviceDetails            string       `parquet:"edgedevicedetails,optional"` // JSON text
	TLSDetails                   TLSDetails   `parquet:"tlsdetails"`

	// Additions.
	EventTS         int64  `parquet:"eventts,timestamp(millisecond)"` // eventTime, milliseconds since 1970 UTC
	ReadOnlyBool    *bool  `parquet:"readonlybool,optional"`          // readOnly, or what the API's name implies; null only when neither says
	ManagementEvent *bool  `parquet:"managementevent,optional"`       // as in the trail
	Principal       string `parquet:"principal,optional,dict"`        // stable key of the caller, see PrincipalOf
	PrincipalKind   string `parquet:"principalkind,optional,dict"`
	IsError         bool   `parquet:"iserror"`                   // see ErrorOf
	ErrorFamily     string `parquet:"errorfamily,optional,dict"` // null when IsError is false
	Account         string `parquet:"account,optional,dict"`     // recipientAccountId, else userIdentity.accountId, else the key's, else "unknown"
	Region          string `parquet:"region,optional,dict"`      // awsRegion, else the key's, else "unknown"
	SourceKey       string `parquet:"sourcekey,optional,dict"`   // the trail object it came from
	Supersedes      string `parquet:"supersedes,optional"`       // addendum.originalEventID of an UPDATED_DATA record
	Extra           string `parquet:"extra,optional,dict"`       // JSON of what has no column, see the type's comment

	// What the counts table counts it as, so that a query on events can give a tile's exact number.
	CountCategory string `parquet:"countcategory,optional,dict"` // Management or Data; null when it is not counted (see Counted)
	CountError    string `parquet:"counterror,optional,dict"`    // code of ErrorOf, which is synthetic for a failed sign-in; null for a success
}

// UserIdentity says who made a call (CloudTrail user guide, "CloudTrail userIdentity element").
type UserIdentity struct {
	Type             string         `parquet:"type,optional,dict"`
	PrincipalID      string         `parquet:"principalid,optional,dict"`
	ARN              string         `parquet:"arn,optional,dict"`
	AccountID        string         `parquet:"accountid,optional,dict"`
	InvokedBy        string         `parquet:"invokedby,optional,dict"`
	AccessKeyID      string         `parquet:"accesskeyid,optional,dict"`
	UserName         string         `parquet:"username,optional,dict"`
	OnBehalfOf       OnBehalfOf     `parquet:"onbehalfof"`
	SessionContext   SessionContext `parquet:"sessioncontext"`
	IdentityProvider string         `parquet:"identityprovider,optional,dict"`
	CredentialID     string         `parquet:"credentialid,optional,dict"`
}

// OnBehalfOf names the Identity Center user behind a call.
type OnBehalfOf struct {
	UserID           string `parquet:"userid,optional,dict"`
	IdentityStoreARN string `parquet:"identitystorearn,optional,dict"`
}

// SessionContext describes the temporary credentials a call was made with.
type SessionContext struct {
	Attributes          SessionAttributes   `parquet:"attributes"`
	SessionIssuer       SessionIssuer       `parquet:"sessionissuer"`
	EC2RoleDelivery     string              `parquet:"ec2roledelivery,optional,dict"`
	WebIDFederationData WebIDFederationData `parquet:"webidfederationdata"`
	SourceIdentity      string              `parquet:"sourceidentity,optional,dict"`
	AssumedRoot         string              `parquet:"assumedroot,optional,dict"`
}

// SessionAttributes are strings in the trail, "true" and "false" included.
type SessionAttributes struct {
	MFAAuthenticated string `parquet:"mfaauthenticated,optional,dict"`
	CreationDate     string `parquet:"creationdate,optional,dict"`
}

// SessionIssuer is the role or user that temporary credentials came from.
type SessionIssuer struct {
	Type        string `parquet:"type,optional,dict"`
	PrincipalID string `parquet:"principalid,optional,dict"`
	ARN         string `parquet:"arn,optional,dict"`
	AccountID   string `parquet:"accountid,optional,dict"`
	UserName    string `parquet:"username,optional,dict"`
}

// WebIDFederationData describes a web identity session.
type WebIDFederationData struct {
	FederatedProvider string            `parquet:"federatedprovider,optional,dict"`
	Attributes        map[string]string `parquet:"attributes,optional"`
}

// Resource is one of the resources a call touched.
type Resource struct {
	ARN       string `parquet:"arn,optional"`
	AccountID string `parquet:"accountid,optional,dict"`
	Type      string `parquet:"type,optional,dict"`
}

// Addendum says why a record came late or replaces an earlier one.
type Addendum struct {
	Reason            string `parquet:"reason,optional,dict"` // DELIVERY_DELAY, UPDATED_DATA or SERVICE_OUTAGE
	UpdatedFields     string `parquet:"updatedfields,optional,dict"`
	OriginalRequestID string `parquet:"originalrequestid,optional"`
	OriginalEventID   string `parquet:"originaleventid,optional"`
}

// TLSDetails describe the connection of a call.
type TLSDetails struct {
	TLSVersion               string `parquet:"tlsversion,optional,dict"`
	CipherSuite              string `parquet:"ciphersuite,optional,dict"`
	ClientProvidedHostHeader string `parquet:"clientprovidedhostheader,optional,dict"`
	KeyExchange              string `parquet:"keyexchange,optional,dict"`
}
