// Package trail says what trailgauge understands by an event, a principal, an API and the key of a trail
// object. It is pure: no I/O, no clock. Whatever a trail holds was written, in part, by whoever made the
// calls; nothing here trusts its length, its characters or its types.
package trail
