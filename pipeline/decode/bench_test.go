package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"trailgauge/pipeline/trail"
)

// trailText is a Records object of n records in the proportions of a real trail: two role sessions of three, service
// calls, some errors, requestParameters of a few hundred bytes, responseElements mostly null.
func trailText(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		user := fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROAEXAMPLE%05d:i-0abc%08x","arn":"arn:aws:sts::111122223333:assumed-role/app-%d/i-0abc%08x","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE%07d","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE%05d","arn":"arn:aws:iam::111122223333:role/service/app-%d","accountId":"111122223333","userName":"app-%d"},"webIdFederationData":{},"attributes":{"creationDate":"2026-03-11T07:12:33Z","mfaAuthenticated":"false"},"ec2RoleDelivery":"2.0"}}`,
			i%60, i, i%60, i, i, i%60, i%60, i%60)
		failure, agent := "", "aws-sdk-java/2.20.18 Linux/5.10.205-195.804.amzn2.x86_64 OpenJDK_64-Bit_Server_VM/17.0.9+8-LTS Java/17.0.9 vendor/Amazon.com_Inc. io/sync http/Apache cfg/retry-mode/standard"
		if i%3 == 0 {
			user, agent = `{"type":"AWSService","invokedBy":"autoscaling.amazonaws.com"}`, "autoscaling.amazonaws.com"
		}
		if i%20 == 0 {
			failure = `"errorCode":"AccessDenied","errorMessage":"User: arn:aws:sts::111122223333:assumed-role/app/i-0abc is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::data/2026\"",`
		}
		fmt.Fprintf(&b, `{"eventVersion":"1.10","userIdentity":%s,"eventTime":"2026-03-11T08:%02d:%02dZ","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-central-1","sourceIPAddress":"10.17.%d.%d","userAgent":"[%s]",%s"requestParameters":{"bucketName":"data-lake-prod-eu-central-1","Host":"data-lake-prod-eu-central-1.s3.eu-central-1.amazonaws.com","key":"warehouse/orders/dt=2026-03-11/part-%05d-8b1b6d2e-6ad7-4ab2-9c8c.snappy.parquet","x-amz-acl":["private",{"a":%d}]},"responseElements":null,"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0.0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"kQp5Zz0mYkq1xv9bG5sR8zj3WvVqk4YQG4y3o0Yx1r9l2b1Qm8=","bytesTransferredOut":%d.0},"requestID":"8F3KJ2M%09d","eventID":"4a48a30a-6530-4901-aeda-%012d","readOnly":true,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::data-lake-prod-eu-central-1/warehouse/orders/dt=2026-03-11/part-%05d"},{"accountId":"111122223333","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::data-lake-prod-eu-central-1"}],"eventType":"AwsApiCall","managementEvent":false,"recipientAccountId":"111122223333","eventCategory":"Data","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"data-lake-prod-eu-central-1.s3.eu-central-1.amazonaws.com"}}`,
			user, i/60%60, i%60, i%256, i%251, agent, failure, i, i, i*17, i, i, i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

// BenchmarkRecords reports MB/s of JSON and, as allocs/op, the allocations of 2,000 records.
func BenchmarkRecords(b *testing.B) {
	const n = 2000
	compact := trailText(n)
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, compact, "", "  "); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
	}{{"compact", compact}, {"pretty", pretty.Bytes()}} {
		b.Run(c.name, func(b *testing.B) {
			d := new(Decoder)
			b.SetBytes(int64(len(c.data)))
			b.ReportAllocs()
			for b.Loop() {
				got := 0
				if err := d.Each(c.data, Source{Key: "k"}, func(*trail.Record, Meta) error { got++; return nil }, nil); err != nil || got != n {
					b.Fatalf("%d records, %v", got, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		})
	}
}

func BenchmarkInflate(b *testing.B) {
	text := trailText(2000)
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	w.Write(text)
	w.Close()
	var room []byte
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if room, err = Inflate(room[:0], body.Bytes(), MaxObject); err != nil || len(room) != len(text) {
			b.Fatal(len(room), err)
		}
	}
}
