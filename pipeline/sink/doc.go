// Package sink hands insights to others, in the form that those expect.
//
// Insight events (Events) are part of the lake: AWS's own record shape, written by the run itself. All else is a Sink: messages are handed over
// after the run's commit, so that no receiver can hold up or change what was decided. Package pipeline keeps what was taken.
//
//	eventbridge   PutEvents to a bus: events of source "trailgauge" ("aws.*" is reserved for AWS)
//	sns           PublishBatch to a topic, ordered by insight where the topic is FIFO
//	securityhub   BatchImportFindings: one finding an insight, in the AWS Security Finding Format
//	ocsf          OCSF 1.1.0 Detection Findings as Parquet or JSON Lines in a bucket or folder, as Security Lake wants custom sources
//	slack         a webhook in Slack's format
//	insight-events  the records of the lake's insight-events/ once more, in a bucket or folder of their own
//
// # Messages
//
// A message is one step in the life of an insight. Which one it is, its phase says:
//
//	start       somebody is told of the insight for the first time. It may be over already: the end follows
//	end         it is over
//	revision    late data changed its numbers; the message has the new ones, whether it still goes on or not
//	retraction  late data took it back: it never was
//	test        made up, on request (trailgauge deliver --test): about account 000000000000
//
// Every message says all there is to say, so that one which never arrives leaves no gap. They are delivered at least once, those of an insight in order; what
// comes twice has the same ID, a UUIDv5 of the insight, its revision, the phase and the sink's name. Suppressed insights make none.
//
// # The JSON of eventbridge and sns
//
// It is a record of CloudTrail Insights, member for member, for all kinds of insights, so that what reads those needs another source alone; what is ours is
// below "trailgauge" and insightDetails.extension:
//
//	eventVersion, eventTime, awsRegion, eventID, eventType, recipientAccountId, sharedEventID, addendum, eventCategory   as AWS has them
//	insightDetails   state is Start, or End once the insight is over; insightType is ApiCallRateInsight or ApiErrorRateInsight as with
//	                 AWS, or ApiSilenceInsight or PrincipalNoveltyInsight. Averages are per minute. extension is documented there
//	trailgauge
//	  schema         1; grows when a member is renamed, removed or means something else
//	  id             the message's: drop what you have seen
//	  phase          see above
//	  insight        the insight's ID, the same in all its messages; equal to sharedEventID
//	  revision       1, and one more each time late data changed it
//	  status         open, closed or retracted
//	  severity       the score in powers of ten: 3 is one such false insight in 1,000 series-days
//	  title          one line
//	  summary        one sentence: what was counted, and what would have been usual. Both are fit to be shown as they are
//	  principal      whom it is about; absent for all principals of an API
//	  start, end     of the insight, RFC 3339, UTC; end is exclusive, and the last decided hour while it is open
//	  observed       calls, calls with the error code, or new APIs, from start to end
//	  expected       by the model
//	  told           as-of of the run that decided it
//	  lake, explain  where the lake is, and the command that shows the arithmetic
//	  incident       ID of its incident; absent where it has none
//	  techniques     IDs of MITRE ATT&CK techniques that its APIs can be used for; absent where there are none. A hint, not proof
//	  seen           what somebody had said of a similar insight; absent where nobody did
//	  cut            true where attributions were shortened or left out to fit the receiver's limit; who and what never are
//
// EventBridge's detail-type is "Insight Start", "Insight End", "Insight Revision", "Insight Retraction" or "Insight Test"; scripts/eventbridge has rule
// patterns. SNS has the phase, kind, account, region and severity as message attributes too, for filter policies.
//
// # What a severity is elsewhere
//
// The steps are those of insight.Grade, by which reports are coloured too.
//
//	severity         Security Hub     OCSF
//	below 4          LOW              Low (2)
//	4 to below 6     MEDIUM           Medium (3)
//	6 to below 9     HIGH             High (4)
//	9 and more       CRITICAL         Critical (5)
//	retracted, test  INFORMATIONAL    Informational (1)
package sink
