package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"multiproc/bench/internal/serve"
)

// A peer is a program that has been started.
type peer struct {
	name  string
	cmd   *exec.Cmd
	stdin io.Closer
	enc   *json.Encoder
	dec   *json.Decoder
}

func start(ctx context.Context, p program) (*peer, error) {
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.Stderr = os.Stderr
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, err
	}
	return &peer{p.name, cmd, in, json.NewEncoder(in), json.NewDecoder(out)}, cmd.Start()
}

// ask lets the peer do something. What it can't do is errors.ErrUnsupported.
func (p *peer) ask(c serve.Command) (serve.Reply, error) {
	var r serve.Reply
	err := p.enc.Encode(c)
	if err == nil {
		err = p.dec.Decode(&r)
	}
	switch {
	case err != nil:
		return r, fmt.Errorf("%s: %s: %w", p.name, c.Do, err)
	case r.Unsupported:
		return r, errors.ErrUnsupported
	case r.Err != "":
		return r, fmt.Errorf("%s: %s: %s", p.name, c.Do, r.Err)
	}
	return r, nil
}

// stop lets the peer end.
func (p *peer) stop() error {
	if err := errors.Join(p.stdin.Close(), p.cmd.Wait()); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}
