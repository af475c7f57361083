package trail

import (
	"testing"
	"time"
)

func TestParseKey(t *testing.T) {
	const file = "111122223333_CloudTrail_us-east-1_20260311T0805Z_Ab1cD2eF3gH4iJ5k.json.gz"
	for _, c := range []struct {
		key                        string
		kind                       ObjectKind
		org, account, region, fold string
		day, stamp                 string
	}{
		{"AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/11/" + file, Trail, "", "111122223333", "us-east-1", "CloudTrail", "2026-03-11", "2026-03-11 08:05"},
		{"a/b/c/d/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/12/" + file, Trail, "", "111122223333", "us-east-1", "CloudTrail", "2026-03-12", "2026-03-11 08:05"},
		{"o-abc1234567/AWSLogs/o-abc1234567/111122223333/CloudTrail/us-gov-west-1/2026/03/11/111122223333_CloudTrail_us-gov-west-1_20260311T2359Z_x.json.gz",
			Trail, "o-abc1234567", "111122223333", "us-gov-west-1", "CloudTrail", "2026-03-11", "2026-03-11 23:59"},
		{"AWSLogs/o-abcd/811596193553/CloudTrail/us-east-1/2020/10/01/811596193553_CloudTrail_us-east-1-20201001T0003.json",
			Trail, "o-abcd", "811596193553", "us-east-1", "CloudTrail", "2020-10-01", "2020-10-01 00:03"},
		{"AWSLogs/AWSLogs/old/AWSLogs/my-account/CloudTrail/cn-north-1/2026/03/11/x.json.gz", Trail, "", "my-account", "cn-north-1", "CloudTrail", "2026-03-11", ""},
		{"AWSLogs/1/CloudTrail/us-east-1/2026/03/11/1_CloudTrail_us-east-1_20260311T0805ZAb1cD2eF3gH4iJ5k.json.gz", Trail, "", "1", "us-east-1", "CloudTrail", "2026-03-11", "2026-03-11 08:05"},
		{"AWSLogs/1/CloudTrail-Digest/us-east-1/2026/03/11/1_CloudTrail-Digest_us-east-1_t_us-east-1_20260311T080510Z.json.gz",
			Foreign, "", "1", "us-east-1", "CloudTrail-Digest", "2026-03-11", "2026-03-11 08:05"},
		{"AWSLogs/1/CloudTrail-Insight/us-east-1/2026/03/11/x.json.gz", Foreign, "", "1", "us-east-1", "CloudTrail-Insight", "2026-03-11", ""},
		{"AWSLogs/1/CloudTrail-NetworkActivity/us-east-1/2026/03/11/x.json.gz", Foreign, "", "1", "us-east-1", "CloudTrail-NetworkActivity", "2026-03-11", ""},
		{"AWSLogs/1/Config/us-east-1/2026/3/11/ConfigSnapshot/x.json.gz", Foreign, "", "1", "us-east-1", "Config", "", ""},
		{"AWSLogs/1/elasticloadbalancing/us-east-1/2026/03/11/x.log.gz", Foreign, "", "1", "us-east-1", "elasticloadbalancing", "2026-03-11", ""},
		{"CloudTrail/AWSLogs/1/vpcflowlogs/us-east-1/2026/03/11/x.json.gz", Foreign, "", "1", "us-east-1", "vpcflowlogs", "2026-03-11", ""},
		{"AWSLogs/1/CloudTrail/us-east-1/2026/03/11/", Foreign, "", "1", "us-east-1", "CloudTrail", "2026-03-11", ""},
		{"AWSLogs/x.json", Foreign, "", "", "", "", "", ""},
		{"invictus-ir/CloudTrail/218007301253_CloudTrail_us-east-1_20230710T1220Z_WMiHxZgr5Hdd6UDc.json", Trail, "", "218007301253", "us-east-1", "CloudTrail", "2023-07-10", "2023-07-10 12:20"},
		{"MyAWSLogs/1/Config/x.json", Trail, "", "", "", "", "", ""},
		{"logs/2026/02/30/2026/02/28/x.json.zst", Trail, "", "", "", "", "2026-02-28", ""},
		{"logs/PutTargets.json.cloudtrail", Trail, "", "", "", "", "", ""},
		{"logs.json/LICENSE", Foreign, "", "", "", "", "", ""},
		{"CloudTrail-Digest/us-east-1/x.json.gz", Foreign, "", "", "", "CloudTrail-Digest", "", ""},
		{"1_CloudTrail-Insight_us-east-1_20260311T0805Z_x.json.gz", Foreign, "", "1", "us-east-1", "CloudTrail-Insight", "2026-03-11", "2026-03-11 08:05"},
		{"x_99999999T9999Z_123456789T1234.json", Trail, "", "", "", "", "", ""},
		{"", Foreign, "", "", "", "", "", ""},
	} {
		o := ParseKey(c.key)
		want := Object{Key: c.key, Organization: c.org, Account: c.account, Region: c.region, Folder: c.fold}
		if c.day != "" {
			want.Day, _ = ParseDay(c.day)
			want.HasDay = true
		}
		if c.stamp != "" {
			want.Stamp, _ = time.Parse("2006-01-02 15:04", c.stamp)
		}
		if o != want || o.Kind() != c.kind {
			t.Errorf("%s:\ngot  %+v %v\nwant %+v %v", c.key, o, o.Kind(), want, c.kind)
		}
	}
}
