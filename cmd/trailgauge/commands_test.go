package main

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

// What a command's own grammar makes of arguments is what the grammar of all commands makes of them, help and errors included.
func TestGrammarOfOneCommand(t *testing.T) {
	parsed := func(grammar any, args []string) string {
		var out bytes.Buffer
		ended := -1
		c, err := parser(grammar, &terminal{out: &out, err: &out}, &ended).Parse(args)
		if err != nil || ended >= 0 {
			return fmt.Sprint(out.String(), ended, err)
		}
		return fmt.Sprintf("%+v", c.Selected().Target.Interface())
	}
	all := reflect.TypeFor[commands]()
	tried := 0
	for i := range all.NumField() {
		name, ok := commandName(all.Field(i))
		if !ok {
			continue
		}
		if n := reflect.TypeOf(grammar([]string{name})).Elem().NumField(); n != 2 {
			t.Errorf("%s is parsed by a grammar of %d members", name, n)
		}
		for _, more := range [][]string{{}, {"--help"}, {"--version"}, {"--bogus"}, {"one", "two"}, {"--lake"}, {"--lake", "l"}, {"--lake", "l", "--trail", "t"}, {"--lake=l", "x"}} {
			tried++
			args := append([]string{name}, more...)
			if got, want := parsed(grammar(args), args), parsed(new(commands), args); got != want {
				t.Errorf("%q: %s\nwant %s", args, got, want)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d command lines were tried", tried)
	}
	for _, args := range [][]string{nil, {"--help"}, {"bogus"}, {"--version", "run"}} {
		if _, ok := grammar(args).(*commands); !ok {
			t.Errorf("%q is not parsed by all commands", args)
		}
	}
}
