package multiproc

import "os"

// The whole suite runs with another start method where this variable names one:
// each start that does not say how is of that kind.
func init() {
	switch os.Getenv("MULTIPROC_TEST_METHOD") {
	case "warm":
		usualMethod, spares.patient = Warm, true
	case "inprocess":
		usualMethod = InProcess
	}
}

// AwaitSpares waits until n spares are ready, and returns the pids of all.
func AwaitSpares(n int) (pids []int) {
	spares.mu.Lock()
	defer spares.mu.Unlock()
	for len(spares.ready) < n {
		spares.changed.Wait()
	}
	for _, sp := range spares.ready {
		pids = append(pids, sp.proc.PID)
	}
	return pids
}

// SettleSpares waits until the stock is full or has given up for a while, and
// none of it is on its way in or out.
func SettleSpares() {
	spares.mu.Lock()
	defer spares.mu.Unlock()
	for spares.coming > 0 || len(spares.all) > len(spares.ready) || len(spares.ready) < spares.want && spares.pause == nil {
		spares.changed.Wait()
	}
}

// SpareFailures is how often in a row spares could not be had.
func SpareFailures() int {
	spares.mu.Lock()
	defer spares.mu.Unlock()
	return spares.failed
}
