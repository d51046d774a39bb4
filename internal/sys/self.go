package sys

import "errors"

// ErrNoExecutable says that this process can't tell which program it runs.
var ErrNoExecutable = errors.New("the running executable can't be found")
