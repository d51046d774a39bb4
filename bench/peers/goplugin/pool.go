package main

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"multiproc/bench/internal/serve"
)

// workers share the tasks: go-plugin itself knows no pool.
type workers struct {
	clients []*plugin.Client
	workers []worker
	idle    chan worker
}

func open(protocol string, n int) (serve.Pool, error) {
	p := &workers{idle: make(chan worker, n), clients: make([]*plugin.Client, n), workers: make([]worker, n)}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { p.clients[i], p.workers[i], errs[i] = start(protocol) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	for _, w := range p.workers {
		p.idle <- w
	}
	return p, nil
}

func start(protocol string) (*plugin.Client, worker, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: handshake, Plugins: plugins[protocol], Cmd: exec.Command(exe, protocol),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolNetRPC, plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	conn, err := client.Client()
	if err != nil {
		return client, nil, err
	}
	w, err := conn.Dispense(protocol)
	if err != nil {
		return client, nil, err
	}
	return client, w.(worker), nil
}

func (p *workers) Call(n int) (int, error) {
	w := <-p.idle
	defer func() { p.idle <- w }()
	return w.Square(n)
}

func (p *workers) Echo(b []byte) ([]byte, error) {
	w := <-p.idle
	defer func() { p.idle <- w }()
	return w.Echo(b)
}

// window is how many calls are under way on each connection.
const window = 64

// Map has no chunks: a caller would have to define a method for them.
func (p *workers) Map(n, chunk int) error {
	if chunk != 1 {
		return errors.ErrUnsupported
	}
	var next atomic.Int64
	errs := make([]error, window*len(p.workers))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			w := p.workers[i%len(p.workers)]
			for task := int(next.Add(1)) - 1; task < n && errs[i] == nil; task = int(next.Add(1)) - 1 {
				square, err := w.Square(task)
				errs[i] = serve.Check(task, square, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (p *workers) PIDs() (pids []int) {
	for _, c := range p.clients {
		pids = append(pids, c.ReattachConfig().Pid)
	}
	return pids
}

func (p *workers) Close() error {
	var wg sync.WaitGroup
	for _, c := range p.clients {
		if c != nil {
			wg.Go(c.Kill)
		}
	}
	wg.Wait()
	return nil
}
