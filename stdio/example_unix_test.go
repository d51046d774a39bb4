//go:build unix

package stdio_test

import (
	"fmt"
	"io"
	"os"

	"multiproc/stdio"
)

func ExampleCloseStdin() {
	if err := stdio.CloseStdin(); err != nil {
		fmt.Println(err)
	}
	data, err := io.ReadAll(os.Stdin)
	fmt.Printf("%q %v\n", data, err)
	// Output: "" <nil>
}
