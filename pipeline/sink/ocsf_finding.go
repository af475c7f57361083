package sink

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"trailgauge/pipeline/insight"
	"trailgauge/pipeline/trail"
)

// ocsfFinding is a Detection Finding of OCSF 1.1.0 (class 2004, https://schema.ocsf.io/1.1.0/classes/detection_finding) with the cloud profile. It uses what
// every version from 1.1.0 on has, in whose place later ones offer anomaly_analyses; the numbers are in unmapped. Times are milliseconds since
// 1970, UTC.
type ocsfFinding struct {
	ActivityID   int32             `json:"activity_id" parquet:"activity_id"`
	ActivityName string            `json:"activity_name" parquet:"activity_name"`
	CategoryUID  int32             `json:"category_uid" parquet:"category_uid"`
	CategoryName string            `json:"category_name" parquet:"category_name"`
	ClassUID     int32             `json:"class_uid" parquet:"class_uid"`
	ClassName    string            `json:"class_name" parquet:"class_name"`
	TypeUID      int64             `json:"type_uid" parquet:"type_uid"`
	TypeName     string            `json:"type_name" parquet:"type_name"`
	Time         int64             `json:"time" parquet:"time"` // of the run that told of it
	StartTime    int64             `json:"start_time" parquet:"start_time"`
	EndTime      int64             `json:"end_time" parquet:"end_time"`
	Count        int32             `json:"count" parquet:"count"` // of calls, errors or APIs
	SeverityID   int32             `json:"severity_id" parquet:"severity_id"`
	Severity     string            `json:"severity" parquet:"severity"`
	StatusID     int32             `json:"status_id" parquet:"status_id"`
	Status       string            `json:"status" parquet:"status"`
	Message      string            `json:"message" parquet:"message"`
	Metadata     ocsfMetadata      `json:"metadata" parquet:"metadata"`
	Cloud        ocsfCloud         `json:"cloud" parquet:"cloud"`
	Info         ocsfInfo          `json:"finding_info" parquet:"finding_info"`
	Evidences    []ocsfEvidence    `json:"evidences,omitempty" parquet:"evidences,list"`
	Resources    []ocsfResource    `json:"resources" parquet:"resources,list"`
	Unmapped     map[string]string `json:"unmapped" parquet:"unmapped"`
}

type ocsfMetadata struct {
	UID      string      `json:"uid" parquet:"uid"` // the message's ID
	Version  string      `json:"version" parquet:"version"`
	Product  ocsfProduct `json:"product" parquet:"product"`
	Profiles []string    `json:"profiles" parquet:"profiles,list"`
}

type ocsfProduct struct {
	Name       string `json:"name" parquet:"name"`
	VendorName string `json:"vendor_name" parquet:"vendor_name"`
}

type ocsfCloud struct {
	Provider string      `json:"provider" parquet:"provider"`
	Region   string      `json:"region,omitempty" parquet:"region,optional"`
	Account  ocsfAccount `json:"account" parquet:"account"`
}

type ocsfAccount struct {
	UID    string `json:"uid" parquet:"uid"`
	TypeID int32  `json:"type_id" parquet:"type_id"`
	Type   string `json:"type" parquet:"type"`
}

type ocsfInfo struct {
	UID          string       `json:"uid" parquet:"uid"` // the insight's ID: the same in all its messages
	Title        string       `json:"title" parquet:"title"`
	Desc         string       `json:"desc" parquet:"desc"`
	Types        []string     `json:"types" parquet:"types,list"`
	Analytic     ocsfAnalytic `json:"analytic" parquet:"analytic"`
	CreatedTime  int64        `json:"created_time" parquet:"created_time"`
	ModifiedTime int64        `json:"modified_time" parquet:"modified_time"`
	FirstSeen    int64        `json:"first_seen_time" parquet:"first_seen_time"`
	LastSeen     int64        `json:"last_seen_time" parquet:"last_seen_time"`
}

type ocsfAnalytic struct {
	Name   string `json:"name" parquet:"name"`
	TypeID int32  `json:"type_id" parquet:"type_id"`
	Type   string `json:"type" parquet:"type"`
}

// ocsfEvidence has one of its objects at least.
type ocsfEvidence struct {
	API   *ocsfAPI      `json:"api,omitempty" parquet:"api,optional"`
	Actor *ocsfActor    `json:"actor,omitempty" parquet:"actor,optional"`
	From  *ocsfEndpoint `json:"src_endpoint,omitempty" parquet:"src_endpoint,optional"`
}

type ocsfAPI struct {
	Operation string      `json:"operation" parquet:"operation"`
	Service   ocsfService `json:"service" parquet:"service"`
}

type ocsfService struct {
	Name string `json:"name" parquet:"name"`
}

type ocsfActor struct {
	User ocsfUser `json:"user" parquet:"user"`
}

type ocsfUser struct {
	UID string `json:"uid" parquet:"uid"`
}

// ocsfEndpoint has an address, or the name of a service in its place.
type ocsfEndpoint struct {
	IP     string `json:"ip,omitempty" parquet:"ip,optional"`
	Domain string `json:"domain,omitempty" parquet:"domain,optional"`
}

type ocsfResource struct {
	UID  string `json:"uid" parquet:"uid"`
	Type string `json:"type" parquet:"type"`
}

// ocsf is a message as a finding. Unlike elsewhere, who and what are given as the trail has them: a column is no page.
func ocsf(m *Message) ocsfFinding {
	i := m.Insight
	activity, activityName := ocsfActivity(m.Phase)
	status, statusName := ocsfStatus(m)
	region := ""
	if trail.IsRegion(i.Region) {
		region = i.Region
	}
	return ocsfFinding{
		ActivityID: activity, ActivityName: activityName, CategoryUID: 2, CategoryName: "Findings", ClassUID: 2004, ClassName: "Detection Finding",
		TypeUID: 200400 + int64(activity), TypeName: "Detection Finding: " + activityName,
		Time: m.Told.UnixMilli(), StartTime: i.Whole.Start.UnixMilli(), EndTime: i.Whole.End.UnixMilli(),
		Count: int32(min(i.Whole.Count, 1<<31-1)), SeverityID: int32(m.level()), Severity: levelNames[m.level()], StatusID: status, Status: statusName,
		Message:  m.Summary,
		Metadata: ocsfMetadata{UID: m.ID, Version: "1.1.0", Product: ocsfProduct{"trailgauge", "trailgauge"}, Profiles: []string{"cloud"}},
		Cloud:    ocsfCloud{Provider: "AWS", Region: region, Account: ocsfAccount{i.Account, 10, "AWS Account"}},
		Info: ocsfInfo{
			UID: i.ID, Title: m.Title, Desc: m.Summary, Types: []string{i.Kind.String()},
			Analytic:    ocsfAnalytic{"trailgauge " + i.Worst.Model, 3, "Statistical"},
			CreatedTime: i.Detected.End.UnixMilli(), ModifiedTime: m.Told.UnixMilli(), FirstSeen: i.Whole.Start.UnixMilli(), LastSeen: i.Whole.End.UnixMilli(),
		},
		Evidences: ocsfEvidences(i),
		Resources: []ocsfResource{{i.Account, "AWS Account"}},
		Unmapped: map[string]string{
			"phase": string(m.Phase), "revision": strconv.Itoa(i.Revision), "observed": fmt.Sprint(i.Whole.Count), "expected": string(fixed(i.Expected)),
			"score": string(fixed(i.Worst.Score)), "threshold": string(fixed(i.Threshold)), "baseline_average": string(rate(i.Baseline.Count, i.Baseline.Minutes())),
			"error_code": i.ErrorCode, "explain": m.Explain(), "incident": i.Incident, "techniques": strings.Join(insight.TechniqueIDs(*i), " "),
		},
	}
}

func ocsfActivity(p Phase) (int32, string) {
	switch p {
	case Start:
		return 1, "Create"
	case Revision:
		return 2, "Update"
	case End, Retraction:
		return 3, "Close"
	}
	return 99, "Test"
}

func ocsfStatus(m *Message) (int32, string) {
	switch {
	case m.Phase == Retraction:
		return 99, "Retracted"
	case m.Phase == Test:
		return 99, "Test"
	case m.Phase != Start && m.over():
		return 4, "Resolved"
	}
	return 1, "New"
}

// ocsfEvidences names the API and its callers: the one principal, or those it is attributed to; and the addresses that called.
func ocsfEvidences(i *insight.Insight) (out []ocsfEvidence) {
	var api *ocsfAPI
	if i.Name != "" {
		api = &ocsfAPI{i.Name, ocsfService{i.Source}}
		out = append(out, ocsfEvidence{API: api})
	}
	if i.Principal != "" {
		out = append(out, ocsfEvidence{API: api, Actor: &ocsfActor{ocsfUser{i.Principal}}})
	}
	for _, a := range i.Attributions {
		for _, s := range a.Insight {
			switch {
			case s.Value == "null" || s.Value == "":
			case a.Attribute == "userIdentityArn" && i.Principal == "":
				out = append(out, ocsfEvidence{API: api, Actor: &ocsfActor{ocsfUser{s.Value}}})
			case a.Attribute == "sourceIPAddress":
				from := &ocsfEndpoint{Domain: s.Value}
				if _, err := netip.ParseAddr(strings.TrimSpace(s.Value)); err == nil {
					from = &ocsfEndpoint{IP: s.Value}
				}
				out = append(out, ocsfEvidence{From: from})
			}
		}
	}
	return out
}
