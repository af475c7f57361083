package lake

import (
	"math/bits"
	"reflect"
	"strings"
	"unsafe"
)

// parquet-go (v0.32.0, writeRowsFuncOfOptional) takes optional values of many rows at once and looks for runs of nulls in a bitmap of 64-bit words.
// Where the last run of values in a word begins at row y and is y rows long, it takes the nulls after it for values and writes empty strings: it compares
// with 1<<y - 1 where 1<<(64-y) - 1 is meant. So rows are handed to it in pieces of one word at most, cut where that would happen.
// Elements of a list go in together whatever the pieces are: in resources of three and more, "" can stand for null.

// optionals are where in a row type the optional strings and pointers lie, as offsets of a word that is zero in a null.
func optionals(row reflect.Type, at uintptr) (words []uintptr) {
	for i := range row.NumField() {
		f := row.Field(i)
		_, options := parquetTag(f)
		switch {
		case f.Type.Kind() == reflect.Struct:
			words = append(words, optionals(f.Type, at+f.Offset)...)
		case !strings.Contains(options, "optional"):
		case f.Type.Kind() == reflect.String:
			words = append(words, at+f.Offset+unsafe.Sizeof(uintptr(0))) // the length
		case f.Type.Kind() == reflect.Pointer, f.Type.Kind() == reflect.Map:
			words = append(words, at+f.Offset)
		}
	}
	return words
}

// piece returns how many of the rows, from the first, can be written at once: at least two where there are two.
func piece[T any](rows []T, words []uintptr) int {
	n := min(len(rows), 64)
	for cut := true; cut; {
		cut = false
		for _, w := range words {
			var values uint64
			for i := range n {
				if *(*uintptr)(unsafe.Add(unsafe.Pointer(&rows[i]), w)) != 0 {
					values |= 1 << i
				}
			}
			if end := bits.Len64(values); end < n && misread(values, end) {
				n, cut = end, true
			}
		}
	}
	return n
}

// misread tells whether the last run of ones, which ends before end, is as long as the bits before it.
func misread(values uint64, end int) bool {
	from := end / 2
	return end > 0 && end%2 == 0 && values>>from == 1<<from-1 && values&(1<<(from-1)) == 0
}

// inPieces calls write for all rows, piece by piece.
func inPieces[T any](rows []T, words []uintptr, write func([]T) (int, error)) error {
	for len(rows) > 0 {
		n := piece(rows, words)
		if _, err := write(rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
