// Package sink hands insights to others, in the form that those expect.
package sink
