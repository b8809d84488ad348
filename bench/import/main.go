// Command import measures what a file of customers costs: reading and checking it, applying it, and giving everybody out again, through
// the program itself. The floor, in the same run, is COPY of the same file into a table without an index. In the end what comes out is
// held against what went in, cell by cell.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"perennial/bench/rig"
)

func main() { rig.Main("import", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	bin := flags.String("bin", "bin", "where the programs are")
	lines := flags.Int("n", 1_000_000, "lines of the file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "perennial-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what the system does not take now it takes later
	f, err := writeSheet(filepath.Join(dir, "customers.csv"), *lines)
	if err != nil {
		return err
	}
	e, p, err := rig.StartAlone(ctx, *bin, "import")
	if err != nil {
		return err
	}
	defer e.Stop()
	defer p.Stop()
	m := &meter{engine: e, product: p, lines: *lines}
	if err := m.all(ctx, f, filepath.Join(dir, "back.csv")); err != nil {
		return err
	}
	m.print(out, f)
	return nil
}

// all takes every measure: the floor, the way in, the way out.
func (m *meter) all(ctx context.Context, f sheet, back string) error {
	id := ""
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"COPY of the file (the floor)", func() error { return copyFile(ctx, m.engine, f) }},
		{"uploaded, checked, kept", func() (err error) { id, err = upload(ctx, m.product, f); return err }},
		{"applied", func() error { return untilDone(ctx, m.product, id, f) }},
		{"exported", func() error {
			_, err := m.product.Run(ctx, "export", "--out", back, "--attributes", "plan,points")
			return err
		}},
	} {
		if err := m.measure(ctx, part.name, part.do); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return f.sameAs(back)
}

// meter keeps what each part took.
type meter struct {
	engine  *rig.Engine
	product *rig.Product
	lines   int
	parts   []part
}

type part struct {
	name              string
	took              time.Duration
	program, postgres float64 // ms of the processor
	most              float64 // MiB that the program had in memory at most, from its beginning
}

func (m *meter) measure(ctx context.Context, name string, do func() error) error {
	program, postgres, err := m.processor()
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := do(); err != nil {
		return err
	}
	p := part{name: name, took: time.Since(begun)}
	rig.Wait(ctx, rig.Settle)
	if p.program, p.postgres, err = m.processor(); err != nil {
		return err
	}
	p.program, p.postgres = p.program-program, p.postgres-postgres
	if p.most, err = rig.MostMemory(m.product.Pid()); err != nil {
		return err
	}
	m.parts = append(m.parts, p)
	return nil
}

// processor is what the server and Postgres have computed, in ms.
func (m *meter) processor() (program, postgres float64, err error) {
	_, postgres, err = m.engine.CPU()
	return rig.CPU(m.product.Pid()), postgres, err
}

func (m *meter) print(out io.Writer, f sheet) {
	fmt.Fprintf(out, "\n%d lines, %.0f MB, one in %d of them broken\n\n", m.lines, float64(f.size)/1e6, brokenEvery)
	fmt.Fprintf(out, "%-30s %9s %9s %8s %9s %9s %9s %9s\n", "", "seconds", "lines/s", "× COPY", "CPU µs", "program", "Postgres", "peak MiB")
	floor := m.parts[0]
	row := func(p part) {
		perLine := func(ms float64) float64 { return 1000 * ms / float64(m.lines) }
		fmt.Fprintf(out, "%-30s %9.1f %9.0f %8.1f %9.1f %9.1f %9.1f %9.0f\n", p.name, p.took.Seconds(), float64(m.lines)/p.took.Seconds(),
			p.took.Seconds()/floor.took.Seconds(), perLine(p.program+p.postgres), perLine(p.program), perLine(p.postgres), p.most)
	}
	in := part{name: "imported: both together"}
	for i, p := range m.parts {
		row(p)
		if i == 1 || i == 2 {
			in.took, in.program, in.postgres, in.most = in.took+p.took, in.program+p.program, in.postgres+p.postgres, p.most
		}
		if i == 2 {
			row(in)
		}
	}
	fmt.Fprintf(out, "\nCPU: microseconds of the processor per line, of the server and of Postgres; whoever sends and reads is on nobody's account.\n"+
		"peak: memory of the server's process, from its beginning. All %d customers came out again as they went in, and %d lines were refused.\n",
		f.good(), m.lines-f.good())
}
