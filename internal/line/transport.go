package line

import "errors"

// ErrInterrupted is what waiting returns after Interrupt.
var ErrInterrupted = errors.New("line: interrupted")

// A transport is the parent's way to a worker and back.
type transport interface {
	send(p []byte) (int, error) // what there is room for, which may be nothing
	recv(p []byte) (int, error) // waits; io.EOF at the end
	recvNow(p []byte) (int, error)
	awaitRoom() error
	interrupt(on bool)
	cancel(p []byte)
	end() // of what is sent
	close()
}
