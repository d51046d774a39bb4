package multiproc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"multiproc"
)

// warmProgram registers a program that prints what run returns, for lifeRun.
func warmProgram[R any](name string, opts multiproc.MainOptions, run func(ctx context.Context) (R, error)) string {
	return program(name, func() {
		multiproc.MainWithOptions(func(ctx context.Context) error {
			result, err := run(ctx)
			return errors.Join(err, json.NewEncoder(os.Stdout).Encode(result))
		}, opts)
	})
}

// warmView is what a function sees of its process, but for its pid.
type warmView map[string]string

// warmLook is a function whose process tells everything of itself.
var warmLook = multiproc.NewFunc("warm-look", func(ctx context.Context, own string) (warmView, error) {
	v := warmView{"argument": own}
	me, parent := multiproc.CurrentProcess(), multiproc.ParentProcess()
	v["process"] = fmt.Sprint(me.Name(), " ", me.Daemon(), " of ", parent.Name(), " ", parent.PID() == os.Getppid())
	v["children"] = fmt.Sprint(len(multiproc.ActiveChildren()))
	v["arguments"] = fmt.Sprintf("%q", os.Args)
	v["environment"] = fmt.Sprintf("%q", slices.Sorted(slices.Values(os.Environ())))
	dir, err := os.Getwd()
	v["directory"] = fmt.Sprint(dir, err)
	_, hasDeadline := ctx.Deadline()
	v["deadline"] = fmt.Sprint(hasDeadline, ctx.Err())
	v["settings"] = fmt.Sprint(runtime.GOMAXPROCS(0), debug.SetGCPercent(100), debug.SetMemoryLimit(-1))
	group, err1 := unix.Getpgid(0)
	session, err2 := unix.Getsid(0)
	v["group"] = fmt.Sprint(group == os.Getpid(), session == os.Getpid(), errors.Join(err1, err2))
	for _, file := range []string{"comm", "status", "limits", "cgroup"} {
		text, err := os.ReadFile("/proc/self/" + file)
		v[file] = fmt.Sprint(warmSteady(file, text), err)
	}
	v["descriptors"], err = warmDescriptors()
	in, inErr := os.Stdin.Read(make([]byte, 1))
	v["stdin"] = fmt.Sprint(in, inErr)
	if f, ok := multiproc.InheritedFile("file"); ok {
		b := make([]byte, 100)
		n, err := f.ReadAt(b, 0)
		v["file"] = fmt.Sprintf("%q %v %v", b[:n], err, f.Close())
	}
	fmt.Fprintln(os.Stderr, "said by", own)
	return v, err
})

var warmUnsteady = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(Pid|Tgid|NSpid|NStgid|NSpgid|NSsid|Vm|Rss|Hugetlb|Threads|SigQ|SigPnd|ShdPnd|SigBlk|SigCgt|State|FDSize|\w*voluntary|Cpus_allowed_list|Ngid)`)
})

// warmSteady drops what differs from one process to the next.
func warmSteady(file string, text []byte) string {
	if file != "status" {
		return string(text)
	}
	var keep []byte
	for line := range bytes.Lines(text) {
		if !warmUnsteady().Match(line) {
			keep = append(keep, line...)
		}
	}
	return string(keep)
}

// warmDescriptors are the kinds of all open descriptors, by what they are.
func warmDescriptors() (string, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	var kinds []string
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || strings.Contains(target, "/proc/") { // the listing itself
			continue
		}
		flags, _ := os.ReadFile("/proc/self/fdinfo/" + e.Name())
		_, mode, _ := strings.Cut(string(flags), "flags:")
		mode, _, _ = strings.Cut(strings.TrimSpace(mode), "\n")
		kind := regexp.MustCompile(`\[\d+\]`).ReplaceAllString(target, "")
		if n, _ := strconv.Atoi(e.Name()); n < 3 { // which are told apart
			kind = e.Name() + " " + kind
		}
		kinds = append(kinds, kind+" "+mode)
	}
	slices.Sort(kinds)
	return strings.Join(kinds, ", "), err
}

// warmDiffer says in what two views differ.
func warmDiffer(cold, warm warmView) (differences []string) {
	for key := range cold {
		if cold[key] != warm[key] {
			differences = append(differences, fmt.Sprintf("%s: cold %s, warm %s", key, cold[key], warm[key]))
		}
	}
	return differences
}
