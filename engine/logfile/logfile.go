// Package logfile is a log file that cannot fill the disk.
package logfile

import (
	"fmt"
	"os"
	"sync"
)

// File appends to path and, once that holds limit bytes, moves it to path.1 and starts anew: at most twice the
// limit is kept. Writing never fails towards the caller: a full disk must not stop a server for want of a log line.
type File struct {
	mu    sync.Mutex
	path  string
	limit int64
	size  int64
	file  *os.File
}

// Open opens or creates the file at path (mode 0600: logs may name customers).
func Open(path string, limit int64) (*File, error) {
	f := &File{path: path, limit: limit}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return f, nil
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return err
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return len(p), nil
	}
	if f.size+int64(len(p)) > f.limit && f.size > 0 {
		f.turn()
	}
	if f.file != nil {
		n, _ := f.file.Write(p)
		f.size += int64(n)
	}
	return len(p), nil
}

func (f *File) turn() {
	_ = f.file.Close()
	f.file = nil
	_ = os.Rename(f.path, f.path+".1")
	_ = f.open()
}

// Tail returns at most n bytes from the end: what to show when something did not start.
func (f *File) Tail(n int64) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := os.Open(f.path)
	if err != nil {
		return ""
	}
	defer r.Close()
	buf := make([]byte, min(n, f.size))
	got, _ := r.ReadAt(buf, f.size-int64(len(buf)))
	return string(buf[:got])
}

// Close closes the file; later writes are dropped.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
