package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
)

// relay is the process of the sink, from outside.
type relay struct {
	address string
	cmd     *exec.Cmd
	ask     io.WriteCloser
	answers *bufio.Scanner
}

// startRelay runs this program once more, as the sink.
func startRelay(ctx context.Context) (_ *relay, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &relay{cmd: exec.CommandContext(ctx, self, asSink)}
	r.cmd.Stderr = os.Stderr
	if r.ask, err = r.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.answers = bufio.NewScanner(out)
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	if !r.answers.Scan() {
		r.stop()
		return nil, errors.New("the sink ended before it was ready")
	}
	r.address = r.answers.Text()
	return r, nil
}

func (r *relay) stop() {
	_ = r.ask.Close()
	_ = r.cmd.Wait()
}

// taken returns the Message-IDs of what arrived since the last time, sorted; one that arrived twice stands there twice.
func (r *relay) taken() ([]string, error) {
	if _, err := fmt.Fprintln(r.ask, "taken"); err != nil {
		return nil, err
	}
	var ids []string
	for r.answers.Scan() {
		if r.answers.Text() == "." {
			slices.Sort(ids)
			return ids, nil
		}
		ids = append(ids, r.answers.Text())
	}
	return nil, errors.Join(errors.New("the sink has gone"), r.answers.Err())
}

// audit compares what should have arrived, once each, with what did.
func audit(should, arrived []string) (lost, twice, strange int) {
	should = slices.Sorted(slices.Values(should))
	for i, id := range arrived {
		if i > 0 && arrived[i-1] == id {
			twice++
			continue
		}
		if _, known := slices.BinarySearch(should, id); !known {
			strange++
		}
	}
	for _, id := range should {
		if _, there := slices.BinarySearch(arrived, id); !there {
			lost++
		}
	}
	return lost, twice, strange
}
