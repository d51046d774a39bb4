package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"multiproc"
)

var sizeOf = multiproc.NewFunc("sizeOf", func(_ context.Context, path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
})

var overflow = multiproc.NewFunc("overflow", func(_ context.Context, list []int) (int, error) {
	return list[len(list)], nil
})

var untilTold = multiproc.NewFunc("untilTold", func(ctx context.Context, _ struct{}) (string, error) {
	<-ctx.Done()
	return context.Cause(ctx).Error(), nil
})

func ExampleFunc_Call() {
	_, err := sizeOf.Call(context.Background(), "/no/such/file")
	fmt.Println(err)
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// stat /no/such/file: no such file or directory
	// true
}

func ExamplePanicError() {
	_, err := overflow.Call(context.Background(), []int{1, 2, 3})
	if p, ok := errors.AsType[*multiproc.PanicError](err); ok {
		fmt.Println(p.Value)
	}
	// Output: runtime error: index out of range [3] with length 3
}

func ExampleProcess_Stop() {
	ctx := context.Background()
	child, err := untilTold.With(multiproc.Options{Name: "listener"}).Start(ctx, struct{}{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := child.Stop(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(child.Name(), child.Status())
	fmt.Println(child.ExitCode())
	// Output:
	// listener ended by signal 15 (terminated)
	// -15 true
}

func ExampleStartCommand() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.Command("sh", "-c", "echo hello; exit 3")
	cmd.Stdout = os.Stdout
	p, err := multiproc.StartCommand(ctx, cmd, multiproc.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if e, ok := errors.AsType[*multiproc.ExitError](p.Wait(ctx)); ok {
		fmt.Println(e.Status)
	}
	// Output:
	// hello
	// exited with code 3
}

func ExampleWaitAny() {
	ctx := context.Background()
	slow, err := untilTold.Start(ctx, struct{}{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer slow.Stop(ctx)
	quick, err := sizeOf.With(multiproc.Options{Name: "quick"}).Start(ctx, os.DevNull)
	if err != nil {
		fmt.Println(err)
		return
	}
	ended, err := multiproc.WaitAny(ctx, slow.Process, quick.Process)
	fmt.Println(len(ended), ended[0].Name(), err)
	// Output: 1 quick <nil>
}

func ExampleSetSpares() {
	multiproc.SetSpares(2) // from now on two processes are kept ready
	warm := sizeOf.With(multiproc.Options{Method: multiproc.Warm})
	_, err := warm.Call(context.Background(), "/no/such/file")
	fmt.Println(err)

	multiproc.SetSpares(0)
	// Output: stat /no/such/file: no such file or directory
}
