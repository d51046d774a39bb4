package multiproc_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// stageLeft lists the processes that have the entry in their environment and
// run. It gives nobody time to end: an exit that was in order leaves nobody.
func stageLeft(entry string) (left []string) {
	dirs, _ := filepath.Glob("/proc/[1-9]*")
	for _, dir := range dirs {
		env, _ := os.ReadFile(filepath.Join(dir, "environ"))
		if bytes.Contains(env, []byte(entry+"\x00")) {
			cmdline, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
			left = append(left, fmt.Sprintf("%s %q", filepath.Base(dir), cmdline))
		}
	}
	return left
}

// statusField returns a field of /proc/PID/status, see proc_pid_status(5).
func statusField(pid int, field string) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// untilStopped waits until the process is stopped by SIGSTOP.
func untilStopped(pid int) error {
	for end := time.Now().Add(lifeNet); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if strings.HasPrefix(statusField(pid, "State"), "T") {
			return nil
		}
	}
	return fmt.Errorf("process %d does not stop", pid)
}
