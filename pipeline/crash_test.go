package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"trailgauge/pipeline/store"
	"trailgauge/pipeline/store/storetest"
)

// The crash test kills a process of its own, with SIGKILL, right before every operation that changes the lake, in turn: all the states that a
// killed run can leave, since reading leaves none. Or the power fails there: then what was only prepared is damaged as well. A second process runs
// again, and the lake must be the one of an undisturbed run.

// crashEnv tells the test binary that it is such a process: JSON of a crash.
const crashEnv = "TRAILGAUGE_TEST_CRASH"

type crash struct {
	Trail, Lake     string
	AsOf, ScoreFrom time.Time
	At              int  // operation to die before, from 1; 0: none
	Power           bool // the power fails, too
	ShardJSON       int64
	Do              string // compact, gc or expire; "": a run
}

func TestMain(m *testing.M) {
	if text := os.Getenv(crashEnv); text != "" {
		os.Exit(crashMain(text))
	}
	dropMemory := inMemory()
	status := m.Run()
	dropMemory()
	os.Exit(status)
}

// inMemory puts the folders of the tests in memory where there is room: a store waits for the disk at every file it writes, and these
// tests write some 100,000.
func inMemory() (drop func()) {
	const memory, room = "/dev/shm", 2 << 30
	var free syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(memory, &free) != nil || free.Bavail*uint64(free.Bsize) < room {
		return func() {}
	}
	dir, err := os.MkdirTemp(memory, "trailgauge-test-")
	if err != nil {
		return func() {}
	}
	os.Setenv("TMPDIR", dir)
	return func() { os.RemoveAll(dir) }
}

func crashMain(text string) int {
	var c crash
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shardJSON = c.ShardJSON
	memoryBytes = 4 << 10 // of a few shards that most tests make, some stay in memory and some do not
	from, err := store.Folder(c.Trail)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	to, err := store.Folder(c.Lake)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var ops atomic.Int64
	cut := &powerCut{Store: to, dir: c.Lake, prepared: map[string]bool{}}
	before := func(op, key string) error {
		if (op == "Put" || op == "PutFile" || op == "Create" || op == "Delete") && ops.Add(1) == int64(c.At) {
			if c.Power {
				cut.damage(c.At)
			}
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	}
	o := options(from, storetest.Hooked(cut, before, nil), c.AsOf)
	o.ScoreFrom, o.Workers = c.ScoreFrom, 1
	do := upkeeps[c.Do]
	if do == nil {
		do = func(ctx context.Context, _ store.Store) error {
			_, err := Run(ctx, o)
			return err
		}
	}
	if err := do(context.Background(), o.Lake); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(ops.Load())
	return 0
}

// process runs c in a process of its own and returns how many operations it did, or that it was killed.
func process(t *testing.T, c crash) (ops int, killed bool) {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 0, true
		}
		t.Fatalf("at operation %d: %v", c.At, err)
	}
	ops, err = strconv.Atoi(string(out[:len(out)-1]))
	if err != nil {
		t.Fatal(err)
	}
	return ops, false
}

func TestKilledAnywhere(t *testing.T) {
	dir := t.TempDir()
	trailDir := filepath.Join(dir, "trail")
	from, err := store.Folder(trailDir)
	if err != nil {
		t.Fatal(err)
	}
	c := small(21, 2)
	c.Accounts, c.Regions, c.EventsPerDay, c.Duplicates = 1, 1, 20, .3
	truth := write(t, from, c)
	last := truth.Delivered.Add(-time.Hour) // a conflict between shards makes one of them be scanned again
	for i, at := range []time.Time{last.Add(-24 * time.Hour), last} {
		body := pack(`{"Records":[` + rec(1, last.Add(-25*time.Hour), "userAgent", fmt.Sprintf(`"agent %d"`, i)) + `]}`)
		if err := from.Put(t.Context(), key(at, "conflict"), body); err != nil {
			t.Fatal(err)
		}
	}
	one := crash{Trail: trailDir, Lake: filepath.Join(dir, "undisturbed"), AsOf: truth.Delivered, ScoreFrom: truth.End.Add(-30 * time.Hour), ShardJSON: 120_000}
	ops, _ := process(t, one)
	want := tree(t, one.Lake)
	t.Logf("%d operations, %d files", ops, len(want))
	if again, _ := filepath.Glob(filepath.Join(one.Lake, "events/*/*/*/*x.parquet")); len(again) == 0 {
		t.Error("no shard was scanned a second time: the trail is too tame")
	}
	step := 1
	if testing.Short() {
		step = 9
	}
	all := t
	for at := 1; at <= ops; at += step {
		for _, power := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d power %t", at, power), func(t *testing.T) {
				t.Parallel()
				if all.Failed() { // one is enough
					return
				}
				x := one
				x.Lake, x.At, x.Power = filepath.Join(t.TempDir(), "killed"), at, power
				if _, killed := process(t, x); !killed {
					t.Fatalf("operation %d did not kill", at)
				}
				x.At = 0
				process(t, x)
				got := tree(t, x.Lake)
				for name := range got { // what another goroutine was writing just then: no listing shows it, and gc sweeps it
					if strings.HasPrefix(filepath.Base(name), ".tmp-") {
						delete(got, name)
					}
				}
				sameTree(t, fmt.Sprintf("killed before operation %d of %d", at, ops), want, got)
			})
		}
	}
}
