package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twoDays writes a small trail, and makes the steps read it.
func twoDays(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := writeTrail(filepath.Join(dir, "trail"), 1); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TRAILGAUGE_TRAIL", filepath.Join(dir, "trail"))
	t.Setenv("TRAILGAUGE_LAKE", filepath.Join(dir, "lake"))
}

// TestStateMachine walks scripts/stepfunctions/lambda.asl.json as Step Functions would and hands every task's payload to the handler. What comes of it is a
// run's lake, and the next run finds nothing to do; a delivery that fails fails neither. It proves the data flow from state to state, not that AWS accepts the
// definition.
func TestStateMachine(t *testing.T) {
	twoDays(t)
	m := readMachine(t, "lambda.asl.json", func(parameters object) (any, *failure) {
		request := parameters["Payload"].(object)
		if request["step"] == "plan" { // the test's clock
			request["asOf"], request["scoreFrom"] = "2026-11-01", "2026-10-30"
		}
		if request["step"] == "deliver" {
			request["config"] = "missing.yaml"
		}
		text, _ := json.Marshal(request)
		answer, err := handle(t.Context(), text, io.Discard)
		t.Logf("%s: %s %v", text, answer, err)
		if err != nil {
			return nil, &failure{"Usage", err.Error()}
		}
		var payload any
		if err := json.Unmarshal(answer, &payload); err != nil {
			t.Fatal(err)
		}
		return object{"Payload": payload, "StatusCode": 200.}, nil
	})
	for round, want := range []string{
		"Plan, Anything to do, Scan, Scan shards, All of them, Scanned, Merge, " +
			"Fit, Fit accounts, Score, Score accounts, Decide, All days, Fit, Fit accounts, Score, Score accounts, Decide, All days, Deliver, Report",
		"Plan, Anything to do, Nothing new",
	} {
		m.path = nil
		out, failed := m.run(m.definition, object{})
		if got := strings.Join(slices.Compact(m.path), ", "); got != want || failed != nil {
			t.Errorf("round %d: %s, %v", round, got, failed)
		}
		if round == 0 && out.(object)["commit"] != 2. {
			t.Errorf("the execution's output: %v", out)
		}
	}
}

// stopped is a task that ended with a status, as the cause of States.TaskFailed tells of it: a Task of the Amazon ECS API reference, its members in PascalCase.
// Without a status the container never ran.
func stopped(t *testing.T, status int) *failure {
	t.Helper()
	text, err := os.ReadFile("testdata/ecs-stopped-task.json")
	if err != nil {
		t.Fatal(err)
	}
	var task object
	if err := json.Unmarshal(text, &task); err != nil {
		t.Fatal(err)
	}
	container := task["Containers"].([]any)[0].(object)
	if container["ExitCode"] = status; status < 0 {
		delete(container, "ExitCode")
		task["StopCode"], task["StoppedReason"] = "TaskFailedToStart", "ResourceInitializationError: unable to pull secrets or registry auth"
	}
	cause, _ := json.Marshal(task)
	return &failure{"States.TaskFailed", string(cause)}
}

// commandOf is the command line that a task's parameters hold.
func commandOf(parameters object) (args []string) {
	overrides := parameters["Overrides"].(object)["ContainerOverrides"].([]any)[0].(object)
	for _, arg := range overrides["Command"].([]any) {
		args = append(args, arg.(string))
	}
	return args
}

// TestStateMachineECS does the same with scripts/stepfunctions/ecs.asl.json and the command's exit statuses.
func TestStateMachineECS(t *testing.T) {
	twoDays(t)
	var done []string
	m := readMachine(t, "ecs.asl.json", func(parameters object) (any, *failure) {
		network := parameters["NetworkConfiguration"].(object)["AwsvpcConfiguration"].(object)
		if want := []string{"${SubnetIds}"}; !cmp.Equal(network["Subnets"], want) {
			t.Errorf("subnets %v", network["Subnets"])
		}
		args := commandOf(parameters)
		done = append(done, strings.Join(args[:1], " "))
		if args[0] == "plan" {
			args = append(args, "--as-of=2026-11-01", "--score-from=2026-10-30")
		}
		var log strings.Builder
		status := Main(t.Context(), args, io.Discard, &log)
		t.Logf("%s: %d\n%s", args, status, &log)
		if status != 0 {
			return nil, stopped(t, status)
		}
		return object{"StopCode": "EssentialContainerExited"}, nil
	})
	for range 2 {
		done = nil
		if _, failed := m.run(m.definition, object{}); failed != nil {
			t.Fatalf("%+v after %s", failed, done)
		}
		if got, want := strings.Join(slices.Compact(done), ", "), "plan, scan, merge, decide, deliver"; got != want {
			t.Errorf("%s", got)
		}
	}
	var out strings.Builder
	if status := Main(t.Context(), []string{"report", "--line"}, &out, io.Discard); status != 0 || !strings.Contains(out.String(), `"commit":2`) {
		t.Errorf("the newest run: %d %s", status, &out)
	}
}

// TestStateMachineFailures hands recorded failures of one task after the other to the ECS state machine: what it does again, what it ends with.
func TestStateMachineFailures(t *testing.T) {
	const throttled = -2 // RunTask itself fails
	for _, c := range []struct {
		name         string
		merge        []int // exit statuses of the task merge, in their order; the last one repeats. -1: it never ran
		tasks        int   // how often merge was tried
		error, cause string
	}{
		{"done", []int{0}, 1, "", ""},
		{"held", []int{4, 4, 0}, 3, "", ""},
		{"throttled", []int{75, 0}, 2, "", ""},
		{"told to stop", []int{130, 0}, 2, "", ""},
		{"no room", []int{-1, throttled, 0}, 3, "", ""},
		{"held for good", []int{4}, 10, "TryAgainLater", `trailgauge ["merge"] was tried 10 times; at last: {`},
		{"never started", []int{throttled}, 10, "TryAgainLater", "at last: Capacity is unavailable"},
		{"failed", []int{1}, 1, "Failed", `trailgauge ["merge"] ended with exit status 1 (`},
		{"later", []int{75, 1}, 2, "Failed", "the log of task arn:aws:ecs:"},
		{"usage", []int{2}, 1, "Failed", "exit status 2 ("},
		{"not named as none", []int{3}, 1, "Failed", "exit status 3 ("},
		{"out of memory", []int{137}, 1, "Killed", "give the task definition more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tries := 0
			var after []string
			m := readMachine(t, "ecs.asl.json", func(parameters object) (any, *failure) {
				name := commandOf(parameters)[0]
				if name != "merge" {
					after = append(after, name)
				}
				status := 0
				switch name {
				case "merge":
					status = c.merge[min(tries, len(c.merge)-1)]
					tries++
				case "deliver":
					status = 1
				}
				switch status {
				case 0:
					return object{}, nil
				case throttled:
					return nil, &failure{"ECS.AmazonECSException", "Capacity is unavailable at this time."}
				}
				return nil, stopped(t, status)
			})
			_, failed := m.run(m.definition, object{})
			if failed == nil {
				failed = new(failure)
			}
			if failed.Error != c.error || !strings.Contains(failed.Cause, c.cause) || tries != c.tasks {
				t.Errorf("%d tasks, %+v", tries, failed)
			}
			if m.waited != float64(tries-1)*150 {
				t.Errorf("%d tasks, %g seconds between them", tries, m.waited)
			}
			if ended := slices.Contains(after, "decide"); ended != (c.error == "") {
				t.Errorf("after the failure: %s", after)
			}
			if c.error == "" && m.path[len(m.path)-1] != "Report" {
				t.Errorf("a failed delivery ended in %s", m.path[len(m.path)-1])
			}
		})
	}
}
