package sys

import (
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

func TestGCSettingsAreThoseOfRuntimeMetrics(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(123 << 30))
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(s)
	percent, limit := GCSettings()
	if percent != 77 || percent != s[0].Value.Uint64() {
		t.Errorf("percent = %d, runtime/metrics says %d, want 77", percent, s[0].Value.Uint64())
	}
	if limit != 123<<30 || limit != s[1].Value.Uint64() {
		t.Errorf("limit = %d, runtime/metrics says %d, want %d", limit, s[1].Value.Uint64(), int64(123<<30))
	}
}
