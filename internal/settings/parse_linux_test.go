package settings

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"multiproc/internal/leak"
)

// quick lets a race-enabled child exit without a second of sleep.
const quick = "GORACE=atexit_sleep_ms=0"

func init() {
	roles["in force"] = func() {
		gogc, limit := inForce()
		fmt.Print(gogc, " ", limit)
	}
}

// What the runtime itself makes of a value is what parseGC says.
func TestParseGCIsTheRuntimes(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"", "0", "1", "50", "100", "007", "2147483647", "2147483648", "99999999999999999999",
		"-1", "-0", "-2147483648", "-2147483649", "off", "OFF", " off", "on",
		"+5", "5 ", " 5", "5%", "0x10", "1e2", "1_0", "5.0", "-", "+", "--1", "٣",
	} {
		cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
		cmd.Env = []string{leak.RoleEnv + "=in force", "GOGC=" + value, "GOCOVERDIR=" + t.TempDir(), quick}
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := parseGC(value)+" ", string(out); got != want {
			t.Errorf("GOGC=%q: %s, the runtime says %s", value, got, want)
		}
	}
}

// What Apply writes is what the runtime of the child reads.
func TestWhatIsInForceArrives(t *testing.T) {
	for _, p := range []process{
		{gogc: 77, limit: 123456789},
		{gogc: -1, limit: 1 << 62},
		{gogc: 1<<31 - 1, limit: 1 << 20},
		{env: []string{"GOGC=10", "GOMEMLIMIT=1GiB"}},
		{env: []string{"GOGC=+5"}, gogc: 5},
	} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			become(t, p)
			gogc, limit := inForce()
			start, _ := Apply(append(os.Environ(), leak.RoleEnv+"=in force"))
			cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
			cmd.Env = append(start, "GOCOVERDIR="+t.TempDir(), quick)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if want := gogc + " " + limit; err != nil || string(out) != want {
				t.Errorf("%q in the child, want %q, %v", out, want, err)
			}
		})
	}
}
