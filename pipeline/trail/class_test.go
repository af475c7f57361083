package trail

import "testing"

func TestReadOnlyOf(t *testing.T) {
	for _, c := range []struct{ readOnly, name, want string }{
		{"true", "PutObject", "true"}, {"True", "PutObject", "true"}, {"FALSE", "GetObject", "false"},
		{"", "GetObject", "true"}, {"", "ListBuckets", "true"}, {"", "BatchGetItem", "true"}, {"", "Scan", "true"},
		{"maybe", "DescribeX", "true"}, {"", "Getaway", "false"}, {"", "Headless", "false"}, {"", "RunInstances", "false"},
		{"", "ConsoleLogin", "false"}, {"", "", "null"},
	} {
		got := "null"
		if p := ReadOnlyOf(&Record{ReadOnly: c.readOnly, EventName: c.name}); p != nil {
			got = map[bool]string{true: "true", false: "false"}[*p]
		}
		if got != c.want {
			t.Errorf("readOnly %q, name %q: %s, want %s", c.readOnly, c.name, got, c.want)
		}
	}
}

func TestIsDataAndCounted(t *testing.T) {
	resource := func(typ string) []Resource { return []Resource{{Type: "AWS::S3::Bucket"}, {Type: typ}} }
	for _, c := range []struct {
		name          string
		r             Record
		data, counted bool
	}{
		{"management", Record{EventCategory: "Management", ManagementEvent: &no}, false, true},
		{"data", Record{EventCategory: "data", ManagementEvent: &yes}, true, true},
		{"before categories", Record{ManagementEvent: &no}, true, true},
		{"before both, S3", Record{Resources: resource("AWS::S3::Object")}, true, true},
		{"before both, Lambda's management", Record{Resources: resource("AWS::Lambda::Function")}, false, true},
		{"before both, bucket", Record{Resources: resource("AWS::S3::Bucket")}, false, true},
		{"service event", Record{EventType: "AwsServiceEvent", EventCategory: "Management"}, false, false},
		{"network", Record{EventType: "AwsVpceEvents", EventCategory: "NetworkActivity"}, false, false},
		{"network, singular", Record{EventType: "awsvpceevent"}, false, false},
		{"insight", Record{EventType: "AwsCloudTrailInsight", EventCategory: "Insight"}, false, false},
		{"aggregate", Record{EventCategory: "Aggregated"}, false, false},
		{"sign-in", Record{EventType: "AwsConsoleSignin", EventCategory: "Management"}, false, true},
		{"console action", Record{EventType: "AwsConsoleAction"}, false, true},
	} {
		c.r.EventName = "X"
		if got := IsData(&c.r); got != c.data {
			t.Errorf("%s: data %v", c.name, got)
		}
		if got := Counted(&c.r); got != c.counted {
			t.Errorf("%s: counted %v", c.name, got)
		}
	}
	if Counted(&Record{}) {
		t.Error("a record without a name is counted")
	}
	if !IsData(&Record{EventName: "Invoke20150331", Resources: resource("AWS::Lambda::Function")}) {
		t.Error("invoking a function is not a data event")
	}
}

func TestErrorOf(t *testing.T) {
	for code, family := range map[string]string{
		"AccessDenied": AccessDenied, "AccessDeniedException": AccessDenied, "Client.UnauthorizedOperation": AccessDenied, "VpceAccessDenied": AccessDenied,
		"ExpiredTokenException": Authentication, "AuthFailure": Authentication, "Client.InvalidClientTokenId": Authentication,
		"ThrottlingException": Throttling, "Client.RequestLimitExceeded": Throttling, "LimitExceededException": Throttling, "SlowDown": Throttling, "EC2ThrottledException": Throttling,
		"Client.InstanceLimitExceeded": Quota, "ServiceQuotaExceededException": Quota,
		"NoSuchEntityException": NotFound, "NoSuchLifecycleConfiguration": NotFound, "Client.InvalidVpcID.NotFound": NotFound, "TrailNotFoundException": NotFound, "DBInstanceNotFoundFault": NotFound,
		"ValidationException": Validation, "InvalidParameterValue": Validation, "Client.MissingParameter": Validation, "com.amazonaws.x#InvalidRequestException": Validation,
		"EntityAlreadyExistsException": Conflict, "BucketAlreadyExists": Conflict, "IncorrectState": Conflict, "InvalidDBInstanceStateFault": Conflict,
		"InternalFailure": Server, "Server.Strange": Server, "Server.InsufficientInstanceCapacity": Server, "ServiceUnavailable": Server,
		"Strange": OtherError, "Client.": OtherError, "#": OtherError,
	} {
		if got, f, is := ErrorOf(&Record{ErrorCode: code}); got != code || f != family || !is {
			t.Errorf("%s: %s, %s, %v; want family %s", code, got, f, is, family)
		}
	}
	for _, c := range []struct {
		name string
		r    Record
		code string
	}{
		{"success", Record{EventName: "X"}, ""},
		{"dry run", Record{ErrorCode: "Client.DryRunOperation"}, ""},
		{"literal success", Record{ErrorCode: "Success"}, ""},
		{"sign-in", Record{EventName: "ConsoleLogin", EventType: "AwsConsoleSignIn", ErrorMessage: "Failed authentication", ResponseElements: `{"ConsoleLogin":"Failure"}`}, "ConsoleLogin.Failure"},
		{"sign-in, message alone", Record{EventName: "ConsoleLogin", EventType: "AwsConsoleSignin", ErrorMessage: "No username found"}, "ConsoleLogin.Failure"},
		{"check", Record{EventName: "CheckMfa", ResponseElements: `{"CheckMfa":"Failure"}`}, "CheckMfa.Failure"},
		{"signed in", Record{EventName: "ConsoleLogin", EventType: "AwsConsoleSignIn", ResponseElements: `{"ConsoleLogin":"Success"}`}, ""},
		{"a failure elsewhere", Record{EventName: "X", ResponseElements: `{"x":{"X":"Failure"},"y":"Failure"}`}, ""},
		{"not an object", Record{EventName: "X", ResponseElements: `"Failure"`}, ""},
		{"message outside of sign-ins", Record{EventName: "X", EventType: "AwsApiCall", ErrorMessage: "m"}, ""},
	} {
		code, _, is := ErrorOf(&c.r)
		if code != c.code || is != (c.code != "") {
			t.Errorf("%s: %q, %v", c.name, code, is)
		}
	}
	ok, failed := Record{EventName: "X", ResponseElements: `{"a":1}`}, Record{ErrorCode: "Client.UnauthorizedOperation"}
	if n := testing.AllocsPerRun(100, func() { ErrorOf(&ok); ErrorOf(&failed) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
