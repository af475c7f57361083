package sink

import "errors"

// grouped delivers a batch in groups of the same key, in the order in which the keys come, and returns what came of each message, in its place.
func grouped(batch []Message, key func(*Message) string, deliver func(key string, list []Message) []error) []error {
	places := map[string][]int{}
	var order []string
	for k := range batch {
		of := key(&batch[k])
		if places[of] == nil {
			order = append(order, of)
		}
		places[of] = append(places[of], k)
	}
	errs := make([]error, len(batch))
	for _, of := range order {
		list := make([]Message, len(places[of]))
		for n, k := range places[of] {
			list[n] = batch[k]
		}
		for n, err := range deliver(of, list) {
			errs[places[of][n]] = err
		}
	}
	return errs
}

// entries sends a batch as entries, in requests of at most most of them and limit bytes, and returns what came of each message. What entry makes no entry
// of is not sent.
func entries[E any](batch []Message, most, limit int, entry func(*Message) (e E, size int, err error), send func([]E) []error) []error {
	errs := make([]error, len(batch))
	var list []E
	var sizes, places []int
	for k := range batch {
		e, size, err := entry(&batch[k])
		if err != nil {
			errs[k] = err
			continue
		}
		list, sizes, places = append(list, e), append(sizes, size), append(places, k)
	}
	for _, c := range chunks(sizes, most, limit) {
		for k, err := range singly(list[c[0]:c[1]], send) {
			errs[places[c[0]+k]] = err
		}
	}
	return errs
}

// all says the same of n messages.
func all(n int, err error) []error {
	out := make([]error, n)
	for k := range out {
		out[k] = err
	}
	return out
}

// chunks cuts things of the given sizes into runs of at most most things and limit bytes; a thing that is larger is a run of its own.
func chunks(sizes []int, most, limit int) (runs [][2]int) {
	from, sum := 0, 0
	for k, n := range sizes {
		if k > from && (k-from == most || sum+n > limit) {
			runs = append(runs, [2]int{from, k})
			from, sum = k, 0
		}
		sum += n
	}
	if from < len(sizes) {
		runs = append(runs, [2]int{from, len(sizes)})
	}
	return runs
}

// singly sends a batch, and where the request as a whole is found wrong sends its messages one by one, so that one of them does not hold up the rest.
func singly[E any](list []E, send func([]E) []error) []error {
	errs := send(list)
	if len(list) == 1 {
		return errs
	}
	for _, err := range errs {
		var busy *BusyError
		var hint *HintError
		if err == nil || errors.Is(err, ErrRefused) || errors.As(err, &busy) || errors.As(err, &hint) {
			return errs
		}
	}
	for k := range list {
		errs[k] = send(list[k : k+1])[0]
	}
	return errs
}
