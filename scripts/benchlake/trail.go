package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

// end is where the trails end, exclusively.
var end = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// regions are the 17 that an account has by default; most calls are in the first ones.
var regions = [...]string{
	"us-east-1", "eu-central-1", "eu-west-1", "us-west-2", "us-east-2", "us-west-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
	"ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-north-1", "eu-west-2", "eu-west-3", "sa-east-1",
}

var services = [...]string{"ec2", "s3", "iam", "sts", "kms", "lambda", "dynamodb", "logs", "ssm", "rds", "sns", "sqs"}

var verbs = [...]string{"Describe", "List", "Get", "Create", "Put", "Delete", "Update"}

var things = [...]string{"Instances", "Volumes", "Policy", "Key", "Function", "Table"}

// trail is a made-up trail: every account has a dozen principals with keys and addresses of their own, which call a few APIs often and many seldom.
// The bytes follow from its numbers.
type trail struct {
	accounts, days int
	records        int // a day and account
	whole          int // objects a day and account; 0: one a region that has records
	ago            int // so many days before end it ends
}

func (t trail) write(out string) error {
	g := new(errgroup.Group)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for a := range t.accounts {
		g.Go(func() error { return t.account(out, a) })
	}
	return g.Wait()
}

func (t trail) account(out string, a int) error {
	random := rand.New(rand.NewPCG(uint64(a), 7))
	for d := range t.days {
		day := end.AddDate(0, 0, d-t.days-t.ago)
		objects := map[int]*bytes.Buffer{}
		for i := range t.records {
			at := day.Add(time.Duration(i) * 24 * time.Hour / time.Duration(t.records))
			region := skewed(random, len(regions))
			object := region
			if t.whole > 0 {
				object = i * t.whole / t.records
			}
			b := objects[object]
			if b == nil {
				b = new(bytes.Buffer)
				objects[object] = b
			}
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			record(b, random, a, regions[region], at)
		}
		for n, b := range objects {
			region := regions[0]
			if t.whole == 0 {
				region = regions[n]
			}
			if err := put(out, a, region, day, n, b.Bytes()); err != nil {
				return err
			}
		}
	}
	return nil
}

// put writes an object, delivered a quarter of an hour before midnight, a second apart from the account's others of the day.
func put(out string, a int, region string, day time.Time, n int, records []byte) error {
	id := fmt.Sprintf("%012d", 100000000000+a)
	name := filepath.Join(out, "AWSLogs", id, "CloudTrail", region, day.Format("2006/01/02"),
		fmt.Sprintf("%s_CloudTrail_%s_%s_%016d.json.gz", id, region, day.Add(23*time.Hour+45*time.Minute).Format("20060102T1504Z"), n))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, packed(records), 0o644)
}

// packed returns records, separated by commas, as an object.
func packed(records []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.DefaultCompression)
	z.Write([]byte(`{"Records":[`))
	z.Write(records)
	z.Write([]byte(`]}`))
	z.Close()
	return b.Bytes()
}

// skewed draws from [0, n), small numbers far more often.
func skewed(r *rand.Rand, n int) int {
	x := r.Float64()
	return int(x * x * x * float64(n))
}

// record appends a record of about 1.4 kB.
func record(b *bytes.Buffer, r *rand.Rand, a int, region string, at time.Time) {
	who, api := skewed(r, 12), skewed(r, len(services)*len(verbs)*len(things))
	service, verb, thing := services[api%len(services)], verbs[api/len(services)%len(verbs)], things[api/len(services)/len(verbs)]
	account := 100000000000 + a
	key := fmt.Sprintf("ASIA%04X%02X%06X", a, who, at.Unix()/43200) // a session lasts half a day
	if who < 3 {
		key = fmt.Sprintf("AKIA%04X%02XUSERKEY", a, who)
	}
	failed := ""
	if r.IntN(25) == 0 {
		failed = `"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this action",`
	}
	fmt.Fprintf(b, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA%08X%02X:session-%d","arn":"arn:aws:sts::%d:assumed-role/role-%d/session-%d",`+
		`"accountId":"%[4]d","accessKeyId":"%[7]s","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA%08[1]X%02[2]X","arn":"arn:aws:iam::%[4]d:role/role-%[5]d",`+
		`"accountId":"%[4]d","userName":"role-%[5]d"},"attributes":{"creationDate":"%[8]s","mfaAuthenticated":"false"}}},`,
		a, who, at.Unix()/43200, account, who, at.Unix()/43200, key, at.Format(time.RFC3339))
	fmt.Fprintf(b, `"eventTime":"%s","eventSource":"%s.amazonaws.com","eventName":"%s%s","awsRegion":"%s","sourceIPAddress":"198.18.%d.%d","userAgent":"aws-sdk-go-v2/1.%d os/linux lang/go#1.26 md/GOOS#linux",%s`,
		at.Format(time.RFC3339), service, verb, thing, region, a%256, who*8+r.IntN(8), who, failed)
	fmt.Fprintf(b, `"requestParameters":{"resourceId":"r-%016x","name":"%s-%04d","filter":{"tag":"team-%d","max":%d},"token":"%016x%016x"},"responseElements":{"requestId":"%016x","status":"ok","items":["%016x","%016x"]},`,
		r.Uint64(), thing, r.IntN(500), r.IntN(40), r.IntN(1000), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64())
	fmt.Fprintf(b, `"requestID":"%s","eventID":"%s","readOnly":%t,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"%d","eventCategory":"Management",`+
		`"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s.%s.amazonaws.com"}}`,
		uuid(r), uuid(r), api/len(services)%len(verbs) < 3, account, service, region)
}

func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}
