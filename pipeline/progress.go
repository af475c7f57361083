package pipeline

// Progress is told how a run gets on. Its methods may be called from several goroutines at once.
type Progress interface {
	// Stage says what begins, and how much of it there is; 0 where that is not known.
	Stage(name string, objects, bytes int64)
	// Add says how much more of the stage is done.
	Add(objects, bytes, records int64)
}

type noProgress struct{}

func (noProgress) Stage(string, int64, int64) {}
func (noProgress) Add(int64, int64, int64)    {}
