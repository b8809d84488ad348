package inbox

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// DefaultLimit is how many messages are kept; the oldest are dropped first.
const DefaultLimit = 100_000

const defaultSegmentMax = 32 << 20

// store keeps messages in segments on disk, and an index of them in memory.
type store struct {
	dir   string
	limit int

	segmentMax int // bytes after which the next segment is begun

	say   func(format string, args ...any)
	queue chan *write
	done  chan struct{}

	mu       sync.RWMutex
	segments []*segment // oldest first; the last is written to
	order    []*entry   // oldest first
	byID     map[string]*entry
	closed   bool
}

// entry is one message in the index.
type entry struct {
	Summary
	segment *segment
	offset  int64 // of the body

	once    sync.Once
	details details // read from the body when somebody asks
}

// write is one record on its way to disk.
type write struct {
	head   head
	body   []byte
	offset int64 // of the body, set by the writer
	all    bool  // delete everything instead of writing a record
	result chan error
}

var errClosed = errors.New("the inbox is closed")

func openStore(dir string, limit int, say func(string, ...any)) (*store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the inbox's directory: %w", err)
	}
	s := &store{
		dir: dir, limit: limit, segmentMax: defaultSegmentMax, say: say,
		queue: make(chan *write, 1024), done: make(chan struct{}), byID: map[string]*entry{},
	}
	var err error
	if s.segments, err = openSegments(dir); err != nil {
		return nil, err
	}
	for i, seg := range s.segments {
		if err := s.load(seg, i == len(s.segments)-1); err != nil {
			return nil, err
		}
	}
	if len(s.segments) == 0 {
		if err := s.nextSegment(); err != nil {
			return nil, err
		}
	}
	s.trim()
	go s.writeLoop()
	return s, nil
}

// load reads the heads of a segment. Only the last one can have been torn by a crash: there, bodies are checked too,
// and the rest behind the damage, which was never answered with 250, is cut off.
func (s *store) load(seg *segment, last bool) error {
	var offset int64
	for offset < seg.size {
		h, body, next, err := seg.record(offset, last)
		if err != nil && last {
			s.say("the inbox was cut off in the middle of a message that was never acknowledged: dropping %d bytes",
				seg.size-offset)
			if err := seg.file.Truncate(offset); err != nil {
				return fmt.Errorf("cutting off a torn record: %w", err)
			}
			seg.size = offset
			return nil
		}
		if err != nil {
			s.say("reading %s: %v at byte %d; what follows in it is not shown", seg.path, err, offset)
			return nil
		}
		s.apply(h, seg, body)
		offset = next
	}
	return nil
}

// apply brings one record into the index.
func (s *store) apply(h head, seg *segment, body int64) {
	if m := h.Message; m != nil {
		e := &entry{Summary: *m, segment: seg, offset: body}
		s.order = append(s.order, e)
		s.byID[e.ID] = e
		seg.live++
	}
	for _, id := range h.Deleted {
		s.forget(id)
	}
	if len(h.Deleted) > 0 {
		s.order = slices.DeleteFunc(s.order, func(e *entry) bool { return s.byID[e.ID] == nil })
	}
}

func (s *store) forget(id string) {
	if e := s.byID[id]; e != nil {
		e.segment.live--
		delete(s.byID, id)
	}
}

// trim drops the oldest messages above the limit, and the oldest segments while nothing in them is shown. Oldest
// first, because a deletion is recorded in a later segment than the message.
func (s *store) trim() {
	if over := len(s.order) - s.limit; over > 0 {
		for _, e := range s.order[:over] {
			s.forget(e.ID)
		}
		s.order = slices.Delete(s.order, 0, over)
	}
	for len(s.segments) > 1 && s.segments[0].live == 0 {
		_ = s.segments[0].file.Close()
		_ = os.Remove(s.segments[0].path)
		s.segments = s.segments[1:]
	}
}

func (s *store) nextSegment() error {
	number := 1
	if n := len(s.segments); n > 0 {
		number = s.segments[n-1].number + 1
	}
	seg, err := createSegment(s.dir, number)
	if err == nil {
		s.segments = append(s.segments, seg)
	}
	return err
}

// Append returns when the message is on disk.
func (s *store) Append(m Summary, raw []byte) error {
	return s.submit(&write{head: head{Message: &m}, body: raw})
}

// Delete removes messages; ids that are not there do no harm.
func (s *store) Delete(ids []string) error {
	return s.submit(&write{head: head{Deleted: ids}})
}

// DeleteAll empties the inbox and gives the disk its space back.
func (s *store) DeleteAll() error { return s.submit(&write{all: true}) }

func (s *store) submit(w *write) error {
	w.result = make(chan error, 1)
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return errClosed
	}
	s.queue <- w
	s.mu.RUnlock()
	return <-w.result
}

// Close writes what is queued and closes the files.
func (s *store) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	close(s.queue)
	s.mu.Unlock()
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seg := range s.segments {
		_ = seg.file.Close()
	}
}

// List returns messages newest first, and how many there are in all.
func (s *store) List(start, limit int) ([]*entry, int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var page []*entry
	for i := len(s.order) - 1 - start; i >= 0 && len(page) < limit; i-- {
		page = append(page, s.order[i])
	}
	return page, len(s.order)
}

// Get finds a message by its id; "latest" is the newest.
func (s *store) Get(id string) (*entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if id == "latest" && len(s.order) > 0 {
		return s.order[len(s.order)-1], true
	}
	e, ok := s.byID[id]
	return e, ok
}

// Raw reads a message as it was received.
func (s *store) Raw(e *entry) ([]byte, error) {
	raw := make([]byte, e.Size)
	if _, err := e.segment.file.ReadAt(raw, e.offset); err != nil {
		return nil, fmt.Errorf("reading message %s: %w", e.ID, err)
	}
	return raw, nil
}
