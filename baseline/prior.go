package baseline

// Prior is what a series of an API is like before anything is known of it: estimates pooled over its siblings.
type Prior struct {
	Pool  string         // where it comes from: "api", "source", "class" or "global"
	A, B  float64        // gamma prior of the level: mean A/B calls per hour
	Shape [cells]float64 // (day type × hour of day) multiplier, 1 on average
	Alpha float64        // negative binomial dispersion
	// Share is the part of an active hour's calls that fall into its busiest 5 and 15 minutes, PeakAlpha their dispersion.
	Share     [2]float64
	PeakAlpha [2]float64
	VIF       [4]float64 // variance inflation of sums over LongWindows
	Size      [3]Sizes   // of active hours, and of their busiest 5 and 15 minutes

	// Of errors only: expected share of calls, how many calls that is worth, correlation within an hour.
	Rate, Worth, Rho float64
}

// Sizes is the pooled distribution of counts of active hours.
type Sizes struct {
	tail      [buckets]float64 // P(bucket of a count >= b)
	cut       float64          // ln of where the Pareto tail begins
	cutTail   float64          // P beyond it
	xi        float64          // mean log-excess beyond it
	mean, vee float64          // of ln count
}
